"""The answer at the top of the page: one sentence, what failed, what ran where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity.judge.verdict import NEUTRAL, ORDER
from parity.report.environments import amiss, idle, left_out, missing
from parity.report.failures import (
    EXCUSED,
    EXCUSES,
    GOOD,
    KINDS,
    NAMED,
    Failure,
    failing,
    failures_of,
    in_others,
    kind,
    usual,
)
from parity.results import Record, Results
from parity.story import weak
from parity.story.trust import ENOUGH
from parity.story.words import USUAL, listing, parts, percent, plural, some

LISTED = 8
"""Files with failing cases that are listed under it with their messages."""


@dataclass(frozen=True)
class Overview:
    """What the top of the page says.

    Args:
        tone: ``good``, ``bad``, ``empty`` where nothing was compared, ``other`` where that was not the aim: where
            results are of other precisions or of times alone.
        headline: the answer.
        rest: what does not fit it, after a semicolon; may be empty.
        asides: sentences on what says nothing or is known.
        failures: by case file; those in the usual precision first.
        counts: verdict, ``loosened`` or ``known`` → cells in the usual precision, from best to worst; 0 for what only
            cells in other precisions are.
        others: a sentence on cells in other precisions; may be empty.
        others_fail: whether some of those fail.
    """

    tone: str
    headline: str
    rest: str
    asides: tuple[str, ...]
    failures: tuple[Failure, ...]
    counts: dict[str, int]
    others: str = ""
    others_fail: bool = False


def overview(results: Results) -> Overview:
    """Sum up all results."""
    ordered = [results.cells[key] for key in sorted(results.cells, key=lambda k: (k[1], k[2], k[0]))]
    cells = [c for c in ordered if usual(c["target"])]
    others = [c for c in ordered if not usual(c["target"])]
    counts, everywhere = Counter(map(kind, cells)), Counter(map(kind, ordered))
    compared = [c for c in cells if c["verdict"] not in NEUTRAL]
    failures, more = failures_of(cells, results), failures_of(others, results)
    wrong = {c["case"] for f in failures for c in f.cells}
    good = [c for c in compared if kind(c) in GOOD and c["case"] not in wrong]
    lacks = tuple(said for _, said in amiss(results))
    asides = (*lacks, *left_out(results), *_asides(counts, len(cells), _weak(results)))
    shown = {v: counts[v] for v in KINDS if everywhere[v]}
    said_of_others = in_others(others, more)
    if not compared:
        tone, headline = _nothing(results, cells, others)
        tone = "bad" if (more or lacks) and tone == "other" else tone
        return Overview(tone, headline, "", asides, (*failures, *more), shown, said_of_others, bool(more))
    agreeing = {c["case"] for c in good}
    size = [plural(len(agreeing), "case"), plural(len({parts(c["target"])[0] for c in compared}), "engine")]
    if len(environments := {c["environment"] for c in compared}) > 1:
        size.append(plural(len(environments), "environment"))
    verb = "agrees" if len(agreeing) == 1 else "agree"
    how = "bit for bit" if good and all(c["verdict"] == "equal" for c in good) else "within rounding"
    once = Counter(k for k, _, _ in {(kind(c), c["case"], c["target"]) for c in cells})  # not for each environment
    excuses = [plural(once[k], word) for k, word in EXCUSES if once[k]]
    known = f", but for {listing(excuses)}" if excuses else ""
    tone = "bad" if failures or more or lacks else "good"
    rest = "; ".join([*([failing(failures)] if failures else []), *_absent(results)])
    headline = f"{' × '.join(size)} {verb} {how}{known}"
    if not agreeing:
        headline = f"None of {plural(len({c['case'] for c in compared}), 'case')} agrees within rounding{known}"
    return Overview(tone, headline, rest, asides, (*failures, *more), shown, said_of_others, bool(more))


def _nothing(results: Results, cells: Sequence[Record], others: Sequence[Record]) -> tuple[str, str]:
    """Tone and headline where no verdict in the usual precision says anything about the numbers."""
    looked = {c["case"] for c in others} | {r["case"] for r in results.measured["loss"].values()}
    timed = {r["case"] for r in results.measured["timing"].values()}
    found = [
        *([f"{plural(len(looked), 'case')} looked at in other precisions"] if looked else []),
        *([f"{plural(len(timed), 'case')} timed"] if timed else []),
    ]
    if cells or not found:
        why = f"{plural(len(cells), 'cell')} and no comparison among them" if cells else "there are no results"
        return "empty", f"Nothing was compared: {why}."
    return "other", f"{listing(found)}, and no verdict in {USUAL} here"


def _absent(results: Results) -> list[str]:
    """``py312 compared nothing``, ``py313 left no results``: so that the headline does not sound better than it is."""
    found = ((sorted(idle(results)), "compared nothing"), (missing(results), "left no results"))
    return [f"{listing(names)} {what}" for names, what in found if names]


def _weak(results: Results) -> list[str]:
    """Cases that would not notice much."""
    knowing = {case: cell for (_, case, _), cell in results.cells.items() if "weak" in cell}
    return sorted(name for name, case in results.cases.items() if weak(case, knowing.get(name)))


def _asides(counts: Counter, total: int, feeble: Sequence[str]) -> tuple[str, ...]:
    said = []
    if feeble:
        verb = "is" if len(feeble) == 1 else "are"
        share = percent(ENOUGH)
        said.append(
            f"{plural(len(feeble), 'case')} {verb} weak, so that agreement proves little: fewer than {share} of the "
            f"weights would be noticed if changed by 1% ({some(feeble, most=NAMED)})."
        )
    neutral = [f"{counts[v]} {v}" for v in ORDER if v in NEUTRAL and counts[v]]
    if neutral:
        said.append(f"Of {total:,} cells, {' and '.join(neutral)}: these say nothing about the numbers.")
    return tuple(said)


def target_rows(results: Results) -> list[dict[str, Any]]:
    """The table of targets: a row for each target and environment, with its facts or the reason why it is skipped."""
    ratios: dict[tuple[str, str], float] = {}
    counts: dict[tuple[str, str], Counter] = {}
    for (environment, _, target), cell in results.cells.items():
        key = environment, target
        counts.setdefault(key, Counter())[kind(cell) if cell["ok"] else "failed"] += 1
        ratio = largest_ratio(cell)
        if ratio is not None and kind(cell) not in EXCUSED:
            ratios[key] = max(ratios.get(key, 0.0), ratio)
    rows = []
    for environment, target in sorted({*results.targets, *counts}, key=lambda k: (k[1], k[0])):
        record = results.targets.get((environment, target), {})
        count, facts = counts.get((environment, target), Counter()), record.get("facts", {})
        rows.append({
            "target": target, "environment": environment, "status": record.get("status", "ready"),
            "reason": record.get("reason", ""), "device": facts.get("device", ""), "mode": facts.get("mode", ""),
            "versions": ", ".join(f"{k} {v}" for k, v in facts.get("versions", {}).items()),
            "threads": facts.get("threads", ""), "full_taps": facts.get("full_taps"),
            "failed": count["failed"], "known": sum(count[k] for k in EXCUSED), "passed": sum(count[k] for k in GOOD),
            "ratio": ratios.get((environment, target)),
        })  # fmt: skip
    return rows


def largest_ratio(cell: Record) -> float | None:
    """Largest error ÷ bound of a cell, over its layers and outputs; None where nothing was compared."""
    found = [
        float(f["metrics"]["bound_ratio"])
        for f in (*cell.get("layers", ()), *cell.get("final", ()))
        if f["metrics"] and f["metrics"].get("bound_ratio") is not None
    ]
    return max(found, default=None)
