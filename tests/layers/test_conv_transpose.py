"""Transposed convolutions against their definition, as the transpose of a convolution, and against Chainer."""

import itertools

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.conv import Conv2D, Conv3D
from parity.layers.conv_transpose import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D

CASES = [
    (ConvTranspose2D(filters=4, kernel=[3, 2]), (2, 3, 5, 6)),
    (ConvTranspose2D(filters=4, kernel=[3, 4], stride=[2, 3], bias=False), (2, 3, 5, 4)),
    (ConvTranspose2D(filters=5, kernel=[3, 4], stride=[2, 3], pad=[1, 2]), (2, 3, 5, 4)),
    (ConvTranspose2D(filters=5, kernel=[3, 4], stride=[2, 3], pad=[[1, 0], [0, 2]]), (2, 3, 5, 4)),
    (
        ConvTranspose2D(filters=2, kernel=[3, 4], stride=[2, 3], pad=[[1, 0], [2, 0]], output_padding=[1, 2]),
        (2, 3, 5, 4),
    ),
    (ConvTranspose2D(filters=6, kernel=[2, 1], stride=[3, 4], output_padding=[2, 3]), (2, 3, 4, 5)),
    (ConvTranspose2D(filters=2, kernel=4, stride=2, pad=1), (3, 5, 4, 6)),
    (ConvTranspose2D(filters=2, kernel=[2, 3], pad=[[2, 0], [0, 3]]), (1, 4, 6, 5)),  # pads beyond kernel − 1
    (ConvTranspose2D(filters=4, kernel=[3, 2], stride=[2, 3], dilation=[3, 2], pad=[[1, 2], 0]), (2, 3, 5, 4)),
    (ConvTranspose2D(filters=6, kernel=[2, 3], stride=[1, 2], groups=2, output_padding=[0, 1]), (2, 4, 5, 3)),
    (ConvTranspose1D(filters=4, kernel=3, stride=2, output_padding=1), (2, 3, 5)),
    (ConvTranspose1D(filters=6, kernel=2, stride=3, dilation=4, groups=3, pad=[[1, 2]], bias=False), (2, 3, 5)),
    (ConvTranspose3D(filters=4, kernel=[2, 3, 1], stride=[1, 2, 3], output_padding=[0, 0, 2]), (2, 3, 3, 2, 4)),
    (
        ConvTranspose3D(filters=4, kernel=[2, 1, 3], pad=[0, 0, [2, 1]], dilation=[2, 1, 2], groups=2, bias=False),
        (2, 6, 3, 4, 2),
    ),
]
each = pytest.mark.parametrize(("layer", "shape"), CASES)


def by_definition(p, x, W, b=None):
    """y[n, o, q·stride + r·dilation − pad] += x[n, i, q]·W[i, o, r]; what falls outside is dropped."""
    axes = list(zip(x.shape[2:], p.stride, p.kernel, p.pad, p.output_padding, p.dilation, strict=True))
    out = [(n - 1) * s + (k - 1) * d + 1 - sum(pad) + extra for n, s, k, pad, extra, d in axes]
    y = np.zeros((x.shape[0], p.filters, *out))
    width, made = x.shape[1] // p.groups, p.filters // p.groups
    for q in itertools.product(*map(range, x.shape[2:])):
        for r in itertools.product(*map(range, p.kernel)):
            at = [a * s + c * d - pad[0] for a, c, (_, s, _, pad, _, d) in zip(q, r, axes, strict=True)]
            if any(a < 0 or a >= n for a, n in zip(at, out, strict=True)):
                continue
            for g in range(p.groups):
                i, o = slice(g * width, (g + 1) * width), slice(g * made, (g + 1) * made)
                y[(slice(None), o, *at)] += x[(slice(None), i, *q)] @ W[(i, slice(None), *r)]
    return y if b is None else y + b.reshape(-1, *[1] * len(out))


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
    size = [(n - 1) * s + f for n, s, f in zip(shape[2:], layer.stride, layer.extent, strict=True)]
    more = {"stride": layer.stride, "outsize": size, "dilate": layer.dilation, "groups": layer.groups}
    full = (F.deconvolution_2d if layer.nd == 2 else F.deconvolution_nd)(x, w["W"], None, **more).array
    cut = [(b, n - e + o) for n, (b, e), o in zip(size, layer.pad, layer.output_padding, strict=True)]
    room = [(0, max(0, stop - n)) for n, (_, stop) in zip(size, cut, strict=True)]
    y = np.pad(full, [(0, 0), (0, 0), *room])[(slice(None), slice(None), *(slice(*c) for c in cut))]
    close(rule(layer, x, **w), y + w["b"].reshape(-1, *[1] * layer.nd) if layer.bias else y)


