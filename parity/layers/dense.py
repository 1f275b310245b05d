"""Linear layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Layer, Spec, Weight
from parity.layers.effect import Products
from parity.layers.sizes import Positive


@dataclass(frozen=True)
class Linear(Layer):
    """Matrix product over the last axis. y[..., o] = Σ_i x[..., i]·W[o, i] + b[o].

    Args:
        units: number of outputs.
        bias: whether b is added.
    """

    units: Positive
    bias: bool = True
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(…, i) → (…, units)."""
        return (Spec((*x[0].shape[:-1], self.units), x[0].dtype),)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (units, i), b (units)."""
        i = x[0].shape[-1]
        return {"W": Weight("o i", (self.units, i), fan_in=i)} | (
            {"b": Weight("o", (self.units,), "bias")} if self.bias else {}
        )


@Linear.on("numpy")
def _(p, n, x, W, b=None):
    y = x @ W.T
    return y if b is None else y + b


@Linear.on("magnitude", c=2.2)
def _(p, n, y, x, W, b=None):
    cols = x.reshape(1, -1, x.shape[-1]).swapaxes(1, 2)
    bias = None if b is None else b[None, :, None]
    m = n.sum_magnitude(cols, W[None], bias, [n.blocks(W.shape[1], 8)])
    return m[0].T.reshape(*x.shape[:-1], -1)


@Linear.on("half", c=1.5)
def _(p, n, y, x, W, b=None):
    return n.rounded_sum(y, b)


@Linear.on("carry")
def _(p, n, y, e, x, W, b=None):
    return np.sqrt((e * e) @ (W * W).T)


@Linear.on("effect")
def _(p, n, g, x, W, b=None):
    cols, g = x.reshape(1, -1, W.shape[1]).swapaxes(1, 2), g.reshape(1, -1, W.shape[0]).swapaxes(1, 2)
    return {"W": Products(cols, g, W.shape), "b": g.max((0, 2))}


@Linear.on("probe")
def _(p, d, specs, weights):
    (*lead, n), parts = specs[0].shape, d.parts(specs[0].shape[-1])
    if parts == 1:
        return d.usual()
    rows = np.arange(parts + 2).reshape(-1, 1)  # two with everything, then each part by itself
    seen = (rows < 2) | (np.arange(n) % parts == rows - 2)
    x = d.signed((len(rows), *lead[1:], n), 0.5, 1.5)
    return (x * seen.reshape(len(rows), *(1,) * (len(lead) - 1), n),)


@Linear.on("operations")
def _(p, x):
    return 2 * math.prod(x.shape) * p.units


@Linear.on("chainer", W="W: o i", b="b: o")
def _(p, c, x):
    link = c.link(c.L.Linear(x.shape[-1], p.units, nobias=not p.bias))
    batch_axes = len(x.shape) - 1
    return (lambda v: link(v)) if batch_axes == 1 else (lambda v: link(v, n_batch_axes=batch_axes))


@Linear.on("keras", x="=", y="=", W="kernel: i o", b="bias: o")
def _(p, k, x):
    return k.weighted(k.layers.Dense(p.units, use_bias=p.bias))(x)


@Linear.on("onnx", W="W: o i", b="B: o")
def _(p, o, x, W, b=None):
    if len(o.shape(x)) == 2:
        return o.node("Gemm", x, W, *([b] if b else []), transB=1)
    y = o.node("MatMul", x, o.node("Transpose", W, perm=[1, 0]))
    return o.node("Add", y, b) if b else y
