"""Powers: of two inputs, and of one input and a constant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from parity.layers.arithmetic import Pairwise
from parity.layers.base import Elementwise


@dataclass(frozen=True)
class Pow(Pairwise):
    """a^b. Not a number where a is negative and b no integer."""

    domain: ClassVar[tuple[float, float]] = (0.0, 8.0)  # whose powers float32 has


@dataclass(frozen=True)
class PowVarConst(Elementwise):
    """x^exponent. Not a number where x is negative and the exponent no integer.

    Args:
        exponent: a number.
    """

    exponent: float

    @property
    def domain(self) -> tuple[float, float]:  # type: ignore[override]
        """Positive numbers, or all where every power is one."""
        natural = self.exponent >= 0 and float(self.exponent).is_integer()
        return (-np.inf if natural else 0.0, np.inf)


@dataclass(frozen=True)
class PowConstVar(Elementwise):
    """base^x.

    Args:
        base: a positive number; the powers of others are numbers for some x only.
    """

    base: Annotated[float, Gt(0)]

    @property
    def domain(self) -> tuple[float, float]:  # type: ignore[override]
        """Numbers whose powers float32 has."""
        limit = 60 / max(abs(math.log2(self.base)), 0.01)
        return (-limit, limit)


def _magnitude(y, a, b):
    """|y|·(1 + |b·ln a|): runtimes take e^(b·ln a), or 2^…, whose argument has an error of its size times u.

    So has a constant that float32 does not have exactly: b(1 + u) moves the argument as much.
    """
    with np.errstate(all="ignore"):
        argument = np.abs(b * np.log(np.abs(a)))
    return np.abs(y) * (1 + np.where(np.isfinite(argument), argument, 0.0))


def _carry(y, a, b, ea, eb):
    """a^b moves by a factor of e^δ at most, δ = (|b| + eb)·|ln(1 − ea/|a|)| + |ln|a||·eb, while a keeps its sign."""
    size = np.abs(a)
    keeps = ea < size
    with np.errstate(all="ignore"):
        safe = np.where(keeps, size, 1.0)
        turn = -(np.abs(b) + eb) * np.log1p(-np.where(keeps, ea, 0.0) / safe) + np.abs(np.log(safe)) * eb
        beyond = np.where((b > 0) & (eb == 0), np.abs(y) + (size + ea) ** np.where(b > 0, b, 1), np.inf)
        moved = np.where(keeps, np.abs(y) * np.expm1(turn), beyond)
    return np.where(ea + eb == 0, 0.0, moved)


@Pow.on("numpy")
def _(p, n, a, b):
    return a**b


@PowVarConst.on("numpy")
def _(p, n, x):
    return x ** x.dtype.type(p.exponent)


@PowConstVar.on("numpy")
def _(p, n, x):
    return x.dtype.type(p.base) ** x


@Pow.on("magnitude", c=4.0)
def _(p, n, y, a, b):
    return _magnitude(y, a, b)


@PowVarConst.on("magnitude", c=4.0)
def _(p, n, y, x):
    return _magnitude(y, x, p.exponent)


@PowConstVar.on("magnitude", c=4.0)
def _(p, n, y, x):
    return _magnitude(y, p.base, x) + np.abs(y * x)  # and the base's own rounding


@Pow.on("carry")
def _(p, n, y, e, a, b):
    return _carry(y, a, b, *e)


@PowVarConst.on("carry")
def _(p, n, y, e, x):
    return _carry(y, x, p.exponent, e, 0.0)


@PowConstVar.on("carry")
def _(p, n, y, e, x):
    return np.where(e == 0, 0.0, np.abs(y) * np.expm1(np.abs(np.log(p.base)) * e))


@Pow.on("chainer")
def _(p, c, a, b):
    return lambda v, w: v**w


@PowVarConst.on("chainer")
def _(p, c, x):
    return lambda v: v**p.exponent


@PowConstVar.on("chainer")
def _(p, c, x):
    return lambda v: p.base**v


@Pow.on("keras")
def _(p, k, a, b):
    return k.ops.power(a, b)


@PowVarConst.on("keras")
def _(p, k, x):
    return k.ops.power(x, p.exponent)


@PowConstVar.on("keras")
def _(p, k, x):
    return k.ops.power(p.base, x)


@Pow.on("onnx")
def _(p, o, a, b):
    return o.node("Pow", a, b)


@PowVarConst.on("onnx")
def _(p, o, x):
    return o.node("Pow", x, o.const(np.float64(p.exponent)))


@PowConstVar.on("onnx")
def _(p, o, x):
    return o.node("Pow", o.const(np.float64(p.base)), x)
