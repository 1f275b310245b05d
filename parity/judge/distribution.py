"""How errors are distributed and where they sit: figures of e = |d| / bound, element by element.

As in :class:`parity.judge.metrics.Metrics`, 0/0 is 0, anything else over 0 is inf, a pair that is finite on one side
only is inf, and a pair with a NaN or an infinity that matches is 0. The largest e is Metrics' ``bound_ratio``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.judge.blocks import BLOCK, Index, is_float, places

LOWEST, HIGHEST = -12, 12
"""Exponents of two of the outer bins of a spread; they take what is beyond as well."""
LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Letters of the levels of a map, two an octave; 0 is no error."""
INSIDE = 40
"""The highest level inside the bound."""
MAP = 16
"""Rows and columns of a map at most."""
PROFILE = 64
"""Places of a profile at most."""
_EXPONENT = 52  # bits below the exponent of a float64, whose bias is 1023


def ratios(actual: np.ndarray, reference: np.ndarray, bound: np.ndarray | None) -> np.ndarray:
    """d / bound in float64, with the sign of d; its size is e.

    Args:
        actual, reference: arrays of one shape, of any dtype that :func:`parity.judge.metrics.compare` takes.
        bound: of that shape; None where nothing but equality will do, as if it were 0.
    """
    with np.errstate(all="ignore"):
        d = _differences(actual, reference)
        q = np.asarray(d / (0.0 if bound is None else bound))  # at rank 0 NumPy gives a number
        q[np.isnan(q)] = 0.0
        if not np.isfinite(d).all():
            x, y = actual.astype(np.float64), reference.astype(np.float64)
            alike = np.isnan(x) & np.isnan(y)
            if is_float(actual.dtype):
                alike |= actual == reference.astype(actual.dtype)
            out = ~(np.isfinite(x) & np.isfinite(y))
            q[out] = np.where(alike, 0.0, np.where(np.isnan(d), np.inf, d))[out]
    return q


def _differences(actual: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """actual - reference in float64; between 64-bit integers of one dtype rounded only once."""
    if actual.dtype == reference.dtype and actual.dtype.kind in "iu" and actual.dtype.itemsize == 8:
        low, high = np.minimum(actual, reference), np.maximum(actual, reference)
        size = (high.view(np.uint64) - low.view(np.uint64)).astype(np.float64)  # unsigned: it cannot overflow
        return np.where(actual < reference, -size, size)
    return actual.astype(np.float64) - reference.astype(np.float64)


def level(e: np.ndarray) -> str:
    """A letter of :data:`LEVELS` for each e, in C order: ceil(2 log2 e) + 40, at least 1 where there is an error."""
    flat = np.asarray(e, np.float64).reshape(-1)
    with np.errstate(divide="ignore"):
        steps = np.clip(np.ceil(2 * np.log2(flat)) + INSIDE, 1, len(LEVELS) - 1)
    steps = np.where(flat == 0, 0, steps).astype(int)
    return "".join(LEVELS[i] for i in steps)


@dataclass
class _Reduced:
    """The largest e over all axes but some, which are cut into few places.

    Args:
        axes: kept, in ascending order. shape: of the tensor. most: places an axis at most.
    """

    axes: Index
    shape: Index
    most: int
    found: np.ndarray = field(init=False)

    def __post_init__(self):
        self.found = np.zeros([min(self.most, self.shape[a]) for a in self.axes])

    def take(self, e: np.ndarray, place: tuple[slice, ...]) -> None:
        """Take in a block."""
        e = e.max(axis=tuple(a for a in range(len(self.shape)) if a not in self.axes))
        spots = []
        for i, axis in enumerate(self.axes):
            size, cells = self.shape[axis], self.found.shape[i]
            first, last = (((k + 1) * cells - 1) // size for k in (place[axis].start, place[axis].stop - 1))
            starts = [max(0, k * size // cells - place[axis].start) for k in range(first, last + 1)]
            e = np.maximum.reduceat(e, starts, axis=i)
            spots.append(slice(first, last + 1))
        here = self.found[tuple(spots)]
        np.maximum(here, e, out=here)


def distribution(
    actual: np.ndarray, reference: np.ndarray, bound: np.ndarray | None, *, zero: bool = False, block: int = BLOCK
) -> dict[str, Any]:
    """How the errors of a tensor are distributed.

    Args:
        actual, reference: arrays of one shape, as :func:`parity.judge.metrics.compare` takes them.
        bound: elementwise bound on |d|, of that shape; None where nothing but equality will do.
        zero: it is known that no element is off, so that nothing needs to be looked at.
        block: elements looked at at a time; what is found does not depend on it.

    Returns:
        - ``spread``: ``zero``, the elements with e = 0; ``counts``, of those with 2^k <= e < 2^(k+1) for k from
          ``from`` on, the outermost of -12 … 12 with all beyond;
        - ``map``: the largest e over all axes but two, which are ``axes`` of the tensor and have ``of`` places there
          and ``shape`` here, place k of n standing for k·of//n up to (k+1)·of//n; ``levels``, by :func:`level`, row by
          row. The axes are the last two from rank 4 on, 1 and 2 at rank 3, both at rank 2, none and 0 at rank 1;
        - ``profile``: the same along ``axis`` 1 alone from rank 3 on.

        No map of a scalar, nor of an empty array.
    """
    shape, rank = actual.shape, actual.ndim
    axes = {0: (), 1: (0,), 2: (0, 1), 3: (1, 2)}.get(rank, (rank - 2, rank - 1))
    reduced = [_Reduced(axes, shape, MAP)] if rank and actual.size else []
    reduced += [_Reduced((1,), shape, PROFILE)] if rank >= 3 and actual.size else []
    counts, zeros = np.zeros(HIGHEST - LOWEST + 1, np.int64), 0
    if zero:
        zeros = actual.size
    elif actual.size:
        for place in places(shape, block, whole_rows=False):
            key: Any = (*place, ...)  # with an ellipsis, indexing gives an array at rank 0 too
            e = np.abs(ratios(actual[key], reference[key], None if bound is None else bound[key]))
            exponents = (e.reshape(-1).view(np.int64) >> _EXPONENT) - 1023
            counts += np.bincount(np.clip(exponents, LOWEST, HIGHEST) - LOWEST, minlength=counts.size)
            zeros += e.size - int(np.count_nonzero(e))
            for figure in reduced:
                figure.take(e, place)
        counts[0] -= zeros  # their exponent is the smallest
    found: dict[str, Any] = {"spread": _trimmed(zeros, counts)}
    if reduced:
        cells = reduced[0].found
        found["map"] = {
            "axes": [None, 0] if rank == 1 else list(axes),
            "of": [1, *shape] if rank == 1 else [shape[a] for a in axes],
            "shape": [1, *cells.shape] if rank == 1 else list(cells.shape),
            "levels": level(cells),
        }
    if len(reduced) > 1:
        found["profile"] = {"axis": 1, "of": shape[1], "levels": level(reduced[1].found)}
    return found


def _trimmed(zeros: int, counts: np.ndarray) -> dict[str, Any]:
    filled = np.flatnonzero(counts)
    if not filled.size:
        return {"zero": zeros, "from": 0, "counts": []}
    first, last = int(filled[0]), int(filled[-1])
    return {"zero": zeros, "from": first + LOWEST, "counts": counts[first : last + 1].tolist()}
