"""Pixels of image files, as Pillow decodes and resizes them.

Errors name the file in their message, so that a case file can put itself and its line in front.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from parity.case.files import decoding, obstacle
from parity.errors import BadInput

SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".ppm": "PPM", ".pgm": "PPM"}
"""What is read, by the end of the file's name. Few of Pillow's formats: some start other programs."""

MODES = {"gray": "L", "RGB": "RGB", "BGR": "RGB", "RGBA": "RGBA"}
"""What pixels are turned into, and Pillow's mode for it."""

STORED = ("1", "L", "LA", "P", "RGB", "RGBA")
"""Pillow's modes that are converted. Not I and I;16, whose conversion clips at 255; not CMYK, which needs a profile."""


def read_image(
    path: Path,
    *,
    mode: str,
    resize: tuple[int, int] | None = None,
    resample: str = "bilinear",
    crop: tuple[int, int] | None = None,
    limit: int,
) -> np.ndarray:
    """The pixels of an image: mode, then resize, then crop, then H W C to C H W.

    Args:
        path: the file.
        mode: one of MODES. gray is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601 luma, in Pillow's 16-bit fixed point),
            rounded. An alpha channel is dropped, not blended, unless the mode is RGBA; where there is none, it is 255.
        resize: height and width to resize to, whatever the proportions were.
        resample: name of one of Pillow's filters: nearest, box, bilinear, hamming, bicubic, lanczos.
        crop: height and width of the part in the middle; it begins at floor((size − crop) / 2).
        limit: the most elements, as stored with four channels and as resized.

    Returns:
        uint8 (C, H, W), C-contiguous. The first frame where there are several; EXIF orientation is not applied.

    Raises:
        BadInput: no such file, not an image, broken, a mode that is not converted, too large, smaller than the crop.
    """
    if problem := obstacle(path):
        raise BadInput(f"{path}: {problem}")
    with decoding(path), _opened(path) as image:
        width, height = image.size
        if 4 * width * height > limit:
            raise BadInput(f"{path} is {height} high and {width} wide; at most {limit // 4:,} pixels are read")
        if image.mode not in STORED:
            raise BadInput(f"{path} has Pillow's mode {image.mode}; {', '.join(STORED)} are converted")
        # A palette goes through RGBA: converted directly, Pillow warns about its transparent entries.
        pixels = (image.convert("RGBA") if image.mode == "P" else image).convert(MODES[mode])
        if resize:
            if resize[0] * resize[1] * len(pixels.getbands()) > limit:
                raise BadInput(f"{path}: {list(resize)} is more than {limit:,} elements", path="image.resize")
            pixels = pixels.resize(resize[::-1], Image.Resampling[resample.upper()])
        array = np.asarray(pixels)
    array = array[..., None] if array.ndim == 2 else array
    if mode == "BGR":
        array = array[..., ::-1]
    if crop:
        array = _middle(array, crop, path)
    return np.ascontiguousarray(array.transpose(2, 0, 1))


def _opened(path: Path) -> Image.Image:
    """The image with its header read and its pixels not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit is lower, and an error
            return Image.open(path, formats=sorted(set(SUFFIXES.values())))
    except UnidentifiedImageError as error:
        raise BadInput(f"{path} is not an image that is read: {', '.join(sorted(set(SUFFIXES.values())))}") from error


def _middle(array: np.ndarray, crop: tuple[int, int], path: Path) -> np.ndarray:
    top, left = ((size - part) // 2 for size, part in zip(array.shape, crop, strict=False))
    if top < 0 or left < 0:
        found = f"{path} is {array.shape[0]} high and {array.shape[1]} wide at this point"
        raise BadInput(f"{found}; {list(crop)} cannot be cut out of it", path="image.crop")
    return array[top : top + crop[0], left : left + crop[1]]
