"""Maxout and CReLU against Chainer, an element at a time, and against what they are mistaken for."""

import numpy as np
import pytest

from parity.errors import BadInput
from parity.judge.bound import KIT
from parity.layers import Spec
from parity.layers.maxout import CReLU, Maxout


@pytest.mark.parametrize(
    ("pool", "axis", "shape"), [(3, 1, (2, 12, 5)), (2, -1, (2, 3, 4, 6)), (4, 1, (5, 8)), (1, 2, (2, 3, 4))]
)
def test_maxout(pool, axis, shape, numbers, rule, close, F):
    x = numbers(*shape)
    y = rule(Maxout(pool=pool, axis=axis), x)
    close(y, F.maxout(x, pool, axis=axis % len(shape)), 0)
    for at in np.ndindex(*y.shape):
        own = list(at)
        own[axis] = slice(at[axis] * pool, (at[axis] + 1) * pool)
        assert y[at] == max(x[tuple(own)])


def test_maxout_of_distant_channels_is_something_else(numbers, rule):
    x = numbers(2, 12, 5)
    assert (rule(Maxout(pool=3), x) != x.reshape(2, 3, 4, 5).max(1)).mean() > 0.5


@pytest.mark.parametrize(("axis", "shape"), [(1, (2, 3, 5)), (-1, (2, 3, 4, 6)), (1, (5, 8))])
def test_crelu(axis, shape, numbers, rule, close, F):
    x = numbers(*shape)
    y = rule(CReLU(axis=axis), x)
    close(y, F.crelu(x, axis=axis % len(shape)), 0)
    first, second = np.split(y, 2, axis)
    np.testing.assert_array_equal(first - second, x)
    assert (first * second == 0).all()


def test_an_error_of_what_cannot_win_does_not_count():
    x, e = np.array([[1.0, 5.0, 2.0, 2.1]]), np.array([[0.5, 0.1, 0.2, 0.01]])
    layer = Maxout(pool=2)
    y = layer.rule("numpy").fn(layer, KIT, x)
    np.testing.assert_array_equal(layer.rule("carry").fn(layer, KIT, y, e, x), [[0.1, 0.2]])


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Maxout(pool=5), r"pool: found 5, must divide 12, the axis's size: one of \[1, 2, 3, 4, 6, 12\]"),
        (Maxout(pool=2, axis=0), r"axis: found 0, which is the batch; 1 … 2 are accepted"),
        (Maxout(pool=2, axis=3), "axis: found 3, the input has 3 axes"),
        (CReLU(axis=-3), r"axis: found -3, which is the batch; 1 … 2 are accepted"),
    ],
)
def test_axes_that_do_not_fit(layer, message):
    with pytest.raises(BadInput, match=message):
        layer.infer(Spec((2, 12, 5)))
