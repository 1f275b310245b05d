"""The way back from a max pooling, by the places of the maxima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.max_pool import MaxPool2D
from parity.layers.sizes import ZERO, Counts, Sizes, need_rank, per_axis


@dataclass(frozen=True, kw_only=True)
class MaxUnpool2D(Layer):
    """Each element of x goes where the maximum of its window of z was; all else is 0.

    z (N, C, H, W) is what a max pooling read, x (N, C, *pooled) what became of the pooled tensor; the result has the
    shape of z. Of equal maxima the first in C order counts. Where a framework hands the indices from its pooling to its
    unpooling, the pooling is done here once more. Windows stand side by side, stride = kernel: where they overlap,
    Chainer adds what goes to one place, and ONNX keeps one of them.

    Args:
        kernel: size and step of the window.
        pad: what is around z in the pooling; one number or one per axis.
        cover_all: whether the pooling rounds its size up. Stated, because it is Chainer's default and nobody else's.
    """

    kernel: Sizes
    pad: Counts = ZERO
    cover_all: bool
    inputs: ClassVar[tuple[str, ...]] = ("x", "z")

    def __post_init__(self):
        for name in ("kernel", "pad"):
            object.__setattr__(self, name, per_axis(getattr(self, name), 2, name))
        self.pooling()

    def pooling(self) -> MaxPool2D:
        """The pooling that is undone."""
        pads = tuple((p, p) for p in self.pad)
        return MaxPool2D(kernel=self.kernel, stride=self.kernel, pad=pads, cover_all=self.cover_all)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *pooled), (N, C, H, W) → (N, C, H, W)."""
        need_rank(x[1], 4, what="N C H W of z")
        (pooled,) = self.pooling().infer(x[1])
        if x[0].shape != pooled.shape:
            raise BadInput(
                f"x has shape {list(x[0].shape)}; the pooling of z, {list(x[1].shape)}, gives {list(pooled.shape)}",
                path="from",
            )
        return (Spec(x[1].shape, x[0].dtype),)

    def room(self, shape: tuple[int, ...], windows: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        """What is to be added to z along its spatial axes for whole windows; a negative end is to be cut off."""
        axes = zip(shape, windows, self.kernel, self.pad, strict=True)
        return tuple((p, q * k - n - p) for n, q, k, p in axes)


def _ends(room):
    """(zeros or −inf to add, elements to cut off) along the spatial axes."""
    return tuple((b, max(e, 0)) for b, e in room), tuple((0, max(-e, 0)) for _, e in room)


def _windows(p, n, z, spatial, value):
    """(N, C, H, W) → (N, C, *windows, kernel elements)."""
    more, cut = _ends(p.room(z.shape[2:], spatial))
    z = n.pad(z, more, value)
    z = z[:, :, : z.shape[2] - cut[0][1], : z.shape[3] - cut[1][1]]
    (h, w), (kh, kw) = spatial, p.kernel
    z = z.reshape(*z.shape[:2], h, kh, w, kw).swapaxes(3, 4)
    return z.reshape(*z.shape[:4], kh * kw)


def _image(p, n, v, shape):
    """The way back of :func:`_windows`, zeros where no window was."""
    (h, w), (kh, kw) = v.shape[2:4], p.kernel
    more, cut = _ends(p.room(shape[2:], (h, w)))
    y = v.reshape(*v.shape[:4], kh, kw).swapaxes(3, 4).reshape(*v.shape[:2], h * kh, w * kw)
    (top, bottom), (left, right) = more
    return n.pad(y[:, :, top : h * kh - bottom, left : w * kw - right], cut)


@MaxUnpool2D.on("numpy")
def _(p, n, x, z):
    v = _windows(p, n, z, x.shape[2:], -np.inf)
    hot = np.arange(v.shape[-1]) == v.argmax(-1)[..., None]
    return _image(p, n, np.where(hot, x[..., None], np.zeros((), x.dtype)), z.shape)


@MaxUnpool2D.on("magnitude")
def _(p, n, y, x, z):
    return None


@MaxUnpool2D.on("carry")
def _(p, n, y, e, x, z):
    # Where z's errors may make another element the largest, the value can go to either place.
    v, own = _windows(p, n, z, x.shape[2:], -np.inf), _windows(p, n, e[1], x.shape[2:], 0.0)
    hot = np.arange(v.shape[-1]) == v.argmax(-1)[..., None]
    rivals = (v + own >= (v - own).max(-1, keepdims=True)) & (own.max(-1, keepdims=True) > 0) | hot
    ex = e[0][..., None]
    lost = np.where(rivals.sum(-1, keepdims=True) > 1, np.abs(x)[..., None] + ex, ex)
    return _image(p, n, np.where(rivals, lost, 0.0), z.shape)


@MaxUnpool2D.on("chainer")
def _(p, c, x, z):
    def call(v, w):
        found = c.F.max_pooling_2d(w, p.kernel, p.kernel, p.pad, cover_all=p.cover_all, return_indices=True)
        return c.F.upsampling_2d(v, found[1], p.kernel, p.kernel, p.pad, outsize=z.shape[2:], cover_all=p.cover_all)

    return call


@MaxUnpool2D.on("keras", x="n ... c")
def _(p, k, x, z):
    (h, w), (height, width, c), (kh, kw) = k.shape(x)[1:3], k.shape(z)[1:], p.kernel
    more, cut = _ends(p.room((height, width), (h, w)))
    v = k.crop(k.pad(z, more, -np.inf), cut)
    v = k.ops.transpose(k.ops.reshape(v, (-1, h, kh, w, kw, c)), (0, 1, 3, 5, 2, 4))
    largest = k.ops.argmax(k.ops.reshape(v, (-1, h, w, c, kh * kw)), axis=-1)
    y = k.ops.expand_dims(x, -1) * k.ops.one_hot(largest, kh * kw, dtype=k.floats)
    y = k.ops.transpose(k.ops.reshape(y, (-1, h, w, c, kh, kw)), (0, 1, 4, 2, 5, 3))
    return k.pad(k.crop(k.ops.reshape(y, (-1, h * kh, w * kw, c)), more), cut)


@MaxUnpool2D.on("onnx")
def _(p, o, x, z):
    more, cut = _ends(p.room(o.shape(z)[2:], o.shape(x)[2:]))
    # Whole windows, since the flat indices of a pooling hold for an output of the size that MaxUnpool infers.
    whole = _cut(o, _padded(o, z, more, -np.inf), cut)
    _, indices = o.node("MaxPool", whole, outputs=2, kernel_shape=p.kernel, strides=p.kernel)
    y = o.node("MaxUnpool", x, indices, kernel_shape=p.kernel, strides=p.kernel)
    return _padded(o, _cut(o, y, more), cut, 0.0)


def _padded(o, x, pads, value):
    if not any(map(any, pads)):
        return x
    widths = np.array([0, 0, *(b for b, _ in pads), 0, 0, *(e for _, e in pads)], np.int64)
    return o.node("Pad", x, o.const(widths), o.const(np.float64(value)))


def _cut(o, x, cut):
    if not any(map(any, cut)):
        return x
    starts = np.array([b for b, _ in cut], np.int64)
    ends = np.array([-e if e else np.iinfo(np.int64).max for _, e in cut], np.int64)
    return o.node("Slice", x, o.const(starts), o.const(ends), o.const(np.array([2, 3], np.int64)))
