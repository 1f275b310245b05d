"""How far two tensors are apart, element by element, without the mean that makes a loss of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt

from parity.layers.arithmetic import Pairwise, broadcast


@dataclass(frozen=True)
class SquaredError(Pairwise):
    """(a − b)². Chainer calls it ``squared_error`` and ``squared_difference``; elsewhere it is composed."""


@dataclass(frozen=True)
class AbsoluteError(Pairwise):
    """|a − b|. Chainer has it; elsewhere it is composed."""


@dataclass(frozen=True)
class HuberLoss(Pairwise):
    """Huber 1964. d² / 2 where |d| = |a − b| ≤ delta, else delta·(|d| − delta/2); no mean, no sum.

    Chainer's ``huber_loss`` with ``reduce="no"``, Keras's ``huber`` before its mean. Composed but in Chainer.

    Args:
        delta: where the parabola becomes a line. Keras has 1 by default, Chainer none.
    """

    delta: Annotated[float, Gt(0)]


def _huber(p, d):
    d = np.abs(d)
    bent = np.minimum(d, p.delta)
    return bent * (d - bent / 2)


@SquaredError.on("numpy")
def _(p, n, a, b):
    return np.square(a - b)


@AbsoluteError.on("numpy")
def _(p, n, a, b):
    return np.abs(a - b)


@HuberLoss.on("numpy")
def _(p, n, a, b):
    return _huber(p, a - b)


@SquaredError.on("magnitude", c=6.4)
@AbsoluteError.on("magnitude", c=2.0)
def _(p, n, y, a, b):
    return y  # the difference rounds relative to itself, twice in a square, and so does the product


@HuberLoss.on("magnitude", c=6.5)
def _(p, n, y, a, b):
    # Chainer takes 2·delta·|d| − delta² and halves it: d² and delta² round although their difference may be smaller.
    return np.maximum(y, np.where(np.abs(a - b) < p.delta, 0.0, p.delta * np.abs(a - b)))


@SquaredError.on("carry")
def _(p, n, y, e, a, b):
    each = e[0] + e[1]
    return each * (2 * np.abs(a - b) + each)


@AbsoluteError.on("carry")
def _(p, n, y, e, a, b):
    return e[0] + e[1]


@HuberLoss.on("carry")
def _(p, n, y, e, a, b):
    far, each = np.abs(a - b), e[0] + e[1]
    return np.maximum(_huber(p, far + each) - y, y - _huber(p, np.maximum(far - each, 0)))


@SquaredError.on("chainer")
def _(p, c, a, b):
    return lambda v, w: c.F.squared_error(*broadcast(c, (a, b), (v, w)))


@AbsoluteError.on("chainer")
def _(p, c, a, b):
    return lambda v, w: c.F.absolute_error(*broadcast(c, (a, b), (v, w)))


@HuberLoss.on("chainer")
def _(p, c, a, b):
    return lambda v, w: c.F.huber_loss(*broadcast(c, (a, b), (v, w)), p.delta, reduce="no")


@SquaredError.on("keras")
def _(p, k, a, b):
    return k.ops.square(k.ops.subtract(a, b))


@AbsoluteError.on("keras")
def _(p, k, a, b):
    return k.ops.absolute(k.ops.subtract(a, b))


@HuberLoss.on("keras")
def _(p, k, a, b):
    far = k.ops.absolute(k.ops.subtract(a, b))
    bent = k.ops.minimum(far, p.delta)
    return bent * (far - bent / 2)


@SquaredError.on("onnx")
def _(p, o, a, b):
    d = o.node("Sub", a, b)
    return o.node("Mul", d, d)


@AbsoluteError.on("onnx")
def _(p, o, a, b):
    return o.node("Abs", o.node("Sub", a, b))


@HuberLoss.on("onnx")
def _(p, o, a, b):
    far = o.node("Abs", o.node("Sub", a, b))
    bent = o.node("Min", far, o.const(np.float64(p.delta)))
    return o.node("Mul", bent, o.node("Sub", far, o.node("Mul", bent, o.const(np.float64(0.5)))))
