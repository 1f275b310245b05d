"""The figures of an exam, from its answers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from parity.exam.known import UNDONE
from parity.exam.questions import CHANGE, ELEMENT
from parity.exam.sit import Answer
from parity.results import Record, run_record

LISTED = 60
"""Kinds of questions that were not named, which are listed."""


def record(answers: Sequence[Answer], facts: dict[str, Any], parameters: dict[str, Any]) -> Record:
    """Strict JSON.

    ``rows``: by mistake. committed: that ran; hidden: that rounding could hide on these inputs, and did; caught;
    missed: not caught although rounding could not hide it; named: first by the diagnosis; among: named at all; refused:
    the framework itself would not run it; undone: it is known to take it back; these two count in nothing else.
    ``totals`` the same for all together, ``by_target`` for each engine. ``clean``: cells without a mistake, and false
    alarms among them. ``elsewhere``: layers blamed for what another did.

    Args:
        facts: target → what its worker says of itself.
        parameters: of the command, to be written down.
    """
    asked = [a for a in answers if a.mistake]
    clean = [a for a in answers if not a.mistake]
    about = run_record()
    return {
        "version": 1,
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": about["python"], "numpy": about["numpy"], "parity": about["parity"]},
        "targets": {t: {"versions": f.get("versions", {}), "mode": f.get("mode", "")} for t, f in facts.items()},
        "parameters": parameters,
        "rows": [
            {"mistake": mistake, "kind": kind, **_counts([a for a in asked if (a.mistake, a.kind) == (mistake, kind)])}
            for mistake, kind in sorted({(a.mistake, a.kind) for a in asked}, key=lambda k: (k[1], k[0]))
        ],
        "totals": _counts(asked),
        "elements": {"change": CHANGE, **_counts([a for a in asked if a.mistake == ELEMENT])},
        "by_target": {t: _counts([a for a in asked if a.target == t]) for t in sorted({a.target for a in asked})},
        "clean": {"cells": len(clean), "false_alarms": sum(a.outcome == "false alarm" for a in clean)},
        "elsewhere": sum(bool(a.elsewhere) for a in asked),
        "failures": sorted(_failure(a) for a in answers if a.outcome in ("missed", "false alarm") or a.elsewhere),
        "undone": [{"mistake": m, "engine": e, "why": why} for (m, e), why in sorted(UNDONE.items())],
        "unnamed": _unnamed(asked),
    }


def _counts(answers: Sequence[Answer]) -> dict[str, int]:
    outcomes = Counter(a.outcome for a in answers)
    caught = [a for a in answers if a.outcome == "caught"]
    return {
        "committed": outcomes["caught"] + outcomes["missed"] + outcomes["hidden"],
        "hidden": outcomes["hidden"],
        "caught": len(caught),
        "missed": outcomes["missed"],
        "named": sum(a.named for a in caught),
        "among": sum(a.among for a in caught),
        "refused": outcomes["refused"],
        "undone": outcomes["undone"],
    }


def _failure(a: Answer) -> str:
    what = f"{a.mistake} at {a.node} ({a.layer}): {a.words}" if a.mistake else "nothing wrong"
    where = f"; blamed {', '.join(a.elsewhere)}" if a.elsewhere else ""
    return f"{a.case} on {a.target}: {a.outcome}: {what}{where}"


def _unnamed(asked: Sequence[Answer]) -> list[dict[str, Any]]:
    """What was caught and not named first, the most frequent first."""
    found: Counter[tuple[str, str, str]] = Counter()
    for a in asked:
        if a.outcome == "caught" and not a.named:
            found[a.mistake, a.layer, a.first] += 1
    rows = found.most_common(LISTED)
    return [{"mistake": m, "layer": layer, "named": first, "count": n} for (m, layer, first), n in rows]


def share(part: int, whole: int) -> str:
    """``98.7 %``, never rounded up to all."""
    if not whole:
        return "–"
    return f"{int(1000 * part / whole) / 10:g} %"
