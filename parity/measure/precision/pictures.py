"""Small pictures of what a precision does to an image."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from parity.measure.precision.loss import as_float, is_image, number

LARGEST = 64
"""Pixels along an axis; larger images are left out."""
SAMPLES = 1
"""Of a batch, that are shown."""


def pictures(tensor: str, actual: np.ndarray, exact: np.ndarray) -> list[dict[str, Any]]:
    """Reference, actual and the difference of the first image, as PNG in base64.

    The exact image's range is black to white, for both. The difference is around a middle gray, multiplied by the
    ``scale`` that makes its largest element white or black.

    Returns:
        Nothing for what is no image, or a large one, or has no range.
    """
    if not is_image(exact) or max(exact.shape[2:]) > LARGEST:
        return []
    found = []
    for i in range(min(SAMPLES, exact.shape[0])):
        r, a = exact[i].astype(np.float64), as_float(actual)[i]
        low, span = float(r.min()), float(np.ptp(r))
        if not np.isfinite(span) or span == 0:
            continue
        d = np.nan_to_num((a - r) / span, posinf=1.0, neginf=-1.0)
        top = float(np.abs(d).max())
        scale = 0.5 / top if top else 1.0
        shown = {"reference": (r - low) / span, "actual": (a - low) / span, "difference": 0.5 + scale * d}
        images = {k: png(v) for k, v in shown.items()}
        found.append({"tensor": tensor, "sample": i, **images, "scale": number(scale)})
    return found


def png(image: np.ndarray) -> str:
    """C H W from 0 to 1 as PNG in base64; what lies outside is cut off."""
    from PIL import Image

    pixels = np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
    data = pixels[0] if pixels.shape[0] == 1 else np.moveaxis(pixels, 0, -1)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(data)).save(out, "png", optimize=True)
    return base64.b64encode(out.getvalue()).decode("ascii")
