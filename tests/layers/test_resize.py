"""Images in another size: an output element at a time, in fractions, and against Chainer."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.resize import Resize
from parity.layers.upsample import UpSampling1D, UpSampling2D, UpSampling3D

WAYS = [
    *[("bilinear", c) for c in ("half_pixel", "align_corners", "asymmetric")],
    *[("nearest", c) for c in ("half_pixel", "asymmetric")],
]
SIZES = [((5, 7), (11, 9)), ((5, 7), (3, 17)), ((6, 4), (4, 6)), ((5, 3), (1, 1)), ((1, 2), (3, 5)), ((4, 6), (4, 6))]


def coordinate(i, n, m, coordinates):
    """Where output i of m stands among n inputs, as ONNX writes it."""
    if coordinates == "align_corners":
        c = Fraction(i * (n - 1), m - 1) if m > 1 else Fraction(0)
    elif coordinates == "half_pixel":
        c = (Fraction(i) + Fraction(1, 2)) * Fraction(n, m) - Fraction(1, 2)
    else:
        c = Fraction(i * n, m)
    return min(max(c, Fraction(0)), Fraction(n - 1))


def by_definition(p, x):
    """Every output element by itself, its coordinates as fractions."""
    y = np.zeros((*x.shape[:2], *p.size))
    for i, j in itertools.product(*map(range, p.size)):
        c = [coordinate(k, n, m, p.coordinates) for k, n, m in zip((i, j), x.shape[2:], p.size, strict=True)]
        if p.mode == "nearest":
            half = Fraction(1, 2) if p.coordinates == "half_pixel" else 0
            at = [min(math.floor(v + half), n - 1) for v, n in zip(c, x.shape[2:], strict=True)]
            y[:, :, i, j] = x[:, :, at[0], at[1]]
            continue
        for corner in itertools.product((0, 1), repeat=2):
            at = [min(math.floor(v) + k, n - 1) for v, k, n in zip(c, corner, x.shape[2:], strict=True)]
            part = [v - math.floor(v) for v in c]
            share = math.prod(w if k else 1 - w for w, k in zip(part, corner, strict=True))
            y[:, :, i, j] += float(share) * x[:, :, at[0], at[1]]
    return y


@pytest.mark.parametrize(("mode", "coordinates"), WAYS)
@pytest.mark.parametrize(("old", "new"), SIZES)
def test_against_definition(mode, coordinates, old, new, numbers, rule, close):
    layer, x = Resize(size=new, mode=mode, coordinates=coordinates), numbers(2, 3, *old)
    close(rule(layer, x), by_definition(layer, x))


@pytest.mark.parametrize(
    ("mode", "coordinates", "align_corners"),
    [("bilinear", "align_corners", True), ("bilinear", "half_pixel", False), ("nearest", "asymmetric", False)],
)
@pytest.mark.parametrize(("old", "new"), SIZES)
def test_against_chainer(mode, coordinates, align_corners, old, new, numbers, rule, F):
    layer, x = Resize(size=new, mode=mode, coordinates=coordinates), numbers(2, 3, *old)
    made = F.resize_images(x.astype(np.float32), new, mode=mode, align_corners=align_corners)  # it takes no float64
    np.testing.assert_allclose(rule(layer, x), made.array, rtol=1e-5, atol=1e-5)


def test_nearest_is_exact_where_floats_are_not():
    """Of 23 outputs on 14 inputs number 11 stands on a border, where TensorFlow takes the other; JAX at 25 on 10."""
    layer = Resize(size=1, mode="nearest", coordinates="half_pixel")
    assert layer.nearest(14, 23)[11] == 7
    for n, m in itertools.product(range(1, 40), range(1, 60)):
        exact = [math.floor((Fraction(i) + Fraction(1, 2)) * Fraction(n, m)) for i in range(m)]
        assert layer.nearest(n, m).tolist() == exact


@pytest.mark.parametrize(("mode", "coordinates"), WAYS)
def test_another_way_gives_another_image(mode, coordinates, numbers, rule):
    x = numbers(2, 3, 5, 7)
    y = rule(Resize(size=(9, 12), mode=mode, coordinates=coordinates), x)
    for other in WAYS:
        if other != (mode, coordinates):
            z = rule(Resize(size=(9, 12), mode=other[0], coordinates=other[1]), x)
            assert np.abs(y - z).max() > 0.1


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (UpSampling1D(size=3), (2, 3, 5)),
        (UpSampling2D(size=[2, 3]), (2, 3, 5, 4)),
        (UpSampling3D(size=[2, 1, 3]), (2, 3, 2, 5, 4)),
    ],
)
def test_upsampling_repeats(layer, shape, numbers, rule, F):
    x = numbers(*shape)
    y = rule(layer, x)
    for at in itertools.product(*map(range, y.shape[2:])):
        source = tuple(a // s for a, s in zip(at, layer.size, strict=True))
        np.testing.assert_array_equal(y[(..., *at)], x[(..., *source)])
    np.testing.assert_array_equal(y, F.unpooling_nd(x, layer.size, cover_all=False).array)


def test_upsampling_bilinear(numbers, rule, close):
    x = numbers(2, 3, 5, 4)
    size = Resize(size=(10, 12), mode="bilinear", coordinates="half_pixel")
    close(rule(UpSampling2D(size=[2, 3], interpolation="bilinear"), x), by_definition(size, x))


def test_bad_parameters():
    with pytest.raises(BadInput, match="found align_corners with nearest"):
        Resize(size=3, mode="nearest", coordinates="align_corners")
    with pytest.raises(BadInput, match="expected one number or a list of 2"):
        Resize(size=(3, 4, 5), mode="nearest", coordinates="half_pixel")
    with pytest.raises(BadInput, match=r"expected N C H W, found shape \[2, 3, 5\]"):
        Resize(size=3, mode="nearest", coordinates="half_pixel").infer(Spec((2, 3, 5)))
    with pytest.raises(BadInput, match=r"expected N C and 1 spatial axes, found shape \[2, 3\]"):
        UpSampling1D(size=3).infer(Spec((2, 3)))
