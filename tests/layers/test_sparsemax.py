"""Sparsemax against its definition, a search for the threshold, and against what Keras computes by that name."""

import numpy as np
import pytest

from parity.graph import Node
from parity.judge.bound import KIT, Judged, evaluate
from parity.layers.sparsemax import Sparsemax


def by_halving(row):
    """The threshold at which what is left has the sum 1."""
    low, high = row.min() - 1, row.max()
    for _ in range(100):
        mid = (low + high) / 2
        low, high = (mid, high) if np.maximum(row - mid, 0).sum() > 1 else (low, mid)
    return np.maximum(row - high, 0)


@pytest.mark.parametrize("scale", [0.01, 1, 10])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_against_a_search(axis, scale, numbers, rule):
    x = scale * numbers(5, 6, 7) + 3
    y = rule(Sparsemax(axis=axis), x)
    np.testing.assert_allclose(y, np.apply_along_axis(by_halving, axis, x), atol=1e-13)
    np.testing.assert_allclose(y.sum(axis), 1)


def test_equal_numbers_share(rule):
    np.testing.assert_allclose(rule(Sparsemax(axis=1), np.array([[1.0, 1.0], [5.0, 1.0]])), [[0.5, 0.5], [1, 0]])


def as_keras(x, axis):
    """What keras.ops.sparsemax of 3.15.1 does: the cumulated sums are added up."""
    s = -np.sort(-x, axis)
    total = np.cumsum(s, axis)
    inside = s - (total - 1) / np.arange(1, x.shape[axis] + 1) > 0
    t = (np.where(inside, total, 0).sum(axis, keepdims=True) - 1) / inside.sum(axis, keepdims=True)
    return np.maximum(x - t, 0)


@pytest.mark.parametrize("wrong", [lambda x: as_keras(x, 1), lambda x: by_halving(x.ravel()).reshape(x.shape)])
def test_what_is_wrong_is_outside_the_bound(wrong, numbers):
    x = numbers(4, 6)
    judged = evaluate(Node("n", Sparsemax(axis=1), ("x",), {}), [Judged(x, None)], {})[0]
    assert (np.abs(judged.value.astype(np.float32) - judged.value) <= judged.bound).all()
    assert (np.abs(wrong(x) - judged.value) > judged.bound).any()


@pytest.mark.parametrize("size", [1e-6, 0.1, 3.0])
def test_errors_of_any_size_stay_inside(size, numbers):
    layer, x = Sparsemax(axis=1), numbers(20, 6)
    e = size * np.abs(numbers(20, 6))
    apply = layer.rule("numpy").fn
    y = apply(layer, KIT, x)
    carried = layer.rule("carry").fn(layer, KIT, y, e, x)
    rng = np.random.default_rng(3)
    for _ in range(200):
        moved = apply(layer, KIT, x + e * rng.uniform(-1, 1, x.shape).round(0))
        assert (np.abs(moved - y) <= carried * (1 + 1e-9) + 1e-14).all()
