"""Means of differences. A mean has no axes: its shape is []."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec


def mean_magnitude(n, terms, magnitudes, count):
    """Magnitude of Σ terms / count, terms that have magnitudes of their own.

    Theirs add up, since nothing says that their errors are independent; then the sum's own, as in AveragePool.
    """
    root = math.sqrt(terms.size) + 1
    flat = np.abs(terms).ravel()
    return (magnitudes.sum() + root * flat.sum() + n.lost(flat)) / count


@dataclass(frozen=True)
class _MeanDifference(Layer, abstract=True):
    """Mean over all elements of two tensors of one shape."""

    inputs: ClassVar[tuple[str, ...]] = ("a", "b")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Two of one shape → ()."""
        if x[0].shape != x[1].shape:
            raise BadInput(f"expected one shape, found {list(x[0].shape)} and {list(x[1].shape)}", path="from")
        return (Spec((), x[0].dtype),)


@dataclass(frozen=True)
class MeanSquaredError(_MeanDifference):
    """Mean of (a − b)² over everything."""


@dataclass(frozen=True)
class MeanAbsoluteError(_MeanDifference):
    """Mean of |a − b| over everything."""


@MeanSquaredError.on("numpy")
def _(p, n, a, b):
    return np.asarray(((a - b) * (a - b)).mean())


@MeanAbsoluteError.on("numpy")
def _(p, n, a, b):
    return np.asarray(np.abs(a - b).mean())


@MeanSquaredError.on("magnitude", c=2.2)
def _(p, n, y, a, b):
    squares = (a - b) * (a - b)
    return mean_magnitude(n, squares, 3 * squares / math.sqrt(a.size), a.size)  # a difference twice, and the product


@MeanAbsoluteError.on("magnitude", c=2.2)
def _(p, n, y, a, b):
    d = np.abs(a - b)
    return mean_magnitude(n, d, d / math.sqrt(a.size), a.size)


@MeanSquaredError.on("carry")
def _(p, n, y, e, a, b):
    each = e[0] + e[1]
    return np.asarray((each * (2 * np.abs(a - b) + each)).mean())


@MeanAbsoluteError.on("carry")
def _(p, n, y, e, a, b):
    return np.asarray((e[0] + e[1]).mean())


@MeanSquaredError.on("chainer")
def _(p, c, a, b):
    return lambda v, w: c.F.mean_squared_error(v, w)


@MeanAbsoluteError.on("chainer")
def _(p, c, a, b):
    return lambda v, w: c.F.mean_absolute_error(v, w)


@MeanSquaredError.on("keras", y="=")
def _(p, k, a, b):
    return k.ops.mean(k.ops.square(a - b))


@MeanAbsoluteError.on("keras", y="=")
def _(p, k, a, b):
    return k.ops.mean(k.ops.abs(a - b))


@MeanSquaredError.on("onnx")
def _(p, o, a, b):
    d = o.node("Sub", a, b)
    return o.node("ReduceMean", o.node("Mul", d, d), keepdims=0)


@MeanAbsoluteError.on("onnx")
def _(p, o, a, b):
    return o.node("ReduceMean", o.node("Abs", o.node("Sub", a, b)), keepdims=0)
