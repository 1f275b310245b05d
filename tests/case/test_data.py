"""The data that the cases ship, and the script that makes it."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DATA = Path(__file__).parents[2] / "cases" / "data"


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_case_data", DATA / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def digits_package(folder: Path, pixels: np.ndarray) -> Path:
    """A package whose ten files all hold these pixels (31, 784), in 0..1 with three decimals, as the real one does."""
    (folder / "src" / "digits").mkdir(parents=True)
    data = json.dumps({"data": [round(p, 3) for p in pixels.ravel().tolist()]})
    for digit in range(10):
        (folder / "src" / "digits" / f"{digit}.json").write_text(data)
    return folder


def test_mnist_holds_thirty_of_each_class_in_turn():
    with np.load(DATA / "mnist.npz", allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    assert images.shape == (300, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert labels.tolist() == [i % 10 for i in range(300)]
    assert images.min() == 0
    assert images.max() == 255
    assert len({image.tobytes() for image in images}) == 300


def test_photo_is_in_colour_and_not_square():
    with Image.open(DATA / "photo.jpg") as image:
        pixels = np.asarray(image)
    assert pixels.shape == (213, 320, 3)
    assert len({channel.tobytes() for channel in np.moveaxis(pixels, -1, 0)}) == 3
    assert (DATA / "photo.jpg").stat().st_size < 40_000


def test_make_brings_back_every_grey_level(make, tmp_path):
    levels = np.resize(np.arange(256), (31, 784))
    images, labels = make.digits(digits_package(tmp_path, levels / 255))
    np.testing.assert_array_equal(images[10 * 7 + 4], levels[7].reshape(28, 28))
    assert labels[74] == 4


def test_make_refuses_pixels_that_are_no_grey_levels(make, tmp_path):
    with pytest.raises(ValueError, match="not k/255"):
        make.digits(digits_package(tmp_path, np.full((31, 784), 0.5 / 255)))


def test_make_refuses_another_picture(make, tmp_path):
    (tmp_path / "data").mkdir()
    Image.new("RGB", (451, 300)).save(tmp_path / "data" / "chelsea.png")
    with pytest.raises(ValueError, match="SHA-256"):
        make.photo(tmp_path)
