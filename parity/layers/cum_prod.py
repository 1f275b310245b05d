"""Products along the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of


@dataclass(frozen=True)
class CumProd(Layer):
    """y[k] = x[0]·…·x[k] along an axis.

    ONNX has such an operator since version 26 of its set only. Here it is made of products with what lies 1, 2, 4, …
    before, as often as the axis can be halved. A product that leaves float32's range is infinite or 0.

    Args:
        axis: stated: Chainer and Keras flatten the input by default.
    """

    axis: int

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        axis_of(self.axis, len(x[0].shape))
        return (x[0],)


@CumProd.on("numpy")
def _(p, n, x):
    return np.cumprod(x, p.axis, dtype=x.dtype)


@CumProd.on("magnitude", c=1.0)
def _(p, n, y, x):
    # As ReduceProd: k roundings, each relative; where a partial product may be flushed to zero, that times the others.
    size = np.abs(x)
    low, high = (np.cumprod(f(size, 1), p.axis) for f in (np.minimum, np.maximum))
    count = np.cumsum(np.ones_like(x), p.axis)
    return count * (np.abs(y) + np.where(low < n.smallest, n.smallest / n.u * high, 0.0))


@CumProd.on("carry")
def _(p, n, y, e, x):
    return np.cumprod(np.abs(x) + e, p.axis) - np.cumprod(np.abs(x), p.axis)


@CumProd.on("chainer")
def _(p, c, x):
    return lambda v: c.F.cumprod(v, axis=p.axis)


@CumProd.on("keras")
def _(p, k, x):
    return k.ops.cumprod(x, axis=k.axis(x, p.axis))


@CumProd.on("onnx")
def _(p, o, x):
    shape = o.shape(x)
    axis = p.axis % len(shape)
    at = o.const(np.array([axis]))
    step, y = 1, o.node("Identity", x)
    while step < shape[axis]:
        ones = o.const(np.ones([step if i == axis else s for i, s in enumerate(shape)]))
        before = o.node("Slice", y, o.const(np.array([0])), o.const(np.array([-step])), at)
        y = o.node("Mul", y, o.node("Concat", ones, before, axis=axis))
        step *= 2
    return y
