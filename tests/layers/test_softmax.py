"""Softmax and its logarithm, row by row with Python's math, and against Chainer."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.softmax import LogSoftmax, Softmax

axes = pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
scales = pytest.mark.parametrize("scale", [1e-4, 1.0, 30.0])


def rows(x, axis, one):
    return np.apply_along_axis(lambda row: np.array(one([float(v) for v in row])), axis, x)


def log_softmax(row):
    top = max(row)
    total = math.log(math.fsum(math.exp(v - top) for v in row))
    return [v - top - total for v in row]


@axes
@scales
def test_against_math(axis, scale, numbers, rule, close):
    x = scale * numbers(2, 5, 3, 4)
    close(rule(LogSoftmax(axis=axis), x), rows(x, axis, log_softmax))
    np.testing.assert_allclose(
        rule(Softmax(axis=axis), x), rows(x, axis, lambda row: [math.exp(v) for v in log_softmax(row)]), rtol=1e-12
    )


@axes
@scales
def test_against_chainer(axis, scale, numbers, rule, close, F):
    x = scale * numbers(2, 5, 3, 4)
    close(rule(Softmax(axis=axis), x), F.softmax(x, axis=axis))
    close(rule(LogSoftmax(axis=axis), x), F.log_softmax(x, axis=axis))


def test_neither_overflows(rule):
    x = np.array([[1000.0, 0.0, -1000.0]])
    assert rule(Softmax(axis=1), x).tolist() == [[1.0, 0.0, 0.0]]
    assert rule(LogSoftmax(axis=1), x).tolist() == [[0.0, -1000.0, -2000.0]]


@pytest.mark.parametrize("axis", [2, -3])
def test_axis_that_is_not_there(axis):
    with pytest.raises(BadInput, match=f"axis: found {axis}, the input has 2 axes: -2 … 1 are accepted"):
        Softmax(axis=axis).infer(Spec((2, 3)))
