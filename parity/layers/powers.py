"""Powers with a fixed exponent: square, root, and their reciprocals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Elementwise
from parity.layers.spot import DIVISOR, nearly_zero, spot
from parity.layers.unary import even, named, rising


@dataclass(frozen=True)
class Square(Elementwise):
    """x². ONNX has no such operator, so it is a product there."""


@Square.on("numpy")
def _(p, n, x):
    return x * x


@Square.on("magnitude", c=2.1)
def _(p, n, y, x):
    return y


@Square.on("carry")
def _(p, n, y, e, x):
    return even(np.square, y, e, x)


@Square.on("onnx")
def _(p, o, x):
    return o.node("Mul", x, x)


named(Square, chainer="square", keras="square")


@dataclass(frozen=True)
class Sqrt(Elementwise):
    """√x, x ≥ 0."""

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@Sqrt.on("numpy")
def _(p, n, x):
    return np.sqrt(x)


@Sqrt.on("magnitude", c=2.1)
def _(p, n, y, x):
    return y


@Sqrt.on("carry")
def _(p, n, y, e, x):
    return rising(np.sqrt, y, e, x, 0.0)


named(Sqrt, chainer="sqrt", keras="sqrt", onnx="Sqrt")


@dataclass(frozen=True)
class Rsqrt(Elementwise):
    """1 / √x, x > 0. ONNX has no such operator, so it is composed there."""

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@Rsqrt.on("numpy")
def _(p, n, x):
    return 1 / np.sqrt(x)


@Rsqrt.on("magnitude", c=8.0)
def _(p, n, y, x):
    return y


@Rsqrt.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: 1 / np.sqrt(x), y, e, x, 0.0)


@Rsqrt.on("onnx")
def _(p, o, x):
    return o.node("Reciprocal", o.node("Sqrt", x))


named(Rsqrt, chainer="rsqrt", keras="rsqrt")


@dataclass(frozen=True)
class Reciprocal(Elementwise):
    """1 / x, x ≠ 0."""

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@Reciprocal.on("numpy")
def _(p, n, x):
    return 1 / x


@Reciprocal.on("magnitude", c=6.0)
def _(p, n, y, x):
    return np.abs(y)


@Reciprocal.on("carry")
def _(p, n, y, e, x):
    return even(lambda x: 1 / x, np.abs(y), e, x)  # where 0 is within the error, anything may come out


@spot(Reciprocal, name="division", words=DIVISOR)
def _(p, n, y, e, x):
    return nearly_zero(x, e)


@Reciprocal.on("chainer")
def _(p, c, x):
    return lambda v: 1 / v


named(Reciprocal, keras="reciprocal", onnx="Reciprocal")
