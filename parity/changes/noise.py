"""Whether the error of a case on a target changed, or merely fell otherwise.

Two runs of one network on the same numbers give the same bits, unless something between them changed: a version, a
processor, the number of threads. Then sums are taken in another order, and every rounding falls otherwise. How far
that alone moves the error is asked of the draw: the same network on the same engine with other inputs and weights. Two
figures of e = error ÷ bound are compared, its root mean square and its largest, as log2 of after ÷ before, tensor by
tensor. Elements of a tensor do not err independently (a BatchNorm rounds once a channel, a broadcast copies errors), so
their number says little, and a test that goes by it cries wolf: a rank test at z > 6 did in one of 200 tensors. The
limits are therefore on the effect: a factor of 4 for the root mean square and of 5.7 for the largest, and more where
fewer elements err, as the ratio of two sums of few squares has long tails (by the F distribution, 16 ÷ n bits more hold
one false alarm in 10,000 down to a single element).

By ``python -m benchmarks.noise``, of 33,680 pairs of cells none was beyond the limits, the largest at 0.86 of them; by
the tail, fewer than 1 in 100,000 is. Without spreads it was none too, the largest at 0.88.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from parity.results import Record
from parity.story.words import figure, number, times

TYPICAL = 2.0
"""log2 of the factor by which a root mean square has to change where very many elements err."""
LARGEST = 2.5
"""The same of the largest error, which varies more."""
FEW = 16.0
"""What both gain, divided by the number of elements that err."""
EXACT = 128
"""Elements that have to err on one side where none does on the other; fewer can all be right by chance."""
TOP = 12
"""Where the last bin of a spread begins, as log2."""


@dataclass(frozen=True)
class Shift:
    """An error that changed beyond noise.

    Args:
        tensor: where it did most.
        what: ``typical`` or ``largest``.
        before: error ÷ bound there: its root mean square, or the largest.
        after: the same, later.
        size: how far beyond the limit, 1 being at it.
    """

    tensor: str
    what: str
    before: float
    after: float
    size: float

    @property
    def is_worse(self) -> bool:
        """Whether the error grew."""
        return self.after > self.before

    @property
    def text(self) -> str:
        """Half a sentence: ``the typical error of conv grew 6.1 times, from 0.02 to 0.12 of what rounding allows``."""
        which = f"the {self.what} error of {self.tensor}"
        if self.before == 0 or self.after == 0:
            change = "is no longer exact" if self.is_worse else "is exact now"
            return f"{self.tensor} {change}: {which} was {times(self.before)} and is {times(self.after)}"
        grew, factor = ("grew", self.after / self.before) if self.is_worse else ("shrank", self.before / self.after)
        return f"{which} {grew} {figure(factor, 2)} times, from {figure(self.before, 2)} to {times(self.after)}"


def same_outputs(old: Record, new: Record) -> bool:
    """Whether all outputs are known to be the same bit for bit; records of cells that do not say so are not."""
    ours, theirs = ({f["tensor"]: f.get("bits") for f in cell.get("final") or ()} for cell in (old, new))
    return bool(ours) and ours == theirs and all(ours.values())


def shift(old: Record, new: Record, least: float = 1.0) -> Shift | None:
    """The largest change beyond noise of the error of a cell, over its layers, outputs and layers run alone.

    Where all outputs are the same bit for bit, layers run alone are looked at only: these reach what no output tells.

    Args:
        old: record of kind ``cell``.
        new: of the same case and target, on the same inputs and weights.
        least: size from which a change is told.
    """
    parts = {"probe"} if same_outputs(old, new) else {"layers", "probe", "final"}
    before = dict(_findings(old))
    found: list[Shift] = []
    for key, finding in _findings(new):
        if key in before and key[0] in parts:
            found += _shifts(before[key], finding)
    return max((s for s in found if s.size >= least), key=lambda s: s.size, default=None)


def _findings(cell: Record) -> Iterator[tuple[tuple[str, str], Record]]:
    parts = (
        *(("layers", f) for f in cell.get("layers") or ()),
        *(("probe", f) for f in (cell.get("probe") or {}).get("layers") or ()),
        *(("final", f) for f in cell.get("final") or ()),
    )
    for part, finding in parts:
        if finding.get("metrics"):
            yield (part, finding["tensor"]), finding


def _shifts(old: Record, new: Record) -> list[Shift]:
    largest = _pair(old, new, "bound_ratio")
    if largest is None:
        return []
    before, after = old.get("spread"), new.get("spread")
    if not before or not after:
        return _without_spread(old, new, largest)
    if before == after and largest[0] == largest[1]:
        return []
    typical = root_mean_square(before), root_mean_square(after)
    erring = sum(before["counts"]), sum(after["counts"])
    pairs = (("typical", typical, TYPICAL), ("largest", largest, LARGEST))
    return [s for what, pair, limit in pairs if (s := _moved(new["tensor"], what, pair, erring, limit))]


Pair = tuple[float, float]


def _pair(old: Record, new: Record, key: str) -> Pair | None:
    before, after = (number(f["metrics"].get(key)) for f in (old, new))
    return None if before is None or after is None else (before, after)


def root_mean_square(spread: Record) -> float:
    """Of error ÷ bound, from its histogram; a bin counts as its middle, the last one as its beginning."""
    bins: Sequence[int] = spread["counts"]
    squares = math.fsum(n * 4.0 ** min(spread["from"] + i + 0.5, TOP) for i, n in enumerate(bins))
    return math.sqrt(squares / max(1, spread["zero"] + sum(bins)))


def _moved(tensor: str, what: str, pair: Pair, erring: tuple[int, int], limit: float) -> Shift | None:
    before, after = pair
    if before == after:
        return None
    size = _size(pair, erring, limit) if before and after else max(erring) / EXACT
    return Shift(tensor, what, before, after, size)


def _size(pair: Pair, erring: tuple[int, int], limit: float) -> float:
    """How far a factor is beyond its limit."""
    return abs(_log2(pair[1]) - _log2(pair[0])) / (limit + FEW / max(0.5, sum(erring) / 2))


def _log2(value: float) -> float:
    """Of a positive number; infinity is as far as any spread tells."""
    return math.log2(value) if math.isfinite(value) else TOP + 1.0


def _without_spread(old: Record, new: Record, largest: Pair) -> list[Shift]:
    """As results had it before they told how errors are distributed: the root mean square of |d|, in place of that of
    e, has to agree with the largest e, since a bound that varies makes it one of few elements."""
    typical = _pair(old, new, "rms")
    if typical is None or not all((*typical, *largest)):
        return []  # where one side is exact it is not known how many elements err on the other
    count = (int(old["metrics"].get("count") or 0), int(new["metrics"].get("count") or 0))
    found = _moved(new["tensor"], "largest", largest, count, TYPICAL)
    if found is None or found.is_worse != (typical[1] > typical[0]):
        return []
    return [replace(found, size=min(found.size, _size(typical, count, TYPICAL)))]
