"""How far columns lie from each other in each case, by the same elements of their outputs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parity.judge.verdict import FAILED
from parity.results import Record

Column = tuple[str, str]
"""Target and environment."""
LONGEST = 4096
"""Characters of a sample that are read: more than any result keeps of an output, and no file makes memory run out."""
APART = 2.0
"""Bounds between two results at one element: each may be a bound away from the reference, so more is not rounding."""


@dataclass(frozen=True)
class Row:
    """One case on the columns that compared something.

    Args:
        case: its id.
        columns: places of these columns, ascending.
        cells: their records.
        same: (columns, columns) whether all outputs are the same, bit for bit; by the exact shape and bytes.
        distance: (columns, columns) root mean square of the difference, in units of the bound, over the elements that
            every result keeps; NaN where a result kept none or others.
        apart: (columns, columns) whether more lies between them than rounding explains.
        error: (columns,) root mean square of the distance from the reference, in units of the bound.
    """

    case: str
    columns: tuple[int, ...]
    cells: tuple[Record, ...]
    same: np.ndarray
    distance: np.ndarray
    apart: np.ndarray
    error: np.ndarray


def row(case: str, cells: dict[int, Record]) -> Row | None:
    """Compare the columns of a case; None where fewer than two say what their outputs were.

    Args:
        cells: place of the column → its record.
    """
    kept = {i: c for i, c in sorted(cells.items()) if all(f.get("bits") for f in c.get("final") or [{}])}
    if len(kept) < 2:
        return None
    bits = [tuple((f["tensor"], f["bits"]) for f in c["final"]) for c in kept.values()]
    same = np.array([[a == b for b in bits] for a in bits])
    samples = [_sample(c) for c in kept.values()]
    length = max(len(s) for s in samples)
    each = np.stack([s if len(s) == length else np.full(length, np.nan) for s in samples])
    failed = np.array([c["verdict"] in FAILED for c in kept.values()])
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = each[:, None] - each[None, :]
        gaps[(each[:, None] == each[None, :])] = 0.0  # infinities of one sign: neither is nearer
        gaps[same] = 0.0
        distance = np.sqrt(np.mean(gaps**2, axis=-1)) if length else np.full(same.shape, np.nan)
        far = np.abs(gaps).max(axis=-1, initial=0.0) > APART
        error = np.sqrt(np.mean(each**2, axis=-1)) if length else np.full(len(kept), np.nan)
    return Row(
        case, tuple(kept), tuple(kept.values()), same, distance, far | (failed[:, None] != failed[None, :]), error
    )


def _sample(cell: Record) -> np.ndarray:
    """Signed error ÷ bound at the kept elements of all outputs; empty where one kept nothing that can be read."""
    parts = []
    for finding in cell["final"]:
        text = finding.get("sample") or ""
        try:
            raw = base64.b64decode(text, validate=True) if len(text) <= LONGEST else b""
        except (binascii.Error, TypeError):
            return np.empty(0)
        if not raw or len(raw) % 2:
            return np.empty(0)
        parts.append(np.frombuffer(raw, "<f2").astype(np.float64))
    return np.concatenate(parts) if parts else np.empty(0)


@dataclass
class Pair:
    """Two columns over all cases that both compared.

    Args:
        compared: number of cases.
        same: of these, the same bit for bit.
        apart: of these, with more between them than rounding explains.
        distances: (distance in bounds, case), of those that are not the same and have one.
    """

    compared: int = 0
    same: int = 0
    apart: int = 0
    distances: list[tuple[float, str]] | None = None

    def add(self, found: Row, a: int, b: int) -> None:
        """Take in a case; ``a`` and ``b`` are places within the row."""
        self.compared += 1
        self.same += int(found.same[a, b])
        self.apart += int(found.apart[a, b])
        self.distances = self.distances or []
        if not found.same[a, b] and not np.isnan(found.distance[a, b]):
            self.distances.append((float(found.distance[a, b]), found.case))

    @property
    def typical(self) -> float | None:
        """Median distance where they are not the same; None where they always are."""
        found = [d for d, _ in self.distances or ()]
        return float(np.median(found)) if found else None

    def furthest(self, most: int) -> list[tuple[float, str]]:
        """The cases with the largest distances."""
        return sorted(self.distances or (), key=lambda d: (-d[0], d[1]))[:most]


def camps(apart: np.ndarray) -> list[list[int]]:
    """Groups of columns between which there is nothing but rounding, largest first.

    Args:
        apart: (columns, columns), symmetric.
    """
    left, found = list(range(len(apart))), []
    while left:
        camp = [left.pop(0)]
        for member in camp:  # grows while it is gone through
            near = [i for i in left if not apart[member, i]]
            camp += near
            left = [i for i in left if i not in near]
        found.append(sorted(camp))
    return sorted(found, key=lambda c: (-len(c), c))


def outsiders(found: Row, among: Sequence[int]) -> list[int] | None:
    """Which of these places of a row are apart from the majority of them; None where there is no majority."""
    groups = camps(found.apart[np.ix_(among, among)])
    if len(groups) > 1 and len(groups[0]) * 2 <= len(among):
        return None
    return [among[i] for group in groups[1:] for i in group]
