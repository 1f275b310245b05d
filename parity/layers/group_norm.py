"""Normalisation of each sample over groups of its channels and all places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import Positive, need_rank
from parity.layers.spot import EPSILON, below, spot
from parity.layers.standardize import standardize, standardize_carry, standardize_magnitude


@dataclass(frozen=True)
class _Grouped(Layer, abstract=True):
    epsilon: Annotated[float, Ge(0)]
    scale: bool = True
    center: bool = True
    independent: ClassVar[bool] = True

    def number(self, channels: int) -> int:
        """Of groups."""
        raise NotImplementedError

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """gamma, beta, each (C)."""
        there = {"gamma": self.scale, "beta": self.center}
        return {name: Weight("c", (x[0].shape[1],), name) for name, has in there.items() if has}

    def split(self, v: np.ndarray) -> np.ndarray:
        """(N, C, …) → (N, groups, C / groups, …)."""
        groups = self.number(v.shape[1])
        return v.reshape(v.shape[0], groups, v.shape[1] // groups, *v.shape[2:])


@dataclass(frozen=True, kw_only=True)
class GroupNorm(_Grouped):
    """Wu, He 2018. y = gamma·(x − μ) / √(σ² + epsilon) + beta; μ and σ² over a group of channels and all places.

    ONNX's GroupNormalization has a gamma for each channel from opset 21 on; in opset 18 it has one for each group. So
    there it is InstanceNormalization of the groups, then a product and a sum.

    Args:
        groups: number of groups of neighbouring channels. Stated: Keras has 32 by default, the others none.
        epsilon: added to the variance. Stated, because the defaults differ: Chainer 1e-5, Keras 1e-3, ONNX 1e-5.
        scale: whether gamma is there.
        center: whether beta is there.
    """

    groups: Positive

    def number(self, channels: int) -> int:
        """As stated."""
        return self.groups

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, …) → the same."""
        need_rank(x[0], 2, 3, 4, 5, what="N C …")
        if x[0].shape[1] % self.groups:
            raise BadInput(f"found {self.groups}, which does not divide {x[0].shape[1]} channels", path="groups")
        return (x[0],)


@dataclass(frozen=True)
class InstanceNorm(_Grouped):
    """Ulyanov et al. 2016. y = gamma·(x − μ) / √(σ² + epsilon) + beta; μ and σ² of each channel of a sample by itself.

    Keras and Chainer say it as GroupNormalization with a group for each channel (in Keras ``groups=-1``).

    Args:
        epsilon: added to the variance. Stated, because the defaults differ: ONNX 1e-5, and by the other layer's name
            Chainer 1e-5, Keras 1e-3.
        scale: whether gamma is there.
        center: whether beta is there.
    """

    def number(self, channels: int) -> int:
        """One for each channel."""
        return channels

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → the same."""
        need_rank(x[0], 3, 4, 5, what="N C and spatial axes")
        return (x[0],)


def _given(p, x, gamma, beta):
    """The groups, the axes of one, and the weights shaped to broadcast against them."""
    groups = p.split(x)
    shape = (1, *groups.shape[1:3], *(1,) * (x.ndim - 2))
    return groups, tuple(range(2, groups.ndim)), *(None if w is None else w.reshape(shape) for w in (gamma, beta))


@_Grouped.on("numpy")
def _(p, n, x, gamma=None, beta=None):
    groups, axes, gamma, beta = _given(p, x, gamma, beta)
    return standardize(groups, axes, p.epsilon, gamma, beta).reshape(x.shape)


@_Grouped.on("magnitude", c=4.0)
def _(p, n, y, x, gamma=None, beta=None):
    groups, axes, gamma, beta = _given(p, x, gamma, beta)
    return standardize_magnitude(n, groups, axes, p.epsilon, gamma, beta).reshape(x.shape)


@_Grouped.on("carry")
def _(p, n, y, e, x, gamma=None, beta=None):
    groups, axes, gamma, _ = _given(p, x, gamma, beta)
    return standardize_carry(groups, axes, p.epsilon, gamma, p.split(e)).reshape(x.shape)


@_Grouped.on("probe")
def _(p, d, specs, weights):
    return (d.small_beside_normal(specs[0].shape),)  # epsilon shows in the small ones


@spot(_Grouped, name="epsilon", words=EPSILON)
def _(p, n, y, e, x, gamma=None, beta=None):
    groups, axes, *_ = _given(p, x, None, None)
    return below(groups.var(axes), p.epsilon)


@_Grouped.on("chainer", when=lambda p: p.scale, gamma="gamma: c", beta="beta: c")
def _(p, c, x):
    link = c.link(c.L.GroupNormalization(p.number(x.shape[1]), size=x.shape[1], eps=p.epsilon))
    return lambda v: link(v)


@_Grouped.on("chainer", beta="b: c")
def _(p, c, x):
    channels = x.shape[1]
    one, zero = c.np.ones(channels, dtype=c.floats), c.np.zeros(channels, dtype=c.floats)
    bias = c.link(c.L.Bias(axis=1, shape=(channels,))) if p.center else lambda v: v
    return lambda v: bias(c.F.group_normalization(v, p.number(channels), one, zero, eps=p.epsilon))


@_Grouped.on("keras", x="n ... c", gamma="gamma: c", beta="beta: c")
def _(p, k, x):
    groups = -1 if isinstance(p, InstanceNorm) else p.groups
    layer = k.layers.GroupNormalization(groups, axis=-1, epsilon=p.epsilon, center=p.center, scale=p.scale)
    return (k.weighted(layer) if p.scale or p.center else layer)(x)


def _constants(o, channels, gamma, beta):
    return gamma or o.const(np.ones(channels)), beta or o.const(np.zeros(channels))


@InstanceNorm.on("onnx", gamma="scale: c", beta="B: c")
def _(p, o, x, gamma=None, beta=None):
    return o.node("InstanceNormalization", x, *_constants(o, o.shape(x)[1], gamma, beta), epsilon=p.epsilon)


@GroupNorm.on("onnx", gamma="scale: c", beta="B: c")
def _(p, o, x, gamma=None, beta=None):
    shape = o.shape(x)
    groups = o.node("Reshape", x, o.const(np.array([shape[0], p.groups, -1])))
    y = o.node("InstanceNormalization", groups, *_constants(o, p.groups, None, None), epsilon=p.epsilon)
    y = o.node("Reshape", y, o.const(np.array(shape)))

    def per_channel(w):
        return o.node("Reshape", w, o.const(np.array([-1, *(1,) * (len(shape) - 2)])))

    y = o.node("Mul", y, per_channel(gamma)) if gamma else y
    return o.node("Add", y, per_channel(beta)) if beta else y
