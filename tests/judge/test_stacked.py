"""An array of many variants behaves as each of them."""

import numpy as np
import pytest

from parity.judge.stacked import Stacked

A = np.random.default_rng(1).normal(size=(4, 3, 5))
B = np.random.default_rng(2).normal(size=(4, 5, 2))
FIXED = np.random.default_rng(3).normal(size=(2, 1, 5))

WAYS = {
    "arithmetic": lambda a, b: 2 - a * a / 3 + (-a) ** 2,
    "with a larger array": lambda a, b: FIXED + a,
    "into a smaller one": lambda a, b: a[0] * FIXED,
    "comparison": lambda a, b: (a > 0) & (a < 1),
    "ufuncs": lambda a, b: np.maximum(np.tanh(a), 0.1) + np.exp(np.abs(a)),
    "product": lambda a, b: a @ b,
    "product with a fixed one": lambda a, b: FIXED @ a.T,
    "vector product": lambda a, b: a[0] @ b,
    "index": lambda a, b: a[1:, ::-1],
    "new axis": lambda a, b: a[:, None, ..., 0],
    "rows by number": lambda a, b: a[np.array([[0, 2], [1, 1]])],
    "two arrays of numbers": lambda a, b: a[np.array([0, 1]), np.array([4, 2])],
    "mask": lambda a, b: np.where(a > 0, a, b[:3, :1]),
    "shapes": lambda a, b: a.reshape(5, -1).swapaxes(0, 1).transpose(1, 0),
    "reshape by a tuple": lambda a, b: a.reshape((1, *a.shape)),
    "transposed copy": lambda a, b: a.transpose((1, 0)).copy(),
    "sums": lambda a, b: a.sum(-1, keepdims=True) + a.mean((0, 1)) - np.max(a) + a.var(0).sum(),
    "joined": lambda a, b: np.concatenate([a, FIXED[0], a], 0),
    "stacked": lambda a, b: np.stack([a, FIXED[:, 0][:1].repeat(3, 0)], -1),
    "moved axes": lambda a, b: np.moveaxis(a[None], 0, -1) + np.expand_dims(a, 2),
    "broadcast": lambda a, b: np.broadcast_to(a, (2, 3, 5)) + np.zeros_like(a),
    "clip": lambda a, b: np.clip(a, -0.5, 0.5).astype(np.float32),
    "what has no way of its own": lambda a, b: np.cumsum(np.sort(a, 1), 0),
    "a method without one": lambda a, b: a.cumsum(1),
    "a reduction of a ufunc": lambda a, b: np.add.reduce(a, 1),
    "windows": lambda a, b: np.lib.stride_tricks.sliding_window_view(a, 2, 1),
    "sizes": lambda a, b: a * a.size + a.ndim + len(a) + np.shape(a)[1] + np.ndim(a),
}


@pytest.mark.parametrize("way", WAYS)
def test_as_each_variant(way):
    made = WAYS[way](Stacked(A), Stacked(B))
    for k in range(4):
        expected = WAYS[way](A[k], B[k])
        assert made.variants[k].dtype == expected.dtype
        np.testing.assert_allclose(made.variants[k], expected, rtol=1e-14, atol=1e-14)


def test_several_results():
    parts = np.split(Stacked(A), [1], axis=0)
    assert [p.shape for p in parts] == [(1, 5), (2, 5)]
    high, low = np.divmod(Stacked(A), 0.5)
    np.testing.assert_allclose(high.variants * 0.5 + low.variants, A, rtol=1e-14)


@pytest.mark.parametrize("way", [bool, np.asarray, np.ascontiguousarray, lambda a: 1 if a.sum() > 0 else 0])
def test_what_needs_one_answer_is_refused(way):
    with pytest.raises(TypeError, match="stack"):
        way(Stacked(A))


def test_no_method_that_arrays_do_not_have():
    with pytest.raises(AttributeError):
        _ = Stacked(A).kernel
