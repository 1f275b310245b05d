"""Layers whose output lies between their inputs, element by element, with NumPy's broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from parity.layers.arithmetic import Pairwise, broadcast, merged, one_shape


@dataclass(frozen=True)
class Maximum(Pairwise):
    """The larger of two or more inputs."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "*")


@dataclass(frozen=True)
class Minimum(Pairwise):
    """The smaller of two or more inputs."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "*")


@dataclass(frozen=True)
class Average(Pairwise):
    """Mean of two or more inputs."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "*")


@Maximum.on("numpy")
def _(p, n, *xs):
    return reduce(np.maximum, xs)


@Minimum.on("numpy")
def _(p, n, *xs):
    return reduce(np.minimum, xs)


@Average.on("numpy")
def _(p, n, *xs):
    return sum(xs[1:], xs[0]) / len(xs)


@Maximum.on("magnitude")
@Minimum.on("magnitude")
def _(p, n, y, *xs):
    return None


@Average.on("magnitude", c=2.0)
def _(p, n, y, *xs):
    return sum(np.abs(x) for x in xs)  # n − 1 additions of numbers up to Σ|x|/n, and 1/n


@Maximum.on("carry")
@Minimum.on("carry")
def _(p, n, y, e, *xs):
    return reduce(np.maximum, e)


@Average.on("carry")
def _(p, n, y, e, *xs):
    return sum(e) / len(xs)


@Maximum.on("chainer")
def _(p, c, *xs):
    return lambda *v: reduce(c.F.maximum, v)


@Minimum.on("chainer")
def _(p, c, *xs):
    return lambda *v: reduce(c.F.minimum, v)


@Average.on("chainer")
def _(p, c, *xs):
    return lambda *v: c.F.add(*v) / float(len(xs))


@Maximum.on("keras")
def _(p, k, *xs):
    return merged(k, "Maximum", "maximum", *xs)


@Minimum.on("keras")
def _(p, k, *xs):
    return merged(k, "Minimum", "minimum", *xs)


@Average.on("keras")
def _(p, k, *xs):
    if one_shape(*map(k.shape, xs)):
        return k.layers.Average()(list(xs))
    return reduce(k.ops.add, xs) / float(len(xs))


@Maximum.on("onnx")
def _(p, o, *xs):
    return o.node("Max", *xs)


@Minimum.on("onnx")
def _(p, o, *xs):
    return o.node("Min", *xs)


@Average.on("onnx")
def _(p, o, *xs):
    if one_shape(*map(o.shape, xs)):
        return o.node("Mean", *xs)
    # onnx.reference adds to the first input in place, which must have the output's shape for that.
    return o.node("Div", reduce(lambda a, b: o.node("Add", a, b), xs), o.const(np.float64(len(xs))))


@dataclass(frozen=True)
class LinearInterpolate(Pairwise):
    """p·x + (1 − p)·y, as chainer.functions.linear_interpolate has it."""

    inputs: ClassVar[tuple[str, ...]] = ("p", "x", "y")


@LinearInterpolate.on("numpy")
def _(p, n, t, x, y):
    return t * x + (1 - t) * y


@LinearInterpolate.on("magnitude", c=2.4)
def _(p, n, out, t, x, y):
    return np.abs(t * x) + np.abs((1 - t) * y) + np.abs(out)


@LinearInterpolate.on("carry")
def _(p, n, out, e, t, x, y):
    return e[0] * (np.abs(x - y) + e[1] + e[2]) + np.abs(t) * e[1] + np.abs(1 - t) * e[2]


@LinearInterpolate.on("chainer")
def _(p, c, *xs):
    return lambda *v: c.F.linear_interpolate(*broadcast(c, xs, v))


@LinearInterpolate.on("keras")
def _(p, k, t, x, y):
    return t * x + (1.0 - t) * y


@LinearInterpolate.on("onnx")
def _(p, o, t, x, y):
    rest = o.node("Sub", o.const(np.float64(1)), t)
    return o.node("Add", o.node("Mul", t, x), o.node("Mul", rest, y))
