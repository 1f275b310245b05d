"""Images: every conversion against arithmetic on the pixels, and files broken on purpose."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from parity.case.imagefile import STORED, read_image
from parity.errors import BadInput

LIMIT = 10**6
RGBA = np.random.default_rng(1).integers(0, 256, (5, 7, 4), dtype=np.uint8)


@pytest.fixture
def save(tmp_path):
    def save_image(image, name="a.png", **options):
        (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(tmp_path / name, **options)
        return tmp_path / name

    return save_image


def luma(rgb):
    """ITU-R BT.601, in float64."""
    return rgb[..., :3] @ np.array([0.299, 0.587, 0.114])


def test_rgb_and_bgr_drop_alpha(save):
    path = save(RGBA)
    rgb = read_image(path, mode="RGB", limit=LIMIT)
    np.testing.assert_array_equal(rgb, RGBA[..., :3].transpose(2, 0, 1))
    np.testing.assert_array_equal(read_image(path, mode="BGR", limit=LIMIT), rgb[::-1])
    np.testing.assert_array_equal(read_image(path, mode="RGBA", limit=LIMIT), RGBA.transpose(2, 0, 1))
    for mode in "RGB", "BGR", "RGBA", "gray":
        found = read_image(path, mode=mode, limit=LIMIT)
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous


def test_gray_is_the_rounded_luma(save):
    for path in save(RGBA), save(RGBA[..., :3].copy(), "b.bmp"):
        gray = read_image(path, mode="gray", limit=LIMIT)
        assert gray.shape == (1, 5, 7)
        assert np.abs(gray[0] - luma(RGBA)).max() < 0.51


def test_gray_files_gain_equal_channels_and_full_alpha(save):
    path = save(RGBA[..., 0].copy())
    for mode, channels in ("gray", 1), ("RGB", 3), ("RGBA", 4):
        found = read_image(path, mode=mode, limit=LIMIT)
        np.testing.assert_array_equal(found[:3], np.broadcast_to(RGBA[..., 0], (min(channels, 3), 5, 7)))
        assert (found[3:] == 255).all()


@pytest.mark.parametrize("mode", STORED)
def test_every_stored_mode_is_converted(save, mode):
    path = save(Image.fromarray(RGBA[..., :3].copy()).convert(mode))
    with Image.open(path) as image:
        assert image.mode == mode
        expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(read_image(path, mode="RGB", limit=LIMIT), expected.transpose(2, 0, 1))


def test_transparent_palette(save, recwarn):
    image = Image.fromarray(RGBA[..., :3].copy()).quantize(16)
    path = save(image, transparency=bytes(range(0, 256, 16)))
    alpha = read_image(path, mode="RGBA", limit=LIMIT)[3]
    np.testing.assert_array_equal(alpha, 16 * np.asarray(image))
    assert read_image(path, mode="RGB", limit=LIMIT).shape == (3, 5, 7)
    assert not recwarn


def test_resize_takes_height_first(save):
    path = save(np.repeat(np.repeat(RGBA[..., :3], 2, axis=0), 3, axis=1))
    for resample in "box", "nearest":
        found = read_image(path, mode="RGB", resize=(5, 7), resample=resample, limit=LIMIT)
        np.testing.assert_array_equal(found, RGBA[..., :3].transpose(2, 0, 1))


@pytest.mark.parametrize("resample", ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"])
def test_every_filter_is_pillows(save, resample):
    path = save(RGBA[..., :3].copy())
    with Image.open(path) as image:
        expected = np.asarray(image.resize((3, 4), Image.Resampling[resample.upper()]))
    found = read_image(path, mode="RGB", resize=(4, 3), resample=resample, limit=LIMIT)
    np.testing.assert_array_equal(found, expected.transpose(2, 0, 1))


def test_crop_is_the_middle_after_resizing(save):
    path = save(RGBA[..., :3].copy())
    found = read_image(path, mode="BGR", crop=(4, 3), limit=LIMIT)
    np.testing.assert_array_equal(found, RGBA[0:4, 2:5, 2::-1].transpose(2, 0, 1))
    larger = read_image(path, mode="RGB", resize=(10, 14), resample="nearest", crop=(9, 14), limit=LIMIT)
    doubled = np.repeat(np.repeat(RGBA[..., :3], 2, axis=0), 2, axis=1)
    np.testing.assert_array_equal(larger, doubled[:9].transpose(2, 0, 1))


def bad(path, limit=LIMIT, **how) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_image(path, **{"mode": "RGB", **how}, limit=limit)
    assert str(path) in caught.value.message
    return caught.value


def test_modes_that_are_not_converted(save):
    for image, name, mode in (
        (np.full((2, 3), 60000, np.uint16), "a.png", "I"),  # I;16 or I, by the version of Pillow
        (Image.new("CMYK", (3, 2)), "a.jpg", "CMYK"),
    ):
        message = bad(save(image, name)).message
        assert f"has Pillow's mode {mode}" in message
        assert "; 1, L, LA, P, RGB, RGBA are converted" in message


def test_crop_and_resize_beyond_the_limits(save):
    path = save(RGBA)
    for crop in (6, 7), (5, 8):
        error = bad(path, crop=crop)
        assert error.path == "image.crop"
        assert "is 5 high and 7 wide at this point" in error.message
    assert bad(path, resize=(10**6, 10**6)).path == "image.resize"
    assert read_image(path, mode="RGBA", resize=(5, 7), limit=140).shape == (4, 5, 7)
    assert "is 5 high and 7 wide; at most 34 pixels" in bad(path, limit=139).message
    assert bad(path, resize=(6, 6), mode="RGBA", limit=143).path == "image.resize"


def png(width: int, height: int) -> bytes:
    """A PNG whose header says this size, with hardly any pixels."""

    def chunk(kind, data):
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    size = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((1000, 1000), "at most 250,000 pixels"),
        ((10_000, 10_000), "at most 250,000 pixels"),  # where Pillow warns
        ((100_000, 100_000), "decompression bomb"),  # where Pillow refuses
    ],
)
def test_decompression_bombs_are_refused_by_their_header(tmp_path, recwarn, size, words):
    (tmp_path / "a.png").write_bytes(png(*size))
    assert words in bad(tmp_path / "a.png").message
    assert not recwarn


def test_broken_files(tmp_path, save):
    path = tmp_path / "a.png"
    for content in b"", b"not an image", b"GIF89a" + bytes(100), b"%!PS-Adobe-3.0 EPSF-3.0\n":
        path.write_bytes(content)
        assert "is not an image that is read: BMP, JPEG, PNG, PPM" in bad(path).message
    Image.new("RGB", (2, 2)).save(path, "GIF")  # sound, but not of a format that is read
    assert "is not an image that is read" in bad(path).message
    path.write_bytes(png(10, 10))
    assert "cannot be read" in bad(path).message
    for name in "a.png", "a.jpg", "a.bmp", "a.ppm":
        path = save(np.tile(RGBA[..., :3], (20, 20, 1)), name)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert "cannot be read" in bad(path).message
    assert "is a folder" in bad(tmp_path).message
    assert "there is no such file" in bad(tmp_path / "none.png").message


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, 400),
    byte=st.integers(0, 255),
    cut=st.integers(0, 400),
    kind=st.sampled_from(["PNG", "JPEG", "BMP", "PPM"]),
)
def test_whatever_the_bytes_only_bad_input_is_raised(tmp_path, at, byte, cut, kind):
    buffer = io.BytesIO()
    Image.fromarray(RGBA[..., :3].copy()).save(buffer, kind)
    content = bytearray(buffer.getvalue())
    content[at % len(content)] = byte
    (tmp_path / "a").write_bytes(bytes(content[: len(content) - cut % len(content)]))
    with contextlib.suppress(BadInput):
        assert read_image(tmp_path / "a", mode="gray", limit=LIMIT).shape[0] == 1
