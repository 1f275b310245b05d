"""What belongs to the error function: its complement and its inverse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from parity.layers.base import Elementwise
from parity.layers.unary import named, rising


@dataclass(frozen=True)
class Erfc(Elementwise):
    """1 − erf(x). ONNX has no such operator, and there it is that difference, which loses small values.

    The bound allows all frameworks what the difference loses.
    """


def _erfc(x):
    return np.frompyfunc(math.erfc, 1, 1)(x).astype(x.dtype)


@Erfc.on("numpy")
def _(p, n, x):
    return _erfc(x)


@Erfc.on("magnitude", c=5.5)
def _(p, n, y, x):
    return np.ones_like(y)


@Erfc.on("carry")
def _(p, n, y, e, x):
    return rising(_erfc, y, e, x)


@Erfc.on("onnx")
def _(p, o, x):
    return o.node("Sub", o.const(np.float64(1)), o.node("Erf", x))


named(Erfc, chainer="erfc", keras="erfc")


@dataclass(frozen=True)
class Erfinv(Elementwise):
    """The number whose error function is x, −1 < x < 1."""

    domain: ClassVar[tuple[float, float]] = (-1.0, 1.0)


def _inverse(x: float) -> float:
    """From the quantile of the normal distribution, two steps by Newton's rule, without which it is rough near 0."""
    if not -1 < x < 1:
        return math.copysign(math.inf, x) if abs(x) == 1 else math.nan
    y = NormalDist().inv_cdf(min(max((x + 1) / 2, 1e-16), 1 - 1e-16)) / math.sqrt(2)
    for _ in range(2):
        y -= (math.erf(y) - x) * math.sqrt(math.pi) / 2 * math.exp(y * y)
    return y


def _erfinv(x):
    return np.frompyfunc(_inverse, 1, 1)(x).astype(x.dtype)


@Erfinv.on("numpy")
def _(p, n, x):
    return _erfinv(x)


@Erfinv.on("magnitude", c=5.5)
def _(p, n, y, x):
    # Runtimes take a quantile of (x + 1) / 2, or the logarithm of 1 − x²: a rounding of x by u, times the slope.
    return np.abs(y) + math.sqrt(math.pi) / 2 * np.exp(y * y)


@Erfinv.on("carry")
def _(p, n, y, e, x):
    return rising(_erfinv, y, e, x, -1.0, 1.0)


named(Erfinv, chainer="erfinv", keras="erfinv")
Erfinv.unsupported("onnx", why="ONNX has no inverse of the error function, and none of its operators leads to one")
