"""Pooling over windows and over everything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.conv import flat, symmetric
from parity.layers.sizes import ZERO, Pads, Sizes, need_rank, pads_per_axis, per_axis, window_size, window_text


@dataclass(frozen=True, kw_only=True)
class _Pool(Layer, abstract=True):
    """A figure for each window of each channel.

    Args:
        kernel: size of the window.
        stride: step of the window. Stated, because the defaults differ: the kernel in Chainer and Keras, 1 in ONNX.
        pad: what is around the input; one number, one per axis, or (begin, end) per axis.
    """

    kernel: Sizes
    stride: Sizes
    pad: Pads = ZERO
    nd: ClassVar[int]

    def __post_init__(self):
        for name in ("kernel", "stride"):
            object.__setattr__(self, name, per_axis(getattr(self, name), self.nd, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, self.nd))
        for (b, e), k in zip(self.pad, self.kernel, strict=True):
            if max(b, e) >= k:
                raise BadInput(
                    f"found {[b, e]}, must be below the kernel, {k}: a window would see padding only", path="pad"
                )

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C, *out)."""
        need_rank(x[0], self.nd + 2, what=f"N C and {self.nd} spatial axes")
        axes = zip(x[0].shape[2:], self.kernel, self.stride, self.pad, strict=True)
        out = (window_size(*a, cover=getattr(self, "cover_all", False)) for a in axes)
        return (Spec((*x[0].shape[:2], *out), x[0].dtype),)

    def arithmetic(self, *x: Spec) -> str:
        """(N + P − F) / S + 1 for every axis."""
        cover = getattr(self, "cover_all", False)
        return window_text(x[0].shape[2:], self.kernel, self.stride, self.pad, cover=cover)


@dataclass(frozen=True, kw_only=True)
class _MaxPool(_Pool, abstract=True):
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
        "MaxPool", o.node("Pad", x, widths, o.const(np.float32(-np.inf))), kernel_shape=p.kernel, strides=p.stride
    )


@dataclass(frozen=True, kw_only=True)
class AveragePool2D(_Pool):
    """Mean of each window.

    Args:
        kernel: size of the window.
        stride: step of the window. Stated, because the defaults differ: the kernel in Chainer and Keras, 1 in ONNX.
        pad: zeros around the input; one number, one per axis, or (begin, end) per axis.
        count_include_pad: whether padding counts in the divisor. Stated, because the defaults differ: Chainer counts
            it, Keras and ONNX do not.
    """

    count_include_pad: bool
    nd: ClassVar[int] = 2

    def scale(self, spatial: tuple[int, ...]) -> np.ndarray:
        """Window size ÷ elements that count, (*out), float64."""
        counts = []
        for size, k, s, pad in zip(spatial, self.kernel, self.stride, self.pad, strict=True):
            start = np.arange(window_size(size, k, s, pad)) * s - pad[0]
            counts.append(np.minimum(start + k, size) - np.maximum(start, 0))
        return math.prod(self.kernel) / np.multiply.outer(counts[0], counts[1]).astype(np.float64)


def _mean(p, n, x):
    v = n.windows(n.pad(x, p.pad), p.kernel, p.stride, (1, 1)).mean((-2, -1))
    return v if p.count_include_pad else v * p.scale(x.shape[2:]).astype(x.dtype)


@AveragePool2D.on("numpy")
def _(p, n, x):
    return _mean(p, n, x)


@AveragePool2D.on("magnitude", c=2.2)
def _(p, n, y, x):
    terms = math.prod(p.kernel)
    return (math.sqrt(terms) + 1) * _mean(p, n, np.abs(x)) + terms / 4 * _mean(p, n, np.abs(x) * n.repeats(x))


@AveragePool2D.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_mean(p, n, e * e) / math.prod(p.kernel))


@AveragePool2D.on("chainer")
def _(p, c, x):
    counted = 0 if p.count_include_pad else None
    if symmetric(p.pad):
        return lambda v: c.F.average_pooling_nd(v, p.kernel, p.stride, [b for b, _ in p.pad], pad_value=counted)
    pads = [(0, 0), (0, 0), *p.pad]
    if p.count_include_pad:
        return lambda v: c.F.average_pooling_nd(c.F.pad(v, pads, "constant"), p.kernel, p.stride)
    scale = c.const(p.scale(x.shape[2:]).astype(np.float32)[None, None])
    return lambda v: c.F.scale(
        c.F.average_pooling_nd(c.F.pad(v, pads, "constant"), p.kernel, p.stride),
        c.F.broadcast_to(scale, p.infer(x)[0].shape),
        axis=0,
    )


@AveragePool2D.on("keras", x="n ... c")
def _(p, k, x):
    scale = p.scale(k.shape(x)[1:-1])
    y = k.layers.AveragePooling2D(p.kernel, strides=p.stride)(k.pad(x, p.pad))
    counts_all = p.count_include_pad or bool((scale == 1).all())
    return y if counts_all else y * k.const(scale.astype(np.float32)[None, :, :, None])


@AveragePool2D.on("onnx")
def _(p, o, x):
    return o.node(
        "AveragePool",
        x,
        kernel_shape=p.kernel,
        strides=p.stride,
        pads=flat(p.pad),
        count_include_pad=int(p.count_include_pad),
    )


AveragePool2D.default("keras", count_include_pad=False)  # its padding="same"; our rule pads with a layer of its own
