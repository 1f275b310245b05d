"""Elements by index. All are exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of


@dataclass(frozen=True)
class Gather(Layer):
    """Slices of x by index: y[…, i…, …] = x[…, t[i…], …], t along one axis of x.

    Args:
        axis: stated, because the defaults differ: ONNX 0, Keras (``ops.take``) none, that is, x made flat.
    """

    axis: int
    inputs: ClassVar[tuple[str, ...]] = ("x", "t")
    kinds: ClassVar[tuple[str, ...]] = ("fib", "i")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The axis gives way to those of t."""
        shape = x[0].shape
        axis = axis_of(self.axis, len(shape))
        return (Spec((*shape[:axis], *x[1].shape, *shape[axis + 1 :]), x[0].dtype),)

    def indices(self, *x: Spec) -> dict[int, int]:
        """Places along the axis."""
        return {1: x[0].shape[self.axis]}


@dataclass(frozen=True)
class SelectItem(Layer):
    """One element of each row: y[n] = x[n, t[n]]."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "t")
    kinds: ClassVar[tuple[str, ...]] = ("f", "i")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C) and (N) of int32 → (N)."""
        if len(x[0].shape) != 2 or x[1].shape != x[0].shape[:1]:
            raise BadInput(f"expected [N, C] and [N], found {list(x[0].shape)} and {list(x[1].shape)}", path="from")
        return (Spec(x[1].shape, x[0].dtype),)

    def indices(self, *x: Spec) -> dict[int, int]:
        """Elements of a row."""
        return {1: x[0].shape[1]}


@Gather.on("numpy")
def _(p, n, x, t):
    return np.take(x, t, p.axis)


@SelectItem.on("numpy")
def _(p, n, x, t):
    return np.take_along_axis(x, t[:, None], 1)[:, 0]


@Gather.on("magnitude")
@SelectItem.on("magnitude")
def _(p, n, y, x, t):
    return None


@Gather.on("carry")
@SelectItem.on("carry")
def _(p, n, y, e, x, t):
    return p.rule("numpy").fn(p, n, e[0], t)


@Gather.on("chainer")
def _(p, c, x, t):
    before = (slice(None),) * (p.axis % len(x.shape))
    return lambda v, w: v[(*before, w.array)]


@SelectItem.on("chainer")
def _(p, c, x, t):
    return lambda v, w: c.F.select_item(v, w)


@Gather.on("keras", x="=", y="=")
def _(p, k, x, t):
    return k.ops.take(x, t, axis=p.axis)


@SelectItem.on("keras", x="=", y="=")
def _(p, k, x, t):
    return k.ops.squeeze(k.ops.take_along_axis(x, k.ops.expand_dims(t, 1), axis=1), 1)


@Gather.on("onnx")
def _(p, o, x, t):
    return o.node("Gather", x, t, axis=p.axis)


@SelectItem.on("onnx")
def _(p, o, x, t):
    one = o.const(np.array([1], np.int64))
    return o.node("Squeeze", o.node("GatherElements", x, o.node("Unsqueeze", t, one), axis=1), one)
