"""Convolutions in two steps: each channel by itself, then all channels of one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parity.layers.composite import Composite
from parity.layers.conv import Conv2D
from parity.layers.depthwise import DepthwiseConv2D
from parity.layers.sizes import ONE, ZERO, Pads, Positive, Sizes, pads_per_axis, per_axis


@dataclass(frozen=True)
class SeparableConv2D(Composite):
    """A depthwise convolution without bias, then one with a 1×1 kernel (Chollet 2017, Xception).

    Args:
        filters: number of output channels.
        kernel: size of the depthwise window.
        stride: step of the window.
        pad: zeros around the input; one number, one per axis, or (begin, end) per axis.
        multiplier: channels between the two for each input channel.
        bias: whether b is added at the end.
    """

    filters: Positive
    kernel: Sizes
    stride: Sizes = ONE
    pad: Pads = ZERO
    multiplier: Positive = 1
    bias: bool = True
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("kernel", "stride"):
            object.__setattr__(self, name, per_axis(getattr(self, name), 2, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, 2))

    def parts(self, b, *x):
        """(N, C, H, W) → (N, C·multiplier, *out) → (N, filters, *out)."""
        depthwise = DepthwiseConv2D(self.multiplier, self.kernel, self.stride, self.pad, bias=False)
        y = b.add("depthwise", depthwise, *x, W="D")
        return b.add("pointwise", Conv2D(self.filters, (1, 1), bias=self.bias), y, W="W", b="b")

    def arithmetic(self, *x):
        """That of the depthwise step."""
        return DepthwiseConv2D(self.multiplier, self.kernel, self.stride, self.pad).arithmetic(*x)


@SeparableConv2D.on("keras", x="n ... c", D="depthwise_kernel: h w i m", W="pointwise_kernel: h w i o", b="bias: o")
def _(p, k, x):
    conv = k.layers.SeparableConv2D(
        p.filters, p.kernel, strides=p.stride, depth_multiplier=p.multiplier, use_bias=p.bias
    )
    return k.weighted(conv)(k.pad(x, p.pad))


SeparableConv2D.unsupported(
    "keras-tensorflow",
    when=lambda p: p.stride[0] != p.stride[1],
    why="TensorFlow's depthwise kernel on a CPU takes equal strides only",
)
