"""Poolings to a size: the windows follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import Sizes, need_rank, per_axis


@dataclass(frozen=True)
class _AdaptivePool(Layer, abstract=True):
    """Window i of an axis of n, of s in all, reaches from i·n/s, rounded down, to (i + 1)·n/s, rounded up.

    Keras has it; elsewhere windows are cut out, axis by axis.

    Args:
        size: of the output, not above the input's; one number, or one per axis.
    """

    size: Sizes
    nd: ClassVar[int]
    kind: ClassVar[str]

    def __post_init__(self):
        object.__setattr__(self, "size", per_axis(self.size, self.nd, "size"))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C, *size)."""
        need_rank(x[0], self.nd + 2, what=f"N C and {self.nd} spatial axes")
        if any(s > n for s, n in zip(self.size, x[0].shape[2:], strict=True)):
            found = f"found {list(self.size)}, the input has {list(x[0].shape[2:])}"
            raise BadInput(f"{found}; at most as many are accepted", path="size")
        return (Spec((*x[0].shape[:2], *self.size), x[0].dtype),)

    def windows(self, axis: int, size: int) -> list[tuple[int, int]]:
        """Begin and end of each, of an axis of that size; counted with the batch and the channels."""
        out = self.size[axis - 2]
        return [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]

    def pooled(self, x: Any, shape: tuple[int, ...], one: Callable, join: Callable) -> Any:
        """Axis by axis: one(x, axis, begin, end) for each window, joined along the axis."""

        def along(x: Any, axis: int) -> Any:
            return join([one(x, axis, *w) for w in self.windows(axis, shape[axis])], axis)

        return reduce(along, range(2, 2 + self.nd), x)


@dataclass(frozen=True)
class _AdaptiveAveragePool(_AdaptivePool, abstract=True):
    kind: ClassVar[str] = "Average"
    independent: ClassVar[bool] = True


@dataclass(frozen=True)
class _AdaptiveMaxPool(_AdaptivePool, abstract=True):
    kind: ClassVar[str] = "Max"


@dataclass(frozen=True)
class AdaptiveAveragePool1D(_AdaptiveAveragePool):
    __doc__ = f"Means of windows. {_AdaptivePool.__doc__}"
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class AdaptiveAveragePool2D(_AdaptiveAveragePool):
    __doc__ = f"Means of windows. {_AdaptivePool.__doc__}"
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class AdaptiveAveragePool3D(_AdaptiveAveragePool):
    __doc__ = f"Means of windows. {_AdaptivePool.__doc__}"
    nd: ClassVar[int] = 3


@dataclass(frozen=True)
class AdaptiveMaxPool1D(_AdaptiveMaxPool):
    __doc__ = f"The largest of windows. {_AdaptivePool.__doc__}"
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class AdaptiveMaxPool2D(_AdaptiveMaxPool):
    __doc__ = f"The largest of windows. {_AdaptivePool.__doc__}"
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class AdaptiveMaxPool3D(_AdaptiveMaxPool):
    __doc__ = f"The largest of windows. {_AdaptivePool.__doc__}"
    nd: ClassVar[int] = 3


def _cut(axis: int, begin: int, end: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(begin, end))


def _in_numpy(p, x, function):
    def one(x, axis, begin, end):
        return function(x[_cut(axis, begin, end)], axis=axis, keepdims=True)

    return p.pooled(x, x.shape, one, np.concatenate)


def _counts(p, shape):
    """Elements of each window."""
    counts = np.ones(())
    for axis in range(2, len(shape)):
        counts = np.multiply.outer(counts, [end - begin for begin, end in p.windows(axis, shape[axis])])
    return counts


@_AdaptiveAveragePool.on("numpy")
def _(p, n, x):
    return _in_numpy(p, x, np.mean)


@_AdaptiveMaxPool.on("numpy")
def _(p, n, x):
    return _in_numpy(p, x, np.max)


@_AdaptiveAveragePool.on("magnitude", c=2.2)
def _(p, n, y, x):
    terms = _counts(p, x.shape)  # as AveragePool
    sizes = np.abs(x)
    return (np.sqrt(terms) + 1) * _in_numpy(p, sizes, np.mean) + terms / 4 * _in_numpy(p, sizes * n.repeats(x), np.mean)


@_AdaptiveMaxPool.on("magnitude")
def _(p, n, y, x):
    return None


@_AdaptiveAveragePool.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_in_numpy(p, e * e, np.mean) / _counts(p, x.shape))


@_AdaptiveMaxPool.on("carry")
def _(p, n, y, e, x):
    return _in_numpy(p, e, np.max)


@_AdaptivePool.on("chainer")
def _(p, c, x):
    function = c.F.mean if p.kind == "Average" else c.F.max

    def one(v, axis, begin, end):
        return function(v[_cut(axis, begin, end)], axis=axis, keepdims=True)

    return lambda v: p.pooled(v, x.shape, one, lambda parts, axis: c.F.concat(parts, axis=axis))


@_AdaptivePool.on("keras", x="n ... c")
def _(p, k, x):
    return getattr(k.layers, f"Adaptive{p.kind}Pooling{p.nd}D")(p.size)(x)


def _rounds_up(size: int) -> bool:
    """Whether k·size·(1/size) exceeds k in float32, for a k that may occur."""
    k = np.arange(1, 4096, dtype=np.float32)
    return bool((k * np.float32(size) * (np.float32(1) / np.float32(size)) > k).any())


_AdaptivePool.unsupported(
    "keras-tensorflow",
    when=lambda p: 1 in p.size,
    why="Keras 3.15.1 also takes windows that are one larger than the input there, and TensorFlow dies of them",
)
_AdaptivePool.unsupported(
    "keras-jax",
    when=lambda p: any(map(_rounds_up, p.size)),
    why="Keras 3.15.1 takes the ends of windows from float32 quotients, which JAX multiplies: some are one off",
)


@_AdaptivePool.on("onnx")
def _(p, o, x):
    op = "ReduceMean" if p.kind == "Average" else "ReduceMax"

    def one(v, axis, begin, end):
        at = o.const(np.array([axis]))
        return o.node(op, o.node("Slice", v, o.const(np.array([begin])), o.const(np.array([end])), at), at, keepdims=1)

    return p.pooled(x, o.shape(x), one, lambda parts, axis: o.node("Concat", *parts, axis=axis))
