"""Reductions, scans and places of extremes, against Chainer and by hand; how far off a wrong parameter is."""

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import Judged, evaluate
from parity.judge.verdict import judge_tensor
from parity.layers import Layer, Spec
from parity.layers.reduce_axes import ReduceMax, ReduceMin, ReduceProd
from parity.layers.reduce_sum import ReduceL2, ReduceLogSumExp, ReduceMean, ReduceSum, ReduceSumSquare
from parity.layers.scan import ArgMax, ArgMin, CumSum

AXES = [None, (0,), (-1,), (1, 2), (-2, 0), (0, 1, 2, 3)]
IN_CHAINER = [
    (ReduceSum, lambda F: F.sum),
    (ReduceMean, lambda F: F.average),
    (ReduceMax, lambda F: F.max),
    (ReduceMin, lambda F: F.min),
    (ReduceProd, lambda F: F.prod),
    (ReduceSumSquare, lambda F: lambda x, **how: F.sum(x**2, **how)),
    (ReduceL2, lambda F: lambda x, **how: F.sqrt(F.sum(F.square(F.absolute(x)), **how))),
]


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize(("layer", "function"), IN_CHAINER)
def test_against_chainer(layer, function, axes, keepdims, numbers, rule, close, F):
    x = numbers(2, 3, 4, 5)
    close(rule(layer(keepdims=keepdims, axes=axes), x), function(F)(x, axis=axes, keepdims=keepdims))


@pytest.mark.parametrize("axes", AXES)
def test_log_sum_exp(axes, numbers, rule, close, F):
    x = numbers(2, 3, 4, 5)
    y = rule(ReduceLogSumExp(keepdims=False, axes=axes), x)
    close(y, F.logsumexp(x, axis=axes))
    close(rule(ReduceLogSumExp(keepdims=False, axes=axes), x + 1000), y + 1000)  # no overflow
    kept = rule(ReduceLogSumExp(keepdims=True, axes=axes), x)
    assert kept.ndim == 4
    close(kept.ravel(), y.ravel())


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_cum_sum(axis, numbers, rule, close, F):
    x = numbers(3, 4, 5)
    y = rule(CumSum(axis=axis), x)
    close(y, F.cumsum(x, axis=axis))
    close(rule(CumSum(axis=axis, exclusive=True), x), y - x)
    total = x.sum(axis, keepdims=True)
    close(rule(CumSum(axis=axis, reverse=True), x), total - y + x)
    close(rule(CumSum(axis=axis, reverse=True, exclusive=True), x), total - y)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_arg(axis, rule, F):
    x = np.random.default_rng(1).integers(0, 4, (3, 5, 6)).astype(float)  # with ties
    for layer, function in ((ArgMax, F.argmax), (ArgMin, F.argmin)):
        y = layer(axis=axis, keepdims=False).rule("numpy").fn(layer(axis=axis, keepdims=False), None, x)
        assert y.dtype == np.int32
        np.testing.assert_array_equal(y, function(x, axis=axis).array)


def carried(layer, x, e):
    y = layer.rule("numpy").fn(layer, None, x)
    return layer.rule("carry").fn(layer, None, y, e, x)


def test_who_may_win_instead():
    x = np.array([[3.0, 1.0, 2.9, 2.0], [0.0, 0.0, -1.0, 5.0], [1.0, 1.0, 0.0, -9.0]])
    e = np.full_like(x, 0.06)
    assert carried(ArgMax(axis=1, keepdims=False), x, e).tolist() == [2, 0, 1]
    assert carried(ArgMax(axis=1, keepdims=False), x, e / 2).tolist() == [0, 0, 1]
    assert carried(ArgMin(axis=1, keepdims=True), -x, e).tolist() == [[2], [0], [1]]
    assert carried(ArgMax(axis=None, keepdims=False), x, 0 * e).tolist() == 0


def verdict(right, wrong, shape):
    """Of what a layer with a wrong parameter gives in float32."""
    x = np.random.default_rng(7).standard_normal(shape).astype(np.float32)
    expected = evaluate(Node("n", right, ("x",), {}), [Judged(x.astype(np.float64), None)], {})[0]
    made = np.asarray(wrong.rule("numpy").fn(wrong, None, x))
    return judge_tensor("n", ("n",), made, expected, right.infer(Spec(shape))[0].dtype).verdict


