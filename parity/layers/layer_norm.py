"""Layer normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from parity.layers.base import Layer, Spec, Weight


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Ba et al. 2016, over the last axis. y = gamma·(x − μ) / √(σ² + epsilon) + beta, σ² with divisor F.

    Args:
        epsilon: added to the variance. Stated, because the defaults differ: Chainer 1e-6, Keras 1e-3, ONNX 1e-5.
    """

    epsilon: Annotated[float, Ge(0)]

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """gamma, beta, each (F)."""
        shape = (x[0].shape[-1],)
        return {"gamma": Weight("f", shape, "gamma"), "beta": Weight("f", shape, "beta")}


def _moments(p, x):
    mu = x.mean(-1, keepdims=True)
    return mu, np.sqrt(((x - mu) ** 2).mean(-1, keepdims=True) + p.epsilon)


@LayerNorm.on("numpy")
def _(p, n, x, gamma, beta):
    mu, sigma = _moments(p, x)
    return gamma * (x - mu) / sigma + beta


@LayerNorm.on("magnitude", c=4.0)
def _(p, n, y, x, gamma, beta):
    mu, sigma = _moments(p, x)
    first = np.abs(gamma) * (np.abs(x) + np.abs(x).mean(-1, keepdims=True)) / sigma + np.abs(beta)
    return first + np.sqrt(x.shape[-1]) * np.abs(gamma) * (np.abs(mu) + np.abs(x - mu)) / sigma


@LayerNorm.on("carry")
def _(p, n, y, e, x, gamma, beta):
    mu, sigma = _moments(p, x)
    own = np.sqrt((e * e).sum(-1, keepdims=True)) / x.shape[-1]
    unit = np.abs(x - mu) / sigma
    shared = unit * np.sqrt((unit * unit * e * e).sum(-1, keepdims=True)) / x.shape[-1]
    return np.abs(gamma) / sigma * (e + own + shared)


@LayerNorm.on("chainer", gamma="gamma: f", beta="beta: f")
def _(p, c, x):
    link = c.link(c.L.LayerNormalization(x.shape[-1], eps=p.epsilon))
    if len(x.shape) == 2:
        return lambda v: link(v)
    return lambda v: c.F.reshape(link(c.F.reshape(v, (-1, x.shape[-1]))), x.shape)  # the link takes two axes only


@LayerNorm.on("keras", x="=", y="=", gamma="gamma: f", beta="beta: f")
def _(p, k, x):
    return k.weighted(k.layers.LayerNormalization(axis=-1, epsilon=p.epsilon))(x)


@LayerNorm.on("onnx", gamma="Scale: f", beta="B: f")
def _(p, o, x, gamma, beta):
    return o.node("LayerNormalization", x, gamma, beta, axis=-1, epsilon=p.epsilon)
