"""A softmax with zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of


@dataclass(frozen=True)
class Sparsemax(Layer):
    """Martins and Astudillo 2016: the nearest point to x of those that are not negative and have the sum 1.

    max(x − t, 0) with t = (Σ − 1)/k over the k largest, as many as keep 1 + k·x_k > Σ. Chainer and ONNX have none:
    there it is a sort, sums, and a comparison. Keras has one by this name that is another function.

    Args:
        axis: along which the sum is 1. Keras takes the last by default.
    """

    axis: int

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        axis_of(self.axis, len(x[0].shape))
        return (x[0],)


def _ranks(axis: int, shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    """1, 2, … along the axis."""
    return np.arange(1, shape[axis] + 1, dtype=dtype).reshape(
        [-1 if i == axis % len(shape) else 1 for i in range(len(shape))]
    )


def _threshold(p, x):
    """t, k, and Σ|x| over those k."""
    s = -np.sort(-x, p.axis)
    inside = 1 + _ranks(p.axis, x.shape, x.dtype) * s > np.cumsum(s, p.axis)
    count = inside.sum(p.axis, keepdims=True).astype(x.dtype)
    kept = np.where(inside, s, 0)
    return (kept.sum(p.axis, keepdims=True) - 1) / count, count, np.abs(kept).sum(p.axis, keepdims=True)


@Sparsemax.on("numpy")
def _(p, n, x):
    return np.maximum(x - _threshold(p, x)[0], 0)


@Sparsemax.on("magnitude", c=1.1)
def _(p, n, y, x):
    # The sum's own rounding, by k; who is wrongly in or out through that moves t no farther; then the difference.
    t, count, size = _threshold(p, x)
    return (np.sqrt(count) + 1) * (size + 1) / count + np.abs(t) + y


@Sparsemax.on("carry")
def _(p, n, y, e, x):
    # t rises with every x, and by d if all rise by d: so it moves by no more than the largest error of its row.
    shift = e.max(p.axis, keepdims=True)
    return np.where(x - _threshold(p, x)[0] + e + shift > 0, e + shift, 0.0)


@Sparsemax.on("chainer")
def _(p, c, x):
    ranks = _ranks(p.axis, x.shape)

    def call(v):
        s = -c.np.sort(-v.array, axis=p.axis)
        inside = c.np.greater(s * c.const(ranks) + 1, c.np.cumsum(s, axis=p.axis))
        total = c.np.sum(c.np.where(inside, s, 0), axis=p.axis, keepdims=True)
        count = c.np.sum(inside, axis=p.axis, keepdims=True, dtype=c.floats)
        return c.F.relu(v - (total - 1) / count)

    return call


Sparsemax.unsupported(
    "keras",
    why="keras.ops.sparsemax adds up the cumulated sums where it should take the last of them (3.15.1): [1, 1] gives "
    "[0, 0] and not [0.5, 0.5]",
)


@Sparsemax.on("onnx")
def _(p, o, x):
    shape = o.shape(x)
    axis = p.axis % len(shape)
    at, one = o.const(np.array([axis])), o.const(np.float64(1))
    s, _ = o.node("TopK", x, o.const(np.array([shape[axis]])), outputs=2, axis=axis, largest=1, sorted=1)
    line = o.node("Add", o.node("Mul", s, o.const(_ranks(axis, shape))), one)
    inside = o.node("Greater", line, o.node("CumSum", s, o.const(np.int64(axis))))
    inside = o.node("Cast", inside, to=o.type("float32"))
    total, count = (o.node("ReduceSum", v, at, keepdims=1) for v in (o.node("Mul", s, inside), inside))
    return o.node("Relu", o.node("Sub", x, o.node("Div", o.node("Sub", total, one), count)))
