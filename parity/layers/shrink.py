"""Activations that make small numbers zero or smaller: shrinkage, thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from parity.layers.base import Elementwise
from parity.layers.unary import rising


@dataclass(frozen=True)
class Shrink(Elementwise):
    """x + bias where x < −lambd, x − bias where x > lambd, else 0.

    Keras has two of its kind: ``hard_shrink`` is that with bias 0, ``soft_shrink`` that with bias = lambd; others are
    composed there. Chainer has none. An x between lambd and its float32 rounding may fall on either side.

    Args:
        lambd: half the width of what becomes 0; Keras calls it ``threshold``.
        bias: by how much the rest moves towards 0.
    """

    lambd: Annotated[float, Ge(0)] = 0.5
    bias: float = 0.0


def _shrunk(p, x):
    return np.where(x < -p.lambd, x + p.bias, np.where(x > p.lambd, x - p.bias, 0))


@Shrink.on("numpy")
def _(p, n, x):
    return _shrunk(p, x)


@Shrink.on("magnitude", c=2.0)
def _(p, n, y, x):
    off = n.off(p.lambd)
    if not (p.bias or off):
        return None
    moved = np.abs(y) + n.off(p.bias) if p.bias else np.zeros_like(y)  # a difference, and the bias's own rounding
    jump = abs(p.lambd - p.bias) / n.u + off  # c·u·m holds the whole of it
    at_edge = (np.abs(x) == n.nearest(p.lambd)) & (off > 0)
    return np.where(np.abs(x) > p.lambd, moved, 0.0) + np.where(at_edge, jump, 0.0)


@Shrink.on("carry")
def _(p, n, y, e, x):
    # It rises between the edges, so the farthest is at an end of the error, or on either side of an edge within it.
    moved = np.maximum(np.abs(_shrunk(p, x - e) - y), np.abs(_shrunk(p, x + e) - y))
    for edge, beyond in ((p.lambd, p.lambd - p.bias), (-p.lambd, p.bias - p.lambd)):
        sides = np.maximum(np.abs(beyond - y), np.abs(y))
        moved = np.maximum(moved, np.where(np.abs(x - edge) <= e, sides, 0.0))
    return np.where(e == 0, 0.0, moved)


@Shrink.on("probe")
def _(p, d, specs, weights):
    return d.around(-p.lambd, p.lambd)


@Shrink.on("chainer")
def _(p, c, x):
    def call(v):
        far = c.np.greater(c.np.abs(v.array), p.lambd)
        moved = v - p.bias * c.np.sign(v.array) if p.bias else v
        return c.F.where(far, moved, c.np.zeros_like(v.array))

    return call


@Shrink.on("keras")
def _(p, k, x):
    if p.bias == 0:
        return k.ops.hard_shrink(x, threshold=p.lambd)
    if p.bias == p.lambd:
        return k.ops.soft_shrink(x, threshold=p.lambd)
    moved = x - p.bias * k.ops.sign(x)
    return k.ops.where(k.ops.greater(k.ops.absolute(x), p.lambd), moved, k.ops.zeros_like(x))


@Shrink.on("onnx")
def _(p, o, x):
    return o.node("Shrink", x, lambd=p.lambd, bias=p.bias)


@dataclass(frozen=True)
class Threshold(Elementwise):
    """x where x > threshold, else ``default_value``. With 0 for the latter it is :class:`ThresholdedReLU`.

    Keras has it; elsewhere it is a comparison and a choice. An x between the threshold and its float32 rounding may
    fall on either side.

    Args:
        threshold: where x begins. It has no default in Keras either.
        default_value: what all up to there become. It has no default in Keras either.
    """

    threshold: float
    default_value: float


def _above(p, x):
    return np.where(x > p.threshold, x, x.dtype.type(p.default_value))


@Threshold.on("numpy")
def _(p, n, x):
    return _above(p, x)


@Threshold.on("magnitude", c=2.0)
def _(p, n, y, x):
    off = n.off(p.threshold)
    if not (off or n.off(p.default_value)):
        return None
    own = np.where(y == p.default_value, abs(p.default_value), 0.0)
    at_edge = (x == n.nearest(p.threshold)) & (off > 0)
    return own + np.where(at_edge, np.abs(x - p.default_value) / n.u, 0.0)  # c·u·m holds the whole jump


@Threshold.on("carry")
def _(p, n, y, e, x):
    # Rising above the threshold, flat below it; across it, as far as the farther end or the jump itself.
    ends = rising(lambda x: _above(p, x), y, e, x)
    crosses = (x - e <= p.threshold) & (x + e > p.threshold)
    return np.where(crosses & (e > 0), np.maximum(ends, np.abs(p.threshold - y)), ends)


@Threshold.on("probe")
def _(p, d, specs, weights):
    return d.around(p.threshold)


@Threshold.on("chainer")
def _(p, c, x):
    return lambda v: c.F.where(c.np.greater(v.array, p.threshold), v, c.np.full_like(v.array, p.default_value))


@Threshold.on("keras")
def _(p, k, x):
    return k.ops.threshold(x, p.threshold, p.default_value)


@Threshold.on("onnx")
def _(p, o, x):
    above = o.node("Greater", x, o.const(np.float64(p.threshold)))
    return o.node("Where", above, x, o.const(np.float64(p.default_value)))


@dataclass(frozen=True)
class TanhShrink(Elementwise):
    """x − tanh(x). Keras has it; elsewhere it is composed."""


def _tanh_shrink(x):
    return x - np.tanh(x)


@TanhShrink.on("numpy")
def _(p, n, x):
    return _tanh_shrink(x)


@TanhShrink.on("magnitude", c=10.0)
def _(p, n, y, x):
    return np.abs(np.tanh(x)) + np.abs(y) / 4  # near 0 the tangent's error remains, of which little is left in y


@TanhShrink.on("carry")
def _(p, n, y, e, x):
    return rising(_tanh_shrink, y, e, x)


@TanhShrink.on("chainer")
def _(p, c, x):
    return lambda v: v - c.F.tanh(v)


@TanhShrink.on("keras")
def _(p, k, x):
    return k.layers.Activation("tanh_shrink")(x)


@TanhShrink.on("onnx")
def _(p, o, x):
    return o.node("Sub", x, o.node("Tanh", x))
