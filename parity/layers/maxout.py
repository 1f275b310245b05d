"""Activations that change the size of an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import Positive, axis_of


def _own_axis(axis: int, x: Spec) -> int:
    at = axis_of(axis, len(x.shape))
    if at == 0:
        raise BadInput(f"found {axis}, which is the batch; 1 … {len(x.shape) - 1} are accepted", path="axis")
    return at


def _resized(x: Spec, axis: int, size: int) -> tuple[Spec, ...]:
    return (Spec((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype),)


@dataclass(frozen=True)
class Maxout(Layer):
    """Goodfellow et al. 2013. The largest of every ``pool`` neighbours along an axis. Exact in every framework.

    Chainer's link ``L.Maxout`` is a Linear before it, with ``out_size``·``pool`` units. Keras and ONNX have none,
    so it is composed there.

    Args:
        pool: how many neighbours make one output; it divides the axis.
        axis: which axis becomes shorter, not the batch.
    """

    pool: Positive
    axis: int = 1

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(…, pool·A, …) → (…, A, …)."""
        axis = _own_axis(self.axis, x[0])
        size = x[0].shape[axis]
        if size % self.pool:
            divisors = [d for d in range(1, size + 1) if size % d == 0]
            raise BadInput(f"found {self.pool}, must divide {size}, the axis's size: one of {divisors}", path="pool")
        return _resized(x[0], axis, size // self.pool)


def _groups(p, shape, axis):
    """The axis as two: (…, A, pool, …)."""
    return (*shape[:axis], shape[axis] // p.pool, p.pool, *shape[axis + 1 :])


@Maxout.on("numpy")
def _(p, n, x):
    axis = p.axis % x.ndim
    return x.reshape(_groups(p, x.shape, axis)).max(axis + 1)


@Maxout.on("magnitude")
def _(p, n, y, x):
    return None


@Maxout.on("carry")
def _(p, n, y, e, x):
    axis = p.axis % x.ndim
    e, x = (a.reshape(_groups(p, a.shape, axis)) for a in (e, x))
    lowest = (x - e).max(axis + 1, keepdims=True)  # what cannot rise above it does not count
    return np.where(x + e >= lowest, e, 0).max(axis + 1)


@Maxout.on("chainer")
def _(p, c, x):
    return lambda v: c.F.maxout(v, p.pool, axis=p.axis % len(x.shape))


@Maxout.on("keras")
def _(p, k, x):
    axis = k.axis(x, p.axis)
    return k.ops.max(k.layers.Reshape(_groups(p, k.shape(x), axis)[1:])(x), axis=axis + 1)


@Maxout.on("onnx")
def _(p, o, x):
    shape = o.shape(x)
    axis = p.axis % len(shape)
    groups = o.node("Reshape", x, o.const(np.array(_groups(p, shape, axis), np.int64)))
    return o.node("ReduceMax", groups, o.const(np.array([axis + 1], np.int64)), keepdims=0)


@dataclass(frozen=True)
class CReLU(Layer):
    """Shang et al. 2016. max(x, 0), then max(−x, 0), side by side along an axis. Exact in every framework.

    Keras and ONNX have none, so it is composed there.

    Args:
        axis: which axis becomes twice as long, not the batch.
    """

    axis: int = 1

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(…, A, …) → (…, 2·A, …)."""
        axis = _own_axis(self.axis, x[0])
        return _resized(x[0], axis, 2 * x[0].shape[axis])


@CReLU.on("numpy")
def _(p, n, x):
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], p.axis)


@CReLU.on("magnitude")
def _(p, n, y, x):
    return None


@CReLU.on("carry")
def _(p, n, y, e, x):
    return np.concatenate([np.where(x > -e, e, 0), np.where(-x > -e, e, 0)], p.axis)


@CReLU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.crelu(v, axis=p.axis % len(x.shape))


@CReLU.on("keras")
def _(p, k, x):
    return k.layers.Concatenate(axis=k.axis(x, p.axis))([k.layers.ReLU()(x), k.layers.ReLU()(-x)])


@CReLU.on("onnx")
def _(p, o, x):
    return o.node("Concat", o.node("Relu", x), o.node("Relu", o.node("Neg", x)), axis=p.axis)
