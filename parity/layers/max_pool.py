"""Max pooling, over windows and over everything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.conv import flat, symmetric
from parity.layers.pool import Pool
from parity.layers.sizes import need_rank, window_size
from parity.layers.spot import spot


@dataclass(frozen=True, kw_only=True)
class _MaxPool(Pool, abstract=True):
    """Largest element of each window; padding never wins.

    Args:
        kernel: size of the window.
        stride: step of the window. Stated, because the defaults differ: the kernel in Chainer and Keras, 1 in ONNX.
        pad: what is around the input; one number, one per axis, or (begin, end) per axis.
        cover_all: round the output size up, so that every element is in some window. Stated, because it is Chainer's
            default and nobody else's.
    """

    cover_all: bool

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C, *out)."""
        out = super().infer(*x)
        axes = zip(x[0].shape[2:], out[0].shape[2:], self.stride, self.pad, strict=True)
        for size, windows, stride, (begin, _) in axes:
            if (windows - 1) * stride - begin >= size:
                raise BadInput(
                    f"with cover_all the last of {windows} windows begins at {(windows - 1) * stride - begin}, behind "
                    f"the input's {size} elements: it would see padding only, −inf in Chainer; "
                    "take a stride up to the kernel",
                    path="cover_all",
                )
        return out

    def reach(self, spatial: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        """(begin, end) padding with which a pooling that rounds down gives the same windows."""
        if not self.cover_all:
            return self.pad
        out = []
        for size, k, s, (b, e) in zip(spatial, self.kernel, self.stride, self.pad, strict=True):
            windows = window_size(size, k, s, (b, e), cover=True)
            out.append((b, max(e, (windows - 1) * s + k - size - b)))
        return tuple(out)


@dataclass(frozen=True)
class MaxPool1D(_MaxPool):
    __doc__ = _MaxPool.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class MaxPool2D(_MaxPool):
    __doc__ = _MaxPool.__doc__
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class MaxPool3D(_MaxPool):
    __doc__ = _MaxPool.__doc__
    nd: ClassVar[int] = 3


def _max_windows(p, n, x):
    v = n.windows(n.pad(x, p.reach(x.shape[2:]), -np.inf), p.kernel, p.stride, (1,) * p.nd)
    return v.max(tuple(range(-p.nd, 0)))


@_MaxPool.on("numpy")
def _(p, n, x):
    return _max_windows(p, n, x)


@_MaxPool.on("magnitude")
def _(p, n, y, x):
    return None


@_MaxPool.on("carry")
def _(p, n, y, e, x):
    return _max_windows(p, n, e)


@spot(
    _MaxPool,
    name="ties",
    words="in {count} of {of} windows of {layer} the two largest are nearer than their errors: which of them is taken, "
    "and gets the gradient, is left to chance",
    share=0.01,
)
def _(p, n, y, e, x):
    # Windows of zeros tie wherever a ReLU is before; nothing depends on which of them is taken.
    room = _max_windows(p, n, e) if isinstance(e, np.ndarray) else 0.0
    near = n.windows(n.pad(x, p.reach(x.shape[2:]), -np.inf), p.kernel, p.stride, (1,) * p.nd)
    spread = (1,) * p.nd
    least = (y - 2 * room).reshape(*y.shape, *spread)
    return (np.count_nonzero(near >= least, tuple(range(-p.nd, 0))) > 1) & (y != 0)


@_MaxPool.on("chainer")
def _(p, c, x):
    if symmetric(p.pad):
        return lambda v: c.F.max_pooling_nd(v, p.kernel, p.stride, [b for b, _ in p.pad], cover_all=p.cover_all)
    pads = [(0, 0), (0, 0), *p.reach(x.shape[2:])]
    return lambda v: c.F.max_pooling_nd(
        c.F.pad(v, pads, "constant", constant_values=-c.np.inf), p.kernel, p.stride, cover_all=False
    )


@_MaxPool.on("keras", x="n ... c")
def _(p, k, x):
    pool = getattr(k.layers, f"MaxPooling{p.nd}D")(p.kernel, strides=p.stride)
    return pool(k.pad(x, p.reach(k.shape(x)[1:-1]), value=-math.inf))


@_MaxPool.on("onnx")
def _(p, o, x):
    pads = p.reach(o.shape(x)[2:])
    if all(max(pair) < size for pair, size in zip(pads, p.kernel, strict=True)):
        return o.node("MaxPool", x, kernel_shape=p.kernel, strides=p.stride, pads=flat(pads))
    widths = o.const(np.array([0, 0, *(b for b, _ in pads), 0, 0, *(e for _, e in pads)], np.int64))
    return o.node(
        "MaxPool", o.node("Pad", x, widths, o.const(np.float64(-np.inf))), kernel_shape=p.kernel, strides=p.stride
    )


@dataclass(frozen=True)
class GlobalMaxPool(Layer):
    """Largest element over all spatial axes, (N, C, …) → (N, C) or (N, C, 1, …).

    Args:
        keepdims: whether the spatial axes stay, with size 1. Stated, because the defaults differ: ONNX keeps them,
            Keras and Chainer's ``F.max`` do not.
    """

    keepdims: bool

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C) or (N, C, 1, …)."""
        need_rank(x[0], 3, 4, 5, what="N C and spatial axes")
        ones = (1,) * (len(x[0].shape) - 2) if self.keepdims else ()
        return (Spec((*x[0].shape[:2], *ones), x[0].dtype),)


def _largest(p, x):
    return x.max(tuple(range(2, x.ndim)), keepdims=p.keepdims)


@GlobalMaxPool.on("numpy")
def _(p, n, x):
    return _largest(p, x)


@GlobalMaxPool.on("magnitude")
def _(p, n, y, x):
    return None


@GlobalMaxPool.on("carry")
def _(p, n, y, e, x):
    return _largest(p, e)


@GlobalMaxPool.on("chainer")
def _(p, c, x):
    return lambda v: c.F.max(v, axis=tuple(range(2, len(x.shape))), keepdims=p.keepdims)


@GlobalMaxPool.on("keras", x="n ... c", y="n ... c")
def _(p, k, x):
    return getattr(k.layers, f"GlobalMaxPooling{len(k.shape(x)) - 2}D")(keepdims=p.keepdims)(x)


@GlobalMaxPool.on("onnx")
def _(p, o, x):
    rank = len(o.shape(x))
    if rank == 4:
        y = o.node("GlobalMaxPool", x)
        return y if p.keepdims else o.node("Flatten", y, axis=1)
    # onnx's reference evaluator takes wrong axes in GlobalMaxPool, but for images.
    return o.node("ReduceMax", x, o.const(np.arange(2, rank)), keepdims=int(p.keepdims))
