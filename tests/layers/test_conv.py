"""Convolutions against their definition, an output element at a time, and against Chainer."""

import itertools

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.conv import Conv1D, Conv2D, Conv3D
from parity.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D

CASES = [
    (Conv1D(filters=4, kernel=3), (2, 6, 13)),
    (Conv1D(filters=4, kernel=2, stride=3, pad=[[2, 1]], dilation=2, groups=2), (3, 6, 11)),
    (Conv2D(filters=5, kernel=[3, 2]), (2, 3, 6, 7)),
    (Conv2D(filters=5, kernel=[3, 2], stride=[2, 3], pad=[1, 2], dilation=[2, 1], bias=False), (2, 3, 8, 7)),
    (Conv2D(filters=6, kernel=[2, 3], stride=[1, 2], pad=[[0, 2], [1, 0]], dilation=[1, 2], groups=2), (3, 4, 7, 9)),
    (Conv2D(filters=6, kernel=[1, 4], groups=3, pad=2), (1, 3, 5, 4)),
    (Conv2D(filters=2, kernel=[5, 6]), (2, 3, 5, 6)),
    (Conv3D(filters=4, kernel=[2, 3, 1]), (2, 3, 4, 5, 6)),
    (
        Conv3D(filters=6, kernel=[2, 1, 3], stride=[2, 1, 3], pad=[[1, 0], [0, 2], [1, 1]], dilation=[1, 2, 2]),
        (2, 3, 5, 4, 7),
    ),
    (Conv3D(filters=4, kernel=[1, 2, 2], pad=[0, 1, 2], groups=2, bias=False), (2, 6, 3, 4, 5)),
]
each = pytest.mark.parametrize(("layer", "shape"), CASES)


def by_definition(p, x, W, b=None):
    """y[n, o, q] = Σ_{i, r} x[n, i, q·stride − pad + r·dilation]·W[o, i, r] + b[o]; outside the input stand zeros."""
    size = x.shape[2:]
    out = [
        (n + sum(pad) - (k - 1) * d - 1) // s + 1
        for n, k, s, pad, d in zip(size, p.kernel, p.stride, p.pad, p.dilation, strict=True)
    ]
    y = np.zeros((x.shape[0], p.filters, *out))
    width, made = x.shape[1] // p.groups, p.filters // p.groups
    for q in itertools.product(*map(range, out)):
        for r in itertools.product(*map(range, p.kernel)):
            at = [a * s - pad[0] + c * d for a, s, pad, c, d in zip(q, p.stride, p.pad, r, p.dilation, strict=True)]
            if any(a < 0 or a >= n for a, n in zip(at, size, strict=True)):
                continue
            for g in range(p.groups):
                i, o = slice(g * width, (g + 1) * width), slice(g * made, (g + 1) * made)
                y[(slice(None), o, *q)] += x[(slice(None), i, *at)] @ W[(o, slice(None), *r)].T
    return y if b is None else y + b.reshape(-1, *[1] * len(size))


@each
def test_against_definition(layer, shape, numbers, weights, rule, close):
    x = numbers(*shape)
    w = weights(layer, x)
    assert ("b" in w) == layer.bias
    close(rule(layer, x, **w), by_definition(layer, x, **w))


@each
def test_against_chainer(layer, shape, numbers, weights, rule, close, F):
    x = numbers(*shape)
    w = weights(layer, x)
    padded = np.pad(x, [(0, 0), (0, 0), *layer.pad])
    made = F.convolution_nd(
        padded, w["W"], w.get("b"), stride=layer.stride, pad=0, dilate=layer.dilation, groups=layer.groups
    )
    close(rule(layer, x, **w), made)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (DepthwiseConv2D(multiplier=3, kernel=[2, 3]), (2, 4, 6, 5)),
        (DepthwiseConv2D(multiplier=1, kernel=3, stride=[2, 1], pad=[1, 2], bias=False), (2, 3, 6, 5)),
        (DepthwiseConv2D(multiplier=2, kernel=[3, 1], stride=[1, 2], pad=[[0, 2], [1, 0]]), (3, 4, 6, 5)),
        (DepthwiseConv2D(multiplier=2, kernel=[3, 2], stride=[2, 1], pad=[1, 0], dilation=[2, 3]), (3, 4, 6, 5)),
        (DepthwiseConv1D(multiplier=2, kernel=3, stride=2, pad=[[2, 1]]), (3, 4, 9)),
        (DepthwiseConv1D(multiplier=3, kernel=2, dilation=3, bias=False), (3, 4, 9)),
    ],
)
def test_depthwise(layer, shape, numbers, weights, rule, close, F):
    x = numbers(*shape)
    w = weights(layer, x)
    y = rule(layer, x, **w)
    padded = np.pad(x, [(0, 0), (0, 0), *layer.pad])
    if layer.nd == 2 and max(layer.dilation) == 1:
        chainers = np.ascontiguousarray(w["W"].swapaxes(0, 1))  # multiplier first
        close(y, F.depthwise_convolution_2d(padded, chainers, w.get("b"), stride=layer.stride))
    grouped = w["W"].reshape(-1, 1, *layer.kernel)
    more = {"stride": layer.stride, "dilate": layer.dilation, "groups": shape[1]}
    close(y, F.convolution_nd(padded, grouped, w.get("b"), **more))
    for i in range(shape[1]):  # every channel by itself
        for m in range(layer.multiplier):
            one = {1: Conv1D, 2: Conv2D}[layer.nd](
                filters=1,
                kernel=layer.kernel,
                stride=layer.stride,
                pad=layer.pad,
                dilation=layer.dilation,
                bias=layer.bias,
            )
            at = i * layer.multiplier + m
            own = {"W": w["W"][i : i + 1, m : m + 1]} | ({"b": w["b"][at : at + 1]} if layer.bias else {})
            close(y[:, at : at + 1], by_definition(one, x[:, i : i + 1], **own))


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: Conv2D(filters=4, kernel=3), (2, 3, 5), r"expected N C H W, found shape \[2, 3, 5\]"),
        (lambda: Conv2D(filters=4, kernel=3, groups=2), (2, 3, 5, 5), r"the input's channels \(3\) must be a multiple"),
        (lambda: Conv2D(filters=3, kernel=3, groups=2), (2, 4, 5, 5), r"filters \(3\) must be a multiple of groups"),
        (lambda: Conv2D(filters=4, kernel=6), (2, 3, 5, 9), r"\(5 \+ 0 − 6\) / 1 \+ 1 is below 1"),
        (lambda: Conv1D(filters=4, kernel=3, dilation=3, pad=[[1, 0]]), (2, 3, 5), r"\(5 \+ 1 − 7\) / 1 \+ 1 is below"),
        (lambda: Conv2D(filters=4, kernel=[3, 3, 3]), (2, 3, 5, 5), r"expected one number or a list of 2"),
        (
            lambda: Conv3D(filters=4, kernel=2, pad=[1, 1]),
            (2, 3, 5, 5, 5),
            r"expected one number, 3 numbers or 3 pairs",
        ),
    ],
)
def test_wrong_sizes_show_the_arithmetic(make, shape, message):
    with pytest.raises(BadInput, match=message):
        make().infer(Spec(shape))
