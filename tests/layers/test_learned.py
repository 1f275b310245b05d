"""Activations with a learned parameter, an element at a time and against Chainer; where the parameter goes."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import Judged, evaluate
from parity.layers import Spec
from parity.layers.learned import PReLU, Swish

SHAPES = [
    ((2, 3, 4, 5), (2, 3), (3, 1, 1)),
    ((2, 3, 4, 5), (), (3, 4, 5)),
    ((2, 3, 4, 5), (1, 2, 3), (1, 1, 1)),
    ((2, 3, 4, 5), (1, -1), (1, 4, 1)),
    ((2, 3, 4, 5), (3,), (3, 4, 1)),
    ((7, 5), (), (5,)),
    ((2, 3, 4), (-1,), (3, 1)),
    ((2, 3, 4, 5, 6), (2, 3, 4), (3, 1, 1, 1)),
]
each = pytest.mark.parametrize(("shape", "shared", "weight"), SHAPES)


def prelu(x, w):
    return x if x >= 0 else x * w


def swish(x, w):
    return x / (1 + math.exp(-x * w))


@each
@pytest.mark.parametrize(("kind", "one"), [(PReLU, prelu), (Swish, swish)])
def test_one_number_at_a_time(kind, one, shape, shared, weight, numbers, weights, rule):
    layer, x = kind(shared_axes=shared), numbers(*shape)
    w = weights(layer, x)
    ((name, array),) = w.items()
    assert name == kind.weight
    assert array.shape == weight
    y = rule(layer, x, **w)
    for at in np.ndindex(*shape):
        own = array[tuple(0 if size == 1 else i for i, size in zip(at[1:], weight, strict=True))]
        assert y[at] == pytest.approx(one(x[at], own), rel=1e-12)


TRAILING = [s for s in SHAPES if 1 not in s[2] or list(s[2]) == sorted(s[2], key=lambda size: size == 1)]


@pytest.mark.parametrize(("shape", "shared", "weight"), TRAILING)
def test_against_chainer(shape, shared, weight, numbers, weights, rule, close, F):
    x = numbers(*shape)
    own = tuple(size for size in weight if size > 1)
    w = weights(PReLU(shared_axes=shared), x)
    close(rule(PReLU(shared_axes=shared), x, **w), F.prelu(x, w["slope"].reshape(own)))
    beta = weights(Swish(shared_axes=shared), x)
    close(rule(Swish(shared_axes=shared), x, **beta), F.swish(x, beta["beta"].reshape(own)))


def test_where_the_weight_goes():
    x = Spec((2, 3, 4, 5))
    places = {
        (2, 3): ((3,), (1, 1, 3), (3, 1, 1)),
        (): ((3, 4, 5), (4, 5, 3), (3, 4, 5)),
        (1, 2, 3): ((), (1, 1, 1), (1, 1, 1)),
        (1, 3): ((1, 4, 1), (4, 1, 1), (1, 4, 1)),  # no link of Chainer's has that, so it is kept whole
    }
    for shared, shapes in places.items():
        layer = PReLU(shared_axes=shared)
        declared = layer.weights(x)
        w = np.arange(math.prod(declared["slope"].shape), dtype=np.float32).reshape(declared["slope"].shape)
        for dialect, shape in zip(("chainer", "keras", "onnx"), shapes, strict=True):
            places = layer.layout_map(dialect, declared)
            (array,) = places.forward({"slope": w}).values()
            assert array.shape == shape
            back = places.inverse(places.forward({"slope": w}), {"slope": w.shape})
            np.testing.assert_array_equal(back["slope"], w)


@pytest.mark.parametrize(
    ("shared", "shape", "message"),
    [
        ((0, 1), (2, 3), r"shared_axes: found \[0, 1\]: the batch, axis 0, is always shared; \[1\] are accepted"),
        ((4,), (2, 3, 4), "shared_axes: found 4, the input has 3 axes"),
        ((), (3,), r"expected N C and up to three spatial axes, found shape \[3\]"),
    ],
)
def test_axes_that_cannot_be_shared(shared, shape, message):
    for kind in (PReLU, Swish):
        with pytest.raises(BadInput, match=message):
            kind(shared_axes=shared).infer(Spec(shape))


@pytest.mark.parametrize("kind", [PReLU, Swish])
def test_a_weight_along_the_wrong_axis_is_outside_the_bound(kind, numbers):
    x, w = numbers(2, 4, 4), 1 + 0.01 * numbers(4)
    layer = kind(shared_axes=(2,))
    node = Node("n", layer, ("x",), {})
    right = evaluate(node, [Judged(x, None)], {kind.weight: w[:, None]})[0]
    wrong = evaluate(node, [Judged(x, None)], {kind.weight: w[None, :]})[0]
    assert (np.abs(right.value - wrong.value) > right.bound).mean() > 0.3
