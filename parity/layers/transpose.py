"""Axes in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from parity.errors import BadInput
from parity.layers.axes import Axes, as_axes, axes_of
from parity.layers.base import Spec
from parity.layers.composite import Composite, Parts
from parity.layers.shape import Move, by_floats
from parity.layers.sizes import axis_of


@dataclass(frozen=True)
class Transpose(Move):
    """Axes in another order.

    Args:
        axes: for each output axis the input axis it comes from, the batch's too.
    """

    axes: tuple[int, ...]

    def __post_init__(self):
        object.__setattr__(self, "axes", tuple(self.axes))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Shape permuted."""
        rank = len(x[0].shape)
        if sorted(self.axes) != list(range(rank)):
            raise BadInput(f"found {list(self.axes)}, expected a permutation of {list(range(rank))}", path="axes")
        return (Spec(tuple(x[0].shape[a] for a in self.axes), x[0].dtype),)


@Transpose.on("numpy")
def _(p, n, x):
    return x.transpose(p.axes).copy()


@Transpose.on("chainer")
def _(p, c, x):
    return lambda v: c.F.transpose(v, p.axes)


@Transpose.on("keras", when=lambda p: p.axes[:1] != (0,), x="=", y="=")
def _(p, k, x):
    return k.ops.transpose(x, p.axes)


@Transpose.on("keras", x="=", y="=")
def _(p, k, x):
    return k.layers.Permute(p.axes[1:])(x)


@Transpose.on("onnx")
def _(p, o, x):
    return o.node("Transpose", x, perm=p.axes)


@dataclass(frozen=True)
class _Reordered(Composite, abstract=True):
    """A transposition by another name."""

    kinds: ClassVar[tuple[str, ...]] = ("fib",)

    def order(self, rank: int) -> tuple[int, ...]:
        """For each output axis the input axis it comes from."""
        raise NotImplementedError

    def parts(self, b: Parts, *x: str) -> Any:
        """Transpose."""
        return b.add("transpose", Transpose(self.order(len(b.specs[x[0]].shape))), *x)


@dataclass(frozen=True)
class Swapaxes(_Reordered):
    """Two axes change places.

    Args:
        axis1: the one.
        axis2: the other.
    """

    axis1: int
    axis2: int

    def order(self, rank):
        """The axes but for two."""
        order = list(range(rank))
        i, j = axis_of(self.axis1, rank, "axis1"), axis_of(self.axis2, rank, "axis2")
        order[i], order[j] = j, i
        return tuple(order)


@dataclass(frozen=True)
class Moveaxis(_Reordered):
    """Axes go elsewhere, the others keep their order.

    Args:
        source: where they are, one number or several.
        destination: where they go, as many.
    """

    source: Axes
    destination: Axes

    def __post_init__(self):
        for name in ("source", "destination"):
            object.__setattr__(self, name, as_axes(getattr(self, name)))
        if len(self.source) != len(self.destination):
            raise BadInput(
                f"found {list(self.destination)}, expected as many axes as in source, {list(self.source)}",
                path="destination",
            )

    def order(self, rank):
        """The rest in order, and the moved axes put in between."""
        moved = axes_of(self.source, rank, "source")
        order = [a for a in range(rank) if a not in moved]
        for to, axis in sorted(zip(axes_of(self.destination, rank, "destination"), moved, strict=True)):
            order.insert(to, axis)
        return tuple(order)


@dataclass(frozen=True)
class Rollaxis(_Reordered):
    """One axis is put before another, as ``numpy.rollaxis`` does.

    Args:
        axis: the one to move.
        start: the axis before which it comes; the rank puts it last.
    """

    axis: int
    start: int = 0

    def order(self, rank):
        """The rest in order, and the axis put in between."""
        axis = axis_of(self.axis, rank)
        start = rank if self.start == rank else axis_of(self.start, rank, "start")
        order = [a for a in range(rank) if a != axis]
        order.insert(start - (axis < start), axis)
        return tuple(order)


@Swapaxes.on("chainer")
def _(p, c, x):
    return lambda v: c.F.swapaxes(v, p.axis1, p.axis2)


@Swapaxes.on("keras", x="=", y="=")
def _(p, k, x):
    return k.ops.swapaxes(x, p.axis1, p.axis2)


@Moveaxis.on("chainer")
def _(p, c, x):
    return by_floats(c, x, lambda v: c.F.moveaxis(v, p.source, p.destination))


@Moveaxis.on("keras", x="=", y="=")
def _(p, k, x):
    return k.ops.moveaxis(x, p.source, p.destination)


@Rollaxis.on("chainer")
def _(p, c, x):
    return lambda v: c.F.rollaxis(v, p.axis, p.start)
