from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from parity.measure.precision.pictures import LARGEST, pictures, png


def pixels(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def test_reference_actual_and_amplified_difference():
    exact = np.linspace(-3, 5, 2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    actual = exact.copy()
    actual[0, 1, 2, 3] += 0.08
    (found,) = pictures("y", actual.astype(np.float32), exact)
    assert (found["tensor"], found["sample"]) == ("y", 0)
    assert pixels(found["reference"]).shape == (4, 5, 3)
    assert (pixels(found["reference"])[0, 0, 0], pixels(found["reference"])[-1, -1, -1]) == (0, 255)
    span = np.ptp(exact[0])
    assert found["scale"] == pytest.approx(0.5 / (0.08 / span), rel=1e-3)
    difference = pixels(found["difference"])
    assert difference[2, 3, 1] == 255
    assert set(difference[difference != 255]) <= {127, 128}


def test_one_channel_is_gray():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    (found,) = pictures("y", x.astype(np.float16), x)
    assert pixels(found["actual"]).shape == (3, 4)
    assert set(pixels(found["difference"]).flat) == {128}
    assert found["scale"] == 1


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 4, 4), (1, 3, LARGEST + 1, 4), (1, 3, 4, LARGEST + 1)])
def test_what_is_no_small_image_has_none(shape):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    assert pictures("y", x, x) == []


def test_an_image_of_one_colour_has_none():
    x = np.ones((1, 3, 4, 4))
    assert pictures("y", x, x) == []


def test_overflow_is_drawn_as_the_largest_difference():
    exact = np.arange(12.0).reshape(1, 1, 3, 4)
    actual = exact.copy()
    actual[0, 0, 0, 0], actual[0, 0, 0, 1] = np.inf, np.nan
    (found,) = pictures("y", actual, exact)
    assert pixels(found["difference"])[0, 0] == 255
    assert pixels(found["difference"])[0, 1] == 128


def test_what_is_outside_the_range_is_cut_off():
    assert list(pixels(png(np.array([[[-1.0, 0.0, 0.5, 1.0, 2.0]]])))[0]) == [0, 0, 128, 255, 255]
