"""Which findings the page shows the distribution of errors of, and which failing cells' scripts, by what they cost."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from parity.judge.verdict import FAILED
from parity.results import Record

ERRORS = ("spread", "map", "profile")
"""Keys of a finding that say how its errors are distributed; the others of that kind are for readers of results."""
NOT_SHOWN = frozenset({*ERRORS, "bits", "sample"})
DISTRIBUTIONS = 360_000
"""Characters of the page that distributions may take, as estimated."""
SCRIPTS = 120_000
"""The same of scripts; those of one network on several targets have much in common, which is not counted."""
MISSES = 50
"""Scripts one after the other that do not fit, after which no more of them are looked at: packing one takes time."""
_AGAIN = 1  # character of what the same case said before
_COMMON = (
    b'"map": {"axes": [null, 0], "of": [1, "shape": [1, "axes": [1, 2], "axes": [0, 1], '
    b'"profile": {"axis": 1, "of": 1, "levels": "0ZYXabcYZXWabcdZaZaZYYZYabaZXXYYZZZaaa"}, '
    b'"map": {"axes": [2, 3], "of": [16, 16], "shape": [16, 16], "levels": "'
    b'{"spread": {"zero": 0, "from": -12, "counts": [1, 2, 3, 4, 5, '
)
"""What a packer has seen before it sees a text."""


class Found(NamedTuple):
    """A finding and where it stands.

    Args:
        group: 0 in a cell that fails, 1 of an output, 2 the worst layer of a cell, 3 any other.
        finding: as it stands in a cell's record.
    """

    group: int
    finding: Mapping[str, Any]


def errors_of(finding: Mapping[str, Any]) -> dict[str, Any]:
    """What the page would show of a finding's errors: nothing of where they sit if there are none."""
    shown = ERRORS if finding.get("spread", {}).get("counts") else ERRORS[:1]
    return {k: finding[k] for k in shown if k in finding}


def affordable(
    rows: Mapping[str, Mapping[int, Record]], order: Callable[[str], Any], budget: int = DISTRIBUTIONS
) -> set[int]:
    """The findings whose errors the page shows, by the ``id`` of the object in the record.

    Those of cells that fail come first, then outputs, then the worst layer of each cell, then all others; of each kind
    those of single cases before those of sweeps, in the order of names. The first that is too much ends it.

    Args:
        rows: case → column → its cell.
        order: of names of cases.
        budget: characters of base64 of gzip.
    """
    cases = sorted(rows, key=lambda c: ("[" in c, order(c)))
    ranked: list[tuple[int, str, Mapping[str, Any]]] = []
    for case in cases:
        for _, cell in sorted(rows[case].items()):
            ranked += [(f.group, case, f.finding) for f in findings(cell) if "spread" in f.finding]
    ranked.sort(key=lambda r: r[0])  # stable: what follows is the order above
    chosen: set[int] = set()
    seen: set[tuple[str, str]] = set()
    for _, case, finding in ranked:
        said = json.dumps(errors_of(finding))
        budget -= _AGAIN if (case, said) in seen else _cost(said)
        if budget < 0:
            break
        seen.add((case, said))
        chosen.add(id(finding))
    return chosen


def findings(cell: Record) -> Iterator[Found]:
    """All findings of a cell, of its probe too."""
    layers, final = cell.get("layers") or (), cell.get("final") or ()
    probed = (cell.get("probe") or {}).get("layers") or ()
    failed = cell["verdict"] in FAILED
    worst = max((*layers, *probed), key=_ratio, default=None)
    for finding in final:
        yield Found(0 if failed else 1, finding)
    for finding in (*layers, *probed):
        yield Found(0 if failed else 2 if finding is worst else 3, finding)


def _ratio(finding: Mapping[str, Any]) -> float:
    found = (finding.get("metrics") or {}).get("bound_ratio")
    return -1.0 if found is None else float(found)


def scripts(cells: Iterable[Record], budget: int = SCRIPTS) -> set[int]:
    """The cells whose scripts the page holds, by ``id``: the first that fit, in the order given; those that were not
    expected to fail before known failures.
    """
    chosen: set[int] = set()
    misses = 0
    for cell in sorted((c for c in cells if "script" in c), key=lambda c: bool(c["ok"])):
        cost = _cost(cell["script"])
        if cost <= budget:
            chosen.add(id(cell))
            budget -= cost
            misses = 0
        elif (misses := misses + 1) == MISSES:
            break
    return chosen


def _cost(said: str) -> int:
    """Characters that a text takes in the page, at most about: alone, beside what such texts have in common."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_DEFAULT_STRATEGY, _COMMON)
    return -(-len(packer.compress(said.encode()) + packer.flush()) * 4 // 3)
