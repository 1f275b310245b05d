"""Pooling to a size: against windows taken one by one, and against poolings with a stride where it divides."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import Judged, evaluate
from parity.layers import Layer, Spec


def layer(kind, nd, size):
    return Layer.registry[f"Adaptive{kind}Pool{nd}D"](size=size)


@pytest.mark.parametrize(("kind", "function"), [("Average", np.mean), ("Max", np.max)])
@pytest.mark.parametrize("size", [(1, 1), (4, 7), (3, 5), (7, 2), (7, 11)])
def test_windows(kind, function, size, numbers, rule):
    x = numbers(2, 3, 7, 11)
    y = rule(layer(kind, 2, size), x)
    for i, j in np.ndindex(*size):
        (a, b), (c, d) = (
            (math.floor(k * n / s), math.ceil((k + 1) * n / s)) for k, n, s in zip((i, j), (7, 11), size, strict=True)
        )
        np.testing.assert_allclose(y[:, :, i, j], function(x[:, :, a:b, c:d], axis=(2, 3)), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("nd", "shape", "size"), [(1, (2, 3, 12), (4,)), (3, (2, 3, 4, 6, 9), (2, 3, 9))])
def test_sizes_that_divide_are_strides(nd, shape, size, numbers, rule, close, F):
    x = numbers(*shape)
    kernel = tuple(n // s for n, s in zip(shape[2:], size, strict=True))
    close(rule(layer("Average", nd, size), x), F.average_pooling_nd(x, kernel, kernel))
    close(rule(layer("Max", nd, size), x), F.max_pooling_nd(x, kernel, kernel))


@pytest.mark.parametrize("kind", ["Average", "Max"])
def test_other_windows_are_outside_the_bound(kind, numbers, rule):
    x = numbers(2, 3, 11)
    judged = evaluate(Node("n", layer(kind, 1, 7), ("x",), {}), [Judged(x, None)], {})[0]
    ends = [(int(i * 11 / 7), int(i * 11 / 7) + 2) for i in range(7)]  # of one size all
    wrong = np.stack([(np.mean if kind == "Average" else np.max)(x[..., a:b], -1) for a, b in ends], -1)
    assert (np.abs(wrong - judged.value) > (0 if judged.bound is None else judged.bound)).any()


def test_what_keras_cannot_do():
    assert layer("Max", 1, 1).gap("keras", "keras-tensorflow")
    assert layer("Max", 1, 7).gap("keras", "keras-jax")
    assert not layer("Max", 1, 4).gap("keras", "keras-jax")
    assert not layer("Max", 2, (7, 1)).gap("onnx", "onnxruntime")


def test_no_more_than_there_are():
    with pytest.raises(BadInput, match=r"size: found \[12\], the input has \[11\]; at most as many are accepted"):
        layer("Max", 1, 12).infer(Spec((2, 3, 11)))
