"""Reductions over axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parity.layers.base import Layer, Spec
from parity.layers.sizes import need_rank


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """Mean over all spatial axes, (N, C, …) → (N, C) or (N, C, 1, …).

    Args:
        keepdims: whether the spatial axes stay, with size 1. Stated, because the defaults differ: ONNX keeps them,
            Keras does not.
    """

    keepdims: bool

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C) or (N, C, 1, …)."""
        need_rank(x[0], 3, 4, 5, what="N C and spatial axes")
        ones = (1,) * (len(x[0].shape) - 2) if self.keepdims else ()
        return (Spec((*x[0].shape[:2], *ones), x[0].dtype),)


def _everything(p, x):
    return x.mean(tuple(range(2, x.ndim)), keepdims=p.keepdims)


@GlobalAveragePool.on("numpy")
def _(p, n, x):
    return _everything(p, x)


@GlobalAveragePool.on("magnitude", c=2.2)
def _(p, n, y, x):
    terms = math.prod(x.shape[2:])
    lost = n.lost(x.reshape(*x.shape[:2], -1)) / terms
    return (math.sqrt(terms) + 1) * _everything(p, np.abs(x)) + lost.reshape(y.shape)


@GlobalAveragePool.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_everything(p, e * e) / math.prod(x.shape[2:]))


@GlobalAveragePool.on("chainer")
def _(p, c, x):
    axes = tuple(range(2, len(x.shape)))
    return lambda v: c.F.average(v, axis=axes, keepdims=p.keepdims)


@GlobalAveragePool.on("keras", x="n ... c", y="n ... c")
def _(p, k, x):
    return getattr(k.layers, f"GlobalAveragePooling{len(k.shape(x)) - 2}D")(keepdims=p.keepdims)(x)


@GlobalAveragePool.on("onnx")
def _(p, o, x):
    y = o.node("GlobalAveragePool", x)
    return y if p.keepdims else o.node("Flatten", y, axis=1)
