"""Axes of size 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.errors import BadInput
from parity.layers.axes import Axes, SomeAxes, as_axes, axes_of
from parity.layers.base import Spec
from parity.layers.shape import Move


@dataclass(frozen=True)
class Squeeze(Move):
    """Without axes of size 1.

    Args:
        axes: which, one number or several; null for all that have size 1, the batch too if it has.
    """

    axes: SomeAxes = None

    def __post_init__(self):
        if self.axes is not None:
            object.__setattr__(self, "axes", as_axes(self.axes))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Fewer axes."""
        shape = x[0].shape
        gone = [i for i, s in enumerate(shape) if s == 1] if self.axes is None else axes_of(self.axes, len(shape))
        if any(shape[i] != 1 for i in gone):
            raise BadInput(f"found {list(self.axes or ())}, expected axes of size 1 of {list(shape)}", path="axes")
        return (Spec(tuple(s for i, s in enumerate(shape) if i not in gone), x[0].dtype),)


@dataclass(frozen=True)
class Unsqueeze(Move):
    """With more axes, of size 1; Chainer's and Keras's ``expand_dims``.

    Args:
        axes: where they are in the output, one number or several.
    """

    axes: Axes

    def __post_init__(self):
        object.__setattr__(self, "axes", as_axes(self.axes))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """More axes."""
        rank = len(x[0].shape) + len(self.axes)
        new = axes_of(self.axes, rank)
        old = iter(x[0].shape)
        return (Spec(tuple(1 if i in new else next(old) for i in range(rank)), x[0].dtype),)


@Squeeze.on("numpy")
@Unsqueeze.on("numpy")
def _(p, n, x):
    return x.reshape(p.infer(Spec(x.shape))[0].shape)


@Squeeze.on("chainer")
def _(p, c, x):
    return lambda v: c.F.squeeze(v, p.axes)


@Unsqueeze.on("chainer")
def _(p, c, x):
    def call(v):
        for axis in sorted(axes_of(p.axes, len(x.shape) + len(p.axes))):
            v = c.F.expand_dims(v, axis)
        return v

    return call


@Squeeze.on("keras", x="=", y="=")
def _(p, k, x):
    return k.ops.squeeze(x, p.axes)


@Unsqueeze.on("keras", x="=", y="=")
def _(p, k, x):
    return k.ops.expand_dims(x, p.axes)


@Squeeze.on("onnx")
@Unsqueeze.on("onnx")
def _(p, o, x):
    axes = [] if p.axes is None else [o.const(np.array(p.axes, np.int64))]
    return o.node(type(p).__name__, x, *axes)
