"""Sections of the start page on trust: which bounds are loosened, and what an exam of the suite found."""

from __future__ import annotations

from typing import Any

from parity.results import Record, Results
from parity.story.trust import lets_through, loosening
from parity.story.words import figure, number, percent, plural

COUNTS = ("committed", "hidden", "caught", "named", "among")
"""Figures of an exam, of one mistake or of all."""


def ledger(results: Results) -> list[dict[str, Any]]:
    """A row for each loosening of a case file: what, for whom, why, how much of it is needed, what it lets through."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, case in sorted(results.cases.items()):
        for entry in case.get("loosen") or ():
            file = name.partition("[")[0]
            key = (file, *(str(entry.get(k)) for k in ("layer", "target", "factor", "absolute", "reason")))
            row = rows.setdefault(key, {"file": file, "entry": entry, "cases": [], "needed": None, "cost": ()})
            row["cases"].append(name)
            row["needed"] = max(
                (n for n in (row["needed"], _needed(results, name, entry)) if n is not None), default=None
            )
            row["cost"] = max(row["cost"], tuple(lets_through(entry)), key=len)
    return [_row(row) for row in rows.values()]


def _needed(results: Results, case: str, entry: Record) -> float | None:
    """The largest error ÷ plain bound that the entry covers on any target."""
    found = [
        number(e.get("needed"))
        for (_, name, _), cell in results.cells.items()
        for e in (cell.get("loosened") or ()) if name == case
        if all(e.get(k) == entry.get(k) for k in ("layer", "factor", "absolute", "reason"))
    ]  # fmt: skip
    return max((n for n in found if n is not None), default=None)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    needed = row["needed"]
    return {
        "case": row["cases"][0],
        "name": row["cases"][0] if len(row["cases"]) == 1 else row["file"],
        "count": plural(len(row["cases"]), "case"),
        "target": row["entry"].get("target", "*"),
        "said": loosening(row["entry"]),
        "needed": "" if needed is None else "exact" if needed == float("inf") else f"{figure(needed)} times",
        "cost": row["cost"],
    }


def exam(results: Results) -> dict[str, Any]:
    """What the start page says of the exam; empty where the results have none."""
    found = results.exam
    if not found:
        return {}
    totals = {k: int(found.get("totals", {}).get(k) or 0) for k in COUNTS}
    seen = totals["committed"] - totals["hidden"]
    were = "was" if totals["committed"] == 1 else "were"
    said = [
        f"{plural(totals['committed'], 'mistake')} of those that people make when they move a network {were} made on "
        f"purpose. {totals['hidden']:,} of them moved no number further than rounding could on those inputs, so that "
        f"nobody could tell. Of the other {seen:,}, {_of(totals['caught'], seen)} were caught. Of these, "
        f"{_of(totals['named'], totals['caught'])} were called by their name, and "
        f"{_of(totals['among'], totals['caught'])} "
        "stood among the causes that were given."
    ]
    if clean := found.get("clean"):
        alarms = int(clean.get("false_alarms") or 0)
        said.append(
            f"Networks without a mistake were judged {int(clean.get('cells') or 0):,} times, with "
            f"{plural(alarms, 'false alarm') if alarms else 'no false alarm'}."
        )
    if (elsewhere := found.get("elsewhere")) is not None:
        times = plural(elsewhere, "time") if elsewhere else "Never"
        said.append(f"{times}, a layer was blamed that had nothing to do with it." if elsewhere else
                    f"{times} was a layer blamed that had nothing to do with it.")  # fmt: skip
    return {
        "said": said,
        "date": str(found.get("date", "")),
        "targets": [{"target": t, **_counts(v)} for t, v in sorted((found.get("by_target") or {}).items())],
        "rows": [[r["mistake"], r["kind"], *_counts(r).values()] for r in found.get("rows") or ()],
        "failures": [str(f) for f in found.get("failures") or ()],
    }


def _counts(row: Record) -> dict[str, Any]:
    return {k: row.get(k) for k in COUNTS}


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({percent(part / whole)})" if whole else f"{part:,}"
