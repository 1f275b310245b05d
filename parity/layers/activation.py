"""Activations that saturate: sigmoid, tanh, softplus, softsign, log-sigmoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt

from parity.layers.base import Elementwise
from parity.layers.spot import SATURATED, saturated, spot
from parity.layers.unary import rising


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """1 / (1 + e^−x)."""


@Sigmoid.on("numpy")
def _(p, n, x):
    return n.sigmoid(x)


@Sigmoid.on("magnitude", c=5.0)
def _(p, n, y, x):
    return np.ones_like(y)  # some runtimes compute it from tanh, with an error that does not shrink with y


@Sigmoid.on("carry")
def _(p, n, y, e, x):
    return e / 4


@spot(Sigmoid, name="saturated", words=SATURATED)
def _(p, n, y, e, x):
    return saturated(y, low=2.0**-24)  # a smaller one is within what the magnitude allows


@Sigmoid.on("chainer")
def _(p, c, x):
    return lambda v: c.F.sigmoid(v)


@Sigmoid.on("keras")
def _(p, k, x):
    return k.layers.Activation("sigmoid")(x)


@Sigmoid.on("onnx")
def _(p, o, x):
    return o.node("Sigmoid", x)


@dataclass(frozen=True)
class Tanh(Elementwise):
    """Hyperbolic tangent."""


@Tanh.on("numpy")
def _(p, n, x):
    return np.tanh(x)


@Tanh.on("magnitude", c=9.5)
def _(p, n, y, x):
    return np.abs(y)


@Tanh.on("carry")
def _(p, n, y, e, x):
    return e * (1 - np.tanh(np.maximum(np.abs(x) - e, 0)) ** 2)


@spot(Tanh, name="saturated", words=SATURATED)
def _(p, n, y, e, x):
    return saturated(np.abs(y), low=0.0)


@Tanh.on("chainer")
def _(p, c, x):
    return lambda v: c.F.tanh(v)


@Tanh.on("keras")
def _(p, k, x):
    return k.layers.Activation("tanh")(x)


@Tanh.on("onnx")
def _(p, o, x):
    return o.node("Tanh", x)


@dataclass(frozen=True)
class Softplus(Elementwise):
    """log(1 + e^(beta·x)) / beta.

    Args:
        beta: sharpness. Keras and ONNX know 1 only; other values are composed there.
    """

    beta: Annotated[float, Gt(0)] = 1.0


@Softplus.on("numpy")
def _(p, n, x):
    z = p.beta * x
    return (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / p.beta


@Softplus.on("magnitude", c=8.0)
def _(p, n, y, x):
    return np.maximum(y, 1 / p.beta)


@Softplus.on("carry")
def _(p, n, y, e, x):
    return e


@Softplus.on("chainer")
def _(p, c, x):
    return lambda v: c.F.softplus(v, beta=p.beta)


@Softplus.on("keras")
def _(p, k, x):
    softplus = k.layers.Activation("softplus")
    return softplus(x) if p.beta == 1 else softplus(x * p.beta) / p.beta


@Softplus.on("onnx")
def _(p, o, x):
    if p.beta == 1:
        return o.node("Softplus", x)
    beta = o.const(np.float64(p.beta))
    return o.node("Div", o.node("Softplus", o.node("Mul", x, beta)), beta)


@dataclass(frozen=True)
class Softsign(Elementwise):
    """x / (1 + |x|). Chainer has none, so it is composed there."""


def _softsign(x):
    return x / (1 + np.abs(x))


@Softsign.on("numpy")
def _(p, n, x):
    return _softsign(x)


@Softsign.on("magnitude", c=5.0)
def _(p, n, y, x):
    return np.abs(y)  # an addition and a division, both of them relative


@Softsign.on("carry")
def _(p, n, y, e, x):
    return rising(_softsign, y, e, x)


@Softsign.on("chainer")
def _(p, c, x):
    return lambda v: v / (1 + c.F.absolute(v))


@Softsign.on("keras")
def _(p, k, x):
    return k.layers.Activation("softsign")(x)


@Softsign.on("onnx")
def _(p, o, x):
    return o.node("Softsign", x)


@dataclass(frozen=True)
class LogSigmoid(Elementwise):
    """−log(1 + e^−x), the logarithm of the sigmoid. Keras alone has it; elsewhere it is softplus with two signs."""


@LogSigmoid.on("numpy")
def _(p, n, x):
    return -np.logaddexp(0, -x)


@LogSigmoid.on("magnitude", c=9.0)
def _(p, n, y, x):
    return np.maximum(np.abs(y), 1)  # as Softplus


@LogSigmoid.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: -np.logaddexp(0, -x), y, e, x)


@LogSigmoid.on("chainer")
def _(p, c, x):
    return lambda v: -c.F.softplus(-v)


@LogSigmoid.on("keras")
def _(p, k, x):
    return k.layers.Activation("log_sigmoid")(x)


@LogSigmoid.on("onnx")
def _(p, o, x):
    return o.node("Neg", o.node("Softplus", o.node("Neg", x)))
