"""Depthwise convolutions over one and two spatial axes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from parity.layers.base import Layer, Spec, Weight
from parity.layers.conv import SPATIAL, Conv1D, Conv2D, chainer_conv, flat
from parity.layers.sizes import ONE, ZERO, Pads, Positive, Sizes, need_rank, pads_per_axis, per_axis


@dataclass(frozen=True)
class _DepthwiseConv(Layer, abstract=True):
    """Every channel is convolved by itself: y[n, i·M + m] = x[n, i] ⋆ W[i, m] + b[i·M + m].

    Args:
        multiplier: M, output channels for each input channel.
        kernel: size of the window.
        stride: step of the window.
        pad: zeros around the input; one number, one per axis, or (begin, end) per axis.
        dilation: distance of neighbouring taps.
        bias: whether b is added.
    """

    multiplier: Positive
    kernel: Sizes
    stride: Sizes = ONE
    pad: Pads = ZERO
    dilation: Sizes = ONE
    bias: bool = True
    nd: ClassVar[int]
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("kernel", "stride", "dilation"):
            object.__setattr__(self, name, per_axis(getattr(self, name), self.nd, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, self.nd))

    def as_conv(self, channels: int) -> Conv1D | Conv2D:
        """The same layer as a grouped convolution."""
        kind: type[Conv1D] | type[Conv2D] = Conv1D if self.nd == 1 else Conv2D
        return kind(
            filters=channels * self.multiplier,
            kernel=self.kernel,
            stride=self.stride,
            pad=self.pad,
            dilation=self.dilation,
            groups=channels,
            bias=self.bias,
        )

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C·multiplier, *out)."""
        need_rank(x[0], self.nd + 2, what=f"N C {SPATIAL[self.nd].upper()}")
        return self.as_conv(x[0].shape[1]).infer(*x)

    def arithmetic(self, *x: Spec) -> str:
        """(N + P − F) / S + 1 for every axis."""
        return self.as_conv(x[0].shape[1]).arithmetic(*x)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (C, multiplier, *kernel), b (C·multiplier)."""
        i = x[0].shape[1]
        shape = (i, self.multiplier, *self.kernel)
        W = Weight(f"i m {SPATIAL[self.nd]}", shape, fan_in=math.prod(self.kernel))
        return {"W": W} | ({"b": Weight("o", (i * self.multiplier,), "bias")} if self.bias else {})


@dataclass(frozen=True)
class DepthwiseConv1D(_DepthwiseConv):
    __doc__ = _DepthwiseConv.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class DepthwiseConv2D(_DepthwiseConv):
    __doc__ = _DepthwiseConv.__doc__
    nd: ClassVar[int] = 2


def _as_conv(p, x, W):
    conv = p.as_conv(x.shape[1])
    return conv, W.reshape(-1, 1, *p.kernel)


@_DepthwiseConv.on("numpy")
def _(p, n, x, W, b=None):
    conv, w = _as_conv(p, x, W)
    return conv.rule("numpy").fn(conv, n, x, w, b)


@_DepthwiseConv.on("magnitude", c=2.2)
def _(p, n, y, x, W, b=None):
    conv, w = _as_conv(p, x, W)
    return conv.rule("magnitude").fn(conv, n, y, x, w, b)


@_DepthwiseConv.on("carry")
def _(p, n, y, e, x, W, b=None):
    conv, w = _as_conv(p, x, W)
    return conv.rule("carry").fn(conv, n, y, e, x, w, b)


@_DepthwiseConv.on("effect")
def _(p, n, g, x, W, b=None):
    conv, w = _as_conv(p, x, W)
    found = conv.rule("effect").fn(conv, n, g, x, w, b)
    return found | {"W": replace(found["W"], shape=W.shape)}


@_DepthwiseConv.on("operations")
def _(p, x):
    return 2 * math.prod(p.kernel) * math.prod(p.infer(x)[0].shape)


@DepthwiseConv2D.on("chainer", when=lambda p: max(p.dilation) == 1, W="W: m i h w", b="b: o")
def _(p, c, x):
    return chainer_conv(
        p,
        c,
        x,
        lambda pad: c.L.DepthwiseConvolution2D(x.shape[1], p.multiplier, p.kernel, p.stride, pad, nobias=not p.bias),
    )


@DepthwiseConv1D.on("chainer", W="W: (i m) 1 w", b="b: o")
@DepthwiseConv2D.on("chainer", W="W: (i m) 1 h w", b="b: o")
def _(p, c, x):
    conv = p.as_conv(x.shape[1])  # the link for depthwise convolutions has two axes and no dilation
    return conv.rule("chainer").fn(conv, c, x)


def _keras(p, k, x):
    conv = getattr(k.layers, f"DepthwiseConv{p.nd}D")(
        p.kernel, strides=p.stride, depth_multiplier=p.multiplier, dilation_rate=p.dilation, use_bias=p.bias
    )
    return k.weighted(conv)(k.pad(x, p.pad))


for _layer in (DepthwiseConv1D, DepthwiseConv2D):
    _layer.on("keras", x="n ... c", W=f"kernel: {SPATIAL[_layer.nd]} i m", b="bias: o")(_keras)
    _layer.unsupported(
        "keras",
        when=lambda p: max(p.stride) > 1 and max(p.dilation) > 1,
        why="Keras takes strides or dilation_rate, not both",
    )

DepthwiseConv2D.unsupported(
    "keras-tensorflow",
    when=lambda p: p.stride[0] != p.stride[1],
    why="TensorFlow's depthwise kernel on a CPU takes equal strides only",
)


@DepthwiseConv1D.on("onnx", W="W: (i m) 1 w", b="B: o")
@DepthwiseConv2D.on("onnx", W="W: (i m) 1 h w", b="B: o")
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
        group=o.shape(x)[1],
    )