PAIRS = [
    *((cls(keepdims=False, axes=0), cls(keepdims=False, axes=1)) for cls, _ in IN_CHAINER),
    (ReduceLogSumExp(keepdims=False, axes=0), ReduceLogSumExp(keepdims=False, axes=1)),
    (ReduceSum(keepdims=False), ReduceMean(keepdims=False)),
    (ReduceL2(keepdims=True, axes=1), ReduceSumSquare(keepdims=True, axes=1)),
    (CumSum(axis=0), CumSum(axis=1)),
    (CumSum(axis=1), CumSum(axis=1, exclusive=True)),
    (CumSum(axis=1), CumSum(axis=1, reverse=True)),
    (ArgMax(axis=0, keepdims=False), ArgMax(axis=1, keepdims=False)),
    (ArgMin(axis=1, keepdims=False), ArgMax(axis=1, keepdims=False)),
]


@pytest.mark.parametrize(("right", "wrong"), PAIRS)
def test_a_wrong_parameter_is_outside(right, wrong):
    assert verdict(right, right, (9, 9)) in ("equal", "rounding")
    assert verdict(right, wrong, (9, 9)) == "differs"
    if not isinstance(right, ReduceProd):  # which is 0 then
        assert verdict(right, wrong, (100, 100)) == "differs"


def test_the_last_of_equals_differs():
    x = np.zeros((2, 3), np.float32)
    layer = ArgMax(axis=1, keepdims=False)
    expected = evaluate(Node("n", layer, ("x",), {}), [Judged(x.astype(np.float64), None)], {})[0]
    assert judge_tensor("n", ("n",), np.full(2, 2, np.int32), expected, "int32").verdict == "differs"


@pytest.mark.parametrize("value", [0.1, 0.7, 3.3])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("cls", [ReduceSum, ReduceMean, ReduceSumSquare, ReduceL2])
def test_serial_sums_of_equal_numbers_stay_inside(cls, channels, value):
    """Also where the axes are stored in another order, so that a few values take turns."""
    x = np.full((1, channels, 80, 90), value, np.float32) * np.arange(1, channels + 1, dtype=np.float32)[:, None, None]
    layer = cls(keepdims=False)
    terms = np.moveaxis(x, 1, -1).ravel()
    terms = terms * terms if cls in (ReduceSumSquare, ReduceL2) else terms
    serial = np.cumsum(terms, dtype=np.float32)[-1]
    serial = np.sqrt(serial) if cls is ReduceL2 else serial / np.float32(x.size) if cls is ReduceMean else serial
    expected = evaluate(Node("n", layer, ("x",), {}), [Judged(x.astype(np.float64), None)], {})[0]
    assert judge_tensor("n", ("n",), np.asarray(serial), expected, "float32").verdict == "rounding"


@pytest.mark.parametrize("cls", [ReduceSum, ReduceLogSumExp])
def test_serial_sums_of_nearly_equal_numbers_stay_inside(cls):
    """Their spread is below the grid of the sum, so they are rounded alike."""
    x = (1e-4 * np.random.default_rng(0).standard_normal(200_000)).astype(np.float32)
    terms = np.exp(x - x.max())
    x, terms = (x, terms) if cls is ReduceLogSumExp else (terms, terms)
    serial = np.cumsum(terms, dtype=np.float32)[-1]
    serial = np.log(serial) + x.max() if cls is ReduceLogSumExp else serial
    expected = evaluate(Node("n", cls(keepdims=False), ("x",), {}), [Judged(x.astype(np.float64), None)], {})[0]
    assert judge_tensor("n", ("n",), np.asarray(serial), expected, "float32").verdict == "rounding"
    assert abs(serial - expected.value) > 500 * 2**-24 * expected.value, "this is no drift"


def test_products_that_underflow_on_the_way_are_rounding():
    x = np.array([[1e-30, 1e-12, 1e30, 1e12]], np.float32)
    layer = ReduceProd(keepdims=False, axes=1)
    expected = evaluate(Node("n", layer, ("x",), {}), [Judged(x.astype(np.float64), None)], {})[0]
    flushed = np.zeros(1, np.float32)  # 1e-42 counts as zero on many a device
    assert judge_tensor("n", ("n",), flushed, expected, "float32").verdict == "rounding"
    assert judge_tensor("n", ("n",), np.float32([1.01]), Judged(np.ones(1), np.full(1, 1e-6)), "float32").verdict == (
        "differs"
    )


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("ReduceSum", {"keepdims": True, "axes": []}, "found no axis, expected one or several"),
        ("ReduceSum", {"keepdims": True, "axes": 3}, "found 3, the input has 3 axes"),
        ("ReduceMax", {"keepdims": True, "axes": [1, -2]}, r"found \[1, -2\], which is one axis twice"),
        ("CumSum", {"axis": 3}, "found 3, the input has 3 axes"),
        ("ArgMax", {"axis": -4, "keepdims": True}, "found -4, the input has 3 axes"),
    ],
)
def test_what_does_not_fit(name, parameters, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(Spec((2, 3, 4)))
