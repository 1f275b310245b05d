"""Convolutions in two steps: each channel by itself, then all channels of one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parity.layers.composite import Composite
from parity.layers.conv import SPATIAL, Conv1D, Conv2D
from parity.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D
from parity.layers.sizes import ONE, ZERO, Pads, Positive, Sizes, pads_per_axis, per_axis


@dataclass(frozen=True)
class _SeparableConv(Composite, abstract=True):
    """A depthwise convolution without bias, then one with a kernel of size 1 (Chollet 2017, Xception).

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
    nd: ClassVar[int]
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        for name in ("kernel", "stride"):
            object.__setattr__(self, name, per_axis(getattr(self, name), self.nd, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, self.nd))

    def depthwise(self) -> DepthwiseConv1D | DepthwiseConv2D:
        """The first of the two."""
        kind: type[DepthwiseConv1D] | type[DepthwiseConv2D] = DepthwiseConv1D if self.nd == 1 else DepthwiseConv2D
        return kind(self.multiplier, self.kernel, self.stride, self.pad, bias=False)

    def parts(self, b, *x):
        """(N, C, *spatial) → (N, C·multiplier, *out) → (N, filters, *out)."""
        conv = Conv1D if self.nd == 1 else Conv2D
        y = b.add("depthwise", self.depthwise(), *x, W="D")
        return b.add("pointwise", conv(self.filters, (1,) * self.nd, bias=self.bias), y, W="W", b="b")

    def arithmetic(self, *x):
        """That of the depthwise step."""
        return self.depthwise().arithmetic(*x)


@dataclass(frozen=True)
class SeparableConv1D(_SeparableConv):
    __doc__ = _SeparableConv.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class SeparableConv2D(_SeparableConv):
    __doc__ = _SeparableConv.__doc__
    nd: ClassVar[int] = 2


def _keras(p, k, x):
    conv = getattr(k.layers, f"SeparableConv{p.nd}D")(
        p.filters, p.kernel, strides=p.stride, depth_multiplier=p.multiplier, use_bias=p.bias
    )
    return k.weighted(conv)(k.pad(x, p.pad))


for _layer in (SeparableConv1D, SeparableConv2D):
    _at = SPATIAL[_layer.nd]
    _layer.on("keras", x="n ... c", D=f"depthwise_kernel: {_at} i m", W=f"pointwise_kernel: {_at} i o", b="bias: o")(
        _keras
    )

SeparableConv2D.unsupported(
    "keras-tensorflow",
    when=lambda p: p.stride[0] != p.stride[1],
    why="TensorFlow's depthwise kernel on a CPU takes equal strides only",
)
