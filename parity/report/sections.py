"""Sections of the start page on trust: which bounds are loosened, and what an exam of the suite found."""

from __future__ import annotations

from typing import Any

from parity.results import Record, Results
from parity.story.trust import lets_through, loosening
from parity.story.words import figure, number, percent, plural

COUNTS = ("committed", "invisible", "caught", "named", "among")
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
    seen = totals["committed"] - totals["invisible"]
    said = [
        f"{plural(totals['committed'], 'mistake')} that people make when they move a network "
        f"{'was' if totals['committed'] == 1 else 'were'} made on purpose. {totals['invisible']:,} of them change no "
        f"number on the inputs of their case, so nobody could see them. Of the other {seen:,}, "
        f"{_of(totals['caught'], seen)} were caught, and {_of(totals['named'], seen)} were called by their name; "
        f"{totals['among']:,} more were among several that the inputs cannot tell apart."
    ]
    if clean := found.get("clean"):
        alarms = int(clean.get("false_alarms") or 0)
        said.append(
            f"Networks without a mistake were judged {int(clean.get('cells') or 0):,} times, with "
            f"{plural(alarms, 'false alarm') if alarms else 'no false alarm'}."
        )
    versions = ", ".join(f"{k} {v}" for k, v in sorted((found.get("versions") or {}).items()))
    targets = [{"target": t, **{k: v.get(k) for k in COUNTS}} for t, v in sorted((found.get("targets") or {}).items())
               if isinstance(v, dict)]  # fmt: skip
    return {"said": said, "date": str(found.get("date", "")), "versions": versions, "targets": targets,
            "rows": [[r.get("mistake", ""), r.get("kind", ""), *(r.get(k) for k in COUNTS)]
                     for r in found.get("rows") or ()]}  # fmt: skip


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({percent(part / whole)})" if whole else f"{part:,}"
