"""Comparisons, their logic, and choice by them. All are exact; errors that come in may turn a truth over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.arithmetic import Pairwise, joint_shape
from parity.layers.base import Layer, Spec


def _same_type(*x: Spec) -> None:
    if len({s.dtype for s in x}) > 1:
        found = " and ".join(s.dtype for s in x)
        raise BadInput(f"expected tensors of one type, found {found}", path="from")


@dataclass(frozen=True)
class _Comparison(Pairwise, abstract=True):
    """Truth of a relation, element by element, broadcast to one shape."""

    kinds: ClassVar[tuple[str, ...]] = ("fi",)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Booleans in the shape to which the inputs, of one type, are broadcast."""
        _same_type(*x)
        return (Spec(joint_shape(*x), "bool"),)


@dataclass(frozen=True)
class Equal(_Comparison):
    """a = b."""


@dataclass(frozen=True)
class Less(_Comparison):
    """a < b."""


@dataclass(frozen=True)
class LessOrEqual(_Comparison):
    """a ≤ b."""


@dataclass(frozen=True)
class Greater(_Comparison):
    """a > b."""


@dataclass(frozen=True)
class GreaterOrEqual(_Comparison):
    """a ≥ b."""


@dataclass(frozen=True)
class And(Pairwise):
    """Both."""

    kinds: ClassVar[tuple[str, ...]] = ("b",)


@dataclass(frozen=True)
class Or(Pairwise):
    """One of the two, or both."""

    kinds: ClassVar[tuple[str, ...]] = ("b",)


@dataclass(frozen=True)
class Not(Layer):
    """The opposite."""

    kinds: ClassVar[tuple[str, ...]] = ("b",)


def _say(cls: Any, function: str) -> None:
    """Rules of a layer that has one name in NumPy and in Keras, and its own in ONNX. Chainer leaves it to NumPy."""

    @cls.on("numpy")
    def _(p, n, *x):
        return getattr(np, function)(*x)

    @cls.on("magnitude")
    def _(p, n, y, *x):
        return None

    @cls.on("chainer")
    def _(p, c, *x):
        return lambda *v: c.F.identity(getattr(c.np, function)(*(i.array for i in v)))

    @cls.on("keras")
    def _(p, k, *x):
        return getattr(k.ops, function)(*x)

    @cls.on("onnx")
    def _(p, o, *x):
        return o.node(cls.__name__, *x)


_say(Equal, "equal")
_say(Less, "less")
_say(LessOrEqual, "less_equal")
_say(Greater, "greater")
_say(GreaterOrEqual, "greater_equal")
_say(And, "logical_and")
_say(Or, "logical_or")
_say(Not, "logical_not")


@_Comparison.on("carry")
def _(p, n, y, e, a, b):
    within = e[0] + e[1]
    return np.where((within > 0) & (np.abs(a - b) <= within), 1.0, 0.0)


@And.on("carry")
def _(p, n, y, e, a, b):
    left, right = e[0] > 0, e[1] > 0
    return np.where(y, left | right, (a | left) & (b | right)).astype(np.float64)


@Or.on("carry")
def _(p, n, y, e, a, b):
    left, right = e[0] > 0, e[1] > 0
    return np.where(y, (~a | left) & (~b | right), left | right).astype(np.float64)


@Not.on("carry")
def _(p, n, y, e, x):
    return e


@dataclass(frozen=True)
class Where(Layer):
    """a where the condition holds, b elsewhere; all three broadcast to one shape."""

    inputs: ClassVar[tuple[str, ...]] = ("condition", "a", "b")
    kinds: ClassVar[tuple[str, ...]] = ("b", "fib")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The shape to which the inputs are broadcast, the type of a and b."""
        _same_type(*x[1:])
        return (Spec(joint_shape(*x), x[1].dtype),)


@Where.on("numpy")
def _(p, n, condition, a, b):
    return np.where(condition, a, b)


@Where.on("magnitude")
def _(p, n, y, condition, a, b):
    return None


@Where.on("carry")
def _(p, n, y, e, condition, a, b):
    other = np.abs(np.subtract(a, b, dtype=np.float64)) + np.maximum(e[1], e[2])
    return np.where(e[0] > 0, other, np.where(condition, e[1], e[2]))


@Where.on("chainer")
def _(p, c, condition, a, b):
    return lambda t, v, w: c.F.where(t, v, w)


@Where.on("keras")
def _(p, k, condition, a, b):
    return k.ops.where(condition, a, b)


@Where.on("onnx")
def _(p, o, condition, a, b):
    return o.node("Where", condition, a, b)
