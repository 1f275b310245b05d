"""Layers that join several inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of


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
