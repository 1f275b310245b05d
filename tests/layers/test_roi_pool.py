"""Pooling over regions: a part at a time, in fractions, and against Chainer."""

import math
from fractions import Fraction

import numpy as np
import pytest

from parity.errors import BadInput
from parity.judge.bound import KIT
from parity.layers import Spec
from parity.layers.roi_pool import MaxRoiPool


def by_definition(p, x, boxes, images):
    y = np.zeros((len(boxes), x.shape[1], *p.size))
    for r, (box, image) in enumerate(zip(boxes, images, strict=True)):
        x1, y1, x2, y2 = (math.floor(abs(v) * p.scale + 0.5) * (1 if v > 0 else -1) for v in box)
        for i in range(p.size[0]):
            for j in range(p.size[1]):
                inside = []
                for low, high, k, m, n in ((y1, y2, i, p.size[0], x.shape[2]), (x1, x2, j, p.size[1], x.shape[3])):
                    step = Fraction(max(high - low + 1, 1), m)
                    first, behind = low + math.floor(k * step), low + math.ceil((k + 1) * step)
                    inside.append([v for v in range(first, behind) if 0 <= v < n])
                if all(inside):
                    y[r, :, i, j] = x[image][:, inside[0]][:, :, inside[1]].max((1, 2))
    return y


@pytest.mark.parametrize(("size", "scale"), [((2, 3), 1.0), ((7, 5), 0.5), (4, 1.25), ((13, 11), 1.0)])
def test_parts_of_regions(size, scale, numbers, rule, F):
    layer, x = MaxRoiPool(size=size, scale=scale), numbers(3, 2, 12, 15) - 4
    corner = np.floor(np.abs(numbers(40, 2)) * 6) - 3
    boxes = (np.concatenate([corner, corner + np.floor(np.abs(numbers(40, 2)) * 7) - 1], 1) + 0.125) / scale
    images = np.arange(40) % 3
    y = rule(layer, x, boxes, images)
    np.testing.assert_array_equal(y, by_definition(layer, x, boxes, images))
    assert (y == 0).any()
    assert (y != 0).mean() > 0.5
    if 11 not in layer.size:  # there a float of L / M is too large
        made = F.roi_pooling_2d(x, np.concatenate([images[:, None], boxes], 1), *layer.size, scale)
        np.testing.assert_array_equal(y, made.array)


def test_halves_are_rounded_away_from_zero(rule):
    x = np.arange(1.0, 9.0).reshape(1, 1, 1, 8)
    boxes = np.array([[0.0, 0, 2.5, 0], [0, 0, 3.5, 0], [2.5, 0, 2.5, 0]])
    assert rule(MaxRoiPool(size=1), x, boxes, np.zeros(3, int)).ravel().tolist() == [4, 5, 4]


def test_a_corner_that_may_round_otherwise_carries_everything():
    layer, x = MaxRoiPool(size=1, scale=0.5), np.ones((1, 1, 9, 9))
    boxes, images = np.array([[2.0, 2, 7, 4], [2, 2, 6, 4]]), np.zeros(2, int)
    errors = [np.full(x.shape, 0.25), np.full(boxes.shape, 1e-3), np.zeros(2)]
    found = layer.rule("carry").fn(layer, KIT, None, errors, x, boxes, images)
    assert found.ravel().tolist() == [math.inf, 0.25]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(3, 2, 8), (5, 4), (5,)], "expected N C H W"),
        ([(3, 2, 8, 8), (5, 5), (5,)], r"found shapes \[5, 5\] and \[5\], expected \[R, 4\] of boxes"),
        ([(3, 2, 8, 8), (5, 4), (4,)], r"found shapes \[5, 4\] and \[4\]"),
    ],
)
def test_bad_shapes(shapes, message):
    with pytest.raises(BadInput, match=message):
        MaxRoiPool(size=2).infer(*map(Spec, shapes))
