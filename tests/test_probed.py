"""Probes in a session: what a network hides is seen, and what the record says of it."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import pytest

from parity.case.case import find, load
from parity.engines import ENGINES
from parity.judge import effects
from parity.judge.bound import Reference
from parity.judge.power import ENOUGH, power
from parity.judge.probe import probe_of
from parity.prepare import prepare
from parity.probed import with_probe
from parity.session import Session
from parity.targets import Target, missing
from parity.workers.pool import TargetUnavailable, TimedOut, WorkerDied
from parity.workers.worker import handle
from tests.stand_in import A, StandInPool, answer, cells, load_cases, run_fixture, write_case  # noqa: F401

CASES = Path(__file__).parents[1] / "cases"
HIDDEN = """
description: All rectifiers are dead, so nothing comes of the second layer's weights.
seed: 3
inputs: {x: {shape: [2, 3]}}
weights: {random: {fc1/b: {distribution: constant, mean: -100}}}
layers:
  - {layer: Linear, name: fc1, units: 4}
  - {layer: ReLU, name: act}
  - {layer: Linear, name: fc2, units: 5}
"""


def wrong_weight(answered):
    """An engine that computes with one weight of fc2 that is off by 1%."""

    def wrong(_, header, arrays, *more):
        w = arrays["w:fc2/W"].copy()
        w[1, 2] *= 1.01
        return answered(header, arrays | {"w:fc2/W": w}, *more)

    return StandInPool(wrong)


def test_what_a_network_hides_passes_without_a_probe(tmp_path, run):
    write_case(tmp_path, "a", HIDDEN)
    records = run(wrong_weight(answer))
    assert cells(records)["a", "chainer@cpu"]["ok"]
    case = next(r for r in records if r["kind"] == "case")
    assert (case["weak"], case["weak_reason"]) == (True, None)
    assert case["power"]["0.01"] < 0.6
    assert case["power"]["dead"]["fc2/W"]["count"] == 20
    assert case["power"]["probe"] is False


def test_a_probe_sees_it(tmp_path, run):
    write_case(tmp_path, "a", HIDDEN, more="probe: true\n")
    records = run(wrong_weight(answer))
    cell = cells(records)["a", "chainer@cpu"]
    assert (cell["verdict"], cell["ok"], cell["blame"]) == ("differs", False, ["fc2"])
    assert cell["message"].startswith("probe: fc2 (Linear): ")
    assert [f["verdict"] in ("equal", "rounding") for f in cell["layers"]] == [True] * 3
    assert {f["tensor"]: f["verdict"] for f in cell["probe"]["layers"]}["fc2"] == "differs"
    assert cell["diagnosis"] == cell["probe"]["diagnosis"] != []
    case = next(r for r in records if r["kind"] == "case")
    assert (case["weak"], case["power"]["0.01"], case["power"]["probe"]) == (False, 1.0, True)
    assert case["power"]["alone"] < 0.6
    assert "probe" in case["hash"]


def test_an_engine_that_is_well_passes_its_probe(tmp_path, run):
    write_case(tmp_path, "a", HIDDEN, more="probe: true\nbefore: true\n")
    asked = []

    def remember(_, header, arrays):
        asked.append(header["before"])
        return answer(header, arrays)

    cell = cells(run(StandInPool(remember), targets=[A]))["a", "chainer@cpu"]
    assert (cell["verdict"], cell["message"], cell["ok"]) == ("equal", "", True)
    assert cell["probe"]["certificate"]["ok"]
    assert asked == [True, False]  # the framework's own values are of no interest to a probe


@pytest.mark.parametrize("name", ["onnxruntime", "chainer"])
def test_a_real_engine(tmp_path, run, name):
    """Wrong by 1% behind dead rectifiers: without a probe not seen, with it seen."""
    if why := missing(Target(name)):
        pytest.skip(why)
    module, _, cls = ENGINES[name].partition(":")
    engine = getattr(importlib.import_module(module), cls)("cpu")
    write_case(tmp_path, "hidden", HIDDEN)
    write_case(tmp_path, "seen", HIDDEN, more="probe: true\n")
    answered = wrong_weight(lambda header, arrays: handle(engine, header, arrays))
    found = cells(run(answered, targets=[Target(name)]))
    assert found["hidden", f"{name}@cpu"]["ok"]
    seen = found["seen", f"{name}@cpu"]
    assert (seen["verdict"], seen["blame"]) == ("differs", ["fc2"])


def test_the_copy_in_a_probe_must_be_certain_too(tmp_path, run):
    write_case(tmp_path, "a", HIDDEN, more="probe: true\n")

    def uncertain(_, header, arrays):
        reply, out = answer(header, arrays)
        ok = "fc2_x" not in header["graph"]["inputs"]
        return reply | {"certificate": {"ok": ok, "problems": [] if ok else ["fc2: W is not there"], "rows": []}}, out

    cell = cells(run(StandInPool(uncertain)))["a", "chainer@cpu"]
    assert (cell["verdict"], cell["blame"]) == ("differs", ["copy"])
    assert cell["message"] == "probe: fc2: W is not there"


@pytest.mark.parametrize(
    ("error", "verdict", "ok"),
    [
        (WorkerDied("signal 9", "trace"), "crashed", False),
        (TimedOut("too long"), "timeout", False),
        (TargetUnavailable("no card"), "equal", True),
    ],
)
def test_a_worker_that_fails_in_the_probe(tmp_path, run, error, verdict, ok):
    write_case(tmp_path, "a", HIDDEN, more="probe: true\n")

    def fail(_, header, arrays):
        if "fc2_x" in header["graph"]["inputs"]:
            raise error
        return answer(header, arrays)

    cell = cells(run(StandInPool(fail)))["a", "chainer@cpu"]
    assert (cell["verdict"], cell["ok"]) == (verdict, ok)
    assert cell["probe"]["message"] == str(error)


def test_no_probe_of_a_cell_that_did_not_run(tmp_path, run):
    write_case(tmp_path, "a", HIDDEN, more="probe: true\n")
    pool = StandInPool()

    def fail(*_):
        raise TimedOut("too long")

    pool.answer = fail
    cell = cells(run(pool, targets=[A]))["a", "chainer@cpu"]
    assert "probe" not in cell
    assert pool.asked == [A]


def test_a_mistake_made_on_purpose_is_made_in_the_probe_too(tmp_path, run):
    """An epsilon that the network's numbers do not show: a wide variance, and x at its mean."""
    write_case(tmp_path, "a", """
        description: BatchNorm fed with a constant.
        inputs: {x: {shape: [2, 3, 4], distribution: constant, mean: 0.25}}
        weights: {random: {mean: {distribution: constant, mean: 0.25}}}
        probe: true
        layers: [{layer: BatchNorm, name: bn, epsilon: 2.0e-5}]
        mistakes: [{target: chainer, layer: bn, mistake: epsilon, value: 0}]
        expect: [{target: chainer, verdict: differs, cause: epsilon, reason: on purpose}]
    """)  # fmt: skip
    found = cells(run())
    cell = found["a", "chainer@cpu"]
    assert cell["ok"], cell["message"]
    assert [f["verdict"] for f in cell["layers"]] == ["equal"]
    assert cell["probe"]["diagnosis"][0]["causes"][0]["name"] == "epsilon"
    assert found["a", "onnx-reference@cpu"]["verdict"] == "equal"


