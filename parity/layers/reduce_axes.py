"""Reductions over any axes, the batch's too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.layers.axes import SomeAxes, as_axes, axes_of
from parity.layers.base import Layer, Spec

ARGS = """

Args:
    keepdims: whether the reduced axes stay, with size 1. Stated, because the defaults differ: ONNX keeps them,
        Chainer and Keras do not.
    axes: which to reduce, one number or several; null for all.
"""


@dataclass(frozen=True)
class Reduce(Layer, abstract=True):
    """One number from all along some axes."""

    keepdims: bool
    axes: SomeAxes = None
    functions: ClassVar[tuple[str, str]] = ("", "")
    """What it is called in Chainer and in Keras."""

    def __post_init__(self):
        if self.axes is not None:
            object.__setattr__(self, "axes", as_axes(self.axes))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Reduced axes are gone, or have size 1."""
        gone = self.reduced(len(x[0].shape))
        sizes = (1 if i in gone else s for i, s in enumerate(x[0].shape) if self.keepdims or i not in gone)
        return (Spec(tuple(sizes), x[0].dtype),)

    def reduced(self, rank: int) -> tuple[int, ...]:
        """The axes to reduce, none of them negative."""
        return tuple(range(rank)) if self.axes is None else axes_of(self.axes, rank)

    def rows(self, x: np.ndarray) -> np.ndarray:
        """What is reduced together, along the last axis."""
        gone = self.reduced(x.ndim)
        kept = [a for a in range(x.ndim) if a not in gone]
        return x.transpose(*kept, *gone).reshape(*(x.shape[a] for a in kept), -1)

    def placed(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """What came of :meth:`rows`, in the shape of the output."""
        return np.asarray(y).reshape(self.infer(Spec(x.shape))[0].shape)

    def summed(self, n: Any, x: np.ndarray, extra: int = 1) -> np.ndarray:
        """Magnitude of a sum: (√n + extra)·Σ|x|, and what is lost one way."""
        terms = self.rows(x)
        m = (math.sqrt(terms.shape[-1]) + extra) * np.abs(terms).sum(-1) + n.lost(terms)
        return self.placed(m, x)

    def in_chainer(self, c: Any, v: Any, x: Spec) -> Any:
        """Said in Chainer, of a variable v like x."""
        return getattr(c.F, self.functions[0])(v, axis=self.axes, keepdims=self.keepdims)

    def in_keras(self, k: Any, x: Any, axis: Any) -> Any:
        """Said in Keras, for stored axes."""
        return getattr(k.ops, self.functions[1])(x, axis=axis, keepdims=self.keepdims)


@Reduce.on("chainer")
def _(p, c, x):
    return lambda v: p.in_chainer(c, v, x)


@Reduce.on("keras", when=lambda p: p.keepdims)
def _(p, k, x):
    return p.in_keras(k, x, None if p.axes is None else tuple(k.axis(x, a) for a in p.axes))


@Reduce.on("keras", x="=", y="=")
def _(p, k, x):
    return p.in_keras(k, x, p.axes)


@Reduce.on("onnx")
def _(p, o, x):
    axes = [] if p.axes is None else [o.const(np.array(p.axes, np.int64))]
    return o.node(type(p).__name__, x, *axes, keepdims=int(p.keepdims))


@dataclass(frozen=True)
class ReduceMax(Reduce):
    __doc__ = "The largest along some axes." + ARGS
    functions: ClassVar[tuple[str, str]] = ("max", "max")


@dataclass(frozen=True)
class ReduceMin(Reduce):
    __doc__ = "The smallest along some axes." + ARGS
    functions: ClassVar[tuple[str, str]] = ("min", "min")


@ReduceMax.on("numpy")
def _(p, n, x):
    return np.asarray(x.max(p.axes, keepdims=p.keepdims))


@ReduceMin.on("numpy")
def _(p, n, x):
    return np.asarray(x.min(p.axes, keepdims=p.keepdims))


@ReduceMax.on("magnitude")
@ReduceMin.on("magnitude")
def _(p, n, y, x):
    return None


@ReduceMax.on("carry")
@ReduceMin.on("carry")
def _(p, n, y, e, x):
    return np.asarray(e.max(p.axes, keepdims=p.keepdims))


@dataclass(frozen=True)
class ReduceProd(Reduce):
    __doc__ = (
        """Product along some axes.

    A partial product that leaves float32's range, by the order in which a runtime multiplies, is infinite there."""
        + ARGS
    )
    functions: ClassVar[tuple[str, str]] = ("prod", "prod")


@ReduceProd.on("numpy")
def _(p, n, x):
    return np.asarray(x.prod(p.axes, keepdims=p.keepdims))


@ReduceProd.on("magnitude", c=1.0)
def _(p, n, y, x):
    # n − 1 roundings, each relative to the product so far: a strict bound up to first order. A partial product below
    # 2^-126 may be flushed to zero; the other factors multiply that.
    size = np.abs(p.rows(x))
    low, high = (p.placed(np.prod(f(size, 1), -1), x) for f in (np.minimum, np.maximum))
    count = max(size.shape[-1], 1)
    return count * (np.abs(y) + np.where(low < n.smallest, n.smallest / n.u * high, 0.0))


@ReduceProd.on("carry")
def _(p, n, y, e, x):
    size, errors = np.abs(p.rows(x)), p.rows(e)
    return p.placed((size + errors).prod(-1) - size.prod(-1), x)
