"""Vectors brought to unit length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from parity.layers.axes import Axes, as_axes, ascending
from parity.layers.base import Layer, Spec
from parity.layers.standardize import sum_error


@dataclass(frozen=True)
class LpNormalization(Layer):
    """y = x / d over one axis or several; d = ‖x‖ + epsilon, or the larger of the two.

    F.normalize of Chainer adds (epsilon 1e-5, axis 1, p 2), keras.ops.normalize and keras.layers.UnitNormalization take
    the larger (epsilon 1e-7 and 1e-12, axis −1, p 2), LpNormalization of ONNX has none (axis −1, p 2). With epsilon
    0 a vector of zeros stays zeros, as ONNX says; Chainer's own gives NaN there, Keras's a ZeroDivisionError.

    Args:
        axis: over which the norm is taken; one or several. Stated, because the defaults differ.
        epsilon: 0 or more. Stated, because the defaults differ.
        mode: what epsilon is for: ``add``, it is added to the norm, or ``max``, the norm is at least that. Stated,
            because the frameworks differ.
        p: which norm: 1, Σ|x|, or 2, √Σx².
    """

    axis: Axes
    epsilon: Annotated[float, Ge(0)]
    mode: Literal["add", "max"]
    p: Literal[1, 2] = 2
    independent: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "axis", as_axes(self.axis, "axis"))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axes."""
        ascending(self.axis, len(x[0].shape))
        return (x[0],)

    def least(self, kit: Any) -> float:
        """The least divisor where mode is ``max``.

        In place of epsilon 0 the smallest normal number that the network's floats have: a vector of zeros stays zeros,
        and others do not move. A smaller one may be flushed to 0, and 0/0 is NaN.
        """
        return self.epsilon or kit.smallest

    @property
    def adds(self) -> bool:
        """Whether epsilon is added to the norm."""
        return self.mode == "add" and self.epsilon > 0


def _norm(p, x):
    axes = ascending(p.axis, x.ndim)
    if p.p == 1:
        return np.abs(x).sum(axes, keepdims=True)
    return np.sqrt((x * x).sum(axes, keepdims=True))


def _divisor(p, n, x):
    return _norm(p, x) + p.epsilon if p.adds else np.maximum(_norm(p, x), p.least(n))


@LpNormalization.on("numpy")
def _(p, n, x):
    return x / _divisor(p, n, x)


@LpNormalization.on("magnitude", c=4.0)
def _(p, n, y, x):
    error = sum_error(n, x, ascending(p.axis, x.ndim), np.abs(x) ** p.p)
    return np.abs(y) * (2 + (3 - p.p) * error)  # a root halves it


@LpNormalization.on("carry")
def _(p, n, y, e, x):
    axes, norm = ascending(p.axis, x.ndim), _norm(p, x)
    spread = np.sqrt(((e if p.p == 1 else (np.abs(x) + e) * e) ** 2).sum(axes, keepdims=True))
    norms = spread if p.p == 1 else np.where(norm > 0, spread / np.where(norm > 0, norm, 1), e)
    return (e + np.abs(y) * norms) / _divisor(p, n, x)


@LpNormalization.on("chainer", when=lambda p: p.adds and p.p == 2)
def _(p, c, x):
    axes = ascending(p.axis, len(x.shape))
    return lambda v: c.F.normalize(v, eps=p.epsilon, axis=axes)


@LpNormalization.on("chainer")
def _(p, c, x):
    axes = ascending(p.axis, len(x.shape))

    def norm(v):
        if p.p == 1:
            return c.F.sum(c.F.absolute(v), axis=axes, keepdims=True)
        return c.F.sqrt(c.F.sum(v * v, axis=axes, keepdims=True))

    if p.adds:
        return lambda v: v / (norm(v) + p.epsilon)
    least = c.const(np.float64(p.least(c)))
    return lambda v: v / c.F.maximum(norm(v), least)


def _stored(p, k, x):
    return [k.axis(x, a) for a in ascending(p.axis, len(k.shape(x)))]


@LpNormalization.on("keras", when=lambda p: p.adds)
def _(p, k, x):
    axes = _stored(p, k, x)
    if p.p == 1:
        return x / (k.ops.sum(k.ops.absolute(x), axis=axes, keepdims=True) + p.epsilon)
    return x / (k.ops.sqrt(k.ops.sum(k.ops.square(x), axis=axes, keepdims=True)) + p.epsilon)


@LpNormalization.on("keras", when=lambda p: p.p == 1)
def _(p, k, x):
    norm = k.ops.sum(k.ops.absolute(x), axis=_stored(p, k, x), keepdims=True)
    return x / k.ops.maximum(norm, p.least(k))


@LpNormalization.on("keras", when=lambda p: p.epsilon == 1e-12)
def _(p, k, x):
    return k.layers.UnitNormalization(axis=_stored(p, k, x))(x)


@LpNormalization.on("keras")
def _(p, k, x):
    return k.ops.normalize(x, axis=_stored(p, k, x), order=2, epsilon=p.least(k))


@LpNormalization.on("onnx", when=lambda p: p.epsilon == 0 and len(p.axis) == 1)
def _(p, o, x):
    return o.node("LpNormalization", x, axis=p.axis[0], p=p.p)


@LpNormalization.on("onnx")
def _(p, o, x):
    axes = o.const(np.array(ascending(p.axis, len(o.shape(x)))))
    norm = o.node(f"ReduceL{p.p}", x, axes, keepdims=1)
    if p.adds:
        return o.node("Div", x, o.node("Add", norm, o.const(np.float64(p.epsilon))))
    return o.node("Div", x, o.node("Max", norm, o.const(np.float64(p.least(o)))))
