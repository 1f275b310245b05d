"""Transposed convolutions against their definition, as the transpose of a convolution, and against Chainer."""

import itertools

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.conv import Conv2D
from parity.layers.conv_transpose import ConvTranspose2D

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
]
each = pytest.mark.parametrize(("layer", "shape"), CASES)


def by_definition(p, x, W, b=None):
    """y[n, o, q·stride + r − pad] += x[n, i, q]·W[i, o, r]; what falls outside is dropped."""
    out = [
        (n - 1) * s + k - sum(pad) + extra
        for n, s, k, pad, extra in zip(x.shape[2:], p.stride, p.kernel, p.pad, p.output_padding, strict=True)
    ]
    y = np.zeros((x.shape[0], p.filters, *out))
    for q in itertools.product(*map(range, x.shape[2:])):
        for r in itertools.product(*map(range, p.kernel)):
            at = [a * s + c - pad[0] for a, s, c, pad in zip(q, p.stride, r, p.pad, strict=True)]
            if all(0 <= a < n for a, n in zip(at, out, strict=True)):
                y[(slice(None), slice(None), *at)] += x[(slice(None), slice(None), *q)] @ W[(..., *r)]
    return y if b is None else y + b.reshape(-1, 1, 1)


@each
def test_against_definition(layer, shape, numbers, weights, rule, close):
    x = numbers(*shape)
    w = weights(layer, x)
    close(rule(layer, x, **w), by_definition(layer, x, **w))


@each
def test_against_chainer(layer, shape, numbers, weights, rule, close, F):
    x = numbers(*shape)
    w = weights(layer, x)
    size = [(n - 1) * s + k for n, s, k in zip(shape[2:], layer.stride, layer.kernel, strict=True)]
    full = F.deconvolution_2d(x, w["W"], None, stride=layer.stride, outsize=size).array
    cut = [(b, n - e + o) for n, (b, e), o in zip(size, layer.pad, layer.output_padding, strict=True)]
    room = [(0, max(0, stop - n)) for n, (_, stop) in zip(size, cut, strict=True)]
    y = np.pad(full, [(0, 0), (0, 0), *room])[:, :, cut[0][0] : cut[0][1], cut[1][0] : cut[1][1]]
    close(rule(layer, x, **w), y + w["b"].reshape(-1, 1, 1) if layer.bias else y)


@pytest.mark.parametrize(
    ("kernel", "stride", "pad", "shape"),
    [([3, 2], [2, 3], [[1, 0], [0, 1]], (2, 3, 7, 9)), (4, 2, 1, (2, 3, 8, 10)), ([2, 1], 3, 0, (2, 3, 8, 7))],
)
def test_it_is_the_transpose_of_the_convolution(kernel, stride, pad, shape, numbers, weights, rule):
    conv = Conv2D(filters=4, kernel=kernel, stride=stride, pad=pad, bias=False)
    x = numbers(*shape)
    W = weights(conv, x)["W"]
    y = rule(conv, x, W=W)
    extra = [  # the sizes that a strided convolution merges
        (n + sum(p) - k) % s for n, p, k, s in zip(shape[2:], conv.pad, conv.kernel, conv.stride, strict=True)
    ]
    back = ConvTranspose2D(filters=3, kernel=kernel, stride=stride, pad=pad, output_padding=extra, bias=False)
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
    ],
)
def test_wrong_sizes_show_the_arithmetic(layer, message):
    with pytest.raises(BadInput, match=message):
        layer.infer(Spec((2, 3, 4, 5)))
