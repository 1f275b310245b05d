"""Parts of a tensor, and the same backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.axes import Axes, as_axes, axes_of
from parity.layers.base import Spec
from parity.layers.composite import Composite, Parts
from parity.layers.shape import Move

FAR = 2**62
"""Beyond every end: what ONNX takes for "to the end"."""


@dataclass(frozen=True)
class Slice(Move):
    """x[start:end:step] along some axes; Chainer's ``get_item``. An index alone is a slice of one, and Squeeze.

    Args:
        starts: for each axis where to begin, negative from the end; null for the first, or with a negative step the
            last.
        ends: for each axis where to stop, that one not included; null for all that come. Numbers beyond an end are that
            end.
        axes: which axes; null for the first ones.
        steps: for each axis, positive or negative; null for 1.
    """

    starts: tuple[int | None, ...]
    ends: tuple[int | None, ...]
    axes: tuple[int, ...] | None = None
    steps: tuple[int, ...] | None = None

    def __post_init__(self):
        for name in ("starts", "ends", "axes", "steps"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, tuple(value))
                if len(value) != len(self.starts):
                    text = f"found {list(value)}, expected as many as starts has, {len(self.starts)}"
                    raise BadInput(text, path=name)
        if 0 in (self.steps or ()):
            raise BadInput(f"found {list(self.steps or ())}, expected steps other than 0", path="steps")

    def slices(self, rank: int) -> tuple[slice, ...]:
        """One for each axis."""
        if self.axes is None and len(self.starts) > rank:
            raise BadInput(f"found {len(self.starts)} slices, the input has {rank} axes", path="starts")
        axes = range(len(self.starts)) if self.axes is None else axes_of(self.axes, rank)
        steps = self.steps or (None,) * len(axes)
        found = [slice(None)] * rank
        for axis, *item in zip(axes, self.starts, self.ends, steps, strict=True):
            found[axis] = slice(*item)
        return tuple(found)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Sizes of what is left."""
        given = zip(self.slices(len(x[0].shape)), x[0].shape, strict=True)
        shape = tuple(len(range(*s.indices(size))) for s, size in given)
        if 0 in shape:
            text = f"nothing is left of axis {shape.index(0)}: {list(x[0].shape)} becomes {list(shape)}"
            raise BadInput(text, path="ends")
        return (Spec(shape, x[0].dtype),)


@Slice.on("numpy")
def _(p, n, x):
    return x[p.slices(x.ndim)]


@Slice.on("chainer")
def _(p, c, x):
    return lambda v: v[p.slices(len(x.shape))]


@Slice.on("keras")
def _(p, k, x):
    return x[tuple(k.along(x, p.slices(len(k.shape(x)))))]


Slice.unsupported(
    "keras-torch", when=lambda p: any(s < 0 for s in p.steps or ()), why="PyTorch has no steps backwards in a slice"
)


@Slice.on("onnx")
def _(p, o, x):
    steps = p.steps or (1,) * len(p.starts)
    starts = [(FAR if step < 0 else 0) if a is None else a for a, step in zip(p.starts, steps, strict=True)]
    ends = [(-FAR if step < 0 else FAR) if b is None else b for b, step in zip(p.ends, steps, strict=True)]
    axes = p.axes or tuple(range(len(starts)))
    return o.node("Slice", x, *(o.const(np.array(v, np.int64)) for v in (starts, ends, axes, steps)))


@dataclass(frozen=True)
class Flip(Composite):
    """Elements in the opposite order along some axes.

    Args:
        axes: which, one number or several. Stated: Keras flips all by default, Chainer has no default.
    """

    axes: Axes
    kinds: ClassVar[tuple[str, ...]] = ("fib",)

    def __post_init__(self):
        object.__setattr__(self, "axes", as_axes(self.axes))

    def parts(self, b: Parts, *x: str) -> Any:
        """A slice with steps of −1."""
        axes = axes_of(self.axes, len(b.specs[x[0]].shape))
        every = (None,) * len(axes)
        return b.add("slice", Slice(every, every, axes, (-1,) * len(axes)), *x)


@Flip.on("chainer")
def _(p, c, x):
    def call(v):
        for axis in p.axes:
            v = c.F.flip(v, axis)
        return v

    return call


@Flip.on("keras")
def _(p, k, x):
    return k.ops.flip(x, axis=tuple(k.axis(x, a) for a in p.axes))
