"""Layers that move elements and change none. All are exact in every framework."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.spec import is_float


@dataclass(frozen=True)
class Move(Layer, abstract=True):
    """Elements in another order or shape."""

    kinds: ClassVar[tuple[str, ...]] = ("fib",)


Move.on("operations")(lambda p, *x: 0)


@Move.on("magnitude")
def _(p, n, y, x):
    return None


@Move.on("carry")
def _(p, n, y, e, x):
    return p.rule("numpy").fn(p, n, e)


def by_floats(c: Any, x: Spec, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of Chainer that takes floats alone, of any tensor: by way of float64, which holds every int32."""
    return call if is_float(x.dtype) else lambda v: c.F.cast(call(c.F.cast(v, "float64")), x.dtype)


@dataclass(frozen=True)
class Flatten(Move):
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
class Reshape(Move):
    """Another shape, elements in canonical order.

    Args:
        shape: the new shape without the batch axis; one −1 stands for what is left.
        whole: whether ``shape`` has the batch axis too, which may then change.
    """

    shape: tuple[int, ...]
    whole: bool = False

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, …) → (N, *shape), or shape."""
        old = x[0].shape if self.whole else x[0].shape[1:]
        have = math.prod(old)
        known = math.prod(s for s in self.shape if s != -1)
        if any(s < 1 and s != -1 for s in self.shape) or self.shape.count(-1) > 1:
            raise BadInput(f"found {list(self.shape)}, expected positive sizes and at most one -1", path="shape")
        if (have % known) if -1 in self.shape else have != known:
            raise BadInput(
                f"{list(old)} has {have} elements, {list(self.shape)} needs {known}"
                + (" or a multiple" if -1 in self.shape else ""),
                path="shape",
            )
        full = (have // known if s == -1 else s for s in self.shape)
        return (Spec((*(() if self.whole else x[0].shape[:1]), *full), x[0].dtype),)


@Reshape.on("numpy")
def _(p, n, x):
    return x.reshape(p.shape if p.whole else (x.shape[0], *p.shape))


@Reshape.on("chainer")
def _(p, c, x):
    return lambda v: c.F.reshape(v, p.infer(x)[0].shape)


@Reshape.on("keras", when=lambda p: p.whole, x="=", y="=")
def _(p, k, x):
    return k.ops.reshape(x, p.shape)


@Reshape.on("keras", x="=", y="=")
def _(p, k, x):
    return k.layers.Reshape(p.shape)(x)


@Reshape.on("onnx")
def _(p, o, x):
    return o.node("Reshape", x, o.const(np.array(p.shape if p.whole else [0, *p.shape], np.int64)))


@dataclass(frozen=True)
class Shape(Move):
    """The sizes of the axes, as a vector of int32."""

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(rank,)."""
        return (Spec((len(x[0].shape),), "int32"),)


@Shape.on("numpy")
def _(p, n, x):
    return np.array(x.shape, np.int32)


@Shape.on("carry")
def _(p, n, y, e, x):
    return np.zeros(y.shape)


@Shape.on("chainer")
def _(p, c, x):
    return lambda v: c.F.identity(c.np.array(v.shape, dtype="int32"))


Shape.unsupported("keras", why="the shape of a tensor of a functional model is no tensor of it, but a Python tuple")


@Shape.on("onnx")
def _(p, o, x):
    return o.node("Cast", o.node("Shape", x), to=o.type("int32"))
