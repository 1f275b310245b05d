"""Pooling against its definition, a window at a time, and against Chainer."""

import itertools
import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.average_pool import AveragePool1D, AveragePool2D, AveragePool3D
from parity.layers.max_pool import GlobalMaxPool, MaxPool1D, MaxPool2D, MaxPool3D
from parity.layers.reduce import GlobalAveragePool

MAX = [
    (MaxPool1D(kernel=3, stride=2, cover_all=False), (2, 3, 12)),
    (MaxPool1D(kernel=4, stride=3, cover_all=True), (2, 3, 12)),
    (MaxPool1D(kernel=3, stride=2, pad=1, cover_all=True), (2, 3, 10)),
    (MaxPool1D(kernel=3, stride=2, pad=[[2, 1]], cover_all=False), (2, 3, 11)),
    (MaxPool2D(kernel=[3, 2], stride=[2, 3], cover_all=False), (2, 3, 12, 9)),
    (MaxPool2D(kernel=[3, 2], stride=[2, 2], cover_all=True), (2, 3, 12, 9)),
    (MaxPool2D(kernel=[4, 3], stride=[3, 2], pad=[2, 1], cover_all=True), (2, 3, 8, 9)),
    (MaxPool2D(kernel=[3, 2], stride=2, pad=[[1, 0], [0, 1]], cover_all=True), (2, 3, 8, 9)),
    (MaxPool2D(kernel=[3, 2], stride=1, pad=[[0, 2], [1, 0]], cover_all=False), (2, 3, 5, 4)),
    (MaxPool3D(kernel=[2, 3, 4], stride=[1, 2, 3], pad=[1, 0, 1], cover_all=True), (2, 3, 4, 6, 7)),
    (MaxPool3D(kernel=[2, 1, 3], stride=[2, 1, 1], pad=[[1, 0], 0, [0, 2]], cover_all=False), (2, 3, 4, 6, 7)),
]
AVERAGE = [
    (AveragePool2D(kernel=[3, 2], stride=[2, 3], count_include_pad=True), (2, 3, 8, 11)),
    (AveragePool2D(kernel=3, stride=2, pad=[2, 1], count_include_pad=True), (2, 3, 8, 11)),
    (AveragePool2D(kernel=3, stride=2, pad=[2, 1], count_include_pad=False), (2, 3, 8, 11)),
    (AveragePool2D(kernel=[3, 4], stride=[1, 2], pad=[[0, 2], [3, 1]], count_include_pad=True), (2, 3, 6, 5)),
    (AveragePool2D(kernel=[3, 4], stride=[1, 2], pad=[[0, 2], [3, 1]], count_include_pad=False), (2, 3, 6, 5)),
    (AveragePool1D(kernel=3, stride=2, pad=1, count_include_pad=True), (2, 3, 8)),
    (AveragePool1D(kernel=4, stride=1, pad=[[3, 1]], count_include_pad=False), (2, 3, 8)),
    (AveragePool3D(kernel=[2, 3, 1], stride=[1, 2, 3], pad=[1, 2, 0], count_include_pad=True), (2, 3, 4, 6, 7)),
    (AveragePool3D(kernel=[2, 3, 4], stride=[2, 1, 3], pad=[1, 2, 1], count_include_pad=False), (2, 3, 4, 6, 7)),
]


def windows(p, size, cover_all=False):
    """For each output index the slices of the input that its window covers."""
    axes = []
    for n, k, s, (b, e) in zip(size, p.kernel, p.stride, p.pad, strict=True):
        round_ = math.ceil if cover_all else math.floor
        count = round_((n + b + e - k) / s) + 1
        axes.append([slice(max(0, q * s - b), min(n, q * s - b + k)) for q in range(count)])
    shape = tuple(len(a) for a in axes)
    return shape, zip(itertools.product(*map(range, shape)), itertools.product(*axes), strict=True)


@pytest.mark.parametrize(("layer", "shape"), MAX)
def test_max_against_definition(layer, shape, numbers, rule):
    x = numbers(*shape) - 3  # zeros around would win
    out, places = windows(layer, shape[2:], layer.cover_all)
    expected = np.zeros((*shape[:2], *out))
    for at, window in places:
        expected[(..., *at)] = x[(..., *window)].max(tuple(range(2, x.ndim)))
    np.testing.assert_array_equal(rule(layer, x), expected)


