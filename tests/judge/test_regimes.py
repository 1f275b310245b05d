"""Regimes of weights: each is what it says, at the drawn scale, and the same every time."""

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.judge.regimes import WEIGHT_REGIMES, affects, in_regime, summed
from parity.layers import Layer, Spec, Weight

CONV = Weight("o i h w", (5, 4, 3, 3), fan_in=36)
TRANSPOSED = Weight("i o h w", (4, 5, 3, 3), fan_in=36)
DEPTHWISE = Weight("i m h w", (4, 2, 3, 5), fan_in=15)
GATES = Weight("g u i @ifco", (4, 3, 6), fan_in=12)
TABLE = Weight("v e", (7, 6), "table")
WEIGHTS = [CONV, TRANSPOSED, DEPTHWISE, GATES, Weight("o i", (3, 8), fan_in=8), TABLE]


def drawn(weight):
    return draw(Distribution("normal", 0, 0.2), weight.shape, "float32", weight.axes)


def rows(weight, array):
    """An output's products a row."""
    axes = summed(weight)
    return np.moveaxis(array, axes, range(-len(axes), 0)).reshape(-1, int(np.prod([weight.shape[a] for a in axes])))


@pytest.mark.parametrize(
    ("weight", "axes"), [(CONV, (1, 2, 3)), (TRANSPOSED, (0, 2, 3)), (DEPTHWISE, (2, 3)), (GATES, (2,)), (TABLE, ())]
)
def test_axes_that_are_summed(weight, axes):
    assert summed(weight) == axes


@pytest.mark.parametrize("regime", WEIGHT_REGIMES)
@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda w: w.axes)
def test_every_regime_keeps_shape_dtype_and_scale_and_repeats(weight, regime):
    array = drawn(weight)
    made = in_regime(weight, array, regime, "key")
    assert (made.shape, made.dtype) == (array.shape, array.dtype)
    assert np.array_equal(made, in_regime(weight, array, regime, "key"))
    assert np.array_equal(made, array) == (not affects(weight, regime))
    if regime != "wide":  # whose root of the mean square hangs on a few
        assert np.sqrt((made**2).mean()) == pytest.approx(np.sqrt((array**2).mean()), rel=0.1)


@pytest.mark.parametrize("weight", WEIGHTS[:-1], ids=lambda w: w.axes)
def test_each_is_what_it_says(weight):
    array = drawn(weight)
    assert (in_regime(weight, array, "positive") >= 0).all()
    by_sign = rows(weight, in_regime(weight, array, "sorted"))
    assert (np.diff(by_sign < 0, axis=1).sum(1) <= 1).all()
    assert not (by_sign[:, 0] < by_sign[:, -1]).any() or (by_sign > 0).any(1).all()
    assert np.array_equal(np.sort(by_sign, 1), np.sort(rows(weight, array), 1))
    edge = rows(weight, in_regime(weight, array, "edge"))
    assert (np.abs(edge.sum(1)) < 0.02 * np.abs(edge).sum(1)).all()
    half = edge.shape[1] // 2
    assert (edge[:, :half] > 0).all()
    assert (edge[:, -half:] < 0).all()


@pytest.mark.parametrize("role", ["bias", "gamma", "beta", "mean", "variance", "slope"])
def test_other_roles_stay_as_drawn(role):
    weight = Weight("c", (9,), role)
    assert not any(affects(weight, regime) for regime in WEIGHT_REGIMES)


def test_a_kernel_of_which_nothing_is_summed_has_no_order():
    peephole = Weight("g u @ifo", (3, 5), fan_in=10)
    assert [affects(peephole, r) for r in WEIGHT_REGIMES] == [False, True, False, False, True]


def test_all_kernels_that_layers_have_sum_something():
    """Else an axis has a new name, and the orders would not reach its layer."""
    conv = Layer.registry["Conv2D"](filters=3, kernel=(2, 2))
    found = conv.weights(Spec((1, 4, 5, 5)))["W"]
    assert int(np.prod([found.shape[a] for a in summed(found)])) == found.fan_in
