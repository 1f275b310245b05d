"""Layers that join several inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of


@dataclass(frozen=True)
class _Arithmetic(Layer, abstract=True):
    """Element by element, over inputs of one shape."""

    inputs: ClassVar[tuple[str, ...]] = ("a", "b")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """All inputs have the output's shape."""
        shapes = [list(s.shape) for s in x]
        if any(s != shapes[0] for s in shapes):
            raise BadInput(f"expected inputs of one shape, found {shapes}", path="from")
        return (x[0],)


@dataclass(frozen=True)
class Add(_Arithmetic):
    """Sum of two or more inputs."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "*")


@dataclass(frozen=True)
class Sub(_Arithmetic):
    """a − b."""


@dataclass(frozen=True)
class Mul(_Arithmetic):
    """a·b."""


@Add.on("numpy")
def _(p, n, *xs):
    return sum(xs[1:], xs[0])


@Sub.on("numpy")
def _(p, n, a, b):
    return a - b


@Mul.on("numpy")
def _(p, n, a, b):
    return a * b


@Add.on("magnitude", c=2.0)
@Sub.on("magnitude", c=2.0)
def _(p, n, y, *xs):
    return (len(xs) - 1) * sum(np.abs(x) for x in xs)


@Mul.on("magnitude", c=2.0)
def _(p, n, y, a, b):
    return np.abs(y)


@Add.on("carry")
@Sub.on("carry")
def _(p, n, y, e, *xs):
    return sum(e)


@Mul.on("carry")
def _(p, n, y, e, a, b):
    return e[0] * np.abs(b) + e[1] * np.abs(a) + e[0] * e[1]


@Add.on("chainer")
def _(p, c, *xs):
    return lambda *v: c.F.add(*v)


@Sub.on("chainer")
def _(p, c, a, b):
    return lambda v, w: v - w


@Mul.on("chainer")
def _(p, c, a, b):
    return lambda v, w: v * w


@Add.on("keras")
def _(p, k, *xs):
    return k.layers.Add()(list(xs))


@Sub.on("keras")
def _(p, k, a, b):
    return k.layers.Subtract()([a, b])


@Mul.on("keras")
def _(p, k, a, b):
    return k.layers.Multiply()([a, b])


@Add.on("onnx")
def _(p, o, *xs):
    total = xs[0]
    for x in xs[1:]:
        total = o.node("Add", total, x)
    return total


@Sub.on("onnx")
def _(p, o, a, b):
    return o.node("Sub", a, b)


@Mul.on("onnx")
def _(p, o, a, b):
    return o.node("Mul", a, b)


@dataclass(frozen=True)
class Concat(Layer):
    """Inputs side by side along one axis.

    Args:
        axis: stated, because the defaults differ: Chainer 1, Keras −1, none in ONNX.
    """

    axis: int
    inputs: ClassVar[tuple[str, ...]] = ("x", "*")
    kinds: ClassVar[tuple[str, ...]] = ("fib",)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """All sizes but the axis's are alike."""
        axis = axis_of(self.axis, len(x[0].shape))
        rests = {(*s.shape[:axis], *s.shape[axis + 1 :]) for s in x}
        if len(rests) > 1 or len({len(s.shape) for s in x}) > 1:
            raise BadInput(
                f"expected inputs that differ along axis {axis} alone, found {[list(s.shape) for s in x]}", path="from"
            )
        shape = list(x[0].shape)
        shape[axis] = sum(s.shape[axis] for s in x)
        return (Spec(tuple(shape), x[0].dtype),)


@Concat.on("numpy")
def _(p, n, *xs):
    return np.concatenate(xs, p.axis)


@Concat.on("magnitude")
def _(p, n, y, *xs):
    return None


@Concat.on("carry")
def _(p, n, y, e, *xs):
    return np.concatenate(e, p.axis)


@Concat.on("chainer")
def _(p, c, *xs):
    return lambda *v: c.F.concat(v, axis=p.axis)


@Concat.on("keras")
def _(p, k, *xs):
    return k.layers.Concatenate(axis=k.axis(xs[0], p.axis))(list(xs))


@Concat.on("onnx")
def _(p, o, *xs):
    return o.node("Concat", *xs, axis=p.axis)
