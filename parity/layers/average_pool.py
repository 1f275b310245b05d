"""Average pooling over windows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.conv import flat, symmetric
from parity.layers.pool import Pool
from parity.layers.sizes import window_size


@dataclass(frozen=True, kw_only=True)
class _AveragePool(Pool, abstract=True):
    """Mean of each window. Only ONNX knows output sizes that are rounded up; more padding at the end says the same.

    Args:
        kernel: size of the window.
        stride: step of the window. Stated, because the defaults differ: the kernel in Chainer and Keras, 1 in ONNX.
        pad: zeros around the input; one number, one per axis, or (begin, end) per axis.
        count_include_pad: whether padding counts in the divisor. Stated, because the defaults differ: Chainer counts
            it, Keras and ONNX do not.
    """

    count_include_pad: bool
    independent: ClassVar[bool] = True

    def scale(self, spatial: tuple[int, ...]) -> np.ndarray:
        """Window size ÷ elements that count, (*out), float64."""
        counts = np.ones(())
        for size, k, s, pad in zip(spatial, self.kernel, self.stride, self.pad, strict=True):
            start = np.arange(window_size(size, k, s, pad)) * s - pad[0]
            counts = np.multiply.outer(counts, np.minimum(start + k, size) - np.maximum(start, 0))
        return math.prod(self.kernel) / counts


@dataclass(frozen=True)
class AveragePool1D(_AveragePool):
    __doc__ = _AveragePool.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class AveragePool2D(_AveragePool):
    __doc__ = _AveragePool.__doc__
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class AveragePool3D(_AveragePool):
    __doc__ = _AveragePool.__doc__
    nd: ClassVar[int] = 3


def _mean(p, n, x):
    v = n.windows(n.pad(x, p.pad), p.kernel, p.stride, (1,) * p.nd)
    v = v.mean(tuple(range(-p.nd, 0)))
    return v if p.count_include_pad else v * p.scale(x.shape[2:]).astype(x.dtype)


@_AveragePool.on("numpy")
def _(p, n, x):
    return _mean(p, n, x)


@_AveragePool.on("magnitude", c=2.2)
def _(p, n, y, x):
    terms = math.prod(p.kernel)
    m = (math.sqrt(terms) + 1) * _mean(p, n, np.abs(x))
    if terms <= n.FEW:
        return m
    windows = n.windows(n.pad(x, p.pad), p.kernel, p.stride, (1,) * p.nd)
    lost = n.lost(windows.reshape(*windows.shape[: -p.nd], -1)) / terms
    return m + (lost if p.count_include_pad else lost * p.scale(x.shape[2:]))


@_AveragePool.on("carry")
def _(p, n, y, e, x):
    counted = 1.0 if p.count_include_pad else p.scale(x.shape[2:])
    return np.sqrt(_mean(p, n, e * e) * counted / math.prod(p.kernel))  # √Σe² ÷ the elements that count


@_AveragePool.on("chainer")
def _(p, c, x):
    counted = 0 if p.count_include_pad else None
    if symmetric(p.pad):
        return lambda v: c.F.average_pooling_nd(v, p.kernel, p.stride, [b for b, _ in p.pad], pad_value=counted)
    pads = [(0, 0), (0, 0), *p.pad]
    if p.count_include_pad:
        return lambda v: c.F.average_pooling_nd(c.F.pad(v, pads, "constant"), p.kernel, p.stride)
    scale = c.const(p.scale(x.shape[2:])[None, None])
    return lambda v: c.F.scale(
        c.F.average_pooling_nd(c.F.pad(v, pads, "constant"), p.kernel, p.stride),
        c.F.broadcast_to(scale, p.infer(x)[0].shape),
        axis=0,
    )


@_AveragePool.on("keras", x="n ... c")
def _(p, k, x):
    scale = p.scale(k.shape(x)[1:-1])
    y = getattr(k.layers, f"AveragePooling{p.nd}D")(p.kernel, strides=p.stride)(k.pad(x, p.pad))
    counts_all = p.count_include_pad or bool((scale == 1).all())
    return y if counts_all else y * k.const(scale[None, ..., None])


@_AveragePool.on("onnx")
def _(p, o, x):
    return o.node(
        "AveragePool",
        x,
        kernel_shape=p.kernel,
        strides=p.stride,
        pads=flat(p.pad),
        count_include_pad=int(p.count_include_pad),
    )


_AveragePool.unsupported(
    "onnx-torch",
    when=lambda p: symmetric(p.pad) and any(2 * b > k for (b, _), k in zip(p.pad, p.kernel, strict=True)),
    why="PyTorch takes no padding of more than half the window",
)
_AveragePool.default("keras", count_include_pad=False)  # its padding="same"; the rule pads with a layer of its own
