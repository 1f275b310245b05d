"""Elements by index: one by one, against Chainer, and ONNX's examples."""

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Layer, Spec
from parity.layers.gather import Gather, SelectItem


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("shape", [(6,), (3, 2)])
def test_gather(axis, shape, numbers, rule, F):
    x = numbers(2, 3, 4)
    t = np.abs(10 * numbers(*shape)).astype(np.int32) % x.shape[axis]
    y = rule(Gather(axis=axis), x, t)
    np.testing.assert_array_equal(y, F.get_item(x, (*[slice(None)] * (axis % 3), t)).array)
    for place in np.ndindex(shape):
        at = (*[slice(None)] * (axis % 3), *place)
        np.testing.assert_array_equal(y[at], np.take(x, t[place], axis))


@pytest.mark.parametrize("name", ["gather_0", "gather_1", "gather_2d_indices"])
def test_onnx_example(name, examples, rule):
    _, attributes, (x, t), (y,) = examples("gather")[name]
    np.testing.assert_array_equal(rule(Gather(axis=attributes["axis"]), x, t.astype(np.int32)), y)


def test_select_item(numbers, rule, F):
    x = numbers(6, 5)
    t = np.array([0, 4, 2, 2, 3, 1], np.int32)
    y = rule(SelectItem(), x, t)
    np.testing.assert_array_equal(y, F.select_item(x, t).array)
    assert y.tolist() == [x[n, t[n]] for n in range(6)]


def test_indices_are_known():
    assert Gather(axis=-1).indices(Spec((2, 3, 4)), Spec((5,), "int32")) == {1: 4}
    assert SelectItem().indices(Spec((6, 5)), Spec((6,), "int32")) == {1: 5}


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "message"),
    [
        ("Gather", {"axis": 2}, [(2, 3), (4,)], "axis: found 2, the input has 2 axes"),
        ("SelectItem", {}, [(2, 3), (3,)], r"expected \[N, C\] and \[N\], found \[2, 3\] and \[3\]"),
    ],
)
def test_shapes_that_do_not_fit(name, parameters, shapes, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(*map(Spec, shapes))
