"""What others would have said, against what NumPy itself says, and with each tool's own way with NaN and infinities."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from parity.judge.blocks import BLOCK
from parity.judge.customary import RULES, SUM, allclose, customary

NUMBERS = st.sampled_from(
    [0.0, -0.0, 1.0, 1 + 1e-6, 1 + 2e-5, -1.0, 1e-9, 1e-5, 3e-4, 1e4, 1e4 + 1, math.nan, math.inf]
)
BY_NAME = {rule.name.partition(":")[0]: rule for rule in RULES}


def failing(actual, reference, rule, dtype=np.float32):
    [found, _] = customary([(np.asarray(actual, dtype), np.asarray(reference, np.float64))], [rule])
    return found["failing"]


@settings(deadline=None, max_examples=50)
@given(arrays(np.float64, (2, 5), elements=NUMBERS), arrays(np.float64, (2, 5), elements=NUMBERS))
@pytest.mark.parametrize("rule", [r for r in RULES if r.name.startswith(("np.", "optimum", "NNSmith"))], ids=str)
def test_as_numpy_says(rule, actual, reference):
    expected = np.count_nonzero(~np.isclose(actual, reference, rtol=rule.rtol, atol=rule.atol))
    assert failing(actual, reference, rule, np.float64) == expected


@settings(deadline=None, max_examples=50)
@given(arrays(np.float64, (2, 5), elements=NUMBERS), arrays(np.float64, (2, 5), elements=NUMBERS))
def test_as_assert_allclose_says(actual, reference):
    rule = BY_NAME["onnx-chainer"]
    try:
        np.testing.assert_allclose(actual, reference, rtol=1e-5, atol=1e-5)
        passes = True
    except AssertionError:
        passes = False
    assert (failing(actual, reference, rule, np.float64) == 0) == passes


@settings(deadline=None, max_examples=50)
@given(arrays(np.float64, (2, 5), elements=NUMBERS), arrays(np.float64, (2, 5), elements=NUMBERS))
def test_as_polygraphy_says(actual, reference):
    """The lines of compare.py that decide, on float64."""
    with np.errstate(all="ignore"):
        absolute = np.abs(actual - reference)
        relative = absolute / np.abs(np.where(reference == 0, 2.220446049250313e-16, reference))
        wrong = ((absolute > 1e-5) | np.isnan(absolute)) & ((relative > 1e-5) | np.isnan(relative))
    assert failing(actual, reference, BY_NAME["Polygraphy, default"], np.float64) == np.count_nonzero(wrong)


@pytest.mark.parametrize(
    ("actual", "reference", "fail"),
    [
        (math.nan, math.nan, {"tf2onnx, operators": 0, "NNSmith": 1, "Polygraphy, default": 1, "Keras.js": 1}),
        (math.inf, math.inf, {"tf2onnx, operators": 0, "NNSmith": 0, "Polygraphy, default": 1, "Keras.js": 1}),
        (1.0, math.inf, {"tf2onnx, operators": 1, "NNSmith": 1, "Polygraphy, default": 1, "Keras.js": 1}),
        (1.0, math.nan, {"tf2onnx, operators": 1, "NNSmith": 1, "Polygraphy, default": 1, "Keras.js": 0}),
        (math.nan, 1.0, dict.fromkeys(BY_NAME, 1)),
    ],
)
def test_not_finite(actual, reference, fail):
    for name, count in fail.items():
        assert failing([1.0, actual], [1.0, reference], BY_NAME[name]) == count, name


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_each_rule_just_inside_and_just_outside(rule):
    allowed = max(rule.atol, rule.rtol * 2.0) if rule.both else rule.atol + rule.rtol * 2.0
    assert failing([2.0 + 0.999 * allowed], [2.0], rule, np.float64) == 0
    assert failing([2.0 + 1.001 * allowed], [2.0], rule, np.float64) == 1


def test_the_reference_is_rounded_first():
    rule = allclose(0, 0)
    assert failing([np.float32(0.1)], [0.1], rule) == 0
    assert failing([np.float16(0.1)], [0.1], rule, np.float16) == 0
    assert failing([0.1], [np.float32(0.1)], rule, np.float64) == 1


def test_integers_and_booleans():
    torch = BY_NAME["torch.testing.assert_close"]
    assert failing([10**7 + 1, 3], [10**7, 3], torch, np.int32) == 1
    assert failing([10**7 + 1, 3], [10**7, 3], BY_NAME["onnx-chainer"], np.int32) == 0
    assert failing([True, False], [True, True], BY_NAME["NNSmith"], bool) == 1


def test_several_outputs_count_together_and_one_that_is_not_there_fails():
    good, bad = np.ones((2, 3), np.float32), np.full((4,), 2, np.float32)
    found = customary([(good, np.ones((2, 3))), (bad, np.ones(4)), (None, np.ones(5)), (good, np.ones((3, 2)))], RULES)
    assert [f["failing"] for f in found[:-1]] == [4 + 5 + 6] * len(RULES)
    assert {f["count"] for f in found} == {6 + 4 + 5 + 6}
    assert not any(f["ok"] for f in found)
    assert found[-1] == {"rule": SUM, "ok": None, "failing": None, "count": 21, "sum": None}


def test_nothing_compared_is_not_ok():
    assert not any(f["ok"] for f in customary([], RULES))
    assert not any(f["ok"] for f in customary([(np.ones((0, 3), np.float32), np.ones((0, 3)))], RULES))


def test_over_many_blocks():
    reference = np.zeros((3, BLOCK // 2, 2))
    actual = reference.astype(np.float32)
    actual[0, 0, 0] = actual[2, -1, 1] = actual[1, 77, 0] = 0.5
    found = customary([(actual, reference)], RULES)
    assert [f["failing"] for f in found[:-1]] == [3] * len(RULES)
    assert found[-1]["sum"] == 1.5
