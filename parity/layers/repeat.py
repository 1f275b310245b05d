"""Elements that come several times, or in an order that is listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Spec
from parity.layers.composite import Composite, Parts
from parity.layers.shape import Move
from parity.layers.sizes import Natural, Positive, axis_of, need_rank
from parity.layers.squeeze import Unsqueeze


@dataclass(frozen=True)
class Tile(Move):
    """The whole tensor again and again.

    Args:
        repeats: how often, for each axis, the batch's too.
    """

    repeats: tuple[Positive, ...]

    def __post_init__(self):
        object.__setattr__(self, "repeats", tuple(self.repeats))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Sizes times repeats."""
        shape = x[0].shape
        if len(self.repeats) != len(shape):
            raise BadInput(f"found {list(self.repeats)}, expected one for each axis of {list(shape)}", path="repeats")
        return (Spec(tuple(s * r for s, r in zip(shape, self.repeats, strict=True)), x[0].dtype),)


@Tile.on("numpy")
def _(p, n, x):
    return np.tile(x, p.repeats)


@Tile.on("chainer")
def _(p, c, x):
    return lambda v: c.F.tile(v, p.repeats)


@Tile.on("keras")
def _(p, k, x):
    return k.ops.tile(x, k.along(x, p.repeats))


@Tile.on("onnx")
def _(p, o, x):
    return o.node("Tile", x, o.const(np.array(p.repeats, np.int64)))


@dataclass(frozen=True)
class Repeat(Move):
    """Each slice along an axis several times, the copies next to each other.

    Args:
        repeats: how often, one number or one for each slice.
        axis: stated: by default Chainer and Keras flatten the input.
    """

    repeats: Positive | tuple[Natural, ...]
    axis: int

    def __post_init__(self):
        if not isinstance(self.repeats, int):
            object.__setattr__(self, "repeats", tuple(self.repeats))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The axis is longer."""
        shape = list(x[0].shape)
        axis = axis_of(self.axis, len(shape))
        if not isinstance(self.repeats, int) and (len(self.repeats) != shape[axis] or not sum(self.repeats)):
            text = f"found {list(self.repeats)}, expected one number or {shape[axis]}, not all 0"
            raise BadInput(text, path="repeats")
        shape[axis] = len(self.order(shape[axis]))
        return (Spec(tuple(shape), x[0].dtype),)

    def order(self, size: int) -> np.ndarray:
        """Which slices the output has, of an axis of that size."""
        return np.repeat(np.arange(size), self.repeats)


@Repeat.on("numpy")
def _(p, n, x):
    return np.repeat(x, p.repeats, p.axis)


@Repeat.on("chainer")
def _(p, c, x):
    return lambda v: c.F.repeat(v, p.repeats, axis=p.axis)


@Repeat.on("keras")
def _(p, k, x):
    axis = k.axis(x, p.axis)
    if isinstance(p.repeats, int):
        return k.ops.repeat(x, p.repeats, axis=axis)
    return k.ops.take(x, k.const(p.order(k.shape(x)[axis])), axis=axis)  # jax.jit refuses a list of repeats


@Repeat.on("onnx")
def _(p, o, x):
    return o.node("Gather", x, o.const(p.order(o.shape(x)[p.axis])), axis=p.axis)


@dataclass(frozen=True)
class RepeatVector(Composite):
    """(N, F) → (N, n, F).

    Args:
        n: how often.
    """

    n: Positive
    kinds: ClassVar[tuple[str, ...]] = ("fib",)

    def parts(self, b: Parts, *x: str) -> Any:
        """An axis more, and that repeated."""
        need_rank(b.specs[x[0]], 2, what="N F")
        return b.add("tile", Tile((1, self.n, 1)), b.add("unsqueeze", Unsqueeze((1,)), *x))


@RepeatVector.on("keras", x="=", y="=")
def _(p, k, x):
    return k.layers.RepeatVector(p.n)(x)


@dataclass(frozen=True)
class Expand(Move):
    """Axes of size 1 repeated, and axes put in front, as NumPy broadcasts; Chainer's and Keras's ``broadcast_to``.

    Args:
        shape: of the output, the batch's axis too. Where ONNX's Expand would keep a larger input, that is an error.
    """

    shape: tuple[Positive, ...]

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """As stated."""
        old = x[0].shape
        same = all(a in (1, b) for a, b in zip(old[::-1], self.shape[::-1], strict=False))
        if len(old) > len(self.shape) or not same:
            text = f"found {list(self.shape)}, to which {list(old)} does not broadcast: from the last axis on sizes "
            raise BadInput(text + "are equal or 1", path="shape")
        return (Spec(self.shape, x[0].dtype),)


@Expand.on("numpy")
def _(p, n, x):
    return np.broadcast_to(x, p.shape)


@Expand.on("chainer")
def _(p, c, x):
    return lambda v: c.F.broadcast_to(v, p.shape)


@Expand.on("keras", x="=", y="=")
def _(p, k, x):
    return k.ops.broadcast_to(x, p.shape)


@Expand.on("onnx")
def _(p, o, x):
    return o.node("Expand", x, o.const(np.array(p.shape, np.int64)))


@dataclass(frozen=True)
class Permutate(Move):
    """Slices along an axis in another order.

    Args:
        order: each of 0 … size − 1 once; Chainer's ``indices``.
        axis: which.
        inv: whether y[order[i]] = x[i], in place of y[i] = x[order[i]].
    """

    order: tuple[Natural, ...]
    axis: int = 0
    inv: bool = False

    def __post_init__(self):
        object.__setattr__(self, "order", tuple(self.order))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The input's shape."""
        size = x[0].shape[axis_of(self.axis, len(x[0].shape))]
        if sorted(self.order) != list(range(size)):
            text = f"found {list(self.order)}, expected each of 0 … {size - 1} once"
            raise BadInput(text, path="order")
        return (x[0],)

    def taken(self) -> np.ndarray:
        """Which slice of the input each of the output is."""
        order = np.array(self.order)
        return np.argsort(order) if self.inv else order


@Permutate.on("numpy")
def _(p, n, x):
    return np.take(x, p.taken(), p.axis)


@Permutate.on("chainer")
def _(p, c, x):
    # F.permutate takes every negative axis for 0
    axis, indices = p.axis % len(x.shape), c.np.array(p.order, dtype="int32")
    return lambda v: c.F.permutate(v, indices, axis=axis, inv=p.inv)


@Permutate.on("keras")
def _(p, k, x):
    return k.ops.take(x, k.const(p.taken()), axis=k.axis(x, p.axis))


@Permutate.on("onnx")
def _(p, o, x):
    return o.node("Gather", x, o.const(p.taken()), axis=p.axis)
