"""Inputs from files: what arrives, and broken files and wrong descriptions on purpose."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from parity.case.inputs import FileInput, ImageConversion, load_array
from parity.errors import BadInput

DATA = Path(__file__).parents[2] / "cases" / "data"
NUMBERS = np.arange(60, dtype=np.int64).reshape(5, 4, 3)


@pytest.fixture
def base(tmp_path):
    np.save(tmp_path / "a.npy", NUMBERS)
    np.savez(tmp_path / "a.npz", images=NUMBERS, labels=np.arange(5))
    Image.fromarray(np.arange(90, dtype=np.uint8).reshape(5, 6, 3)).save(tmp_path / "a.png")
    Image.fromarray(np.arange(30, dtype=np.uint8).reshape(5, 2, 3)).save(tmp_path / "narrow.png")
    return tmp_path


def load(base, **fields):
    return load_array(FileInput.model_validate(fields), base)


def refused(base, **fields) -> BadInput:
    with pytest.raises(BadInput) as caught:
        load(base, **fields)
    assert str(base) in caught.value.message  # the file is named
    assert caught.value.file == ""  # this is left to the case file
    return caught.value


def test_mnist_as_a_case_reads_it():
    fields = {"key": "images", "select": [0, 8], "reshape": [8, 784], "scale": 1 / 255, "shape": [8, 784]}
    x = load(DATA, file="../data/mnist.npz", **fields)
    with np.load(DATA / "mnist.npz") as arrays:
        np.testing.assert_array_equal(x, (arrays["images"][:8].reshape(8, 784) * (1 / 255)).astype(np.float32))
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert x.max() == 1


def test_photo_as_alexnet_reads_it():
    mean = [103.94, 116.78, 123.68]
    image = {"mode": "BGR", "resize": [256, 384], "filter": "bilinear", "crop": [227, 225]}
    x = load(DATA, file="photo.jpg", image=image, mean=mean, shape=[1, 3, 227, 225])
    with Image.open(DATA / "photo.jpg") as photo:
        pixels = np.asarray(photo.resize((384, 256), Image.Resampling.BILINEAR), np.float64)
    expected = pixels[14 : 14 + 227, 79 : 79 + 225, ::-1] - mean
    np.testing.assert_array_equal(x[0], expected.transpose(2, 0, 1).astype(np.float32))


def test_order_of_operations(base):
    x = load(base, file="a.npy", select=[1, 3], rearrange="n h w -> n w h", mean=[1, 2, 3], scale=[2, 3, 4])
    expected = (NUMBERS[1:3].transpose(0, 2, 1) - np.array([1, 2, 3])[:, None]) * np.array([2, 3, 4])[:, None]
    np.testing.assert_array_equal(x, expected.astype(np.float32))
    assert x.flags.c_contiguous
    x = load(base, file="a.npy", rearrange="n h w -> w n h", reshape=[6, 10])
    np.testing.assert_array_equal(x, NUMBERS.transpose(2, 0, 1).reshape(6, 10))


def test_arithmetic_is_in_float64_whatever_is_stored(tmp_path):
    np.save(tmp_path / "half.npy", np.float16([[1, 3]]))
    x = load(tmp_path, file="half.npy", mean=0.1, scale=1 / 3, dtype="float64")
    np.testing.assert_array_equal(x, (np.float64([[1, 3]]) - 0.1) * (1 / 3))


def test_integers_stay_exact(tmp_path):
    values = np.array([2**53 + 1, -(2**63), 2**63 - 1])
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(load(tmp_path, file="a.npy", dtype="int64"), values)


def test_result_can_be_written_to_and_need_not_have_axes(base):
    load(base, file="a.png", image={"mode": "gray"}, dtype="uint8")[:] = 0
    np.save(base / "scalar.npy", np.float32(3))
    assert load(base, file="scalar.npy", shape=[], mean=1, scale=2).tolist() == 4


def test_nan_and_infinity_pass_as_floats(tmp_path):
    np.save(tmp_path / "a.npy", [np.nan, np.inf, 1])
    np.testing.assert_array_equal(load(tmp_path, file="a.npy", scale=2, dtype="float16"), [np.nan, np.inf, 2])


def test_several_images_make_a_batch(base):
    x = load(base, file=["a.png", "narrow.png"], image={"mode": "RGB", "crop": [5, 2]})
    assert x.shape == (2, 3, 5, 2)
    np.testing.assert_array_equal(x[1], np.arange(30).reshape(5, 2, 3).transpose(2, 0, 1))
    error = refused(base, file=["a.png", "narrow.png"], image={"mode": "RGB"})
    assert error.path == "file.1"
    assert "[3, 5, 2]" in error.message
    assert "[3, 5, 6]" in error.message


RGB = {"mode": "RGB"}


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"file": "b.npy"}, "file", "there is no such file; the folder has a.npy"),
        ({"file": "b.npz", "key": "x"}, "file", "there is no such file"),
        ({"file": ["a.png", "c.png"], "image": RGB}, "file.1", "there is no such file"),
        ({"file": "none/a.npy"}, "file", "nor the folder"),
        ({"file": "a\0.npy"}, "file", "cannot be found"),
        ({"file": "a.npz", "key": "image"}, "key", "has no array 'image'; it holds images, labels"),
        ({"file": "a.npy", "select": [3, 6]}, "select", "shape is [5, 4, 3]; rows 3 to 6 are not all there"),
        ({"file": "a.npy", "rearrange": "n h -> h n"}, "rearrange", "n h -> h n"),
        ({"file": "a.npy", "rearrange": "-1 -> 1"}, "rearrange", "'-1 -> 1': "),
        ({"file": "a.npy", "rearrange": "n h w -> n h w" + " 1" * 70}, "rearrange", ""),
        ({"file": "a.npy", "reshape": [5, 13]}, "reshape", "[5, 4, 3], 60 elements; [5, 13] would be 65"),
        ({"file": "a.npy", "mean": [1, 2]}, "mean", "2 numbers for axis 1 of shape [5, 4, 3]"),
        ({"file": "a.npy", "reshape": [60], "scale": [1, 2]}, "scale", "2 numbers for axis 1 of shape [60]"),
        ({"file": "a.npy", "shape": [5, 12]}, "shape", "gives shape [5, 4, 3]; declared is [5, 12]"),
        ({"file": "a.npy", "dtype": "bool"}, "dtype", "values go from 0 to 59; bool holds 0 to 1"),
        ({"file": "a.npy", "mean": 1, "dtype": "uint8"}, "dtype", "values go from -1.0 to 58.0; uint8 holds 0 to 255"),
        ({"file": "a.npy", "scale": 0.5, "dtype": "int32"}, "dtype", "value 0.5 is no whole number"),
        (
            {"file": "a.npy", "scale": 2e3, "dtype": "float16"},
            "dtype",
            "value 66000.0 is beyond float16, whose largest is 65504",
        ),
        ({"file": "a.npy", "scale": 1.7e308, "dtype": "float64"}, "dtype", "value inf is beyond float64"),
        ({"file": "a.npy", "scale": 2.0**60, "dtype": "int64"}, "dtype", "int64 holds"),
        (
            {"file": "a.png", "image": {**RGB, "crop": [6, 2]}},
            "image.crop",
            "is 5 high and 6 wide at this point; [6, 2]",
        ),
        ({"file": "a.png", "image": {**RGB, "resize": [10**9, 10**9], "filter": "box"}}, "image.resize", "67,108,864"),
    ],
)
def test_refused_on_loading(base, fields, path, words):
    error = refused(base, **fields)
    assert error.path == path
    assert words in error.message


def test_nan_is_no_integer(tmp_path):
    for value, words in (np.nan, "value nan is no whole number"), (np.inf, "from inf to inf"), (2.0**63, "9.22"):
        np.save(tmp_path / "a.npy", [value])
        assert words in refused(tmp_path, file="a.npy", dtype="int64").message


def test_limit_of_elements(base):
    spec = FileInput(file="a.npy")
    assert load_array(spec, base, limit_elements=60).size == 60
    with pytest.raises(BadInput, match=r"\[5, 4, 3\], 60 elements; at most 59"):
        load_array(spec, base, limit_elements=59)
    two = FileInput(file=("a.png", "a.png"), image=ImageConversion(mode="RGB"))
    assert load_array(two, base, limit_elements=240).shape == (2, 3, 5, 6)
    with pytest.raises(BadInput, match="at most 29 pixels"):
        load_array(two, base, limit_elements=239)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Field required"),
        ({"file": "a.npy", "sclae": 1}, "Extra inputs"),
        ({"file": "a.png", "image": {**RGB, "size": 1}}, "Extra inputs"),
        ({"file": "a.gif", "image": RGB}, "ends in none of .npy, .npz, .png"),
        ({"file": "a"}, "ends in none of"),
        ({"file": "a.npz"}, "key says which array"),
        ({"file": "a.npy", "key": "x"}, "key says which array"),
        ({"file": "a.npy", "image": RGB}, "image says how"),
        ({"file": "a.PNG"}, "image says how"),
        ({"file": ["a.npy", "b.npy"]}, "a list of files is a batch of images"),
        ({"file": []}, "at least 1"),
        ({"file": ""}, "at least 1"),
        ({"file": "a.npy", "select": [3, 3]}, "keeps no row"),
        ({"file": "a.npy", "select": [-1, 3]}, "greater than or equal to 0"),
        ({"file": "a.npy", "select": [0, 3, 1]}, "at most 2"),
        ({"file": "a.npy", "reshape": [-1, 3]}, "greater than or equal to 1"),
        ({"file": "a.npy", "shape": [0]}, "greater than or equal to 1"),
        ({"file": "a.npy", "shape": ["3"]}, "valid integer"),
        ({"file": "a.npy", "mean": float("nan")}, "finite"),
        ({"file": "a.npy", "scale": float("inf")}, "finite"),
        ({"file": "a.npy", "scale": True}, "valid number"),
        ({"file": "a.npy", "mean": []}, "at least 1"),
        ({"file": "a.npy", "rearrange": "n h w"}, "match pattern"),
        ({"file": "a.npy", "dtype": "float"}, "'float32'"),
        ({"file": "a.png", "image": {}}, "Field required"),
        ({"file": "a.png", "image": {"mode": "L"}}, "'gray', 'RGB'"),
        ({"file": "a.png", "image": {**RGB, "resize": [2, 3]}}, "go together"),
        ({"file": "a.png", "image": {**RGB, "filter": "box"}}, "go together"),
    ],
)
def test_refused_by_the_model(fields, words):
    with pytest.raises(ValidationError) as caught:
        FileInput.model_validate(fields)
    assert words in str(caught.value)


def test_every_field_is_described_in_the_schema():
    schema = FileInput.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        assert model["additionalProperties"] is False
        assert model["description"]
        for name, field in model["properties"].items():
            assert len(field.get("description", "")) > 10, name
