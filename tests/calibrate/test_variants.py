"""What a calibration runs."""

import numpy as np
import pytest

from parity.calibrate import variants as module
from parity.calibrate.variants import CROSSED, Variant, variants
from parity.judge.regimes import REGIMES, WEIGHT_REGIMES
from parity.targets import Target
from tests.stand_in import load_cases, write_case

GATHER = """
description: Rows of a table, and a ReLU.
inputs: {i: {shape: [5], dtype: int32, distribution: integers, high: 6}, x: {shape: [2, 3]}}
layers:
  - {layer: Embedding, name: table, vocabulary: 6, units: 4, from: i}
  - {layer: ReLU, name: act, from: x}
outputs: [table, act]
"""


@pytest.fixture
def case(tmp_path):
    write_case(tmp_path, "a")
    return load_cases(tmp_path)[0]


def test_which_there_are(case):
    found = [(v.regime, v.weights_regime) for v in variants([case])]
    assert found == [
        (regime, kind) for regime in REGIMES for kind in WEIGHT_REGIMES if kind == "drawn" or regime in CROSSED
    ]
    assert [(v.regime, v.spec.seed) for v in variants([case], 2, ["ties"], ["drawn"])] == [("ties", 1), ("ties", 2)]
    assert len({v.id for v in variants([case], 3)}) == len(list(variants([case], 3)))


def test_no_regime_of_weights_where_there_are_none_or_it_changes_nothing(tmp_path):
    write_case(tmp_path, "a", GATHER)
    case = load_cases(tmp_path)[0]
    assert {v.weights_regime for v in variants([case])} == {"drawn", "positive", "wide"}


def test_large_networks_run_once(case, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 15)
    assert [(v.regime, v.weights_regime) for v in variants([case])] == [("normal", "drawn")]
    assert not list(variants([case], regimes=["ties"]))
    monkeypatch.setattr(module, "LARGE", 16)
    assert len(list(variants([case]))) > 1


def test_numbers_are_of_the_regime_and_the_same_again(case):
    for regime in REGIMES:
        one, two = (Variant.of(case, regime, "drawn", 1) for _ in range(2))
        assert np.array_equal(one.inputs()["x"], two.inputs()["x"])
        assert not np.array_equal(one.inputs()["x"], Variant.of(case, regime, "drawn", 2).inputs()["x"])
    assert abs(Variant.of(case, "offset", "drawn", 1).inputs()["x"].mean() - 100) < 2
    assert (Variant.of(case, "normal", "positive", 1).weights()["fc/W"] > 0).all()
    drawn, positive = (Variant.of(case, "normal", k, 1).weights() for k in ("drawn", "positive"))
    assert np.array_equal(np.abs(drawn["fc/W"]), positive["fc/W"])
    assert np.array_equal(drawn["fc/b"], positive["fc/b"])


def test_integers_stay_as_the_case_has_them(tmp_path):
    write_case(tmp_path, "a", GATHER)
    found = Variant.of(load_cases(tmp_path)[0], "wide", "drawn", 1).inputs()
    assert found["i"].dtype.kind == "i"
    assert found["i"].max() < 6


def test_known_failures_do_not_run(tmp_path):
    more = "expect: [{target: chainer, verdict: differs, reason: it is known}]\n"
    write_case(tmp_path, "a", more=more)
    found = next(variants(load_cases(tmp_path)))
    assert not found.runs_on(Target("chainer"))
    assert found.runs_on(Target("onnx-reference"))


def test_bounds_are_not_loosened(tmp_path):
    more = "loosen: [{layer: fc, target: chainer, factor: 2, reason: it is known}]\n"
    write_case(tmp_path, "a", more=more)
    case = load_cases(tmp_path)[0]
    assert case.spec.loosen
    assert not any(v.spec.loosen for v in variants([case]))
