"""Convolutions (cross-correlations) over one, two and three spatial axes, and their transposes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.effect import Products
from parity.layers.sizes import (
    ONE,
    ZERO,
    Pads,
    Positive,
    Sizes,
    need_rank,
    pads_per_axis,
    per_axis,
    window_size,
    window_text,
)

SPATIAL = {1: "w", 2: "h w", 3: "d h w"}


def flat(pads: tuple[tuple[int, int], ...]) -> list[int]:
    """Pads in ONNX's order: all begins, then all ends."""
    return [b for b, _ in pads] + [e for _, e in pads]


def symmetric(pads: tuple[tuple[int, int], ...]) -> bool:
    """Whether begin equals end on every axis, all that Chainer can say."""
    return all(b == e for b, e in pads)


@dataclass(frozen=True)
class _Conv(Layer, abstract=True):
    """Cross-correlation. y[n, o, q] = Σ_{i, r} x[n, i, q·stride − pad + r·dilation]·W[o, i, r] + b[o].

    The output size is (N + P − F) / S + 1, rounded down, with F = (kernel − 1)·dilation + 1.

    Args:
        filters: number of output channels.
        kernel: size of the window.
        stride: step of the window.
        pad: zeros around the input; one number, one per axis, or (begin, end) per axis.
        dilation: distance of neighbouring taps.
        groups: channels are cut into so many groups that do not see each other.
        bias: whether b is added.
    """

    filters: Positive
    kernel: Sizes
    stride: Sizes = ONE
    pad: Pads = ZERO
    dilation: Sizes = ONE
    groups: Positive = 1
    bias: bool = True
    nd: ClassVar[int]
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("kernel", "stride", "dilation"):
            object.__setattr__(self, name, per_axis(getattr(self, name), self.nd, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, self.nd))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, filters, *out)."""
        need_rank(x[0], self.nd + 2, what=f"N C {SPATIAL[self.nd].upper()}")
        for name, channels in (("the input's channels", x[0].shape[1]), ("filters", self.filters)):
            if channels % self.groups:
                raise BadInput(f"{name} ({channels}) must be a multiple of groups, found {self.groups}", path="groups")
        axes = zip(x[0].shape[2:], self.kernel, self.stride, self.pad, self.dilation, strict=True)
        return (Spec((x[0].shape[0], self.filters, *(window_size(*a) for a in axes)), x[0].dtype),)

    def arithmetic(self, *x: Spec) -> str:
        """(N + P − F) / S + 1 for every axis."""
        return window_text(x[0].shape[2:], self.kernel, self.stride, self.pad, self.dilation)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (filters, C / groups, *kernel), b (filters)."""
        i = x[0].shape[1] // self.groups
        shape = (self.filters, i, *self.kernel)
        W = Weight(f"o i {SPATIAL[self.nd]}", shape, fan_in=i * math.prod(self.kernel))
        return {"W": W} | ({"b": Weight("o", (self.filters,), "bias")} if self.bias else {})


@dataclass(frozen=True)
class Conv1D(_Conv):
    __doc__ = _Conv.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class Conv2D(_Conv):
    __doc__ = _Conv.__doc__
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class Conv3D(_Conv):
    __doc__ = _Conv.__doc__
    nd: ClassVar[int] = 3


