"""One block of a comparison: what it adds to the figures, worked out in buffers that stay in the processor's cache."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

BLOCK = 1 << 15  # elements; the scratch of one block, about 1.8 MB, stays in the second-level cache
_DOT = 1 << 13  # BLAS starts threads of its own for longer vectors
_SHIFT = 18  # of a float32's 23 mantissa bits the histogram of distances keeps 5: 32 buckets an octave
_BUCKETS = ((127 + 64) << (23 - _SHIFT)) + 1  # up to a distance of 2**64
_FEW = 16  # classes up to which a loop over the class axis may beat np.argmax

Index = tuple[int, ...]


def is_float(dtype: np.dtype) -> bool:
    """Whether the dtype is one of the floating ones accepted; bfloat16 is ml_dtypes', which NumPy does not know."""
    return dtype.char in "efd" or (dtype.kind == "V" and dtype.name == "bfloat16")


def places(shape: Index, block: int, whole_rows: bool) -> Iterator[tuple[slice, ...]]:
    """Cut a shape into pieces of at most ``block`` elements, of last axes first; with ``whole_rows`` never axis 1."""
    room = block // max(1, shape[1]) if whole_rows else block
    steps = list(shape)
    for axis in reversed(range(len(shape))):
        if not (whole_rows and axis == 1) and shape[axis]:
            pieces = -(-shape[axis] // room)
            steps[axis] = -(-shape[axis] // pieces)
            room = max(1, room // steps[axis])
    cuts = [
        [slice(i, min(i + step, length)) for i in range(0, length, step or 1)]
        for length, step in zip(shape, steps, strict=True)
    ]
    return product(*cuts)


class Part(NamedTuple):
    """What one block contributes. ``sums``: of |d|, d², actual², reference², actual · reference."""

    sums: tuple[float, float, float, float, float]
    max_abs: float
    ulp_max: int
    error: float  # the largest |d| / bound or |d|, inf for a mismatched pair
    worst: Index
    nonfinite: tuple[int, int, int]
    agreeing: int


class Sweep:
    """Works on one block after the other in buffers allocated once."""

    def __init__(self, a: np.ndarray, r: np.ndarray, b: np.ndarray | None, size: int, rows: bool):
        self.a, self.r, self.b, self.rows = a, r, b, rows
        self.float = is_float(a.dtype)
        key = np.int64 if a.dtype.itemsize == 8 else np.int32
        self.own = np.empty((2, size), a.dtype.newbyteorder("="))
        self.wide = np.empty((3, size))
        self.keys = np.empty((3, size), key)
        self.single = np.empty(size, np.float32)
        self.bucket = np.empty(size, np.intp)
        self.histogram = np.zeros(_BUCKETS, np.int64)

    def block(self, place: tuple[slice, ...]) -> Part:
        """Figures of the block at ``place``; its distances in units in the last place go to ``histogram``."""
        key: Any = (*place, ...)  # with an ellipsis, indexing gives a view at rank 0 too
        a, r = self.a[key], self.r[key]
        shape, n = a.shape, a.size
        exact64 = a.dtype == r.dtype and a.dtype.kind in "iu" and a.dtype.itemsize == 8
        a = _flat(a, self.own[0, :n])
        rounded = _flat(r, self.own[1, :n]) if self.float or exact64 else a
        equal = self.float and self.a.dtype == self.r.dtype and not np.not_equal(a, rounded).any()
        x = _flat(a, self.wide[0, :n])
        y = x if equal else _flat(r, self.wide[1, :n])
        xx = _dot(x, x)
        yy, xy = (xx, xx) if equal else (_dot(y, y), _dot(x, y))
        agreeing, nonfinite, error, at = 0, (0, 0, 0), 0.0, 0
        finite = math.isfinite(xx + yy)
        if self.rows:
            cube = (shape[0], shape[1], -1)
            agreeing = n // shape[1] if equal else _agreeing(a.reshape(cube), rounded.reshape(cube), finite=finite)
        if not finite:
            (x, y, a, rounded), nonfinite, first = self._set_aside(x, y, a, rounded)
            if first is not None:
                error, at = math.inf, first
            xx, yy, xy = _dot(x, x), _dot(y, y), _dot(x, y)
        d = self.wide[2, :n]
        if exact64:  # as unsigned numbers, the larger minus the smaller cannot overflow
            high, low = (self.keys[i, :n].view(a.dtype) for i in (0, 1))
            np.subtract(np.maximum(a, rounded, out=high), np.minimum(a, rounded, out=low), out=high)
            np.copyto(d, high.view(np.uint64))
        elif not equal:
            np.abs(np.subtract(x, y, out=d), out=d)
        top, total, dd, ulp = 0.0 if equal else float(d.max()), 0.0, 0.0, 0
        if top > 0:
            total, dd = float(np.add.reduce(d)), _dot(d, d)
            if self.float:
                ulp = self._distances(a, rounded)
        elif self.float:
            self.histogram[0] += n
        self.histogram[0] -= nonfinite[2]
        if self.b is not None:  # x and y are done with: their buffers serve again
            bounds = _flat(self.b[key], self.wide[0, :n])
            lowest = bounds.min()
            if not lowest >= 0:
                raise ValueError(f"bound holds {lowest}; a bound is a number >= 0")
            if top > 0:
                d = np.divide(d, bounds, out=self.wide[1, :n])
        if top > 0:
            i = int(d.argmax())
            if np.isnan(d[i]):
                np.copyto(d, 0, where=np.isnan(d))  # 0/0: nothing is asked for and nothing is missing
                i = int(d.argmax())
            if d[i] > error or (d[i] == error and i < at):
                error, at = float(d[i]), i
        worst = tuple(s.start + int(k) for s, k in zip(place, np.unravel_index(at, shape), strict=True))
        return Part((total, dd, xx, yy, xy), top, ulp, error, worst, nonfinite, agreeing)

    def _set_aside(
        self, x: np.ndarray, y: np.ndarray, *own: np.ndarray
    ) -> tuple[list, tuple[int, int, int], int | None]:
        """The arrays with 0, which adds to no sum, where a side is not finite; the three numbers of such elements; the
        first mismatch."""
        out_x, out_y = ~np.isfinite(x), ~np.isfinite(y)
        out = out_x | out_y
        wrong = out & ~(np.isnan(x) & np.isnan(y))
        if self.float:
            wrong &= own[0] != own[1]
        counts = int(out_x.sum()), int(out_y.sum()), int(wrong.sum())
        cleared = [np.where(out, v.dtype.type(0), v) for v in (x, y, *own)]
        return cleared, counts, int(wrong.argmax()) if counts[2] else None

    def _distances(self, a: np.ndarray, b: np.ndarray) -> int:
        """Add the distances in units in the last place to the histogram; return the largest.

        Bit patterns, read as integers with the sign as -0 - magnitude, grow with the numbers they stand for, by 1 from
        one number to the next (Bruce Dawson, "Comparing floating point numbers", 2012).
        """
        n = a.size
        u, v, t = self.keys[:, :n]
        p, q = (z.view(f"i{z.itemsize}") for z in (a, b))
        if p.itemsize < u.itemsize:
            np.copyto(u, p)
            np.copyto(v, q)
            p, q = u, v
        if np.bitwise_xor(p, q, out=t).min() < 0:  # else all signs agree, and magnitudes will do
            ones = np.iinfo(f"i{a.itemsize}").max
            for z, out in ((p, u), (q, v)):
                np.right_shift(z, 8 * z.itemsize - 1, out=t)  # -1 for the negative ones
                np.bitwise_xor(z, t, out=out)
                out += np.multiply(t, ones, out=t)
            p, q = u, v
        np.maximum(p, q, out=t)
        np.subtract(t, np.minimum(p, q, out=u), out=t)
        distance = t.view(f"u{t.itemsize}")
        single, bucket = self.single[:n], self.bucket[:n]
        np.copyto(single, distance, casting="unsafe")
        np.right_shift(single.view(np.uint32), _SHIFT, out=bucket, casting="unsafe")
        counts = np.bincount(bucket)
        self.histogram[: counts.size] += counts
        return int(distance.max())


def percentile(histogram: np.ndarray, share: float, largest: int) -> int:
    """The upper edge of the bucket that ``share`` of the counts reach, but no more than ``largest``."""
    filled = np.flatnonzero(histogram)
    if filled.size == 0:
        return 0
    sums = histogram[filled].cumsum()
    reached = filled[np.searchsorted(sums, math.ceil(share * int(sums[-1])))]
    edge = np.array([(reached + 1) << _SHIFT], np.uint32).view(np.float32)[0]
    return min(largest, math.ceil(edge) - 1)


def agreeing_long(a: np.ndarray, r: np.ndarray, block: int) -> int:
    """Rows along axis 1, longer than a block, whose first largest element has the same index in both."""

    def largest(row: np.ndarray) -> int:
        best, value = 0, None
        for start in range(0, row.size, block):
            part = row[start : start + block].astype(a.dtype)
            i = int(part.argmax())
            if value is None or part[i] > value or (np.isnan(part[i]) and not np.isnan(value)):
                best, value = start + i, part[i]
        return best

    rows = product(range(a.shape[0]), (slice(None),), *map(range, a.shape[2:]))
    return sum(largest(a[row]) == largest(r[row]) for row in rows)


def _agreeing(a: np.ndarray, b: np.ndarray, *, finite: bool) -> int:
    """Positions of two (n, classes, m) arrays whose argmax over the classes is the same."""
    rows, classes = a.shape[0] * a.shape[2], a.shape[1]
    if not finite or classes > _FEW or rows < 80 * classes:  # the crossover as measured, with blocks of 32k
        return int(np.count_nonzero(a.argmax(1) == b.argmax(1)))
    return int(np.count_nonzero(_first_largest(a) == _first_largest(b)))


def _first_largest(x: np.ndarray) -> np.ndarray:
    """``x.argmax(1)`` without NaN, 2 to 10 times as fast for few classes: whole vectors instead of a call a row."""
    x = np.ascontiguousarray(x.transpose(1, 0, 2))
    best, at = x[0].copy(), np.zeros(x.shape[1:], np.uint8)
    for c in range(1, len(x)):
        np.maximum(at, np.greater(x[c], best).view(np.uint8) * np.uint8(c), out=at)
        np.maximum(best, x[c], out=best)
    return at


def _flat(x: np.ndarray, buffer: np.ndarray) -> np.ndarray:
    """``x`` in C order as one axis and in the buffer's dtype: itself where it is so already, else in the buffer."""
    if x.flags.c_contiguous and x.flags.aligned and x.dtype == buffer.dtype:
        return x.reshape(-1)
    np.copyto(buffer.reshape(x.shape), x, casting="unsafe")
    return buffer


def _dot(x: np.ndarray, y: np.ndarray) -> float:
    return sum(float(np.dot(x[i : i + _DOT], y[i : i + _DOT])) for i in range(0, x.size, _DOT))
