"""A tensor in pieces, and what was stacked taken apart."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Spec
from parity.layers.composite import Composite, Parts
from parity.layers.shape import Move
from parity.layers.sizes import Positive, axis_of
from parity.layers.squeeze import Squeeze


@dataclass(frozen=True)
class Split(Move):
    """Pieces along one axis, one after the other: y, y1, y2, …

    Args:
        axis: stated: ONNX and Keras cut axis 0 by default, Chainer has no default.
        sections: into how many pieces of one size, or the size of each piece, all of the axis together. Chainer and
            Keras take the places of the cuts instead of sizes.
    """

    axis: int
    sections: Positive | tuple[Positive, ...]

    def __post_init__(self):
        if not isinstance(self.sections, int):
            object.__setattr__(self, "sections", tuple(self.sections))
        if self.sections == ():
            raise BadInput("found [], expected a number of pieces or the size of each", path="sections")

    @property
    def output_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """One for each piece."""
        return numbered(self.sections if isinstance(self.sections, int) else len(self.sections))

    def pieces(self, size: int) -> tuple[int, ...]:
        """The size of each, of an axis."""
        if not isinstance(self.sections, int):
            if sum(self.sections) != size:
                text = f"{list(self.sections)} make {sum(self.sections)}, the axis has {size}"
                raise BadInput(text, path="sections")
            return self.sections
        if size % self.sections:
            raise BadInput(f"found {self.sections}, the axis has size {size}, which it must divide", path="sections")
        return (size // self.sections,) * self.sections

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The input's shape but for the axis."""
        axis = axis_of(self.axis, len(x[0].shape))
        before, after = x[0].shape[:axis], x[0].shape[axis + 1 :]
        return tuple(Spec((*before, s, *after), x[0].dtype) for s in self.pieces(x[0].shape[axis]))

    def cuts(self, size: int) -> tuple[int, ...]:
        """Where one piece ends and the next begins."""
        return tuple(itertools.accumulate(self.pieces(size)))[:-1]

    def said(self, size: int) -> int | list[int]:
        """As Chainer and Keras take it: a number of pieces, or the cuts."""
        return self.sections if isinstance(self.sections, int) else list(self.cuts(size))


def numbered(count: int) -> tuple[str, ...]:
    """Names of so many outputs: y, y1, y2, …"""
    return ("y", *(f"y{i}" for i in range(1, count)))


def _several(parts: Any) -> Any:
    return tuple(parts) if len(parts) > 1 else parts[0]


@Split.on("numpy")
def _(p, n, x):
    return _several(np.split(x, p.cuts(x.shape[p.axis]), p.axis))


@Split.on("magnitude")
def _(p, n, y, x):
    return (None,) * len(p.output_names)


@Split.on("chainer")
def _(p, c, x):
    how = p.said(x.shape[p.axis])
    return lambda v: c.parts(c.F.split_axis(v, how, p.axis), len(p.output_names))


@Split.on("keras")
def _(p, k, x):
    axis = k.axis(x, p.axis)
    made = k.ops.split(x, p.said(k.shape(x)[axis]), axis=axis)
    return made if len(p.output_names) > 1 else made[0]


@Split.on("onnx")
def _(p, o, x):
    sizes = o.const(np.array(p.pieces(o.shape(x)[p.axis]), np.int64))
    return o.node("Split", x, sizes, outputs=len(p.output_names), axis=p.axis)


@dataclass(frozen=True)
class Unstack(Composite):
    """What was stacked along an axis, which is gone: y, y1, y2, … Chainer's ``separate``.

    Args:
        num: the size of the axis, so the number of outputs.
        axis: which.
    """

    num: Positive
    axis: int = 0
    kinds: ClassVar[tuple[str, ...]] = ("fib",)

    @property
    def output_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """One for each."""
        return numbered(self.num)

    def parts(self, b: Parts, *x: str) -> Any:
        """Pieces of size 1, each squeezed."""
        axis = axis_of(self.axis, len(b.specs[x[0]].shape))
        if (size := b.specs[x[0]].shape[axis]) != self.num:
            raise BadInput(f"found {self.num}, axis {axis} has size {size}", path="num")
        pieces = b.add("split", Split(axis, self.num), *x)
        pieces = pieces if self.num > 1 else (pieces,)
        return tuple(b.add(f"squeeze{i}", Squeeze((axis,)), piece) for i, piece in enumerate(pieces))


@Unstack.on("chainer")
def _(p, c, x):
    return lambda v: c.parts(c.F.separate(v, p.axis), p.num)


@Unstack.on("keras", x="=", y="=")
def _(p, k, x):
    made = k.ops.unstack(x, num=p.num, axis=p.axis)
    return made if p.num > 1 else made[0]