@pytest.mark.parametrize(("layer", "shape"), MAX)
def test_max_against_chainer(layer, shape, numbers, rule, F):
    x = numbers(*shape) - 3
    if all(b == e for b, e in layer.pad):
        made = F.max_pooling_nd(x, layer.kernel, layer.stride, [b for b, _ in layer.pad], cover_all=layer.cover_all)
    else:  # the end's padding is part of what cover_all covers
        padded = np.pad(x, [(0, 0), (0, 0), *layer.pad], constant_values=-np.inf)
        made = F.max_pooling_nd(padded, layer.kernel, layer.stride, cover_all=layer.cover_all)
    np.testing.assert_array_equal(rule(layer, x), made.array)


@pytest.mark.parametrize(("layer", "shape"), AVERAGE)
def test_average_against_definition(layer, shape, numbers, rule, close):
    x = numbers(*shape) + 2
    out, places = windows(layer, shape[2:])
    expected = np.zeros((*shape[:2], *out))
    for at, window in places:
        here = x[(..., *window)]
        count = math.prod(layer.kernel) if layer.count_include_pad else math.prod(here.shape[2:])
        expected[(..., *at)] = here.sum(tuple(range(2, x.ndim))) / count
    close(rule(layer, x), expected)


@pytest.mark.parametrize(("layer", "shape"), [a for a in AVERAGE if all(b == e for b, e in a[0].pad)])
def test_average_against_chainer(layer, shape, numbers, rule, close, F):
    x = numbers(*shape) + 2
    value = 0 if layer.count_include_pad else None
    made = F.average_pooling_nd(x, layer.kernel, layer.stride, [b for b, _ in layer.pad], pad_value=value)
    close(rule(layer, x), made)


@pytest.mark.parametrize("count_include_pad", [True, False])
def test_average_stays_float32(count_include_pad, numbers, rule):
    layer = AveragePool2D(kernel=3, stride=2, pad=1, count_include_pad=count_include_pad)
    assert rule(layer, numbers(2, 3, 7, 8).astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("shape", [(2, 3, 9), (2, 3, 5, 7), (2, 3, 4, 5, 6)])
@pytest.mark.parametrize("keepdims", [True, False])
def test_global_average(shape, keepdims, numbers, rule, close, F):
    x = numbers(*shape) + 1
    y = rule(GlobalAveragePool(keepdims=keepdims), x)
    close(y, F.average(x, axis=tuple(range(2, len(shape))), keepdims=keepdims))
    assert y.shape == ((2, 3, *[1] * (len(shape) - 2)) if keepdims else (2, 3))
    assert y.reshape(2, 3)[1, 2] == pytest.approx(math.fsum(x[1, 2].ravel()) / x[1, 2].size, rel=1e-12)


@pytest.mark.parametrize("shape", [(2, 3, 9), (2, 3, 5, 7), (2, 3, 4, 5, 6)])
@pytest.mark.parametrize("keepdims", [True, False])
def test_global_max(shape, keepdims, numbers, rule, F):
    x = numbers(*shape) - 3
    y = rule(GlobalMaxPool(keepdims=keepdims), x)
    np.testing.assert_array_equal(y, F.max(x, axis=tuple(range(2, len(shape))), keepdims=keepdims).array)
    assert y.reshape(2, 3)[1, 2] == max(x[1, 2].ravel())


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: MaxPool1D(kernel=2, stride=2, pad=2, cover_all=False), (2, 3, 9), "must be below the kernel, 2"),
        (lambda: MaxPool1D(kernel=9, stride=2, cover_all=True), (2, 3, 5), "is below 1"),
        (lambda: MaxPool1D(kernel=2, stride=4, cover_all=True), (2, 3, 7), "the last of 3 windows begins at 8"),
        (lambda: MaxPool2D(kernel=2, stride=2, cover_all=True), (2, 3, 7), r"expected N C and 2 spatial axes"),
        (lambda: AveragePool1D(kernel=2, stride=1, pad=2, count_include_pad=True), (2, 3, 7), "below the kernel, 2"),
        (lambda: GlobalMaxPool(keepdims=True), (2, 3), r"expected N C and spatial axes, found shape \[2, 3\]"),
        (lambda: GlobalAveragePool(keepdims=True), (2, 3), r"expected N C and spatial axes, found shape \[2, 3\]"),
    ],
)
def test_wrong_sizes_show_the_arithmetic(make, shape, message):
    with pytest.raises(BadInput, match=message):
        make().infer(Spec(shape))
