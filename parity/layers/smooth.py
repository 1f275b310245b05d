"""Smooth stand-ins for the rectifier: CELU, squareplus, sparse plus; and the gated linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt

from parity.layers.activation import Sigmoid
from parity.layers.arithmetic import Mul
from parity.layers.base import Elementwise
from parity.layers.composite import Composite
from parity.layers.split import Split
from parity.layers.unary import rising


@dataclass(frozen=True)
class CELU(Elementwise):
    """Barron 2017. x where x ≥ 0, else alpha·(e^(x/alpha) − 1). Chainer has none, so it is composed there.

    Args:
        alpha: the negative of the value for x → −∞; unlike ELU's it leaves the slope at 0 as it is, 1.
    """

    alpha: Annotated[float, Gt(0)] = 1.0


def _celu(p, x):
    return np.where(x >= 0, x, p.alpha * np.expm1(np.minimum(x, 0) / p.alpha))


@CELU.on("numpy")
def _(p, n, x):
    return _celu(p, x)


@CELU.on("magnitude", c=7.0)
def _(p, n, y, x):
    return np.where(x >= 0, x, p.alpha)  # some divide by alpha and multiply again; below 0 as ELU


@CELU.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: _celu(p, x), y, e, x)


@CELU.on("probe")
def _(p, d, specs, weights):
    return d.around(0)


@CELU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.relu(v) + p.alpha * c.F.expm1(-c.F.relu(-v) / p.alpha)


@CELU.on("keras")
def _(p, k, x):
    return k.ops.celu(x, alpha=p.alpha)


@CELU.on("onnx")
def _(p, o, x):
    return o.node("Celu", x, alpha=p.alpha)


@dataclass(frozen=True)
class Squareplus(Elementwise):
    """Barron 2021. (x + √(x² + b)) / 2. Keras has it; elsewhere it is composed.

    Args:
        b: how far it is from the rectifier: √b / 2 at x = 0.
    """

    b: Annotated[float, Gt(0)] = 4.0


def _squareplus(p, x):
    root = np.sqrt(x * x + p.b)
    return np.where(x >= 0, (x + root) / 2, p.b / 2 / (root - x))  # the second without cancellation


@Squareplus.on("numpy")
def _(p, n, x):
    return _squareplus(p, x)


@Squareplus.on("magnitude", c=3.5)
def _(p, n, y, x):
    return np.sqrt(x * x + p.b)  # what is added; where x < 0 it cancels in all frameworks


@Squareplus.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: _squareplus(p, x), y, e, x)


@Squareplus.on("chainer")
def _(p, c, x):
    return lambda v: (v + c.F.sqrt(v * v + p.b)) / 2


@Squareplus.on("keras")
def _(p, k, x):
    return k.ops.squareplus(x, b=p.b)


@Squareplus.on("onnx")
def _(p, o, x):
    root = o.node("Sqrt", o.node("Add", o.node("Mul", x, x), o.const(np.float64(p.b))))
    return o.node("Mul", o.node("Add", x, root), o.const(np.float64(0.5)))


@dataclass(frozen=True)
class SparsePlus(Elementwise):
    """(x + 1)² / 4 for −1 < x < 1, 0 below that and x above. Keras has it; elsewhere it is composed."""


def _sparse_plus(x):
    return np.where(x < 1, np.square(np.clip(x, -1, 1) + 1) / 4, x)


@SparsePlus.on("numpy")
def _(p, n, x):
    return _sparse_plus(x)


@SparsePlus.on("magnitude", c=6.5)
def _(p, n, y, x):
    return np.where(x < 1, y, 0.0)  # x + 1 rounds, relative to itself, and counts twice


@SparsePlus.on("carry")
def _(p, n, y, e, x):
    return rising(_sparse_plus, y, e, x)


@SparsePlus.on("probe")
def _(p, d, specs, weights):
    return d.around(-1, 1)


@SparsePlus.on("chainer")
def _(p, c, x):
    def call(v):
        line = c.F.clip(v, -1.0, 1.0) + 1
        return c.F.where(c.np.less(v.array, 1), line * line / 4, v)

    return call


@SparsePlus.on("keras")
def _(p, k, x):
    return k.layers.Activation("sparse_plus")(x)


@SparsePlus.on("onnx")
def _(p, o, x):
    one = o.const(np.float64(1))
    line = o.node("Add", o.node("Clip", x, o.const(np.float64(-1)), one), one)
    bend = o.node("Mul", o.node("Mul", line, line), o.const(np.float64(0.25)))
    return o.node("Where", o.node("Less", x, one), bend, x)


@dataclass(frozen=True)
class GLU(Composite):
    """Dauphin et al. 2017, the gated linear unit. The first half of an axis times the sigmoid of the second.

    Args:
        axis: the one that is halved. Keras takes the last by default, which is the channels there.
    """

    axis: int

    def parts(self, b, *x):
        """(…, 2·A, …) → (…, A, …)."""
        value, gate = b.add("halves", Split(self.axis, 2), *x)
        return b.add("product", Mul(), value, b.add("gate", Sigmoid(), gate))


@GLU.on("keras")
def _(p, k, x):
    return k.ops.glu(x, axis=k.axis(x, p.axis))
