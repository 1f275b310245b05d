"""Small networks that are one link in Chainer: highway layers, convolutions by a perceptron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from parity.errors import BadInput
from parity.layers.activation import Sigmoid, Tanh
from parity.layers.arithmetic import Add, Mul
from parity.layers.base import Layer, Layout
from parity.layers.composite import Composite
from parity.layers.constants import SubFromConstant
from parity.layers.conv import Conv2D, chainer_conv
from parity.layers.dense import Linear
from parity.layers.rectifier import ReLU
from parity.layers.sizes import ONE, ZERO, Pads, Positive, Sizes, need_rank, pads_per_axis, per_axis

Activation = Literal["relu", "tanh", "sigmoid"]
"""Functions by the name that they have in Chainer."""
_LAYERS: Mapping[str, type[Layer]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}


@dataclass(frozen=True)
class Highway(Composite):
    """Srivastava et al. 2015. t·f(plain(x)) + (1 − t)·x, t = sigmoid(transform(x)), both of them linear layers.

    Chainer's L.Highway; its parts elsewhere.

    Args:
        activation: f, by its name in Chainer.
        bias: whether the linear layers have one.
    """

    activation: Activation = "relu"
    bias: bool = True
    independent: ClassVar[bool] = True

    def parts(self, b, *x):
        """(N, i) → (N, i)."""
        need_rank(b.specs[x[0]], 2, what="N F")
        units = b.specs[x[0]].shape[1]
        plain = b.add("plain", Linear(units, self.bias), *x)
        made = b.add("made", _LAYERS[self.activation](), plain)
        gate = b.add("gate", Sigmoid(), b.add("transform", Linear(units, self.bias), *x))
        kept = b.add("kept", Mul(), *x, b.add("rest", SubFromConstant(1.0), gate))
        return b.add("sum", Add(), b.add("taken", Mul(), made, gate), kept)


@Highway.on(
    "chainer",
    plain_W="plain/W: o i",
    plain_b="plain/b: o",
    transform_W="transform/W: o i",
    transform_b="transform/b: o",
)
def _(p, c, x):
    return c.link(c.L.Highway(x.shape[1], nobias=not p.bias, activate=getattr(c.F, p.activation)))


@dataclass(frozen=True)
class MLPConvolution2D(Composite):
    """Lin et al. 2014, network in network. A convolution, then some with a 1×1 kernel, an activation between them.

    Chainer's L.MLPConvolution2D, which puts no activation behind the last; its parts elsewhere.

    Args:
        filters: number of output channels of each convolution, of two at least.
        kernel: size of the first one's window.
        stride: step of the first one's window.
        pad: zeros around the input; one number, one per axis, or (begin, end) per axis.
        activation: between the convolutions, by its name in Chainer.
    """

    filters: tuple[Positive, ...]
    kernel: Sizes
    stride: Sizes = ONE
    pad: Pads = ZERO
    activation: Activation = "relu"
    independent: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "filters", tuple(self.filters))
        if len(self.filters) < 2:
            raise BadInput(f"found {list(self.filters)}, accepted: two numbers or more; one is Conv2D", path="filters")
        for name in ("kernel", "stride"):
            object.__setattr__(self, name, per_axis(getattr(self, name), 2, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, 2))

    def parts(self, b, *x):
        """(N, C, H, W) → (N, filters[-1], *out)."""
        y = b.add("l0", Conv2D(self.filters[0], self.kernel, self.stride, self.pad), *x)
        for i, filters in enumerate(self.filters[1:], 1):
            y = b.add(f"l{i}", Conv2D(filters, (1, 1)), b.add(f"a{i}", _LAYERS[self.activation](), y))
        return y

    def arithmetic(self, *x):
        """That of the first convolution."""
        return Conv2D(self.filters[0], self.kernel, self.stride, self.pad).arithmetic(*x)

    def layouts(self, dialect: str) -> Mapping[str, Layout]:
        """Those of Chainer's link, which numbers its convolutions."""
        places = {"W": "o i h w", "b": "o"}
        return {f"l{i}_{w}": f"{i}/{w}: {axes}" for i in range(len(self.filters)) for w, axes in places.items()}


@MLPConvolution2D.on("chainer")
def _(p, c, x):
    f = getattr(c.F, p.activation)
    return chainer_conv(
        p, c, x, lambda pad: c.L.MLPConvolution2D(x.shape[1], p.filters, p.kernel, p.stride, pad, activation=f)
    )
