"""Shipped cases through a session with real workers: one for each file of layers, and a few networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.case.case import load
from parity.lower import first_gap
from parity.results import Writer, read
from parity.session import Session
from parity.targets import Target, missing
from parity.workers.pool import Pool

CASES = Path(__file__).parents[1] / "cases"
NETWORKS = ("networks/residual", "networks/lstm_classifier", "networks/tied_weights", "networks/integers_moved")
SEEDS = ("seeds/mnist_mlp", "seeds/two_linears")
TARGETS = [Target(engine) for engine in ("chainer", "keras-jax", "onnxruntime", "onnx-reference")]
SLOW = Target("keras-jax")
EVERY = 4
"""Compiling takes long, so that Keras gets one file in so many; all of them run in the report."""


def files() -> list[str]:
    """A case file of every file of layers, and a few networks."""
    found = {}
    for file in sorted((CASES / "layers").glob("*.yaml")):
        case = load(file, CASES)[0]
        home = [type(n.layer).__module__ for n in case.graph.nodes if _alike(type(n.layer).__name__, file.stem)]
        found.setdefault(home[0], f"layers/{file.stem}")
    return [*found.values(), *NETWORKS, *SEEDS]


def _alike(layer: str, stem: str) -> bool:
    return layer.lower() == stem.replace("_", "")


FILES = files()


def left_to_others(file: str) -> bool:
    """Whether the slow target does without a file."""
    return file not in NETWORKS and FILES.index(file) % EVERY > 0


@pytest.fixture(scope="module")
def cases():
    """The last variant of each file."""
    return {file: load(CASES / f"{file}.yaml", CASES)[-1] for file in FILES}


@pytest.fixture(scope="module")
def results(cases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    done = [(cases[file].id, str(SLOW)) for file in FILES if left_to_others(file)]
    with Writer(folder) as writer, Session(Pool()) as session:
        session.run(list(cases.values()), TARGETS, writer, done=done)
    return read(folder)


@pytest.fixture(params=TARGETS, ids=str)
def target(request):
    if why := missing(request.param):
        pytest.skip(why)
    return request.param


@pytest.mark.parametrize("file", FILES)
def test_a_shipped_case_passes(results, cases, target, file):
    if target == SLOW and left_to_others(file):
        pytest.skip("left to the other targets")
    [cell] = [c for (_, case, t), c in results.cells.items() if t == str(target) and case.partition("[")[0] == file]
    assert cell["ok"], cell["message"]
    if gap := first_gap(cases[file].graph, target.dialect, target.engine):
        assert cell["verdict"] == "unsupported"
        pytest.skip(gap[1])
    assert cell["verdict"] in ("equal", "rounding") or "expected" in cell
    assert cell["certificate"]["ok"]
    assert cell["layers"]
    assert cell["final"]


def test_every_target_says_what_it_is(results, target):
    [record] = [r for (_, t), r in results.targets.items() if t == str(target)]
    assert record["status"] == "ready"
    assert record["facts"]["device"] == "cpu"
    assert record["facts"]["threads"] == 1


def test_a_parameter_that_two_layers_share_is_certified_in_both(results, target):
    [cell] = [c for (_, case, t), c in results.cells.items() if t == str(target) and case == "networks/tied_weights"]
    rows = cell["certificate"]["rows"]
    shared = {row["weight"] for row in rows if sum(row["weight"] == other["weight"] for other in rows) > 1}
    assert shared
    assert all(row["ok"] for row in rows)
