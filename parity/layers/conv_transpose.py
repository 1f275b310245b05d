"""Transposed convolutions, which Chainer calls deconvolutions, over one, two and three spatial axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.conv import SPATIAL, few_places, flat, sparse
from parity.layers.effect import Products
from parity.layers.sizes import ONE, ZERO, Counts, Pads, Positive, Sizes, need_rank, pads_per_axis, per_axis
from parity.layers.spread import columns, matrix, product


@dataclass(frozen=True)
class _ConvTranspose(Layer, abstract=True):
    """The transpose of a convolution. y[n, o, q·stride + r·dilation − pad] += x[n, i, q]·W[i, o, r], then + b[o].

    The output size is (N − 1)·S + F − P + output_padding, with F = (kernel − 1)·dilation + 1.

    Args:
        filters: number of output channels.
        kernel: size of the window.
        stride: distance at which neighbouring inputs land in the output.
        pad: what is cut off the output; one number, one per axis, or (begin, end) per axis.
        output_padding: added to the output's end; it tells apart the input sizes that a strided convolution merges.
            Below the stride.
        dilation: distance of neighbouring taps.
        groups: channels are cut into so many groups that do not see each other.
        bias: whether b is added.
    """

    filters: Positive
    kernel: Sizes
    stride: Sizes = ONE
    pad: Pads = ZERO
    output_padding: Counts = ZERO
    dilation: Sizes = ONE
    groups: Positive = 1
    bias: bool = True
    nd: ClassVar[int]
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("kernel", "stride", "output_padding", "dilation"):
            object.__setattr__(self, name, per_axis(getattr(self, name), self.nd, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, self.nd))

    @property
    def extent(self) -> tuple[int, ...]:
        """F = (kernel − 1)·dilation + 1 per axis."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def out(self, size: int, axis: int) -> int:
        """Output size along a spatial axis."""
        return (size - 1) * self.stride[axis] + self.extent[axis] - sum(self.pad[axis]) + self.output_padding[axis]

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, filters, *out)."""
        need_rank(x[0], self.nd + 2, what=f"N C {SPATIAL[self.nd].upper()}")
        for name, channels in (("the input's channels", x[0].shape[1]), ("filters", self.filters)):
            if channels % self.groups:
                raise BadInput(f"{name} ({channels}) must be a multiple of groups, found {self.groups}", path="groups")
        for a, (extra, stride) in enumerate(zip(self.output_padding, self.stride, strict=True)):
            if extra >= stride:
                raise BadInput(f"found {extra}, must be below the stride, {stride}", path="output_padding")
            if self.out(x[0].shape[2 + a], a) < 1:
                raise BadInput(
                    f"nothing is left: (N − 1)·S + F − P + output_padding = ({x[0].shape[2 + a]} − 1)·{stride} + "
                    f"{self.extent[a]} − {sum(self.pad[a])} + {extra} is below 1",
                    path="pad",
                )
        spatial = (self.out(s, a) for a, s in enumerate(x[0].shape[2:]))
        return (Spec((x[0].shape[0], self.filters, *spatial), x[0].dtype),)

    def arithmetic(self, *x: Spec) -> str:
        """(N − 1)·S + F − P + output_padding for every axis."""
        axes = zip(x[0].shape[2:], self.stride, self.extent, self.pad, self.output_padding, strict=True)
        texts = [f"({n} − 1)·{s} + {f} − {sum(p)} + {o} = {(n - 1) * s + f - sum(p) + o}" for n, s, f, p, o in axes]
        return "(N − 1)·S + F − P + output_padding: " + "; ".join(texts)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (C, filters / groups, *kernel), b (filters)."""
        i = x[0].shape[1]
        shape = (i, self.filters // self.groups, *self.kernel)
        W = Weight(f"i o {SPATIAL[self.nd]}", shape, fan_in=i // self.groups * self.terms)
        return {"W": W} | ({"b": Weight("o", (self.filters,), "bias")} if self.bias else {})

    @property
    def terms(self) -> int:
        """Largest number of taps that meet in one output element: those whose r·dilation agree modulo the stride."""
        axes = zip(self.kernel, self.stride, self.dilation, strict=True)
        return math.prod(math.ceil(k * math.gcd(s, d) / s) for k, s, d in axes)

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


@dataclass(frozen=True)
class ConvTranspose1D(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class ConvTranspose2D(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class ConvTranspose3D(_ConvTranspose):
    __doc__ = _ConvTranspose.__doc__
    nd: ClassVar[int] = 3


@_ConvTranspose.on("numpy")
def _(p, n, x, W, b=None):
    y = product(p, n, x, W)
    return y if b is None else y + n.channel(b, x.ndim)


@_ConvTranspose.on("operations")
def _(p, x):  # every input element meets every tap once, wherever that lands
    return 2 * math.prod(x.shape) * math.prod(p.weights(x)["W"].shape[1:])


@_ConvTranspose.on("magnitude", c=2.4)
def _(p, n, y, x, W, b=None):
    # (√n + 1)(Σ|wx| + |b|), n the products that meet, as Conv's plain form; equal products round alike, as in n.drift.
    terms = x.shape[1] // p.groups * p.terms
    m = product(p, n, np.abs(x), np.abs(W))
    m = (math.sqrt(terms) + 1) * (m if b is None else m + n.channel(np.abs(b), x.ndim))
    equal = n.repeats(W, 0) | n.repeats(W)
    if np.count_nonzero(equal) < 1e-3 * equal.size:
        return m
    return m + terms / 4 * product(p, n, np.abs(x) * (n.repeats(x, 1) | n.repeats(x)), np.abs(W) * equal)


@_ConvTranspose.on("carry")
def _(p, n, y, e, x, W, b=None):
    return np.sqrt(product(p, n, e * e, W * W))


@_ConvTranspose.on("effect")
def _(p, n, g, x, W, b=None):
    g = np.moveaxis(g, 1, 0).reshape(p.groups, W.shape[1], -1)
    order = matrix(p, np.arange(W.size).reshape(W.shape)).reshape(-1)
    return {"W": Products(columns(p, n, x)[0], g, W.shape, order), "b": g.max(-1).reshape(-1)}


@_ConvTranspose.on("probe")
def _(p, d, specs, weights):
    terms = len(weights["W"]) // p.groups * p.terms
    parts = min(64, round(terms**1.5 / 6000))  # the bound is Conv's plain form, which grows faster
    n, *rest = few_places(specs[0].shape, [sum(pad) + 1 for pad in p.pad], (1,) * p.nd)
    enough = -(-8 * parts // math.prod(rest[1:]))  # so that each weight is met a few times
    return (sparse(d, (max(n, min(8, enough)), *rest), parts),)


@ConvTranspose1D.on("chainer", W="W: i o w", b="b: o")
@ConvTranspose2D.on("chainer", W="W: i o h w", b="b: o")
@ConvTranspose3D.on("chainer", W="W: i o d h w", b="b: o")
def _(p, c, x):
    def link(pad, outsize):
        sizes = (x.shape[1], p.filters, p.kernel, p.stride, pad)
        more = {"nobias": not p.bias, "outsize": outsize, "dilate": p.dilation, "groups": p.groups}
        return c.link(c.L.Deconvolution2D(*sizes, **more) if p.nd == 2 else c.L.DeconvolutionND(p.nd, *sizes, **more))

    axes = zip(p.pad, p.output_padding, p.stride, strict=True)
    if all(0 <= b - e + o < s for (b, e), o, s in axes):  # what Chainer's check of outsize lets through
        direct = link([b for b, _ in p.pad], [p.out(s, a) for a, s in enumerate(x.shape[2:])])
        return lambda v: direct(v)
    full = link(0, None)
    more, cut = p.crop()

    def call(v):
        y = full(c.F.pad(v, [(0, 0), (0, 0), *((0, m) for m in more)], "constant") if any(more) else v)
        return y[(slice(None), slice(None), *(slice(b, -e or None) for b, e in cut))]

    return call


def _keras(p, k, x):
    more, cut = p.crop()
    conv = getattr(k.layers, f"Conv{p.nd}DTranspose")(
        p.filters, p.kernel, strides=p.stride, padding="valid", dilation_rate=p.dilation, use_bias=p.bias
    )
    y = k.weighted(conv)(k.pad(x, tuple((0, m) for m in more)))
    # A kernel below the stride leaves stride − kernel elements behind the last one in Keras.
    behind = [max(s - f, 0) for s, f in zip(p.stride, p.extent, strict=True)]
    return k.crop(y, tuple((b, e + z) for (b, e), z in zip(cut, behind, strict=True)))


for _layer in (ConvTranspose1D, ConvTranspose2D, ConvTranspose3D):
    _axes = SPATIAL[_layer.nd]
    _layer.on("keras", x="n ... c", W=f"kernel: {_axes} o i", b="bias: o")(_keras)
    _layer.unsupported(
        "keras",
        when=lambda p: max(p.stride) > 1 and max(p.dilation) > 1,
        why="Keras takes strides or dilation_rate, not both",
    )
    _layer.unsupported("keras", when=lambda p: p.groups > 1, why="Keras's transposed convolutions have no groups")
    _layer.unsupported(
        "onnx-reference", when=lambda p: p.groups > 1, why="its grouped ConvTranspose knows groups of one channel only"
    )


@ConvTranspose1D.on("onnx", W="W: i o w", b="B: o")
@ConvTranspose2D.on("onnx", W="W: i o h w", b="B: o")
@ConvTranspose3D.on("onnx", W="W: i o d h w", b="B: o")
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
        dilations=p.dilation,
        group=p.groups,
    )