@each
def test_terms_are_the_taps_that_meet(layer, shape, rule):
    count = rule(layer, np.ones(shape), **{n: np.ones(w.shape) for n, w in layer.weights(Spec(shape)).items()})
    most = layer.terms * shape[1] // layer.groups + layer.bias
    room = all(n >= f for n, f in zip(shape[2:], layer.extent, strict=True))  # else not all of them meet
    assert count.max() == most if room else count.max() <= most


@pytest.mark.parametrize(
    ("conv", "shape"),
    [
        (Conv2D(filters=4, kernel=[3, 2], stride=[2, 3], pad=[[1, 0], [0, 1]], bias=False), (2, 3, 7, 9)),
        (Conv2D(filters=4, kernel=4, stride=2, pad=1, bias=False), (2, 3, 8, 10)),
        (Conv2D(filters=4, kernel=[2, 1], stride=3, bias=False), (2, 3, 8, 7)),
        (Conv2D(filters=4, kernel=[2, 3], stride=[2, 3], dilation=[3, 2], groups=2, bias=False), (2, 6, 8, 9)),
        (Conv3D(filters=6, kernel=[2, 1, 3], stride=[2, 1, 1], pad=[1, 0, 2], groups=3, bias=False), (2, 3, 4, 5, 3)),
    ],
)
def test_it_is_the_transpose_of_the_convolution(conv, shape, numbers, weights, rule):
    x = numbers(*shape)
    W = weights(conv, x)["W"]
    y = rule(conv, x, W=W)
    axes = zip(shape[2:], conv.pad, conv.kernel, conv.stride, conv.dilation, strict=True)
    extra = [(n + sum(p) - (k - 1) * d - 1) % s for n, p, k, s, d in axes]  # the sizes that a strided one merges
    back = {4: ConvTranspose2D, 5: ConvTranspose3D}[len(shape)](
        filters=shape[1],
        kernel=conv.kernel,
        stride=conv.stride,
        pad=conv.pad,
        output_padding=extra,
        dilation=conv.dilation,
        groups=conv.groups,
        bias=False,
    )
    v = numbers(*y.shape)
    assert np.vdot(v, y) == pytest.approx(np.vdot(rule(back, v, W=W), x), rel=1e-12)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            ConvTranspose2D(filters=2, kernel=3, stride=[2, 3], output_padding=[1, 3]),
            "found 3, must be below the stride",
        ),
        (ConvTranspose2D(filters=2, kernel=3, pad=4), r"\(4 − 1\)·1 \+ 3 − 8 \+ 0 is below 1"),
        (ConvTranspose2D(filters=2, kernel=3, groups=2), r"the input's channels \(3\) must be a multiple of groups"),
        (ConvTranspose2D(filters=2, kernel=3, groups=3), r"filters \(2\) must be a multiple of groups, found 3"),
        (ConvTranspose1D(filters=2, kernel=3), r"expected N C W, found shape \[2, 3, 4, 5\]"),
    ],
)
def test_wrong_sizes_show_the_arithmetic(layer, message):
    with pytest.raises(BadInput, match=message):
        layer.infer(Spec((2, 3, 4, 5)))
