"""Arithmetic with one input and a constant, under the names that it has in Chainer's graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of
from parity.layers.spot import DIVISOR, nearly_zero, spot


@dataclass(frozen=True)
class _WithConstant(Layer, abstract=True):
    """Arithmetic with a number, or with one for each place along an axis."""

    value: float | tuple[float, ...]
    axis: int = 1

    def __post_init__(self):
        if isinstance(self.value, list):
            object.__setattr__(self, "value", tuple(self.value))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape; it has as many places along the axis as there are numbers."""
        if isinstance(self.value, tuple):
            size = x[0].shape[axis_of(self.axis, len(x[0].shape))]
            if len(self.value) != size:
                text = f"found {len(self.value)} numbers, the input has {size} places along axis {self.axis}"
                raise BadInput(f"{text}; one for each is accepted, or one number for all", path="value")
        return (x[0],)

    def broadcast(self, rank: int, axis: int | None = None) -> np.ndarray:
        """The constant as float64, in a shape that broadcasts; ``axis`` is where it is, if not at its own."""
        v = np.asarray(self.value, np.float64)
        shape = [1] * rank
        if v.ndim:
            shape[(self.axis if axis is None else axis) % rank] = v.size
        return v.reshape(shape if v.ndim else ())

    def said(self, kit: Any, rank: int, axis: int | None = None) -> Any:
        """The constant for a framework: a number, or an array of the network's floats."""
        if not isinstance(self.value, tuple):
            return float(self.value)
        return kit.const(self.broadcast(rank, axis))


@dataclass(frozen=True)
class AddConstant(_WithConstant):
    """x + value.

    Args:
        value: one number, or one for each place along the axis.
        axis: along which several numbers lie.
    """

    absorbs: ClassVar[bool] = True


@dataclass(frozen=True)
class SubFromConstant(_WithConstant):
    """value − x.

    Args:
        value: one number, or one for each place along the axis.
        axis: along which several numbers lie.
    """


@dataclass(frozen=True)
class MulConstant(_WithConstant):
    """x·value.

    Args:
        value: one number, or one for each place along the axis.
        axis: along which several numbers lie.
    """

    absorbs: ClassVar[bool] = True
    rescales: ClassVar[bool] = True


@dataclass(frozen=True)
class DivFromConstant(_WithConstant):
    """value / x.

    Args:
        value: one number, or one for each place along the axis.
        axis: along which several numbers lie.
    """

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@AddConstant.on("numpy")
def _(p, n, x):
    return x + p.broadcast(x.ndim).astype(x.dtype)


@SubFromConstant.on("numpy")
def _(p, n, x):
    return p.broadcast(x.ndim).astype(x.dtype) - x


@MulConstant.on("numpy")
def _(p, n, x):
    return x * p.broadcast(x.ndim).astype(x.dtype)


@DivFromConstant.on("numpy")
def _(p, n, x):
    return p.broadcast(x.ndim).astype(x.dtype) / x


@AddConstant.on("magnitude", c=2.0)
def _(p, n, y, x):
    return np.abs(y) + np.abs(p.broadcast(x.ndim))  # runtimes add it to the bias of a layer before, and round that sum


@SubFromConstant.on("magnitude", c=2.0)
def _(p, n, y, x):
    return np.abs(y) + n.off(p.broadcast(x.ndim))


@MulConstant.on("magnitude", c=3.0)
def _(p, n, y, x):
    # XLA makes one factor of this and of another before it, such as a mean's 1/n; measured 1.4.
    return np.abs(y) + n.off(p.broadcast(x.ndim)) * np.abs(x)


@DivFromConstant.on("magnitude", c=2.0)
def _(p, n, y, x):
    return np.abs(y) + n.off(p.broadcast(x.ndim)) / np.abs(x)


@AddConstant.on("carry")
@SubFromConstant.on("carry")
def _(p, n, y, e, x):
    return e


@MulConstant.on("carry")
def _(p, n, y, e, x):
    return e * np.abs(p.broadcast(x.ndim))


@DivFromConstant.on("carry")
def _(p, n, y, e, x):
    left = np.abs(x) - e  # the smallest that |x| may be
    moved = np.where(left > 0, np.abs(y) * e / np.where(left > 0, left, 1), np.inf)
    return np.where(e == 0, 0.0, moved)


@spot(DivFromConstant, name="division", words=DIVISOR)
def _(p, n, y, e, x):
    return nearly_zero(x, e)


@AddConstant.on("chainer")
def _(p, c, x):
    return lambda v: v + p.said(c, len(x.shape))


@SubFromConstant.on("chainer")
def _(p, c, x):
    return lambda v: p.said(c, len(x.shape)) - v


@MulConstant.on("chainer")
def _(p, c, x):
    return lambda v: v * p.said(c, len(x.shape))


@DivFromConstant.on("chainer")
def _(p, c, x):
    return lambda v: p.said(c, len(x.shape)) / v


def _stored(p, k, x):
    rank = len(k.shape(x))
    return p.said(k, rank, k.axis(x, p.axis) if isinstance(p.value, tuple) else None)


@AddConstant.on("keras")
def _(p, k, x):
    return x + _stored(p, k, x)


@SubFromConstant.on("keras")
def _(p, k, x):
    return k.ops.subtract(_stored(p, k, x), x)


@MulConstant.on("keras")
def _(p, k, x):
    return x * _stored(p, k, x)


@DivFromConstant.on("keras")
def _(p, k, x):
    return k.ops.divide(_stored(p, k, x), x)


def _initializer(p, o, x):
    return o.const(p.broadcast(len(o.shape(x))))


@AddConstant.on("onnx")
def _(p, o, x):
    return o.node("Add", x, _initializer(p, o, x))


@SubFromConstant.on("onnx")
def _(p, o, x):
    return o.node("Sub", _initializer(p, o, x), x)


@MulConstant.on("onnx")
def _(p, o, x):
    return o.node("Mul", x, _initializer(p, o, x))


@DivFromConstant.on("onnx")
def _(p, o, x):
    return o.node("Div", _initializer(p, o, x), x)
