"""Layers that move elements: where each one goes, an index at a time."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.shape import Flatten, Reshape
from parity.layers.transpose import Transpose


def test_flatten(rule, F):
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    y = rule(Flatten(), x)
    for n, c, h, w in np.ndindex(2, 3, 4, 5):
        assert y[n, (c * 4 + h) * 5 + w] == x[n, c, h, w]
    np.testing.assert_array_equal(y, F.reshape(x, (2, 60)).array)


@pytest.mark.parametrize("shape", [[8, 15], [3, -1, 10], [120], [-1]])
def test_reshape(shape, rule):
    x = np.arange(240.0).reshape(2, 6, 4, 5)
    y = rule(Reshape(shape=shape), x)
    assert y.ravel().tolist() == x.ravel().tolist()
    assert math.prod(y.shape[1:]) == 120


@pytest.mark.parametrize("shape", [[8, 30], [3, -1, 10], [240]])
def test_reshape_with_the_batch(shape, rule, F):
    x = np.arange(240.0).reshape(2, 6, 4, 5)
    y = rule(Reshape(shape=shape, whole=True), x)
    np.testing.assert_array_equal(y, F.reshape(x, shape).array)


@pytest.mark.parametrize("axes", [[0, 3, 1, 2], [0, 2, 3, 1], [0, 1, 3, 2], [0, 1, 2, 3], [3, 0, 2, 1]])
def test_transpose(axes, rule, F):
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    y = rule(Transpose(axes=axes), x)
    for at in np.ndindex(*x.shape):
        assert y[tuple(at[a] for a in axes)] == x[at]
    np.testing.assert_array_equal(y, F.transpose(x, axes).array)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Reshape(shape=[7, 8]), r"\[3, 4, 5\] has 60 elements, \[7, 8\] needs 56"),
        (Reshape(shape=[7, -1]), r"\[3, 4, 5\] has 60 elements, \[7, -1\] needs 7 or a multiple"),
        (Reshape(shape=[-1, -1]), "expected positive sizes and at most one -1"),
        (Reshape(shape=[0, 60]), "expected positive sizes and at most one -1"),
        (Transpose(axes=[0, 2, 1]), r"expected a permutation of \[0, 1, 2, 3\]"),
        (Transpose(axes=[0, 2, 2, 1]), r"expected a permutation of \[0, 1, 2, 3\]"),
        (Transpose(axes=[]), r"expected a permutation of \[0, 1, 2, 3\]"),
        (Reshape(shape=[7, -1], whole=True), r"\[2, 3, 4, 5\] has 120 elements, \[7, -1\] needs 7 or a multiple"),
    ],
)
def test_what_does_not_fit(layer, message):
    with pytest.raises(BadInput, match=message):
        layer.infer(Spec((2, 3, 4, 5)))
