"""Exponentials, hyperbolic functions, the error function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Elementwise
from parity.layers.unary import even, named, rising


@dataclass(frozen=True)
class Exp(Elementwise):
    """e^x. As an activation Keras calls it ``exponential``."""

    domain: ClassVar[tuple[float, float]] = (-80.0, 80.0)


@Exp.on("numpy")
def _(p, n, x):
    return np.exp(x)


@Exp.on("magnitude", c=7.0)
def _(p, n, y, x):
    return y


@Exp.on("carry")
def _(p, n, y, e, x):
    return rising(np.exp, y, e, x)


named(Exp, chainer="exp", keras="exp", onnx="Exp")


@dataclass(frozen=True)
class Expm1(Elementwise):
    """e^x − 1, to a relative error near 0 too.

    ONNX has no such operator: there it is (e^x + 1)·tanh(x/2), which loses nothing near 0, as e^x − 1 would.
    """

    domain: ClassVar[tuple[float, float]] = (-80.0, 80.0)


@Expm1.on("numpy")
def _(p, n, x):
    return np.expm1(x)


@Expm1.on("magnitude", c=13.0)
def _(p, n, y, x):
    return np.abs(y)


@Expm1.on("carry")
def _(p, n, y, e, x):
    return rising(np.expm1, y, e, x)


@Expm1.on("onnx")
def _(p, o, x):
    half = o.node("Tanh", o.node("Mul", x, o.const(np.float64(0.5))))
    return o.node("Mul", o.node("Add", o.node("Exp", x), o.const(np.float64(1))), half)


named(Expm1, chainer="expm1", keras="expm1")


@dataclass(frozen=True)
class Sinh(Elementwise):
    """(e^x − e^−x) / 2."""

    domain: ClassVar[tuple[float, float]] = (-80.0, 80.0)


@Sinh.on("numpy")
def _(p, n, x):
    return np.sinh(x)


@Sinh.on("magnitude", c=14.0)
def _(p, n, y, x):
    # Some runtimes take e^(x − log 2): the rounding of that difference, u·|x|, is an error of the exponent. A quarter
    # of it will do: c is as large as it is because of small x.
    return np.abs(y) * (1 + np.abs(x) / 4)


@Sinh.on("carry")
def _(p, n, y, e, x):
    return rising(np.sinh, y, e, x)


named(Sinh, chainer="sinh", keras="sinh", onnx="Sinh")


@dataclass(frozen=True)
class Cosh(Elementwise):
    """(e^x + e^−x) / 2."""

    domain: ClassVar[tuple[float, float]] = (-80.0, 80.0)


@Cosh.on("numpy")
def _(p, n, x):
    return np.cosh(x)


@Cosh.on("magnitude", c=7.5)
def _(p, n, y, x):
    return y * (1 + np.abs(x) / 4)  # as Sinh


@Cosh.on("carry")
def _(p, n, y, e, x):
    return even(np.cosh, y, e, x)


named(Cosh, chainer="cosh", keras="cosh", onnx="Cosh")


@dataclass(frozen=True)
class Erf(Elementwise):
    """The error function, 2/√π·∫₀ˣ e^(−t²) dt."""


@Erf.on("numpy")
def _(p, n, x):
    return n.erf(x)


@Erf.on("magnitude", c=12.5)
def _(p, n, y, x):
    return np.abs(y)


@Erf.on("carry")
def _(p, n, y, e, x):
    return rising(n.erf, y, e, x)


named(Erf, chainer="erf", keras="erf", onnx="Erf")
