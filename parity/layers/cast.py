"""Numbers as another type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from parity.layers.base import Layer, Spec


@dataclass(frozen=True)
class Cast(Layer):
    """Numbers as another type: floats lose their fraction on the way to integers, and all but 0 is true.

    What is beyond int32 has no meaning that the frameworks agree on.

    Args:
        dtype: float32, int32 or bool.
    """

    dtype: Literal["float32", "int32", "bool"]
    kinds: ClassVar[tuple[str, ...]] = ("fib",)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The same shape."""
        return (Spec(x[0].shape, self.dtype),)


def _cast(p, x):
    return x if x.dtype.kind == "f" and p.dtype == "float32" else x.astype(p.dtype)


@Cast.on("numpy")
def _(p, n, x):
    return _cast(p, x)


@Cast.on("magnitude")
def _(p, n, y, x):
    return None


@Cast.on("carry")
def _(p, n, y, e, x):
    if p.dtype == "float32":
        return e
    if p.dtype == "bool":
        return ((np.abs(x) <= e) & (e > 0)).astype(np.float64)
    # Truncation only grows, so the ends of the interval bound it.
    return np.maximum(np.trunc(x + e) - np.trunc(x), np.trunc(x) - np.trunc(x - e)).astype(np.float64)


@Cast.on("chainer")
def _(p, c, x):
    return lambda v: c.F.cast(v, c.dtype(p.dtype))


@Cast.on("keras")
def _(p, k, x):
    return k.ops.cast(x, k.dtype(p.dtype))


@Cast.on("onnx")
def _(p, o, x):
    return o.node("Cast", x, to=o.type(p.dtype))
