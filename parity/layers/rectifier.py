"""Rectifiers: the identity above zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from parity.layers.base import Elementwise
from parity.layers.unary import rising


@dataclass(frozen=True)
class ReLU(Elementwise):
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
class LeakyReLU(Elementwise):
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
    return np.where(x >= e, 1.0, np.where(x <= -e, p.alpha, max(1.0, p.alpha))) * e


@LeakyReLU.on("probe")
def _(p, d, specs, weights):
    return d.around(0)


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
class ELU(Elementwise):
    """Clevert et al. 2016. x where x ≥ 0, else alpha·(e^x − 1).

    Args:
        alpha: the negative of the value for x → −∞.
    """

    alpha: Annotated[float, Gt(0)] = 1.0


@ELU.on("numpy")
def _(p, n, x):
    return np.where(x >= 0, x, p.alpha * np.expm1(np.minimum(x, 0)))


@ELU.on("magnitude", c=4.0)
def _(p, n, y, x):
    return np.where(x >= 0, 0.0, p.alpha)  # runtimes take exp(x) − 1, so the error is that of 1, not of y


@ELU.on("carry")
def _(p, n, y, e, x):
    return np.where(x >= -e, max(1.0, p.alpha), p.alpha * np.exp(np.minimum(x + e, 0))) * e


@ELU.on("probe")
def _(p, d, specs, weights):
    return d.around(0)


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
class SELU(Elementwise):
    """Klambauer et al. 2017. gamma·x where x ≥ 0, else gamma·alpha·(e^x − 1).

    Args:
        alpha: the paper's fixed point for mean 0 and variance 1. Keras knows the paper's values only; others are
            composed there.
        gamma: factor of everything, likewise; Chainer calls it ``scale``.
    """

    alpha: Annotated[float, Gt(0)] = 1.6732632423543772
    gamma: Annotated[float, Gt(0)] = 1.0507009873554805


def _selu(p, x):
    return p.gamma * np.where(x >= 0, x, p.alpha * np.expm1(np.minimum(x, 0)))


@SELU.on("numpy")
def _(p, n, x):
    return _selu(p, x)


@SELU.on("magnitude", c=7.0)
def _(p, n, y, x):
    return np.where(x >= 0, y, p.gamma * p.alpha)  # a product; runtimes take exp(x) − 1, as in ELU


@SELU.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: _selu(p, x), y, e, x)


@SELU.on("probe")
def _(p, d, specs, weights):
    return d.around(0)


@SELU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.selu(v, alpha=p.alpha, scale=p.gamma)


@SELU.on("keras")
def _(p, k, x):
    if p == SELU():
        return k.layers.Activation("selu")(x)
    return p.gamma * k.ops.elu(x, alpha=p.alpha)


@SELU.on("onnx")
def _(p, o, x):
    return o.node("Selu", x, alpha=p.alpha, gamma=p.gamma)
