"""Normalisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import Positive, need_rank


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation at test time, over axis 1. y = gamma·(x − mean) / √(var + epsilon) + beta.

    Args:
        epsilon: added to the variance. Stated, because the defaults differ: Chainer 2e-5, Keras 1e-3, ONNX 1e-5.
        scale: whether gamma is there.
        center: whether beta is there.
    """

    epsilon: Annotated[float, Ge(0)]
    scale: bool = True
    center: bool = True
    absorbs: ClassVar[bool] = True

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, …) → the same."""
        need_rank(x[0], 2, 3, 4, 5, what="N C …")
        return (x[0],)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """gamma, beta, mean, var, each (C)."""
        shape = (x[0].shape[1],)
        roles = {"gamma": "gamma", "beta": "beta", "mean": "mean", "var": "variance"}
        absent = {n for n, has in (("gamma", self.scale), ("beta", self.center)) if not has}
        return {name: Weight("c", shape, role) for name, role in roles.items() if name not in absent}


def _per_channel(p, n, rank, mean, var, gamma, beta):
    scale = 1 / np.sqrt(var + p.epsilon) * (1 if gamma is None else gamma)
    return n.channel(scale, rank), n.channel(mean, rank), 0 if beta is None else n.channel(beta, rank)


@BatchNorm.on("numpy")
def _(p, n, x, mean, var, gamma=None, beta=None):
    scale, mean, beta = _per_channel(p, n, x.ndim, mean, var, gamma, beta)
    return scale * (x - mean) + beta


@BatchNorm.on("magnitude", c=9.0)
def _(p, n, y, x, mean, var, gamma=None, beta=None):
    scale, mean, beta = _per_channel(p, n, x.ndim, mean, var, gamma, beta)
    return np.abs(scale) * (np.abs(x) + np.abs(mean)) + np.abs(beta)


@BatchNorm.on("carry")
def _(p, n, y, e, x, mean, var, gamma=None, beta=None):
    return np.abs(_per_channel(p, n, x.ndim, mean, var, gamma, beta)[0]) * e


@BatchNorm.on("chainer", gamma="gamma: c", beta="beta: c", mean="avg_mean: c", var="avg_var: c")
def _(p, c, x):
    link = c.link(c.L.BatchNormalization(x.shape[1], eps=p.epsilon, use_gamma=p.scale, use_beta=p.center))
    return lambda v: link(v)


@BatchNorm.on("keras", x="n ... c", gamma="gamma: c", beta="beta: c", mean="moving_mean: c", var="moving_variance: c")
def _(p, k, x):
    return k.weighted(k.layers.BatchNormalization(axis=-1, epsilon=p.epsilon, scale=p.scale, center=p.center))(x)


@BatchNorm.on("onnx", gamma="scale: c", beta="B: c", mean="input_mean: c", var="input_var: c")
def _(p, o, x, mean, var, gamma=None, beta=None):
    channels = o.shape(x)[1]
    gamma = gamma or o.const(np.ones(channels, np.float32))
    beta = beta or o.const(np.zeros(channels, np.float32))
    return o.node("BatchNormalization", x, gamma, beta, mean, var, epsilon=p.epsilon)


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """Krizhevsky et al. 2012, section 3.3. y[c] = x[c] / (k + alpha·Σ_{|j − c| ≤ n // 2} x[j]²)^beta.

    alpha multiplies the sum itself, as in Chainer and in the paper; ONNX divides it by n.

    Args:
        n: number of neighbouring channels, odd (for even ones the frameworks disagree).
        k: additive constant.
        alpha: factor of the sum.
        beta: exponent.
    """

    n: Positive
    k: Annotated[float, Gt(0)]
    alpha: Annotated[float, Ge(0)]
    beta: Annotated[float, Ge(0)]

    def __post_init__(self):
        if self.n % 2 == 0:
            raise BadInput(
                f"found {self.n}, must be odd: for even ones the frameworks disagree on the window", path="n"
            )

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, …) → the same."""
        need_rank(x[0], 3, 4, 5, what="N C …")
        return (x[0],)


def _lrn_base(p, x):
    half = p.n // 2
    squares = np.pad(x * x, [(0, 0), (half, half)] + [(0, 0)] * (x.ndim - 2))
    return p.k + p.alpha * sum(squares[:, j : j + x.shape[1]] for j in range(p.n))


@LocalResponseNorm.on("numpy")
def _(p, n, x):
    return x / _lrn_base(p, x) ** p.beta


@LocalResponseNorm.on("magnitude", c=9.0)
def _(p, n, y, x):
    # Runtimes take the power through a logarithm, and the sum through a sliding one over all channels.
    base = _lrn_base(p, x)
    everything = (x * x).sum(1, keepdims=True)
    return np.abs(y) * (1 + p.beta * np.abs(np.log(base)) + p.beta * p.alpha * everything / base)


@LocalResponseNorm.on("carry")
def _(p, n, y, e, x):
    base = _lrn_base(p, x)
    half = p.n // 2
    spread = np.pad(((np.abs(x) + e) * e) ** 2, [(0, 0), (half, half)] + [(0, 0)] * (x.ndim - 2))
    window = np.sqrt(sum(spread[:, j : j + x.shape[1]] for j in range(p.n)))
    return e / base**p.beta + np.abs(y) * 2 * p.alpha * p.beta / base * window


@LocalResponseNorm.on("chainer")
def _(p, c, x):
    return lambda v: c.F.local_response_normalization(v, n=p.n, k=p.k, alpha=p.alpha, beta=p.beta)


@LocalResponseNorm.on("keras", x="n ... c")
def _(p, k, x):
    half, channels = p.n // 2, k.shape(x)[-1]
    rank = len(k.shape(x))
    squares = k.ops.pad(k.ops.square(x), [[0, 0]] * (rank - 1) + [[half, half]])
    total = squares[..., 0:channels]
    for j in range(1, p.n):
        total = total + squares[..., j : j + channels]
    return x / k.ops.power(p.k + p.alpha * total, p.beta)


@LocalResponseNorm.on("onnx")
def _(p, o, x):
    return o.node("LRN", x, size=p.n, bias=p.k, alpha=p.alpha * p.n, beta=p.beta)


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
