"""Shipped cases through a session with real workers: one for each family of layers, and a few networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.case.case import load
from parity.results import Writer, read
from parity.session import Session
from parity.targets import Target, missing
from parity.workers.pool import Pool

CASES = Path(__file__).parents[1] / "cases"
FILES = [
    *(f"layers/{name}" for name in ("conv2d", "conv_transpose2d", "depthwise_conv2d", "linear", "batch_norm", "lstm")),
    *(f"layers/{name}" for name in ("gru", "layer_norm", "max_pool2d", "average_pool2d", "concat", "transpose")),
    *(f"layers/{name}" for name in ("embedding", "elu", "softmax", "dropout", "global_average_pool")),
    "layers/local_response_norm",
    "networks/residual",
    "networks/lstm_classifier",
    "networks/tied_weights",
    "seeds/mnist_mlp",
    "seeds/two_linears",
    "layers/reduce_sum",  # to a single number
    "networks/integers_moved",
]
TARGETS = [Target(engine) for engine in ("chainer", "keras-jax", "onnxruntime", "onnx-reference")]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    cases = [load(CASES / f"{file}.yaml", CASES)[-1] for file in FILES]
    # Compiling takes long, so that Keras gets every other case.
    done = [(case.id, "keras-jax@cpu") for case in cases[1::2]]
    with Writer(folder) as writer, Session(Pool()) as session:
        session.run(cases, TARGETS, writer, done=done)
    return read([folder])


@pytest.fixture(params=TARGETS, ids=str)
def target(request):
    if why := missing(request.param):
        pytest.skip(why)
    return request.param


@pytest.mark.parametrize("file", FILES)
def test_a_shipped_case_passes(results, target, file):
    if target.engine == "keras-jax" and FILES.index(file) % 2:
        pytest.skip("left to the other targets")
    [cell] = [c for (_, case, t), c in results.cells.items() if t == str(target) and case.partition("[")[0] == file]
    assert cell["ok"], cell["message"]
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
