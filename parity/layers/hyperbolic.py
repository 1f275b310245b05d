"""Inverse hyperbolic functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Elementwise
from parity.layers.unary import named, rising


@dataclass(frozen=True)
class Asinh(Elementwise):
    """log(x + √(x² + 1)).

    Chainer has none. There it is sign(x)·log1p(|x| + x² / (1 + √(x² + 1))), which loses nothing near 0.
    """


@Asinh.on("numpy")
def _(p, n, x):
    return np.arcsinh(x)


@Asinh.on("magnitude", c=8.0)
def _(p, n, y, x):
    return np.abs(y)


@Asinh.on("carry")
def _(p, n, y, e, x):
    return rising(np.arcsinh, y, e, x)


@Asinh.on("chainer")
def _(p, c, x):
    def call(v):
        size = c.F.absolute(v)
        return c.F.sign(v) * c.F.log1p(size + v * v / (1 + c.F.sqrt(v * v + 1)))

    return call


named(Asinh, keras="arcsinh", onnx="Asinh")


@dataclass(frozen=True)
class Acosh(Elementwise):
    """log(x + √(x² − 1)), x ≥ 1.

    Chainer has none. There it is log1p(t + √(t·(t + 2))), t = x − 1, which loses nothing near 1.
    """

    domain: ClassVar[tuple[float, float]] = (1.0, np.inf)


@Acosh.on("numpy")
def _(p, n, x):
    return np.arccosh(x)


@Acosh.on("magnitude", c=4.0)
def _(p, n, y, x):
    return 1 + np.abs(y)  # some take the logarithm of a number that is rounded near 1


@Acosh.on("carry")
def _(p, n, y, e, x):
    return rising(np.arccosh, y, e, x, 1.0)


@Acosh.on("chainer")
def _(p, c, x):
    return lambda v: c.F.log1p(v - 1 + c.F.sqrt((v - 1) * (v + 1)))


named(Acosh, keras="arccosh", onnx="Acosh")


@dataclass(frozen=True)
class Atanh(Elementwise):
    """log((1 + x) / (1 − x)) / 2, −1 < x < 1."""

    domain: ClassVar[tuple[float, float]] = (-1.0, 1.0)


@Atanh.on("numpy")
def _(p, n, x):
    return np.arctanh(x)


@Atanh.on("magnitude", c=6.5)
def _(p, n, y, x):
    return np.abs(y)


@Atanh.on("carry")
def _(p, n, y, e, x):
    return rising(np.arctanh, y, e, x, -1.0, 1.0)


named(Atanh, chainer="arctanh", keras="arctanh", onnx="Atanh")
