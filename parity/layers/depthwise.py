"""Depthwise convolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from parity.layers.base import Layer, Spec, Weight
from parity.layers.conv import Conv2D, chainer_conv, flat
from parity.layers.sizes import ONE, ZERO, Pads, Positive, Sizes, need_rank, pads_per_axis, per_axis


@dataclass(frozen=True)
class DepthwiseConv2D(Layer):
    """Every channel is convolved by itself: y[n, i·M + m] = x[n, i] ⋆ W[i, m] + b[i·M + m].

    Args:
        multiplier: M, output channels for each input channel.
        kernel: size of the window.
        stride: step of the window.
        pad: zeros around the input.
        bias: whether b is added.
    """

    multiplier: Positive
    kernel: Sizes
    stride: Sizes = ONE
    pad: Pads = ZERO
    bias: bool = True
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("kernel", "stride"):
            object.__setattr__(self, name, per_axis(getattr(self, name), 2, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, 2))

    def as_conv(self, channels: int) -> Conv2D:
        """The same layer as a grouped convolution."""
        return Conv2D(
            filters=channels * self.multiplier,
            kernel=self.kernel,
            stride=self.stride,
            pad=self.pad,
            groups=channels,
            bias=self.bias,
        )

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, H, W) → (N, C·multiplier, *out)."""
        need_rank(x[0], 4, what="N C H W")
        return self.as_conv(x[0].shape[1]).infer(*x)

    def arithmetic(self, *x: Spec) -> str:
        """(N + P − F) / S + 1 for every axis."""
        return self.as_conv(x[0].shape[1]).arithmetic(*x)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (C, multiplier, *kernel), b (C·multiplier)."""
        i = x[0].shape[1]
        W = Weight("i m h w", (i, self.multiplier, *self.kernel), fan_in=math.prod(self.kernel))
        return {"W": W} | ({"b": Weight("o", (i * self.multiplier,), "bias")} if self.bias else {})


def _as_conv(p, x, W):
    conv = p.as_conv(x.shape[1])
    return conv, W.reshape(-1, 1, *p.kernel)


@DepthwiseConv2D.on("numpy")
def _(p, n, x, W, b=None):
    conv, w = _as_conv(p, x, W)
    return conv.rule("numpy").fn(conv, n, x, w, b)


@DepthwiseConv2D.on("magnitude", c=2.2)
def _(p, n, y, x, W, b=None):
    conv, w = _as_conv(p, x, W)
    return conv.rule("magnitude").fn(conv, n, y, x, w, b)


@DepthwiseConv2D.on("carry")
def _(p, n, y, e, x, W, b=None):
    conv, w = _as_conv(p, x, W)
    return conv.rule("carry").fn(conv, n, y, e, x, w, b)


@DepthwiseConv2D.on("chainer", W="W: m i h w", b="b: o")
def _(p, c, x):
    return chainer_conv(
        p,
        c,
        x,
        lambda pad: c.L.DepthwiseConvolution2D(x.shape[1], p.multiplier, p.kernel, p.stride, pad, nobias=not p.bias),
    )


@DepthwiseConv2D.on("keras", x="n ... c", W="kernel: h w i m", b="bias: o")
def _(p, k, x):
    conv = k.layers.DepthwiseConv2D(p.kernel, strides=p.stride, depth_multiplier=p.multiplier, use_bias=p.bias)
    return k.weighted(conv)(k.pad(x, p.pad))


DepthwiseConv2D.unsupported(
    "keras-tensorflow",
    when=lambda p: p.stride[0] != p.stride[1],
    why="TensorFlow's depthwise kernel on a CPU takes equal strides only",
)


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
        group=o.shape(x)[1],
    )
