"""What a record says of engines that are sound, and of some that are broken on purpose."""

import json

import numpy as np
import pytest

from parity import records
from parity.calibrate import known
from parity.calibrate import measure as measure_module
from parity.calibrate.known import Defect
from parity.calibrate.record import record
from parity.calibrate.variants import variants
from parity.judge.regimes import REGIMES
from parity.results import Results, run_record
from parity.workers.pool import WorkerDied
from tests.stand_in import A, StandInPool, answer, load_cases, write_case

BOTH = [("Linear", "chainer@cpu"), ("Linear", "onnx-reference@cpu")]
BOTH += [("ReLU", "chainer@cpu"), ("ReLU", "onnx-reference@cpu")]


def breaking(tensor, factor, regime_mean=None):
    """Chainer's result times a factor; with ``regime_mean`` only where the inputs are about there."""

    def wrong(target, header, arrays):
        reply, out = answer(header, arrays)
        here = regime_mean is None or abs(arrays["x:x"].mean() - regime_mean) < 3
        if target == A and here:
            out = {k: v * np.float32(factor) if k == tensor else v for k, v in out.items()}
        return reply, out

    return StandInPool(wrong)


def test_a_sound_engine(tmp_path, measured):
    write_case(tmp_path, "a")
    found = measured()
    assert found["excesses"] == []
    assert [(line["layer"], line["target"]) for line in found["layers"]] == BOTH
    linear, _, relu, _ = found["layers"]
    assert (linear["c"], relu["c"]) == (2.2, 0.0)
    assert 0 < linear["ratio"] <= 1
    assert relu["ratio"] == 0
    assert linear["elements"] == 8 * linear["tensors"] == 8 * found["cells"] / 2
    assert [(line["network"], line["target"]) for line in found["final"]] == [
        ("a", "chainer@cpu"),
        ("a", "onnx-reference@cpu"),
    ]
    assert found["engines"] == {"chainer@cpu": {"stand-in": "1"}, "onnx-reference@cpu": {"stand-in": "1"}}


def test_the_largest_stands_with_where_it_was_found(tmp_path, measured):
    write_case(tmp_path, "a", more="sweep: {product: {fc.units: [1, 4]}}\n")
    found = measured(seeds=2)
    for line in found["layers"][:2]:
        alone = {"regimes": [line["regime"]], "weights": [line["weights"]], "seeds": line["seed"]}
        again = measured(**alone)
        assert line["ratio"] == max(x["ratio"] for x in again["layers"] if x["target"] == line["target"])


@pytest.mark.parametrize(("tensor", "layer"), [("t:fc", "Linear"), ("t:act", "ReLU"), ("y:act", "output")])
def test_a_result_that_is_scaled_is_an_excess(tmp_path, measured, tensor, layer):
    write_case(tmp_path, "a")
    found = measured(breaking(tensor, 1.001), regimes=["normal"], weights=["drawn"])
    assert tuple(found["excesses"][0][k] for k in ("regime", "weights", "seed")) == ("normal", "drawn", 1)
    first = [e for e in found["excesses"] if e["layer"] == layer]
    assert [(e["target"], e["reason"]) for e in first] == [("chainer@cpu", None)]
    assert float(first[0]["ratio"]) > 1
    table = found["final"] if layer == "output" else found["layers"]
    line = next(x for x in table if x["target"] == "chainer@cpu" and x.get("layer", "output") == layer)
    assert float(line["ratio"]) > 1
    assert records.dump(found)


def test_what_is_seen_in_one_regime_alone(tmp_path, measured):
    write_case(tmp_path, "a")
    found = measured(breaking("t:fc", 1.001, regime_mean=100), weights=["drawn"])
    assert {(e["layer"], e["regime"]) for e in found["excesses"]} >= {("Linear", "offset")}
    assert {e["regime"] for e in found["excesses"]} == {"offset"}


def test_a_known_defect_is_listed_and_counts_in_no_figure(tmp_path, measured, monkeypatch):
    write_case(tmp_path, "a")
    monkeypatch.setattr(known, "DEFECTS", (Defect("ReLU", "chainer", "it is known", ("normal",)),))
    found = measured(breaking("t:act", 1.001), regimes=["normal"], weights=["drawn"])
    assert [(e["layer"], e["reason"]) for e in found["excesses"]] == [("ReLU", "it is known")]
    assert ("ReLU", "chainer@cpu") not in [(line["layer"], line["target"]) for line in found["layers"]]
    found = measured(breaking("t:act", 1.001), regimes=["normal", "ties"], weights=["drawn"])
    assert {(e["regime"], e["reason"]) for e in found["excesses"]} == {("normal", "it is known"), ("ties", None)}


def test_a_missing_or_infinite_result_is_an_excess(tmp_path, measured):
    def wrong(target, *request):
        reply, out = answer(*request)
        if target == A:
            del out["t:act"]
            out["t:fc"] = out["t:fc"] * np.float32(np.inf)
        return reply, out

    write_case(tmp_path, "a")
    found = measured(StandInPool(wrong), regimes=["normal"], weights=["drawn"])
    assert {(e["layer"], e["ratio"]) for e in found["excesses"]} == {("Linear", "inf"), ("ReLU", "inf")}
    json.loads(records.dump(found))


def test_a_crash_is_an_excess(tmp_path, measured):
    def crash(target, *request):
        if target == A:
            raise WorkerDied("signal 9")
        return answer(*request)

    write_case(tmp_path, "a")
    found = measured(StandInPool(crash), regimes=["normal"], weights=["drawn"])
    assert [(e["layer"], e["target"], e["message"]) for e in found["excesses"]] == [("", "chainer@cpu", "signal 9")]


def test_what_is_expected_to_fail_is_listed(tmp_path, measured):
    more = "expect: [{target: chainer, verdict: differs, reason: it is known}]\n"
    write_case(tmp_path, "a", more=more)
    found = measured(breaking("t:fc", 2))
    assert found["excesses"] == []
    assert found["left_out"] == [{"case": "a", "target": "chainer@cpu", "verdict": "differs", "reason": "it is known"}]
    assert {line["target"] for line in found["layers"]} == {"onnx-reference@cpu"}


def test_layers_judged_together_stand_together(tmp_path, measured):
    write_case(tmp_path, "a", """
        description: A convolution and its BatchNorm.
        inputs: {x: {shape: [2, 3, 5, 6]}}
        layers:
          - {layer: Conv2D, name: conv, filters: 4, kernel: 2}
          - {layer: BatchNorm, name: bn, epsilon: 1.0e-5}
    """)  # fmt: skip
    found = measured(regimes=["normal"])
    assert [(line["layer"], line["c"]) for line in found["layers"]] == [("Conv2D + BatchNorm", None)] * 2


def test_what_is_not_there_is_counted(tmp_path, measured):
    write_case(tmp_path, "a")
    plan = list(variants(load_cases(tmp_path), regimes=["normal", "ties"], weights=["drawn"]))
    targets = {"targets": ["chainer@cpu", "onnx-reference@cpu"]}
    assert record(Results(runs={"": run_record()}), plan, targets)["not_measured"] == {
        "chainer@cpu": 2,
        "onnx-reference@cpu": 2,
    }
    assert measured(regimes=["normal"])["not_measured"] == {}


def test_cases_in_several_chunks_are_all_measured(tmp_path, measured, monkeypatch):
    monkeypatch.setattr(measure_module, "CHUNK", 3)
    write_case(tmp_path, "a")
    found = measured(weights=["drawn"])
    assert found["cells"] == 2 * len(REGIMES)
