"""A weight for each place along an axis, to multiply by or to add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import axis_of


@dataclass(frozen=True)
class Scale(Layer):
    """A factor, and perhaps a summand, for each place along an axis. y = x·W + b, as chainer.links.Scale has it.

    Args:
        axis: along which W and b lie; null for one factor everywhere.
        bias: whether b is added (Chainer's ``bias_term``).
    """

    axis: int | None = 1
    bias: bool = False
    absorbs: ClassVar[bool] = True
    rescales: ClassVar[bool] = True

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        if self.axis is not None:
            axis_of(self.axis, len(x[0].shape))
        return (x[0],)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W and b, one number for each place along the axis."""
        axes, shape = ("", ()) if self.axis is None else ("c", (x[0].shape[self.axis],))
        return {"W": Weight(axes, shape, "gamma")} | ({"b": Weight(axes, shape, "beta")} if self.bias else {})


@dataclass(frozen=True)
class Bias(Layer):
    """A summand for each place along an axis. y = x + b, as chainer.links.Bias has it.

    Args:
        axis: along which b lies.
    """

    axis: int = 1
    absorbs: ClassVar[bool] = True

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        axis_of(self.axis, len(x[0].shape))
        return (x[0],)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """b, one number for each place along the axis."""
        return {"b": Weight("c", (x[0].shape[self.axis],), "beta")}


def _along(p, w, x):
    """A vector, shaped to broadcast."""
    return w if p.axis is None else w.reshape(-1, *(1,) * (x.ndim - 1 - p.axis % x.ndim))


@Scale.on("numpy")
def _(p, n, x, W, b=None):
    y = x * _along(p, W, x)
    return y if b is None else y + _along(p, b, x)


@Bias.on("numpy")
def _(p, n, x, b):
    return x + _along(p, b, x)


@Scale.on("magnitude", c=2.0)
def _(p, n, y, x, W, b=None):
    m = np.abs(x * _along(p, W, x))
    return m if b is None else m + np.abs(y)  # the product's rounding, and the sum's


@Bias.on("magnitude", c=2.0)
def _(p, n, y, x, b):
    return np.abs(y) + np.abs(_along(p, b, x))  # as AddConstant


@Scale.on("carry")
def _(p, n, y, e, x, W, b=None):
    return e * np.abs(_along(p, W, x))


@Bias.on("carry")
def _(p, n, y, e, x, b):
    return e


@Scale.on("effect")
def _(p, n, g, x, W, b=None):
    return {"W": _largest(p, np.abs(x) * g), "b": _largest(p, g)}


@Bias.on("effect")
def _(p, n, g, x, b):
    return {"b": _largest(p, g)}


def _largest(p, each):
    return each.max() if p.axis is None else each.max(tuple(a for a in range(each.ndim) if a != p.axis % each.ndim))


@Scale.on("chainer", W="W: c", b="bias/b: c")
@Scale.on("chainer", when=lambda p: p.axis is None, W="W:", b="bias/b:")
def _(p, c, x):
    axis, shape = (0, ()) if p.axis is None else (p.axis % len(x.shape), (x.shape[p.axis],))
    link = c.link(c.L.Scale(axis, shape, bias_term=p.bias))
    return lambda v: link(v)


@Bias.on("chainer", b="b: c")
def _(p, c, x):
    link = c.link(c.L.Bias(p.axis % len(x.shape), (x.shape[p.axis],)))
    return lambda v: link(v)


Scale.unsupported("keras", when=lambda p: p.axis is None, why="no layer of Keras multiplies by a single weight")
Bias.unsupported("keras", why="no layer of Keras holds a bias alone; those before it have one of their own")


@Scale.on("keras", W="kernel: c", b="bias: c")
def _(p, k, x):
    at, last = k.axis(x, p.axis), len(k.shape(x)) - 1
    size = k.shape(x)[at]
    scale = k.weighted(k.layers.EinsumDense("...c,c->...c", output_shape=size, bias_axes="c" if p.bias else None))
    return scale(x) if at == last else k.ops.moveaxis(scale(k.ops.moveaxis(x, at, last)), last, at)


def _unsqueezed(p, o, w, x):
    rank = len(o.shape(x))
    behind = 0 if p.axis is None else rank - 1 - p.axis % rank
    return o.node("Unsqueeze", w, o.const(np.arange(1, behind + 1))) if behind else w


@Scale.on("onnx", W="W: c", b="B: c")
@Scale.on("onnx", when=lambda p: p.axis is None, W="W:", b="B:")
def _(p, o, x, W, b=None):
    y = o.node("Mul", x, _unsqueezed(p, o, W, x))
    return o.node("Add", y, _unsqueezed(p, o, b, x)) if b else y


@Bias.on("onnx", b="B: c")
def _(p, o, x, b):
    return o.node("Add", x, _unsqueezed(p, o, b, x))
