"""Batch normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge

from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import need_rank
from parity.layers.spot import EPSILON, below, spot


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation at test time, over axis 1. y = gamma·(x − mean) / √(var + epsilon) + beta.

    It is Chainer's links.BatchNormalization (avg_mean, avg_var) under ``train`` False and its
    functions.fixed_batch_normalization, Keras's BatchNormalization (moving_mean, moving_variance) under ``training``
    False, and ONNX's with training_mode 0.

    Args:
        epsilon: added to the variance. Stated, because the defaults differ: Chainer 2e-5, Keras 1e-3, ONNX 1e-5.
            Chainer up to 1.19 adds none at test time: epsilon 0.
        scale: whether gamma is there. In Keras's own applications often not.
        center: whether beta is there.
    """

    epsilon: Annotated[float, Ge(0)]
    scale: bool = True
    center: bool = True
    absorbs: ClassVar[bool] = True
    rescales: ClassVar[bool] = True

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


@BatchNorm.on("effect")
def _(p, n, g, x, mean, var, gamma=None, beta=None):
    scale, middle, _ = _per_channel(p, n, x.ndim, mean, var, gamma, beta)
    root, axes = 1 / np.sqrt(var + p.epsilon), (0, *range(2, x.ndim))
    moved = (np.abs(x - middle) * g).max(axes) * root
    found = {"gamma": moved, "beta": g.max(axes), "mean": (np.abs(scale) * g).max(axes)}
    return found | {"var": moved * np.abs(scale.reshape(-1)) * root / 2}


@BatchNorm.on("probe")
def _(p, d, specs, weights):
    # Far from the mean, where epsilon shows: near it x − mean is lost in the mean's rounding.
    shape, mean, var = specs[0].shape, weights["mean"], weights["var"]
    far = 10 * (np.abs(mean) + np.sqrt(var + p.epsilon))
    x = mean + far * np.moveaxis(d.normal(shape), 1, -1)
    return (np.moveaxis(x, -1, 1).astype(np.float32),)


@spot(BatchNorm, name="epsilon", words=EPSILON)
def _(p, n, y, e, x, mean, var, gamma=None, beta=None):
    return below(var, p.epsilon)


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
    gamma = gamma or o.const(np.ones(channels))
    beta = beta or o.const(np.zeros(channels))
    return o.node("BatchNormalization", x, gamma, beta, mean, var, epsilon=p.epsilon)
