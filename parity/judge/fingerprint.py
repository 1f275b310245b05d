"""What an output was, in few letters, so that results of several environments can be compared without the arrays."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

import numpy as np

from parity.draw import digest
from parity.judge.distribution import ratios

SAMPLED = 64
"""Elements whose errors are recorded; all of a smaller tensor."""
_GOLDEN = 2654435769  # 2^32 over the golden ratio: its multiples fall nowhere twice (Knuth, TAOCP 3, 6.4)


def sampled(count: int) -> np.ndarray:
    """Positions in C order of the elements that are recorded, ascending: all up to 64, beyond that one in each of 64
    equal parts, at another place in each, so that no stride of the tensor is met time and again.

    Args:
        count: elements of the tensor, on which alone they depend.
    """
    if count <= SAMPLED:
        return np.arange(count)
    edges = [i * count // SAMPLED for i in range(SAMPLED + 1)]
    return np.array([a + ((i * _GOLDEN % 2**32) * (b - a) >> 32) for i, (a, b) in enumerate(pairwise(edges))])


def fingerprint(actual: np.ndarray, reference: np.ndarray, bound: np.ndarray | None) -> dict[str, Any]:
    """Of an output: ``bits``, a SHA-256 over dtype, shape and bytes in 16 hexadecimal digits; ``sample``, base64 of
    d / bound of the :func:`sampled` elements with their signs, as little-endian float16.

    Args:
        actual, reference: arrays of one shape.
        bound: of that shape; None where nothing but equality will do.
    """
    at = np.unravel_index(sampled(actual.size), actual.shape) if actual.ndim else ()
    own = None if bound is None else bound[at]
    with np.errstate(over="ignore"):
        sample = ratios(actual[at], reference[at], own).astype("<f2")
    return {"bits": digest(actual), "sample": base64.b64encode(sample.tobytes()).decode("ascii")}
