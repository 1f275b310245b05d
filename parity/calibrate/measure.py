"""Runs the variants through the workers; what a record needs of each cell goes to disk as it comes."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import parity
from parity import results
from parity.calibrate.variants import Variant
from parity.case.case import Case
from parity.errors import BadInput
from parity.results import Record, Writer
from parity.session import Session
from parity.targets import Target

RULES = ("layers", "judge", "dialects/numpy.py")
"""What a ratio depends on beside the engines; a measurement goes on only where all of it is as it was."""

CHUNK = 500
"""Variants that targets go through together. A fast one that is far ahead leaves its cases in memory for the slow."""


def rules() -> str:
    """Hash of the sources of all rules and bounds."""
    root, sha = Path(parity.__file__).parent, hashlib.sha256()
    for part in RULES:
        for file in sorted((root / part).rglob("*.py")) if (root / part).is_dir() else [root / part]:
            sha.update(file.read_bytes())
    return sha.hexdigest()[:16]


class Journal(Writer):
    """Results with no more in them than :func:`parity.calibrate.record.record` reads: some 10^4 cells are the rule."""

    def add(self, record: Record) -> None:
        """Write the small form of a record."""
        super().add(slim(record))


def slim(record: Record) -> Record:
    """What is kept of a record; of a finding the nodes, the verdict, error ÷ bound and the number of elements."""
    if record["kind"] == "case":
        return {k: record[k] for k in ("kind", "case", "hash")}
    if record["kind"] != "cell":
        return record
    keys = ("kind", "case", "target", "environment", "network", "hash", "verdict", "ok", "message")
    kept = {k: record[k] for k in keys if k in record}
    for part in ("layers", "final"):
        kept[part] = [_finding(f) for f in record.get(part, ())]
    return kept


def _finding(finding: Record) -> Record:
    metrics: dict[str, Any] = finding["metrics"] or {}
    kept = {k: finding[k] for k in ("tensor", "nodes", "verdict")}
    kept |= {"ratio": metrics.get("bound_ratio"), "count": metrics.get("count", 0)}
    return kept | ({"message": finding["message"]} if finding["message"] else {})


def measure(
    plan: Sequence[Variant],
    targets: Sequence[Target],
    folder: Path,
    session: Session,
    *,
    resume: bool = False,
    done: Collection[tuple[str, str]] = (),
    on_cell: Callable[[Record], None] = lambda _: None,
    seconds: float | None = None,
) -> results.Results:
    """Run the variants, a thread for each target.

    Args:
        folder: where finished cells are kept.
        resume: keep those of an earlier run.
        done: (variant's id, target) that need not run again.
        on_cell: called with each new cell, whole.
        seconds: after which nothing is begun any more.

    Raises:
        BadInput: a case's files are not what they should be; the other cases have run.
    """
    wrong: list[BadInput] = []
    end = math.inf if seconds is None else time.monotonic() + seconds

    def on_bad(_: Case, error: BadInput) -> None:
        wrong.append(error)

    with Journal(folder, resume=resume) as journal:
        journal.add(results.run_record() | {"rules": rules()})
        for start in range(0, len(plan), CHUNK):
            part = plan[start : start + CHUNK]
            left = end - time.monotonic()
            if left <= 0:
                break
            until = None if seconds is None else left
            session.run(part, targets, journal, done=done, on_cell=on_cell, on_bad=on_bad, seconds=until)
    if wrong:
        raise wrong[0]
    return results.read(folder)