def _matrices(p, n, x, W, b):
    """A convolution as a product of matrices: columns, weights, bias, the output's spatial shape."""
    cols, out = n.columns(n.pad(x, p.pad), p.groups, p.kernel, p.stride, p.dilation)
    w = W.reshape(p.groups, W.shape[0] // p.groups, -1)
    return cols, w, None if b is None else b.reshape(p.groups, -1, 1), out


@_Conv.on("numpy")
def _(p, n, x, W, b=None):
    cols, w, bias, out = _matrices(p, n, x, W, b)
    y = w @ cols
    return n.from_columns(y if bias is None else y + bias, x.shape[0], out)


@_Conv.on("magnitude", c=2.2)
def _(p, n, y, x, W, b=None):
    cols, w, bias, out = _matrices(p, n, x, W, b)
    taps = math.prod(p.kernel)
    terms = np.arange(w.shape[-1]).reshape(-1, p.kernel[0], taps // p.kernel[0])
    rows = [terms[:, r].ravel() for r in range(p.kernel[0])] if p.kernel[0] > 1 else []
    sections = [n.blocks(w.shape[-1], 8, taps), *([rows] if rows else [])]
    return n.from_columns(n.sum_magnitude(cols, w, bias, sections), x.shape[0], out)


@_Conv.on("half", c=1.5)
def _(p, n, y, x, W, b=None):
    return n.rounded_sum(y, None if b is None else n.channel(b, y.ndim))


@_Conv.on("carry")
def _(p, n, y, e, x, W, b=None):
    cols, w, _, out = _matrices(p, n, e, W, b)
    return n.from_columns(np.sqrt((w * w) @ (cols * cols)), x.shape[0], out)


@_Conv.on("effect")
def _(p, n, g, x, W, b=None):
    cols, w, _, _ = _matrices(p, n, x, W, b)
    g = np.moveaxis(g, 1, 0).reshape(p.groups, w.shape[1], -1)
    return {"W": Products(cols, g, W.shape), "b": g.max(-1).reshape(-1)}


def few_places(x: tuple[int, ...], least: list[int], stride: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an input, cut to so much that a window has about 64 places in it."""
    places = round(64 ** (1 / len(stride)))
    sizes = (min(s, max(m, 1) + (places - 1) * step) for s, m, step in zip(x[2:], least, stride, strict=True))
    return (*x[:2], *sizes)


def sparse(d, shape, parts):
    """Samples of which one element in so many is not 0, so that no product drowns in the others' rounding."""
    if parts <= 1:
        return d.usual()[0][tuple(map(slice, shape))]
    return np.where(d.uniform(shape, 0, parts) < 1, d.signed(shape, 0.5, 1.5), np.float32(0))


@_Conv.on("probe")
def _(p, d, specs, weights):
    extents = zip(p.kernel, p.dilation, p.pad, strict=True)
    shape = few_places(specs[0].shape, [(k - 1) * e + 1 - sum(pad) for k, e, pad in extents], p.stride)
    return (sparse(d, shape, d.parts(weights["W"][0].size)),)


@_Conv.on("operations")
def _(p, x):
    return 2 * p.weights(x)["W"].fan_in * math.prod(p.infer(x)[0].shape)


def chainer_conv(p, c, x, make):
    """A Chainer link that pads alike at both ends, behind a padding of its own where the layer needs two sizes."""
    pads = p.pad
    link = c.link(make([b for b, _ in pads] if symmetric(pads) else 0))
    if symmetric(pads):
        return lambda v: link(v)
    return lambda v: link(c.F.pad(v, [(0, 0), (0, 0), *pads], "constant"))


@Conv2D.on("chainer", W="W: o i h w", b="b: o")
def _(p, c, x):
    return chainer_conv(
        p,
        c,
        x,
        lambda pad: c.L.Convolution2D(
            x.shape[1], p.filters, p.kernel, p.stride, pad, nobias=not p.bias, dilate=p.dilation, groups=p.groups
        ),
    )


@Conv1D.on("chainer", W="W: o i w", b="b: o")
@Conv3D.on("chainer", W="W: o i d h w", b="b: o")
def _(p, c, x):
    return chainer_conv(
        p,
        c,
        x,
        lambda pad: c.L.ConvolutionND(
            p.nd, x.shape[1], p.filters, p.kernel, p.stride, pad, nobias=not p.bias, dilate=p.dilation, groups=p.groups
        ),
    )


def _keras_conv(p, k, x):
    conv = getattr(k.layers, f"Conv{p.nd}D")(
        p.filters, p.kernel, strides=p.stride, dilation_rate=p.dilation, groups=p.groups, use_bias=p.bias
    )
    return k.weighted(conv)(k.pad(x, p.pad))


for _layer, _axes in ((Conv1D, "w"), (Conv2D, "h w"), (Conv3D, "d h w")):
    _layer.on("keras", x="n ... c", W=f"kernel: {_axes} i o", b="bias: o")(_keras_conv)
    _layer.unsupported(
        "keras",
        when=lambda p: max(p.stride) > 1 and max(p.dilation) > 1,
        why="Keras takes strides or dilation_rate, not both",
    )


@Conv1D.on("onnx", W="W: o i w", b="B: o")
@Conv2D.on("onnx", W="W: o i h w", b="B: o")
@Conv3D.on("onnx", W="W: o i d h w", b="B: o")
def _(p, o, x, W, b=None):
    return o.node(
        "Conv",
        x,
        W,
        *([b] if b else []),
        kernel_shape=p.kernel,
        strides=p.stride,
        pads=flat(p.pad),
        dilations=p.dilation,
        group=p.groups,
    )
