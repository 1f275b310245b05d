"""Sums along the way, and the place of the largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of
from parity.layers.spot import rivals, spot


@dataclass(frozen=True)
class CumSum(Layer):
    """y[k] = x[0] + … + x[k] along an axis.

    Args:
        axis: stated: Chainer and Keras flatten the input by default, ONNX has no default.
        exclusive: leave x[k] out, so that y[0] is 0.
        reverse: sum from the end.
    """

    axis: int
    exclusive: bool = False
    reverse: bool = False
    independent: ClassVar[bool] = True

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        axis_of(self.axis, len(x[0].shape))
        return (x[0],)


def _cumulated(p, x):
    x = np.moveaxis(x, p.axis, -1)
    x = x[..., ::-1] if p.reverse else x
    y = np.cumsum(x, -1)
    if p.exclusive:
        y = np.concatenate([np.zeros_like(y[..., :1]), y[..., :-1]], -1)
    return np.moveaxis(y[..., ::-1] if p.reverse else y, -1, p.axis)


@CumSum.on("numpy")
def _(p, n, x):
    return _cumulated(p, x)


@CumSum.on("magnitude", c=2.7)
def _(p, n, y, x):
    # As for a sum of so many terms; equal addends round alike.
    terms = _cumulated(p, np.ones_like(x))
    return (np.sqrt(terms) + 1) * _cumulated(p, np.abs(x)) + terms / 4 * _cumulated(p, np.abs(x) * n.repeats(x, p.axis))


@CumSum.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_cumulated(p, e * e))


def _said(p, f, x, axis, rank):
    """In a framework that only sums forward, and inclusively."""
    cut = tuple(slice(None, -1) if i == axis else slice(None) for i in range(rank))
    x = f.flip(x, axis=axis) if p.reverse else x
    y = f.cumsum(x, axis=axis)
    if p.exclusive:
        y = f.pad(y[cut], [(int(i == axis), 0) for i in range(rank)], "constant", constant_values=0)
    return f.flip(y, axis=axis) if p.reverse else y


@CumSum.on("chainer")
def _(p, c, x):
    rank = len(x.shape)
    return lambda v: _said(p, c.F, v, p.axis % rank, rank)


@CumSum.on("keras")
def _(p, k, x):
    return _said(p, k.ops, x, k.axis(x, p.axis), len(k.shape(x)))


@CumSum.on("onnx")
def _(p, o, x):
    return o.node("CumSum", x, o.const(np.int64(p.axis)), exclusive=int(p.exclusive), reverse=int(p.reverse))


@dataclass(frozen=True)
class _Arg(Layer, abstract=True):
    """The place of an extreme."""

    axis: int | None
    keepdims: bool

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The axis is gone, or has size 1; int32."""
        rank = len(x[0].shape)
        gone = range(rank) if self.axis is None else (axis_of(self.axis, rank),)
        sizes = (1 if i in gone else s for i, s in enumerate(x[0].shape) if self.keepdims or i not in gone)
        return (Spec(tuple(sizes), "int32"),)


@dataclass(frozen=True)
class ArgMax(_Arg):
    """The index of the largest along an axis, int32; the first of equals.

    Args:
        axis: stated, because the defaults differ: 0 in ONNX; null, the whole input in C order, in Chainer and Keras.
        keepdims: whether the axis stays, with size 1. Stated, because the defaults differ: ONNX keeps it, Keras does
            not, Chainer cannot.
    """


@dataclass(frozen=True)
class ArgMin(_Arg):
    """The index of the smallest along an axis, int32; the first of equals.

    Args:
        axis: stated, because the defaults differ: 0 in ONNX; null, the whole input in C order, in Chainer and Keras.
        keepdims: whether the axis stays, with size 1. Stated, because the defaults differ: ONNX keeps it, Keras does
            not, Chainer cannot.
    """


@ArgMax.on("numpy")
def _(p, n, x):
    return np.asarray(np.argmax(x, p.axis, keepdims=p.keepdims)).astype(np.int32)


@ArgMin.on("numpy")
def _(p, n, x):
    return np.asarray(np.argmin(x, p.axis, keepdims=p.keepdims)).astype(np.int32)


@_Arg.on("magnitude")
def _(p, n, y, x):
    return None


@_Arg.on("carry")
def _(p, n, y, e, x):
    # Any that its error lets pass the winner may win: the distance to the farthest of them.
    sign = 1.0 if isinstance(p, ArgMax) else -1.0
    rows, errors = (v.reshape(-1) if p.axis is None else np.moveaxis(v, p.axis, -1) for v in (sign * x, e))
    at = rows.argmax(-1)[..., None]
    top, room = np.take_along_axis(rows, at, -1), np.take_along_axis(errors, at, -1)
    rivals = (rows + errors >= top - room) & (errors + room > 0)
    far = np.abs(np.arange(rows.shape[-1]) - at)
    return np.where(rivals, far, 0).max(-1).astype(np.float64).reshape(y.shape)


@spot(
    _Arg,
    name="ties",
    words="in {count} of {of} rows of {layer} the two that come first are nearer than their errors: which index is "
    "given is left to chance",
)
def _(p, n, y, e, x):
    sign = 1.0 if isinstance(p, ArgMax) else -1.0
    rows, errors = (
        np.reshape(v, -1) if p.axis is None else np.moveaxis(v, p.axis, -1)
        for v in (sign * x, np.broadcast_to(e, x.shape))
    )
    return rivals(rows, errors).reshape(y.shape)


@_Arg.on("chainer")
def _(p, c, x):
    find, shape = type(p).__name__.lower(), p.infer(x)[0].shape
    if p.keepdims:
        return lambda v: c.F.reshape(getattr(c.F, find)(v, axis=p.axis), shape)
    return lambda v: getattr(c.F, find)(v, axis=p.axis)


@_Arg.on("keras", x="=", y="=")
def _(p, k, x):
    return getattr(k.ops, type(p).__name__.lower())(x, axis=p.axis, keepdims=p.keepdims)


@_Arg.on("onnx")
def _(p, o, x):
    op = type(p).__name__
    if p.axis is not None:
        y = o.node(op, x, axis=p.axis, keepdims=int(p.keepdims))
    else:
        y = o.node(op, o.node("Reshape", x, o.const(np.array([-1]))), axis=0, keepdims=0)
        if p.keepdims:
            y = o.node("Reshape", y, o.const(np.ones(len(o.shape(x)), np.int64)))
    return o.node("Cast", y, to=o.type("int32"))
