"""Trigonometric functions and their inverses, in radians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Elementwise
from parity.layers.unary import named, rising


def _wave(slope: np.ndarray, e: np.ndarray) -> np.ndarray:
    """How far a sine moves: |f'|·e + e²/2, since |f''| ≤ 1, and never more than e, since |f'| ≤ 1."""
    return np.minimum(np.abs(slope) * e + e * e / 2, e)


@dataclass(frozen=True)
class Sin(Elementwise):
    """Sine."""


@Sin.on("numpy")
def _(p, n, x):
    return np.sin(x)


@Sin.on("magnitude", c=6.0)
def _(p, n, y, x):
    return np.abs(y)


@Sin.on("carry")
def _(p, n, y, e, x):
    return _wave(np.cos(x), e)


named(Sin, chainer="sin", keras="sin", onnx="Sin")


@dataclass(frozen=True)
class Cos(Elementwise):
    """Cosine."""


@Cos.on("numpy")
def _(p, n, x):
    return np.cos(x)


@Cos.on("magnitude", c=6.0)
def _(p, n, y, x):
    return np.abs(y)


@Cos.on("carry")
def _(p, n, y, e, x):
    return _wave(np.sin(x), e)


named(Cos, chainer="cos", keras="cos", onnx="Cos")


@dataclass(frozen=True)
class Tan(Elementwise):
    """Tangent. Where an error of the input reaches a pole, anything may come out."""


@Tan.on("numpy")
def _(p, n, x):
    return np.tan(x)


@Tan.on("magnitude", c=6.5)
def _(p, n, y, x):
    return np.abs(y)


@Tan.on("carry")
def _(p, n, y, e, x):
    branch = [np.floor((x + s * e) / np.pi + 0.5) for s in (-1, 1)]
    return np.where(branch[0] == branch[1], rising(np.tan, y, e, x), np.inf)


named(Tan, chainer="tan", keras="tan", onnx="Tan")


@dataclass(frozen=True)
class Asin(Elementwise):
    """Arc sine, −1 ≤ x ≤ 1."""

    domain: ClassVar[tuple[float, float]] = (-1.0, 1.0)


@Asin.on("numpy")
def _(p, n, x):
    return np.arcsin(x)


@Asin.on("magnitude", c=17.0)
def _(p, n, y, x):
    return np.abs(y)


@Asin.on("carry")
def _(p, n, y, e, x):
    return rising(np.arcsin, y, e, x, -1.0, 1.0)


named(Asin, chainer="arcsin", keras="arcsin", onnx="Asin")


@dataclass(frozen=True)
class Acos(Elementwise):
    """Arc cosine, −1 ≤ x ≤ 1."""

    domain: ClassVar[tuple[float, float]] = (-1.0, 1.0)


@Acos.on("numpy")
def _(p, n, x):
    return np.arccos(x)


@Acos.on("magnitude", c=10.5)
def _(p, n, y, x):
    return np.abs(y)


@Acos.on("carry")
def _(p, n, y, e, x):
    return rising(np.arccos, y, e, x, -1.0, 1.0)


named(Acos, chainer="arccos", keras="arccos", onnx="Acos")


@dataclass(frozen=True)
class Atan(Elementwise):
    """Arc tangent."""


@Atan.on("numpy")
def _(p, n, x):
    return np.arctan(x)


@Atan.on("magnitude", c=11.5)
def _(p, n, y, x):
    return np.abs(y)


@Atan.on("carry")
def _(p, n, y, e, x):
    return rising(np.arctan, y, e, x)


named(Atan, chainer="arctan", keras="arctan", onnx="Atan")