def test_the_worse_verdict_counts():
    bad = {"verdict": "nonfinite", "message": "b is NaN", "blame": ["b"], "diagnosis": [{"nodes": ["b"]}]}
    well = {"verdict": "rounding", "message": "", "blame": [], "diagnosis": []}
    both = with_probe(bad | {"message": "a is NaN", "blame": ["a"]}, bad)
    assert (both["verdict"], both["message"]) == ("nonfinite", "a is NaN; probe: b is NaN")
    assert both["blame"] == ["a", "b"]
    assert both["diagnosis"] == [{"nodes": ["b"]}]  # told once
    assert with_probe(bad, well)["verdict"] == with_probe(well, bad)["verdict"] == "nonfinite"
    assert with_probe(well, {"verdict": "unsupported", "message": "why"})["verdict"] == "rounding"


def test_a_loosening_may_be_needed_in_the_probe_alone():
    def record(*stale):
        return {"verdict": "rounding", "loosened": [{"layer": "a", "needed": None, "stale": s} for s in stale]}

    both = with_probe(record(True, True, False), record(True, False, False))
    assert [row["stale"] for row in both["loosened"]] == [True, False, False]
    crashed = with_probe(record(True), {"verdict": "crashed", "message": "signal 9"})
    assert [row["stale"] for row in crashed["loosened"]] == [True]


def test_a_case_without_weights_has_no_power(tmp_path):
    write_case(
        tmp_path, "a", "description: d\ninputs: {x: {shape: [2]}}\nlayers: [{layer: ReLU}]\n", more="probe: true"
    )
    prepared = prepare(load_cases(tmp_path)[0], tmp_path)
    assert prepared.noticed() == {}
    assert prepared.probe is None


def test_where_it_is_prepared_its_inputs_are_hashed(tmp_path):
    write_case(tmp_path, "a", HIDDEN, more="probe: true\n")
    write_case(tmp_path, "b", HIDDEN.replace("seed: 3", "seed: 4"), more="probe: true\n")
    with Session(StandInPool()) as session:
        a, b = (session.prepare(c) for c in load_cases(tmp_path))
    assert a.hash["probe"] != b.hash["probe"]
    assert a.hash["graph"] == b.hash["graph"]
    assert sum(math.prod(x.shape) for x in a.probe.inputs.values()) < 100


FILES = [(f, root) for f, root in find([CASES]) if any(c.graph.weights for c in load(f, root))]


@pytest.mark.parametrize(("file", "root"), FILES, ids=[f.stem for f, _ in FILES])
def test_shipped_cases_would_notice_1_percent(tmp_path, monkeypatch, file, root):
    """At least 95% of the weights, probes counted, or the case says why not; and a reason that is stated is needed."""
    monkeypatch.setattr(effects, "EXACT", 1 << 12)  # samples do here
    monkeypatch.setattr(effects, "SAMPLE", 1 << 10)
    monkeypatch.setattr(effects, "CHANGED", 1 << 20)
    for case in load(file, root):
        if not case.graph.weights:
            continue
        if case.spec.probe:  # what the probe notices by itself is the least: no need of the whole network
            weights = case.weights()
            graph, inputs = probe_of(case.graph, weights, case.spec.seed)
            if power(effects.reaches(Reference.of(graph, inputs, weights)))["0.01"] >= ENOUGH:
                assert case.spec.weak is None, case.id
                continue
        found = prepare(case, tmp_path).noticed()
        assert found["weak"] == (found["power"]["0.01"] < ENOUGH)
        assert found["weak"] == (case.spec.weak is not None), (case.id, found["power"]["0.01"])
