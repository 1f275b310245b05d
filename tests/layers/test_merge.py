"""Layers that put inputs side by side."""

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.merge import Concat


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_concat(axis, numbers, rule, F):
    shape = [2, 3, 4]
    xs = []
    for size in (5, 1, 6):
        shape[axis] = size
        xs.append(numbers(*shape))
    y = rule(Concat(axis=axis), *xs)
    np.testing.assert_array_equal(y, F.concat(xs, axis=axis).array)
    start = 0
    for x in xs:
        part = np.take(y, range(start, start + x.shape[axis]), axis)
        np.testing.assert_array_equal(part, x)
        start += x.shape[axis]


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (Concat(axis=1), [(2, 3), (4, 3)], r"differ along axis 1 alone, found \[\[2, 3\], \[4, 3\]\]"),
        (Concat(axis=1), [(2, 3), (2, 3, 1)], "differ along axis 1 alone"),
        (Concat(axis=2), [(2, 3), (2, 3)], "found 2, the input has 2 axes"),
    ],
)
def test_shapes_that_do_not_fit(layer, shapes, message):
    with pytest.raises(BadInput, match=message):
        layer.infer(*map(Spec, shapes))
