"""Logarithms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Elementwise
from parity.layers.unary import named, rising


@dataclass(frozen=True)
class Log(Elementwise):
    """The natural logarithm, x > 0."""

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@Log.on("numpy")
def _(p, n, x):
    return np.log(x)


@Log.on("magnitude", c=9.5)
def _(p, n, y, x):
    return np.abs(y)


@Log.on("carry")
def _(p, n, y, e, x):
    return rising(np.log, y, e, x, 0.0)


named(Log, chainer="log", keras="log", onnx="Log")


@dataclass(frozen=True)
class Log1p(Elementwise):
    """log(1 + x), x > −1, to a relative error near 0 too.

    ONNX has no such operator: there it is 2·artanh(x / (x + 2)) near 0, and log(1 + x) elsewhere.
    """

    domain: ClassVar[tuple[float, float]] = (-1.0, np.inf)


@Log1p.on("numpy")
def _(p, n, x):
    return np.log1p(x)


@Log1p.on("magnitude", c=11.0)
def _(p, n, y, x):
    return np.abs(y)


@Log1p.on("carry")
def _(p, n, y, e, x):
    return rising(np.log1p, y, e, x, -1.0)


@Log1p.on("onnx")
def _(p, o, x):
    one, two = (o.const(np.float64(v)) for v in (1, 2))
    near = o.node("Mul", two, o.node("Atanh", o.node("Div", x, o.node("Add", x, two))))
    far = o.node("Log", o.node("Add", x, one))
    return o.node("Where", o.node("Less", o.node("Abs", x), o.const(np.float64(0.5))), near, far)


named(Log1p, chainer="log1p", keras="log1p")


@dataclass(frozen=True)
class Log2(Elementwise):
    """The logarithm to base 2, x > 0. ONNX has no such operator: there it is the natural one, divided by log 2."""

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@Log2.on("numpy")
def _(p, n, x):
    return np.log2(x)


@Log2.on("magnitude", c=10.0)
def _(p, n, y, x):
    return np.abs(y)


@Log2.on("carry")
def _(p, n, y, e, x):
    return rising(np.log2, y, e, x, 0.0)


@Log2.on("onnx")
def _(p, o, x):
    return o.node("Div", o.node("Log", x), o.const(np.float64(math.log(2))))


named(Log2, chainer="log2", keras="log2")


@dataclass(frozen=True)
class Log10(Elementwise):
    """The logarithm to base 10, x > 0. ONNX has no such operator: there it is the natural one, divided by log 10."""

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@Log10.on("numpy")
def _(p, n, x):
    return np.log10(x)


@Log10.on("magnitude", c=11.0)
def _(p, n, y, x):
    return np.abs(y)


@Log10.on("carry")
def _(p, n, y, e, x):
    return rising(np.log10, y, e, x, 0.0)


@Log10.on("onnx")
def _(p, o, x):
    return o.node("Div", o.node("Log", x), o.const(np.float64(math.log(10))))


named(Log10, chainer="log10", keras="log10")
