"""Tensors joined along a new axis, or along the one that NumPy's names stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from parity.errors import BadInput
from parity.layers.base import Spec
from parity.layers.composite import Composite, Parts
from parity.layers.merge import Concat
from parity.layers.shape import Reshape
from parity.layers.sizes import Positive, axis_of
from parity.layers.split import Unstack, numbered
from parity.layers.squeeze import Unsqueeze


@dataclass(frozen=True)
class _Join(Composite, abstract=True):
    """Of two or more inputs."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "*")
    kinds: ClassVar[tuple[str, ...]] = ("fib",)


def _alike(specs: list[Spec]) -> None:
    if len({s.shape for s in specs}) > 1:
        raise BadInput(f"expected inputs of one shape, found {[list(s.shape) for s in specs]}", path="from")


@dataclass(frozen=True)
class Stack(_Join):
    """Inputs of one shape, side by side along a new axis.

    Args:
        axis: where it is in the output.
    """

    axis: int = 0

    def parts(self, b: Parts, *x: str) -> Any:
        """Each with the new axis, joined along it."""
        _alike([b.specs[i] for i in x])
        axis = axis_of(self.axis, len(b.specs[x[0]].shape) + 1)
        wide = [b.add(f"unsqueeze{i}", Unsqueeze((axis,)), name) for i, name in enumerate(x)]
        return b.add("concat", Concat(axis), *wide)


@Stack.on("chainer")
def _(p, c, *xs):
    return lambda *v: c.F.stack(v, axis=p.axis)


@Stack.on("keras", x="=", y="=")
def _(p, k, *xs):
    return k.ops.stack(list(xs), axis=p.axis)


@dataclass(frozen=True)
class _NumPys(_Join, abstract=True):
    """A concatenation along an axis that the name says, of tensors with that many axes at least."""

    name: ClassVar[str] = ""

    def wide(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of an input with the axes that are needed."""
        return shape

    def along(self, rank: int) -> int:
        """The axis, for inputs of that rank."""
        raise NotImplementedError

    def parts(self, b: Parts, *x: str) -> Any:
        """Reshape where axes are missing, then concatenate."""
        ready = []
        for i, name in enumerate(x):
            shape = b.specs[name].shape
            wide = self.wide(shape)
            ready.append(name if wide == shape else b.add(f"reshape{i}", Reshape(wide, whole=True), name))
        return b.add("concat", Concat(self.along(len(b.specs[x[0]].shape))), *ready)


@dataclass(frozen=True)
class Hstack(_NumPys):
    """Side by side along axis 1, or 0 for vectors; ``numpy.hstack``."""

    name: ClassVar[str] = "hstack"

    def along(self, rank):
        """The second axis, where there is one."""
        return min(1, rank - 1)


@dataclass(frozen=True)
class Vstack(_NumPys):
    """Below each other along axis 0; vectors become rows; ``numpy.vstack``."""

    name: ClassVar[str] = "vstack"

    def wide(self, shape):
        """A vector is a row."""
        return (1, *shape) if len(shape) == 1 else shape

    def along(self, rank):
        """The first axis."""
        return 0


@dataclass(frozen=True)
class Dstack(_NumPys):
    """Behind each other along axis 2, which matrices get; ``numpy.dstack``."""

    name: ClassVar[str] = "dstack"

    def wide(self, shape):
        """(M, N) is (M, N, 1), (N,) is (1, N, 1)."""
        return (1, *shape, 1) if len(shape) == 1 else (*shape, 1) if len(shape) == 2 else shape

    def along(self, rank):
        """The third axis."""
        return 2


@_NumPys.on("chainer")
def _(p, c, *xs):
    return lambda *v: getattr(c.F, p.name)(v)


@_NumPys.on("keras", x="=", y="=")
def _(p, k, *xs):
    # Of vectors, Keras 3.15 knows not the shape of hstack, and its vstack on TensorFlow makes a longer vector.
    if len(k.shape(xs[0])) > 1 or p.name == "dstack":
        return getattr(k.ops, p.name)(list(xs))
    return k.ops.stack(list(xs), axis=0) if p.name == "vstack" else k.ops.concatenate(list(xs), axis=0)


@dataclass(frozen=True)
class TransposeSequence(_Join):
    """Sequences of one length, one after the other, become one tensor a step: y, y1, y2, … of (inputs, …).

    Chainer's function also takes sequences of falling lengths; then later outputs are shorter, which no other framework
    can say.

    Args:
        length: of every sequence, so the number of outputs.
    """

    length: Positive

    @property
    def output_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """One for each step."""
        return numbered(self.length)

    def parts(self, b: Parts, *x: str) -> Any:
        """Stacked, and taken apart along the other axis."""
        _alike([b.specs[i] for i in x])
        if (size := b.specs[x[0]].shape[0]) != self.length:
            raise BadInput(f"found {self.length}, the sequences have {size} steps", path="length")
        return b.add("unstack", Unstack(self.length, 1), b.add("stack", Stack(0), *x))


@TransposeSequence.on("chainer")
def _(p, c, *xs):
    return lambda *v: c.parts(c.F.transpose_sequence(v), p.length)
