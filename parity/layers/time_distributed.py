"""A layer for every step of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Layout, Spec
from parity.layers.composite import Composite
from parity.layers.nested import Inner, nest

NATIVE = {
    *("Linear", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "BatchNorm", "LayerNorm", "Flatten", "Reshape"),
    *("MaxPool1D", "MaxPool2D", "AveragePool2D", "GlobalAveragePool"),
}
"""Layers whose Keras rule is one of Keras's layers, perhaps behind one that pads."""


@dataclass(frozen=True)
class Joined(Layer, abstract=True):
    """(N, T, …) → (N·T, …), or back.

    Args:
        steps: T where it is split again.
    """

    steps: int = 0

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The first two axes as one, or the first as two."""
        first, *rest = x[0].shape
        shape = (first // self.steps, self.steps, *rest) if self.steps else (first * rest[0], *rest[1:])
        return (Spec(shape, x[0].dtype),)

    @property
    def kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        """Any."""
        return ("fib",)


Joined.on("operations")(lambda p, x: 0)


@Joined.on("numpy")
def _(p, n, x):
    return x.reshape(p.infer(Spec(x.shape))[0].shape)


@Joined.on("magnitude")
def _(p, n, y, x):
    return None


@Joined.on("carry")
def _(p, n, y, e, x):
    return e.reshape(y.shape)


@Joined.on("chainer")
def _(p, c, x):
    return lambda v: c.F.reshape(v, p.infer(x)[0].shape)


@Joined.on("keras", x="=", y="=")
def _(p, k, x):
    return k.ops.reshape(x, p.infer(Spec(k.shape(x)))[0].shape)


@Joined.on("onnx")
def _(p, o, x):
    return o.node("Reshape", x, o.const(np.array(p.infer(Spec(o.shape(x)))[0].shape, np.int64)))


@dataclass(frozen=True)
class TimeDistributed(Composite):
    """A layer for each step of (N, T, …) by itself, the same weights for all: Keras's wrapper of that name.

    Where a dialect has none, steps become samples: (N·T, …), the layer, and back.

    Args:
        inner: the layer, with its parameters: {layer: Conv2D, filters: 4, kernel: 3}. It has one input and one output,
            and counts axes as if there were no steps.
    """

    inner: Inner

    def __post_init__(self):
        nest(self)
        if self.inner.inputs != ("x",) or len(self.inner.output_names) > 1:
            found = f"found {type(self.inner).__name__} with {', '.join(self.inner.inputs)} → "
            raise BadInput(
                f"{found}{', '.join(self.inner.output_names)}, accepted: a layer with one input and one output",
                path="inner",
            )

    @property
    def kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        """The inner layer's."""
        return self.inner.kinds

    @property
    def domain(self) -> tuple[float, float]:  # type: ignore[override]
        """The inner layer's."""
        return self.inner.domain

    @property
    def independent(self) -> bool:  # type: ignore[override]
        """As the inner layer."""
        return self.inner.independent

    def indices(self, *x: Spec) -> Mapping[int, int | range]:
        """The inner layer's."""
        return self.inner.indices(*Joined().infer(*x))

    def parts(self, b, *x):
        """N and T joined, the inner layer, and the two apart again."""
        shape = b.specs[x[0]].shape
        if len(shape) < 3:
            raise BadInput(f"expected N T and at least one axis more, found shape {list(shape)}", path="from")
        joined = b.add("joined", Joined(), *x)
        names = {w: w for w in self.inner.weights(b.specs[joined])}
        try:
            y = b.add("inner", self.inner, joined, **names)
        except BadInput as error:
            raise error.within(path="inner") from None
        return b.add("split", Joined(shape[1]), y)

    def layouts(self, dialect: str) -> Mapping[str, Layout]:
        """The inner layer's."""
        return self.inner.layouts(dialect)

    def gap(self, *dialects: str) -> str | None:
        """The inner layer's too."""
        return super().gap(*dialects) or self.inner.gap(*dialects)


@TimeDistributed.on("keras", when=lambda p: type(p.inner).__name__ in NATIVE, x="=", y="=")
def _(p, k, x):
    return k.distributed(p.inner, x)
