"""Functions of one number that round nothing: identity, absolute value, negative, sign, roundings to whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.layers.base import Elementwise
from parity.layers.unary import named, rising


@dataclass(frozen=True)
class _Exact(Elementwise, abstract=True):
    """No rounding in any framework."""


@_Exact.on("magnitude")
def _(p, n, y, x):
    return None


@_Exact.on("carry")
def _(p, n, y, e, x):
    return e


@dataclass(frozen=True)
class Identity(_Exact):
    """x itself."""


@Identity.on("numpy")
def _(p, n, x):
    return x


@Identity.on("keras")
def _(p, k, x):
    return k.layers.Identity()(x)


named(Identity, chainer="identity", onnx="Identity")


@dataclass(frozen=True)
class Abs(_Exact):
    """|x|."""


@Abs.on("numpy")
def _(p, n, x):
    return np.abs(x)


named(Abs, chainer="absolute", keras="absolute", onnx="Abs")


@dataclass(frozen=True)
class Neg(_Exact):
    """−x."""


@Neg.on("numpy")
def _(p, n, x):
    return -x


@Neg.on("chainer")
def _(p, c, x):
    return lambda v: -v


named(Neg, keras="negative", onnx="Neg")


@dataclass(frozen=True)
class Sign(_Exact):
    """−1, 0 or 1. Within an error of its input it may jump."""


@Sign.on("numpy")
def _(p, n, x):
    return np.sign(x)


@Sign.on("carry")
def _(p, n, y, e, x):
    return rising(np.sign, y, e, x)


named(Sign, chainer="sign", keras="sign", onnx="Sign")


@dataclass(frozen=True)
class Floor(_Exact):
    """The largest whole number that is not above x. Within an error of its input it may jump."""


@Floor.on("numpy")
def _(p, n, x):
    return np.floor(x)


@Floor.on("carry")
def _(p, n, y, e, x):
    return rising(np.floor, y, e, x)


named(Floor, chainer="floor", keras="floor", onnx="Floor")


@dataclass(frozen=True)
class Ceil(_Exact):
    """The smallest whole number that is not below x. Within an error of its input it may jump."""


@Ceil.on("numpy")
def _(p, n, x):
    return np.ceil(x)


@Ceil.on("carry")
def _(p, n, y, e, x):
    return rising(np.ceil, y, e, x)


named(Ceil, chainer="ceil", keras="ceil", onnx="Ceil")


@dataclass(frozen=True)
class Trunc(_Exact):
    """x without its fraction, towards 0. Chainer calls it ``fix``; ONNX has none, so it is composed there.

    Within an error of its input it may jump.
    """


@Trunc.on("numpy")
def _(p, n, x):
    return np.trunc(x)


@Trunc.on("carry")
def _(p, n, y, e, x):
    return rising(np.trunc, y, e, x)


@Trunc.on("onnx")
def _(p, o, x):
    return o.node("Mul", o.node("Sign", x), o.node("Floor", o.node("Abs", x)))


named(Trunc, chainer="fix", keras="trunc")


@dataclass(frozen=True)
class Round(_Exact):
    """The nearest whole number, of two equally near the even one. Chainer has none: there it is NumPy's ``rint``.

    Within an error of its input it may jump.
    """


@Round.on("numpy")
def _(p, n, x):
    return np.rint(x)


@Round.on("carry")
def _(p, n, y, e, x):
    return rising(np.rint, y, e, x)


@Round.on("chainer")
def _(p, c, x):
    return lambda v: c.F.identity(c.np.rint(v.array))  # a function without a slope, as ``fix``


named(Round, keras="round", onnx="Round")
