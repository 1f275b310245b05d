"""What tolerances that others use would have said of the same outputs."""

from __future__ import annotations

from collections.abc import Iterator

from parity.story.reading import Record
from parity.story.words import figure, plural


def customary(cell: Record) -> Iterator[str]:
    """Which of them agree with the verdict here."""
    rules = [r for r in cell.get("customary") or () if r.get("ok") is not None]
    if rules:
        passed = [str(r["rule"]) for r in rules if r["ok"]]
        failed = [str(r["rule"]) for r in rules if not r["ok"]]
        yield from (
            _wrong(rules, passed, failed) if cell["verdict"] not in ("equal", "rounding") else _right(rules, failed)
        )
    for other in cell.get("customary") or ():
        if other.get("ok") is None and other.get("sum") is not None:
            yield f"The sum of |d|, which the article that this project grew from prints, is {figure(other['sum'])}."


def named(rules: list[str], most: int = 6) -> str:
    """Rules have commas in their names."""
    more = [f"{len(rules) - most} more"] if len(rules) > most else []
    return "; ".join([*rules[:most], *more])


def _wrong(rules: list[Record], passed: list[str], failed: list[str]) -> Iterator[str]:
    if not passed:
        yield f"None of the {len(rules)} customary tolerances would have passed it."
        return
    yield f"{len(passed)} of {len(rules)} customary tolerances would have passed it: {named(passed)}."
    if failed:
        yield f"It would have been caught by: {named(failed)}."


def _right(rules: list[Record], failed: list[str]) -> Iterator[str]:
    if not failed:
        yield f"All {len(rules)} customary tolerances would have passed it too."
        return
    worst = max((r for r in rules if not r["ok"]), key=lambda r: r["failing"])
    yield (
        f"{len(failed)} of {len(rules)} customary tolerances would have called it wrong, although every "
        f"difference is within its bound: {named(failed)}, the strictest in {worst['failing']:,} of "
        f"{plural(worst['count'], 'element')}."
    )
