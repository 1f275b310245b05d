"""Layers that join inputs element by element, with NumPy's broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.spot import DIVISOR, nearly_zero, spot


def joint_shape(*x: Spec) -> tuple[int, ...]:
    """The shape to which inputs are broadcast: counted from the last axis, sizes are equal or 1, or are not there.

    Raises:
        BadInput: some sizes are neither.
    """
    try:
        return np.broadcast_shapes(*(s.shape for s in x))
    except ValueError:
        text = " and ".join(str(list(s.shape)) for s in x)
        raise BadInput(f"found {text}; counted from the last axis, sizes must be equal or 1", path="from") from None


def one_shape(*x: Any) -> bool:
    """Whether nothing is broadcast; takes specs, or shapes."""
    return len({tuple(getattr(s, "shape", s)) for s in x}) == 1


def broadcast(c: Any, specs: tuple[Spec, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Chainer's variables in one shape, for functions that want that."""
    shape = joint_shape(*specs)
    return tuple(v if s.shape == shape else c.F.broadcast_to(v, shape) for s, v in zip(specs, values, strict=True))


def merged(k: Any, layer: str, function: str, *x: Any) -> Any:
    """Keras's layer, which wants one shape and batch, where there is one, else its function on two at a time."""
    if one_shape(*map(k.shape, x)):
        return getattr(k.layers, layer)()(list(x))
    return reduce(getattr(k.ops, function), x)


@dataclass(frozen=True)
class Pairwise(Layer, abstract=True):
    """Base of layers that make one element of two, broadcast to one shape."""

    inputs: ClassVar[tuple[str, ...]] = ("a", "b")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The shape to which the inputs are broadcast."""
        return (Spec(joint_shape(*x), x[0].dtype),)


@dataclass(frozen=True)
class Add(Pairwise):
    """Sum of two or more inputs."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "*")


@dataclass(frozen=True)
class Sub(Pairwise):
    """a − b."""


@dataclass(frozen=True)
class Mul(Pairwise):
    """a·b."""


@dataclass(frozen=True)
class Div(Pairwise):
    """a / b."""

    domain: ClassVar[tuple[float, float]] = (0.0, np.inf)


@Add.on("numpy")
def _(p, n, *xs):
    return sum(xs[1:], xs[0])


@Sub.on("numpy")
def _(p, n, a, b):
    return a - b


@Mul.on("numpy")
def _(p, n, a, b):
    return a * b


@Div.on("numpy")
def _(p, n, a, b):
    return a / b


@Add.on("magnitude", c=2.0)
@Sub.on("magnitude", c=2.0)
def _(p, n, y, *xs):
    return (len(xs) - 1) * sum(np.abs(x) for x in xs)


@Mul.on("magnitude", c=2.0)
@Div.on("magnitude", c=2.0)
def _(p, n, y, a, b):
    return np.abs(y)


@Add.on("carry")
@Sub.on("carry")
def _(p, n, y, e, *xs):
    return sum(e)


@Mul.on("carry")
def _(p, n, y, e, a, b):
    return e[0] * np.abs(b) + e[1] * np.abs(a) + e[0] * e[1]


@Div.on("carry")
def _(p, n, y, e, a, b):
    left = np.abs(b) - e[1]  # the smallest that |b| may be
    moved = (e[0] + np.abs(y) * e[1]) / np.where(left > 0, left, 1)
    return np.where(e[0] + e[1] == 0, 0.0, np.where(left > 0, moved, np.inf))


@spot(Div, name="division", words=DIVISOR)
def _(p, n, y, e, a, b):
    return nearly_zero(b, e[1])


@Add.on("chainer")
def _(p, c, *xs):
    return lambda *v: c.F.add(*v)


@Sub.on("chainer")
def _(p, c, a, b):
    return lambda v, w: v - w


@Mul.on("chainer")
def _(p, c, a, b):
    return lambda v, w: v * w


@Div.on("chainer")
def _(p, c, a, b):
    return lambda v, w: v / w


@Add.on("keras")
def _(p, k, *xs):
    return merged(k, "Add", "add", *xs)


@Sub.on("keras")
def _(p, k, a, b):
    return merged(k, "Subtract", "subtract", a, b)


@Mul.on("keras")
def _(p, k, a, b):
    return merged(k, "Multiply", "multiply", a, b)


@Div.on("keras")
def _(p, k, a, b):
    return k.ops.divide(a, b)


@Add.on("onnx")
def _(p, o, *xs):
    return reduce(lambda a, b: o.node("Add", a, b), xs)


@Sub.on("onnx")
def _(p, o, a, b):
    return o.node("Sub", a, b)


@Mul.on("onnx")
def _(p, o, a, b):
    return o.node("Mul", a, b)


@Div.on("onnx")
def _(p, o, a, b):
    return o.node("Div", a, b)
