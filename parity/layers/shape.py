"""Layers that move elements and change none. All are exact in every framework."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec


@dataclass(frozen=True)
class _Move(Layer, abstract=True):
    """Elements in another order or shape."""

    kinds: ClassVar[tuple[str, ...]] = ("fib",)


@_Move.on("magnitude")
def _(p, n, y, x):
    return None


@_Move.on("carry")
def _(p, n, y, e, x):
    return p.rule("numpy").fn(p, n, e)


@dataclass(frozen=True)
class Flatten(_Move):
    """(N, …) → (N, everything else), in canonical order: the channel is the slowest axis."""

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, …) → (N, product of the rest)."""
        return (Spec((x[0].shape[0], math.prod(x[0].shape[1:])), x[0].dtype),)


@Flatten.on("numpy")
def _(p, n, x):
    return x.reshape(x.shape[0], -1)


@Flatten.on("chainer")
def _(p, c, x):
    return lambda v: c.F.reshape(v, (x.shape[0], math.prod(x.shape[1:])))


@Flatten.on("keras", x="=", y="=")
def _(p, k, x):
    return k.layers.Flatten()(x)


@Flatten.on("onnx")
def _(p, o, x):
    return o.node("Flatten", x, axis=1)


@dataclass(frozen=True)
class Reshape(_Move):
    """Another shape, elements in canonical order.

    Args:
        shape: the new shape without the batch axis; one −1 stands for what is left.
    """

    shape: tuple[int, ...]

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, …) → (N, *shape)."""
        have = math.prod(x[0].shape[1:])
        known = math.prod(s for s in self.shape if s != -1)
        if any(s < 1 and s != -1 for s in self.shape) or self.shape.count(-1) > 1:
            raise BadInput(f"found {list(self.shape)}, expected positive sizes and at most one -1", path="shape")
        if (have % known) if -1 in self.shape else have != known:
            raise BadInput(
                f"{list(x[0].shape[1:])} has {have} elements, {list(self.shape)} needs {known}"
                + (" or a multiple" if -1 in self.shape else ""),
                path="shape",
            )
        full = (have // known if s == -1 else s for s in self.shape)
        return (Spec((x[0].shape[0], *full), x[0].dtype),)


@Reshape.on("numpy")
def _(p, n, x):
    return x.reshape(x.shape[0], *p.shape)


@Reshape.on("chainer")
def _(p, c, x):
    return lambda v: c.F.reshape(v, p.infer(x)[0].shape)


@Reshape.on("keras", x="=", y="=")
def _(p, k, x):
    return k.layers.Reshape(p.shape)(x)


@Reshape.on("onnx")
def _(p, o, x):
    return o.node("Reshape", x, o.const(np.array([0, *p.shape], np.int64)))


@dataclass(frozen=True)
class Transpose(_Move):
    """Axes in another order.

    Args:
        axes: for each output axis the input axis it comes from; the batch stays first.
    """

    axes: tuple[int, ...]

    def __post_init__(self):
        object.__setattr__(self, "axes", tuple(self.axes))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Shape permuted."""
        rank = len(x[0].shape)
        if sorted(self.axes) != list(range(rank)) or self.axes[0] != 0:
            raise BadInput(
                f"found {list(self.axes)}, expected 0 and then a permutation of {list(range(1, rank))}", path="axes"
            )
        return (Spec(tuple(x[0].shape[a] for a in self.axes), x[0].dtype),)


@Transpose.on("numpy")
def _(p, n, x):
    return np.ascontiguousarray(x.transpose(p.axes))


@Transpose.on("chainer")
def _(p, c, x):
    return lambda v: c.F.transpose(v, p.axes)


@Transpose.on("keras", x="=", y="=")
def _(p, k, x):
    return k.layers.Permute(p.axes[1:])(x)


@Transpose.on("onnx")
def _(p, o, x):
    return o.node("Transpose", x, perm=p.axes)
