"""The answer at the top of the page: one sentence, what failed, what ran where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity.judge.verdict import NEUTRAL, ORDER
from parity.results import Record, Results

NAMED = 3
"""Failing cases that the sentence names."""
LISTED = 8
"""Failing cases that are listed under it with their messages."""


@dataclass(frozen=True)
class Failure:
    """What went wrong on one case.

    Args:
        case: its id.
        cells: its failing cells, in order of target and environment.
    """

    case: str
    cells: tuple[Record, ...]

    @property
    def where(self) -> str:
        """``differs on onnxruntime@cpu and chainer@cpu, crashed on keras-jax@cpu``."""
        by_verdict: dict[str, dict[str, None]] = {}
        for cell in self.cells:
            by_verdict.setdefault(cell["verdict"], {})[cell["target"]] = None
        return ", ".join(f"{verdict} on {listing(list(targets))}" for verdict, targets in by_verdict.items())

    @property
    def messages(self) -> tuple[tuple[str, tuple[Record, ...]], ...]:
        """Each message once, with the cells that gave it."""
        found: dict[str, list[Record]] = {}
        for cell in self.cells:
            found.setdefault(cell.get("message") or cell["verdict"], []).append(cell)
        return tuple((text, tuple(cells)) for text, cells in found.items())


@dataclass(frozen=True)
class Overview:
    """What the top of the page says.

    Args:
        tone: ``good``, ``bad``, or ``empty`` where nothing was compared.
        headline: the answer.
        rest: what does not fit it, after a semicolon; may be empty.
        asides: sentences on what says nothing or is known.
        failures: all failing cases.
        counts: verdict → cells, from best to worst.
    """

    tone: str
    headline: str
    rest: str
    asides: tuple[str, ...]
    failures: tuple[Failure, ...]
    counts: dict[str, int]


def overview(results: Results) -> Overview:
    """Sum up all results."""
    cells = [results.cells[key] for key in sorted(results.cells, key=lambda k: (k[1], k[2], k[0]))]
    counts = Counter(cell["verdict"] for cell in cells)
    compared = [c for c in cells if c["verdict"] not in NEUTRAL]
    failing: dict[str, list[Record]] = {}
    for cell in cells:
        if not cell["ok"]:
            failing.setdefault(cell["case"], []).append(cell)
    failures = tuple(Failure(case, tuple(found)) for case, found in failing.items())
    expected = {c["case"] for c in compared if c["ok"] and "expected" in c} - set(failing)
    agreeing = {c["case"] for c in compared} - set(failing) - expected
    idle = sorted(set(results.runs) - {c["environment"] for c in compared})
    asides = _asides(counts, len(cells), idle if compared else [])
    ordered = {v: counts[v] for v in ORDER if counts[v]}
    if not compared:
        why = f"{plural(len(cells), 'cell')} and no comparison among them" if cells else "there are no results"
        return Overview("empty", f"Nothing was compared: {why}.", "", asides, failures, ordered)
    engines = {c["target"].partition("@")[0] for c in compared}
    size = [plural(len(agreeing), "case"), plural(len(engines), "engine")]
    environments = {c["environment"] for c in compared}
    if len(environments) > 1:
        size.append(plural(len(environments), "environment"))
    equal = all(c["verdict"] == "equal" for c in compared if c["case"] in agreeing)
    verb = "agrees" if len(agreeing) == 1 else "agree"
    headline = f"{' × '.join(size)} {verb} {'bit for bit' if equal and agreeing else 'within rounding'}"
    parts = []
    if expected:
        parts.append(f"{len(expected)} {'differs' if len(expected) == 1 else 'differ'} as expected")
    if failures:
        parts.append(_failing(failures))
    tone = "bad" if failures or idle else "good"
    return Overview(tone, headline, "; ".join(parts), asides, failures, ordered)


def _failing(failures: Sequence[Failure]) -> str:
    only_differ = all(c["verdict"] == "differs" for f in failures for c in f.cells)
    one = len(failures) == 1
    verb = ("differs" if one else "differ") if only_differ else ("fails" if one else "fail")
    named = [f"{f.case} ({f.where})" for f in failures[:NAMED]]
    more = [f"{len(failures) - NAMED} more"] if len(failures) > NAMED else []
    return f"{len(failures)} {verb}: {listing([*named, *more])}"


def _asides(counts: Counter, total: int, idle: Sequence[str]) -> tuple[str, ...]:
    said = []
    if idle:
        said.append(f"Environment {listing(idle)} compared nothing.")
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
        counts.setdefault(key, Counter())["bad" if not cell["ok"] else cell["verdict"]] += 1
        ratio = largest_ratio(cell)
        if ratio is not None:
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
            "failed": count["bad"], "passed": count["equal"] + count["rounding"],
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


def listing(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plural(number: int, word: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
