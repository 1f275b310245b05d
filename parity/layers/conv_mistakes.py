"""What people get wrong about convolutions, poolings over windows and tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from parity.layers.average_pool import AveragePool1D, AveragePool2D, AveragePool3D
from parity.layers.base import Layer
from parity.layers.conv import Conv1D, Conv2D, Conv3D
from parity.layers.conv_transpose import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D
from parity.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D
from parity.layers.embed import Embedding
from parity.layers.max_pool import MaxPool1D, MaxPool2D, MaxPool3D
from parity.layers.pad import Pad
from parity.layers.repeat import Permutate
from parity.layers.separable import SeparableConv1D, SeparableConv2D
from parity.layers.sizes import same_pads

Kinds = tuple[type[Layer], ...]
CONVS: Kinds = (Conv1D, Conv2D, Conv3D)
TRANSPOSES: Kinds = (ConvTranspose1D, ConvTranspose2D, ConvTranspose3D)
DEPTHWISE: Kinds = (DepthwiseConv1D, DepthwiseConv2D)
SEPARABLE: Kinds = (SeparableConv1D, SeparableConv2D)
MAX: Kinds = (MaxPool1D, MaxPool2D, MaxPool3D)
AVERAGE: Kinds = (AveragePool1D, AveragePool2D, AveragePool3D)
SAME = "Pad by hand, then padding='valid': TensorFlow's SAME puts an odd element of padding at the end."


def _pads(pads: Any) -> str:
    return " ".join(f"{b},{e}" for b, e in pads)


for _layer in MAX:

    @_layer.mistake(
        "cover_all", advice="Chainer's max_pooling rounds sizes up unless cover_all=False; nobody else does."
    )
    def _(p, seen):
        return replace(p, cover_all=not p.cover_all)


for _layer in (*CONVS, *DEPTHWISE, *SEPARABLE, *MAX, *AVERAGE):

    @_layer.mistake("SAME padding", advice=SAME)
    def _(p, seen):
        pads = same_pads(seen.inputs[0].shape[2:], p.kernel, p.stride, getattr(p, "dilation", None))
        if pads != p.pad:
            changed = {"pad": pads} | ({"cover_all": False} if hasattr(p, "cover_all") else {})
            yield f"TensorFlow's SAME, padding {_pads(pads)} instead of {_pads(p.pad)}", replace(p, **changed)


for _layer in TRANSPOSES:

    @_layer.mistake("SAME padding", advice="Cut by hand off what padding='valid' gives.")
    def _(p, seen):
        cut = [max(f - s, 0) for f, s in zip(p.extent, p.stride, strict=True)]
        pads = tuple((c // 2, c - c // 2) for c in cut)  # as the convolution that it is the gradient of pads
        if pads != p.pad:
            layer = replace(p, pad=pads, output_padding=(0,) * p.nd)
            yield f"TensorFlow's SAME, cuts {_pads(pads)} off instead of {_pads(p.pad)}", layer


for _layer in (*CONVS, *DEPTHWISE, *MAX, *AVERAGE):

    @_layer.mistake("strides from the kernel", advice="State the stride: without it some take the kernel, others 1.")
    def _(p, seen):
        if p.stride != p.kernel:
            yield f"stride {list(p.kernel)}, the kernel's, instead of {list(p.stride)}", replace(p, stride=p.kernel)


def _dealt(count: int, hands: int) -> tuple[int, ...]:
    """0 … count − 1 as (hands, count / hands), read by columns."""
    return tuple(int(i) for i in np.arange(count).reshape(hands, -1).T.ravel())


for _layer in (*CONVS, *TRANSPOSES):

    @_layer.mistake("group order", when=lambda p: p.groups > 1, advice="A group is of neighbouring channels.")
    def _(p, seen):
        c = seen.inputs[0].shape[1]
        before, behind = Permutate(_dealt(c, c // p.groups), 1), Permutate(_dealt(p.filters, p.groups), 1)
        if p.groups < c:
            yield "every so many channels are a group, instead of neighbouring ones", [before, p]
        if p.groups < p.filters:
            yield "outputs of the groups take turns, instead of group after group", [p, behind]


for _layer in DEPTHWISE:

    @_layer.mistake(
        "depthwise channel order",
        when=lambda p: p.multiplier > 1,
        advice="Output i·multiplier + m comes from channel i: keep this order in all weights.",
    )
    def _(p, seen):
        c = seen.inputs[0].shape[1]
        order = _dealt(c * p.multiplier, c)
        yield "outputs in the order m·C + i instead of i·multiplier + m", [p, Permutate(order, 1)]


for _layer in MAX:

    @_layer.mistake("padded with 0", advice="Pad a maximum with −inf: behind a ReLU the difference hides.")
    def _(p, seen):
        reach = p.reach(seen.inputs[0].shape[2:])
        if any(map(any, reach)):
            pad = Pad(pad_width=((0, 0), (0, 0), *reach))
            yield "padded with 0 instead of −inf", [pad, replace(p, pad=((0, 0),) * p.nd, cover_all=False)]


for _layer in AVERAGE:

    @_layer.mistake("size rounded up", advice="ceil_mode and cover_all: pad the end so that no window is cut short.")
    def _(p, seen):
        more = []
        for n, k, s, (b, e) in zip(seen.inputs[0].shape[2:], p.kernel, p.stride, p.pad, strict=True):
            more.append((b, e + (k - n - b - e) % s))
        if tuple(more) != p.pad:
            yield f"output size rounded up, padding {_pads(more)}", replace(p, pad=tuple(more))


@Embedding.mistake("index off by one", advice="Count from 0 on both sides; some keep row 0 for padding.")
def _(p, seen):
    W = seen.weights["W"]
    yield "each index reads the row behind its own", {"W": np.roll(W, -1, 0)}
    yield "each index reads the row before its own", {"W": np.roll(W, 1, 0)}


@Embedding.mistake(
    "padding index", advice="One side gives zeros for an index: padding_idx in PyTorch, ignore_label in Chainer."
)
def _(p, seen):
    W = seen.weights["W"]
    for index in dict.fromkeys((0, p.vocabulary - 1)):
        row = W.copy()
        row[index] = 0
        yield f"zeros for index {index}", {"W": row}
