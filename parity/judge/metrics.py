"""How far an engine's output lies from the reference: all figures in one pass over cache-sized blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.judge.blocks import BLOCK, Index, Part, Sweep, agreeing_long, is_float, percentile, places


@dataclass(frozen=True)
class Metrics:
    """Figures of one comparison; d = actual - reference, in float64, over the pairs that have a distance.

    Non-finite elements are counted apart and never turn a figure into NaN. A pair with a NaN or an infinity *matches*
    where both are NaN or where actual equals the reference rounded to actual's dtype (so a float16 output may overflow
    where the reference, rounded, does): d = 0. Any other such pair is *mismatched*: it has no distance, is left out of
    the figures, and makes ``bound_ratio`` infinite and itself a candidate for ``worst``.

    Attributes:
        count: elements compared; 0 for empty arrays, which proves nothing: callers treat it as a failure.
        max_abs: max |d|. mean_abs: mean |d|. rms: sqrt(mean d²). sum_abs: sum |d|.
        rel_l2: ||d|| / ||reference||; 0 where both are zero, inf where only the reference is.
        cosine: actual·reference / (||actual|| ||reference||), in [-1, 1]; 1 where both are zero, 0 where one is.
            Where squares leave float64 (beyond 1e154, all below 1e-162), ``rel_l2`` is inf and ``cosine`` 0 for
            anything but equality.
        ulp_max: largest distance in units in the last place: representable numbers of actual's dtype between actual
            and the rounded reference. None for integers and booleans.
        ulp_p99: the smallest distance that 99 % of the elements do not exceed, from a histogram: exact below 64, above
            that up to 1/32 too large. None for integers and booleans.
        argmax_agreement: share of the positions where argmax over axis 1 is that of the rounded reference (the first of
            equals counts). None below rank 2 and for integers and booleans.
        bound_ratio: max |d| / bound, with 0/0 = 0. None without a bound.
        worst: index of the element with the largest |d| / bound, or |d| without a bound; the first of equals in C
            order; None for empty arrays. worst_actual, worst_reference, worst_bound: what stands there.
        nonfinite_actual, nonfinite_reference, mismatched_nonfinite: numbers of elements; the second before rounding.
        bit_equal: every element equals the reference rounded to actual's dtype, by value: -0.0 equals 0.0, and a NaN
            equals a NaN whatever its payload. False for empty arrays.
    """

    count: int
    max_abs: float
    mean_abs: float
    rms: float
    sum_abs: float
    rel_l2: float
    cosine: float
    ulp_max: int | None
    ulp_p99: int | None
    argmax_agreement: float | None
    bound_ratio: float | None
    worst: Index | None
    worst_actual: float | None
    worst_reference: float | None
    worst_bound: float | None
    nonfinite_actual: int
    nonfinite_reference: int
    mismatched_nonfinite: int
    bit_equal: bool

    def to_json(self) -> dict[str, Any]:
        """For strict JSON: non-finite numbers become the strings "inf", "-inf" and "nan"; None stays null."""
        values = vars(self) | {"worst": None if self.worst is None else list(self.worst)}
        return {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def compare(actual: Any, reference: Any, bound: Any = None, *, block: int = BLOCK) -> Metrics:
    """Compare an output with its reference.

    Args:
        actual: array of any shape; float16, float32, float64, bfloat16 (of ml_dtypes), an integer type or bool.
        reference: array of the same shape; float64, or any of those types. Distances are computed in float64; between
            64-bit integers they are exact only where both have the same dtype.
        bound: elementwise bound on |d|, broadcastable to that shape; 0 where nothing but equality will do.
        block: elements a block; the figures do not depend on it, but for the rounding of sums.

    Raises:
        ValueError: the shapes differ, the bound does not broadcast, or it holds a NaN or a negative number.
        TypeError: a dtype that has no such figures, e.g. complex.
    """
    a, r = np.asarray(actual), np.asarray(reference)
    if a.shape != r.shape:
        raise ValueError(f"actual has shape {a.shape}, reference has shape {r.shape}; they must be the same")
    b = None if bound is None else np.asarray(bound)
    for name, x in (("actual", a), ("reference", r), ("bound", b)):
        if x is not None and not (x.dtype.kind in "biu" or is_float(x.dtype)):
            raise TypeError(f"{name} has dtype {x.dtype}; float16/32/64, bfloat16, integers and bool are accepted")
    if b is not None:
        try:
            b = np.broadcast_to(b, a.shape)
        except ValueError:
            raise ValueError(f"bound has shape {b.shape}, which does not broadcast to {a.shape}") from None
    classes = a.ndim >= 2 and is_float(a.dtype) and a.size > 0
    whole_rows = classes and a.shape[1] <= block
    pieces = list(places(a.shape, block, whole_rows))
    size = max((math.prod(s.stop - s.start for s in place) for place in pieces), default=0)
    sweep = Sweep(a, r, b, size, whole_rows)
    with np.errstate(all="ignore"):
        parts = [sweep.block(place) for place in pieces]
        long_rows = agreeing_long(a, r, block) if classes and not whole_rows else 0
    agreement = (sum(p.agreeing for p in parts) + long_rows) / (a.size // a.shape[1]) if classes else None
    return _summary(a, r, b, parts, sweep.histogram, agreement)


def _summary(
    a: np.ndarray,
    r: np.ndarray,
    b: np.ndarray | None,
    parts: list[Part],
    histogram: np.ndarray,
    agreement: float | None,
) -> Metrics:
    total, dd, xx, yy, xy = (_sum(p.sums[i] for p in parts) for i in range(5))
    nonfinite = [sum(p.nonfinite[i] for p in parts) for i in range(3)]
    top = max((p.max_abs for p in parts), default=0.0)
    pairs = max(1, a.size - nonfinite[2])
    floating = is_float(a.dtype)
    ulp = max((p.ulp_max for p in parts), default=0)
    worst = min(parts, key=lambda p: (-p.error, p.worst), default=None)
    at = worst.worst if worst else None
    safe = math.isfinite(xx + yy + dd) and xx > 0 and yy > 0
    return Metrics(
        count=a.size,
        max_abs=top,
        mean_abs=total / pairs,
        rms=math.sqrt(dd / pairs),
        sum_abs=total,
        rel_l2=0.0 if top == 0 else math.sqrt(dd) / math.sqrt(yy) if math.isfinite(dd + yy) and yy > 0 else math.inf,
        cosine=1.0 if top == 0 else max(-1.0, min(1.0, xy / xx * math.sqrt(xx / yy))) if safe else 0.0,
        ulp_max=ulp if floating else None,
        ulp_p99=percentile(histogram, 0.99, ulp) if floating else None,
        argmax_agreement=agreement,
        bound_ratio=None if b is None else worst.error if worst else 0.0,
        worst=at,
        worst_actual=_number(a, at),
        worst_reference=_number(r, at),
        worst_bound=_number(b, at),
        nonfinite_actual=nonfinite[0],
        nonfinite_reference=nonfinite[1],
        mismatched_nonfinite=nonfinite[2],
        bit_equal=a.size > 0 and nonfinite[2] == 0 and (ulp if floating else top) == 0,
    )


def _sum(values: Iterable[float]) -> float:
    """Correctly rounded: many blocks add no error of their own; inf where float64 overflows."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return math.inf


def _number(x: np.ndarray | None, at: Index | None) -> float | None:
    if x is None or at is None:
        return None
    return float(x[at]) if is_float(x.dtype) else int(x[at])
