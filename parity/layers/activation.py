"""Activations: one output element from one input element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Lt

from parity.layers.base import Layer


@dataclass(frozen=True)
class _Elementwise(Layer):
    """y = f(x), element by element, any shape."""


@dataclass(frozen=True)
class ReLU(_Elementwise):
    """max(x, 0). Exact in every framework."""


@ReLU.on("numpy")
def _(p, n, x):
    return np.maximum(x, 0)


@ReLU.on("magnitude")
def _(p, n, y, x):
    return None


@ReLU.on("carry")
def _(p, n, y, e, x):
    return np.where(x > -e, e, 0)


@ReLU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.relu(v)


@ReLU.on("keras")
def _(p, k, x):
    return k.layers.ReLU()(x)


@ReLU.on("onnx")
def _(p, o, x):
    return o.node("Relu", x)


@dataclass(frozen=True)
class LeakyReLU(_Elementwise):
    """x where x ≥ 0, else alpha·x.

    Args:
        alpha: slope below zero. Stated, because the defaults differ: Chainer 0.2, Keras 0.3, ONNX 0.01.
    """

    alpha: Annotated[float, Ge(0)]


@LeakyReLU.on("numpy")
def _(p, n, x):
    return np.where(x >= 0, x, p.alpha * x)


@LeakyReLU.on("magnitude", c=3.2)
def _(p, n, y, x):
    return np.where(x >= 0, 0.0, np.abs(y))


@LeakyReLU.on("carry")
def _(p, n, y, e, x):
    return np.where(x >= -e, 1.0, p.alpha) * e


@LeakyReLU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.leaky_relu(v, slope=p.alpha)


@LeakyReLU.on("keras")
def _(p, k, x):
    return k.layers.LeakyReLU(negative_slope=p.alpha)(x)


@LeakyReLU.on("onnx")
def _(p, o, x):
    return o.node("LeakyRelu", x, alpha=p.alpha)


@dataclass(frozen=True)
class ELU(_Elementwise):
    """Clevert et al. 2016. x where x ≥ 0, else alpha·(e^x − 1).

    Args:
        alpha: the negative of the value for x → −∞.
    """

    alpha: Annotated[float, Gt(0)] = 1.0


@ELU.on("numpy")
def _(p, n, x):
    return np.where(x >= 0, x, p.alpha * np.expm1(np.minimum(x, 0)))


@ELU.on("magnitude", c=3.2)
def _(p, n, y, x):
    return np.where(x >= 0, 0.0, p.alpha)  # runtimes take exp(x) − 1, so the error is that of 1, not of y


@ELU.on("carry")
def _(p, n, y, e, x):
    return np.where(x >= -e, max(1.0, p.alpha), p.alpha * np.exp(np.minimum(x + e, 0))) * e


@ELU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.elu(v, alpha=p.alpha)


@ELU.on("keras")
def _(p, k, x):
    return k.layers.ELU(alpha=p.alpha)(x)


@ELU.on("onnx")
def _(p, o, x):
    return o.node("Elu", x, alpha=p.alpha)


@dataclass(frozen=True)
class Sigmoid(_Elementwise):
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
class Tanh(_Elementwise):
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
class Softplus(_Elementwise):
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
    beta = o.const(np.float32(p.beta))
    return o.node("Div", o.node("Softplus", o.node("Mul", x, beta)), beta)


@dataclass(frozen=True)
class Dropout(_Elementwise):
    """At test time the identity: all frameworks scale while training ("inverted" dropout).

    Args:
        ratio: share of elements dropped while training.
    """

    ratio: Annotated[float, Ge(0), Lt(1)]


@Dropout.on("numpy")
def _(p, n, x):
    return x


@Dropout.on("magnitude")
def _(p, n, y, x):
    return None


@Dropout.on("carry")
def _(p, n, y, e, x):
    return e


@Dropout.on("chainer")
def _(p, c, x):
    return lambda v: c.F.dropout(v, ratio=p.ratio)


@Dropout.on("keras")
def _(p, k, x):
    return k.layers.Dropout(p.ratio)(x)


@Dropout.on("onnx")
def _(p, o, x):
    return o.node("Dropout", x, o.const(np.float32(p.ratio)))
