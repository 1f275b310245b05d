"""Transposed convolutions, which Chainer calls deconvolutions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.conv import flat
from parity.layers.sizes import ONE, ZERO, Counts, Pads, Positive, Sizes, need_rank, pads_per_axis, per_axis


@dataclass(frozen=True)
class ConvTranspose2D(Layer):
    """The transpose of a convolution. y[n, o, q·stride + r − pad] += x[n, i, q]·W[i, o, r], then + b[o].

    The output size is (N − 1)·S + F − P + output_padding.

    Args:
        filters: number of output channels.
        kernel: size of the window.
        stride: distance at which neighbouring inputs land in the output.
        pad: what is cut off the output; one number, one per axis, or (begin, end) per axis.
        output_padding: added to the output's end; it tells apart the input sizes that a strided convolution merges.
            Below the stride.
        bias: whether b is added.
    """

    filters: Positive
    kernel: Sizes
    stride: Sizes = ONE
    pad: Pads = ZERO
    output_padding: Counts = ZERO
    bias: bool = True
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("kernel", "stride", "output_padding"):
            object.__setattr__(self, name, per_axis(getattr(self, name), 2, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, 2))

    def out(self, size: int, axis: int) -> int:
        """Output size along a spatial axis."""
        return (size - 1) * self.stride[axis] + self.kernel[axis] - sum(self.pad[axis]) + self.output_padding[axis]

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, H, W) → (N, filters, *out)."""
        need_rank(x[0], 4, what="N C H W")
        for a, (extra, stride) in enumerate(zip(self.output_padding, self.stride, strict=True)):
            if extra >= stride:
                raise BadInput(f"found {extra}, must be below the stride, {stride}", path="output_padding")
            if self.out(x[0].shape[2 + a], a) < 1:
                raise BadInput(
                    f"nothing is left: (N − 1)·S + F − P + output_padding = ({x[0].shape[2 + a]} − 1)·{stride} + "
                    f"{self.kernel[a]} − {sum(self.pad[a])} + {extra} is below 1",
                    path="pad",
                )
        spatial = (self.out(s, a) for a, s in enumerate(x[0].shape[2:]))
        return (Spec((x[0].shape[0], self.filters, *spatial), x[0].dtype),)

    def arithmetic(self, *x: Spec) -> str:
        """(N − 1)·S + F − P + output_padding for every axis."""
        axes = zip(x[0].shape[2:], self.stride, self.kernel, self.pad, self.output_padding, strict=True)
        texts = [f"({n} − 1)·{s} + {k} − {sum(p)} + {o} = {(n - 1) * s + k - sum(p) + o}" for n, s, k, p, o in axes]
        return "(N − 1)·S + F − P + output_padding: " + "; ".join(texts)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (C, filters, *kernel), b (filters)."""
        i = x[0].shape[1]
        W = Weight("i o h w", (i, self.filters, *self.kernel), fan_in=i * self.terms)
        return {"W": W} | ({"b": Weight("o", (self.filters,), "bias")} if self.bias else {})

    @property
    def terms(self) -> int:
        """Largest number of taps that meet in one output element."""
        return math.prod(math.ceil(k / s) for k, s in zip(self.kernel, self.stride, strict=True))

    def crop(self) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
        """For dialects that only know the full output: zeros to append to the input, then what to cut off.

        One more zero at the input's end lengthens the output by a stride of elements that hold the bias alone, which
        is what output_padding beyond the cut-off end means.
        """
        more = tuple(int(o > e) for o, (_, e) in zip(self.output_padding, self.pad, strict=True))
        cut = tuple(
            (b, e - o + m * s) for o, (b, e), m, s in zip(self.output_padding, self.pad, more, self.stride, strict=True)
        )
        return more, cut


def _columns(p, n, x):
    """The transpose as a convolution over the input with stride − 1 zeros between its elements, kernel flipped."""
    spread = x
    for axis, stride in ((2, p.stride[0]), (3, p.stride[1])):
        if stride > 1:
            stacked = np.stack([spread, *[np.zeros_like(spread)] * (stride - 1)], axis + 1)
            shape = [*spread.shape[:axis], spread.shape[axis] * stride, *spread.shape[axis + 1 :]]
            keep = [slice(None)] * spread.ndim
            keep[axis] = slice(0, shape[axis] - stride + 1)
            spread = stacked.reshape(shape)[tuple(keep)]
    for a in range(2):
        low, high = p.kernel[a] - 1 - p.pad[a][0], p.kernel[a] - 1 - p.pad[a][1] + p.output_padding[a]
        width = [(0, 0)] * 4
        width[2 + a] = (max(low, 0), max(high, 0))
        spread = np.pad(spread, width)
        keep = [slice(None)] * 4
        keep[2 + a] = slice(max(-low, 0), spread.shape[2 + a] - max(-high, 0))
        spread = spread[tuple(keep)]
    return n.columns(spread, 1, p.kernel, (1, 1), (1, 1))


def _matrix(W):
    return W[:, :, ::-1, ::-1].swapaxes(0, 1).reshape(W.shape[1], -1)


@ConvTranspose2D.on("numpy")
def _(p, n, x, W, b=None):
    cols, out = _columns(p, n, x)
    y = n.from_columns(_matrix(W) @ cols, x.shape[0], out)
    return y if b is None else y + n.channel(b, 4)


@ConvTranspose2D.on("magnitude", c=2.4)
def _(p, n, y, x, W, b=None):
    cols, out = _columns(p, n, np.abs(x))
    m = n.from_columns(np.abs(_matrix(W)) @ cols, x.shape[0], out)
    m = m if b is None else m + n.channel(np.abs(b), 4)
    return (math.sqrt(x.shape[1] * p.terms) + 1) * m


@ConvTranspose2D.on("carry")
def _(p, n, y, e, x, W, b=None):
    cols, out = _columns(p, n, e * e)
    return np.sqrt(n.from_columns(_matrix(W) ** 2 @ cols, x.shape[0], out))


@ConvTranspose2D.on("chainer", W="W: i o h w", b="b: o")
def _(p, c, x):
    def link(pad, outsize):
        made = c.L.Deconvolution2D(x.shape[1], p.filters, p.kernel, p.stride, pad, nobias=not p.bias, outsize=outsize)
        return c.link(made)

    axes = zip(p.pad, p.output_padding, p.stride, strict=True)
    if all(0 <= b - e + o < s for (b, e), o, s in axes):  # what Chainer's check of outsize lets through
        direct = link([b for b, _ in p.pad], [p.out(s, a) for a, s in enumerate(x.shape[2:])])
        return lambda v: direct(v)
    full = link(0, None)
    more, cut = p.crop()

    def call(v):
        y = full(c.F.pad(v, [(0, 0), (0, 0), *((0, m) for m in more)], "constant") if any(more) else v)
        return y[:, :, cut[0][0] : -cut[0][1] or None, cut[1][0] : -cut[1][1] or None]

    return call


@ConvTranspose2D.on("keras", x="n ... c", W="kernel: h w o i", b="bias: o")
def _(p, k, x):
    more, cut = p.crop()
    conv = k.layers.Conv2DTranspose(p.filters, p.kernel, strides=p.stride, padding="valid", use_bias=p.bias)
    y = k.weighted(conv)(k.pad(x, tuple((0, m) for m in more)))
    # A kernel below the stride leaves stride − kernel elements behind the last one in Keras.
    behind = [max(s - f, 0) for s, f in zip(p.stride, p.kernel, strict=True)]
    cut = tuple((b, e + z) for (b, e), z in zip(cut, behind, strict=True))
    return k.layers.Cropping2D(cut)(y) if any(map(any, cut)) else y


@ConvTranspose2D.on("onnx", W="W: i o h w", b="B: o")
def _(p, o, x, W, b=None):
    return o.node(
        "ConvTranspose",
        x,
        W,
        *([b] if b else []),
        kernel_shape=p.kernel,
        strides=p.stride,
        pads=flat(p.pad),
        output_padding=p.output_padding,
    )
