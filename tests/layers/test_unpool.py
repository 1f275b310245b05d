"""Unpoolings a window at a time, against Chainer, and as what they undo."""

import itertools

import numpy as np
import pytest

from parity.errors import BadInput
from parity.judge.bound import KIT
from parity.layers import Spec
from parity.layers.max_unpool import MaxUnpool2D
from parity.layers.unpool import Unpooling2D

SUMS = [
    (Unpooling2D(kernel=2, stride=2, cover_all=False), (2, 3, 4, 5)),
    (Unpooling2D(kernel=[2, 3], stride=[2, 3], cover_all=True), (2, 3, 4, 5)),
    (Unpooling2D(kernel=[3, 4], stride=[2, 1], pad=[1, 2], cover_all=True), (2, 3, 4, 5)),
    (Unpooling2D(kernel=[2, 1], stride=[3, 2], cover_all=False), (2, 3, 4, 5)),
    (Unpooling2D(kernel=3, stride=2, pad=1, cover_all=True, outsize=[7, 8]), (2, 3, 4, 5)),
    (Unpooling2D(kernel=3, stride=[2, 4], cover_all=False, outsize=[10, 22]), (2, 3, 4, 5)),
    (Unpooling2D(kernel=2, stride=2, pad=2, cover_all=False), (2, 3, 5, 6)),  # Chainer's way for whole factors
    (Unpooling2D(kernel=2, stride=2, pad=[2, 0], cover_all=False), (2, 3, 5, 6)),
]


@pytest.mark.parametrize(("layer", "shape"), SUMS)
def test_sums_over_windows(layer, shape, numbers, rule, close, F):
    x = numbers(*shape)
    y = rule(layer, x)
    expected = np.zeros_like(y)
    for q in itertools.product(*map(range, shape[2:])):
        at = []
        for a, k, s, p in zip(q, layer.kernel, layer.stride, layer.pad, strict=True):
            at.append(slice(max(a * s - p, 0), max(a * s - p + k, 0)))
        expected[(..., *at)] += x[(..., *q)][..., None, None]
    close(y, expected)
    made = F.unpooling_2d(x, layer.kernel, layer.stride, layer.pad, layer.outsize, layer.cover_all)
    close(y, made)


@pytest.mark.parametrize("cover_all", [True, False])
def test_outsize_takes_what_a_pooling_could_have_had(cover_all, numbers, F):
    x = numbers(1, 1, 3, 3)
    taken = []
    for size in range(1, 20):
        try:
            Unpooling2D(kernel=3, stride=4, pad=1, cover_all=cover_all, outsize=size).infer(Spec(x.shape))
        except BadInput:
            with pytest.raises(Exception, match=r"Invalid operation|Expect"):
                F.unpooling_2d(x, 3, 4, 1, (size, size), cover_all)
        else:
            assert F.unpooling_2d(x, 3, 4, 1, (size, size), cover_all).shape == (1, 1, size, size)
            taken.append(size)
    assert taken == ([6, 7, 8, 9] if cover_all else [9, 10, 11, 12])


PLACES = [
    (MaxUnpool2D(kernel=[2, 3], cover_all=False), (2, 3, 4, 6)),
    (MaxUnpool2D(kernel=[2, 4], cover_all=False), (2, 3, 5, 7)),
    (MaxUnpool2D(kernel=[3, 2], cover_all=True), (2, 3, 4, 5)),
    (MaxUnpool2D(kernel=3, pad=[1, 2], cover_all=True), (2, 3, 6, 8)),
    (MaxUnpool2D(kernel=[4, 3], pad=[0, 1], cover_all=False), (2, 3, 9, 9)),
]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("layer", "shape"), PLACES)
def test_places_of_the_maxima(layer, shape, ties, numbers, rule, F):
    z = numbers(*shape)
    z = np.round(z) if ties else z
    pooled = rule(layer.pooling(), z)
    x = numbers(*pooled.shape)
    y = rule(layer, x, z)
    more = {"stride": layer.kernel, "pad": layer.pad, "cover_all": layer.cover_all}
    values, indices = F.max_pooling_2d(z, layer.kernel, return_indices=True, **more)
    np.testing.assert_array_equal(values.array, pooled)
    made = F.upsampling_2d(x, indices, layer.kernel, outsize=shape[2:], **more)
    np.testing.assert_array_equal(y, made.array)
    assert np.count_nonzero(y) == x.size
    np.testing.assert_array_equal(np.sort(y[y != 0]), np.sort(x.ravel()))
    np.testing.assert_array_equal(z[rule(layer, pooled, z) != 0], rule(layer, pooled, z)[rule(layer, pooled, z) != 0])


def test_onnx_example(examples, rule):
    _, a, (x, indices), (y,) = examples("maxunpool")["maxunpool_export_without_output_shape"]
    layer = MaxUnpool2D(kernel=a["kernel_shape"], cover_all=False)
    z = np.zeros(y.shape)
    z.ravel()[indices.ravel()] = 1
    np.testing.assert_array_equal(rule(layer, x.astype(np.float64), z), y)


def test_errors_that_can_change_the_place():
    layer = MaxUnpool2D(kernel=2, cover_all=False)
    z = np.array([[1.0, 2.0, 5.0, 4.9], [1.99, 0.0, 1.0, 1.0]])[None, None]
    x = np.array([[10.0, -20.0]])[None, None]
    carry = layer.rule("carry").fn
    y = layer.rule("numpy").fn(layer, KIT, x, z)
    ex, ez = np.full(x.shape, 0.5), np.full(z.shape, 0.01)
    found = carry(layer, KIT, y, [ex, ez], x, z)[0, 0]
    np.testing.assert_array_equal(found, [[0, 10.5, 0.5, 0], [10.5, 0, 0, 0]])


@pytest.mark.parametrize(
    ("make", "shapes", "message"),
    [
        (lambda: Unpooling2D(kernel=2, stride=2, pad=4, cover_all=False), [(1, 1, 4, 4)], "nothing is left"),
        (
            lambda: Unpooling2D(kernel=2, stride=2, cover_all=True, outsize=9),
            [(1, 1, 4, 4)],
            "found 9; a pooling with kernel 2, stride 2 and pad 0 gives 4 windows on 7 … 8 elements",
        ),
        (lambda: Unpooling2D(kernel=2, stride=2, cover_all=True), [(1, 1, 4)], "expected N C H W"),
        (lambda: MaxUnpool2D(kernel=2, pad=2, cover_all=True), [], "must be below the kernel, 2"),
        (
            lambda: MaxUnpool2D(kernel=2, cover_all=True),
            [(1, 2, 3, 3), (1, 2, 7, 6)],
            r"x has shape \[1, 2, 3, 3\]; the pooling of z, \[1, 2, 7, 6\], gives \[1, 2, 4, 3\]",
        ),
    ],
)
def test_wrong_sizes_show_the_arithmetic(make, shapes, message):
    with pytest.raises(BadInput, match=message):
        make().infer(*map(Spec, shapes))
