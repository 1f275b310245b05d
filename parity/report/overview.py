"""The answer at the top of the page: one sentence, what failed, what ran where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity.judge.verdict import NEUTRAL, ORDER
from parity.results import Record, Results
from parity.story import about_cell, weak
from parity.story.trust import ENOUGH
from parity.story.words import listing, percent, plural, some

NAMED = 3
"""Files with failing cases that the sentence names."""
GOOD = frozenset({"equal", "rounding"})
EXCUSED = ("loosened", "known")
"""Kinds of cells that pass for a reason that their case gives."""
KINDS = (*ORDER[:2], *EXCUSED, *ORDER[2:])
"""What cells are counted by: the verdicts, from best to worst, and what is excused."""
TOLD = 20
"""Failing cells of a file that are looked at for what is said of them."""
LISTED = 8
"""Files with failing cases that are listed under it with their messages."""


@dataclass(frozen=True)
class Failure:
    """What went wrong in one case file.

    Args:
        file: the case id without the part in brackets.
        cells: its failing cells, in order of case, target and environment.
        answers: what is said of them in a sentence, each once.
    """

    file: str
    cells: tuple[Record, ...]
    answers: tuple[str, ...]

    @property
    def cases(self) -> tuple[Record, ...]:
        """The first failing cell of each case."""
        first: dict[str, Record] = {}
        for cell in self.cells:
            first.setdefault(cell["case"], cell)
        return tuple(first.values())

    @property
    def name(self) -> str:
        """The case, or how many of the file."""
        return self.cases[0]["case"] if len(self.cases) == 1 else f"{len(self.cases)} of {self.file}"

    @property
    def where(self) -> str:
        """``differs on onnxruntime and chainer, crashed on keras-jax``."""
        found: dict[str, set[str]] = {}
        for cell in self.cells:
            found.setdefault(cell["verdict"], set()).add(_engine(cell["target"]))
        return ", ".join(f"{verdict} on {listing(sorted(engines))}" for verdict, engines in found.items())


@dataclass(frozen=True)
class Overview:
    """What the top of the page says.

    Args:
        tone: ``good``, ``bad``, or ``empty`` where nothing was compared.
        headline: the answer.
        rest: what does not fit it, after a semicolon; may be empty.
        asides: sentences on what says nothing or is known.
        failures: by case file.
        counts: verdict, ``loosened`` or ``known`` → cells, from best to worst.
    """

    tone: str
    headline: str
    rest: str
    asides: tuple[str, ...]
    failures: tuple[Failure, ...]
    counts: dict[str, int]


def kind(cell: Record) -> str:
    """The cell's verdict; ``known`` for a failure that its case expects, ``loosened`` where it loosens a bound."""
    excuse = "known" if "expected" in cell else "loosened" if cell.get("loosened") else ""
    return excuse if cell["ok"] and excuse else cell["verdict"]


def overview(results: Results) -> Overview:
    """Sum up all results."""
    cells = [results.cells[key] for key in sorted(results.cells, key=lambda k: (k[1], k[2], k[0]))]
    counts = Counter(map(kind, cells))
    compared = [c for c in cells if c["verdict"] not in NEUTRAL]
    failures = _failures(cells, results)
    failing = {c["case"] for f in failures for c in f.cells}
    good = [c for c in compared if kind(c) in GOOD and c["case"] not in failing]
    idle = sorted(set(results.runs) - {c["environment"] for c in compared})
    asides = _asides(counts, len(cells), idle if compared else [], _weak(results))
    ordered = {v: counts[v] for v in KINDS if counts[v]}
    if not compared:
        why = f"{plural(len(cells), 'cell')} and no comparison among them" if cells else "there are no results"
        return Overview("empty", f"Nothing was compared: {why}.", "", asides, failures, ordered)
    agreeing = {c["case"] for c in good}
    size = [plural(len(agreeing), "case"), plural(len({_engine(c["target"]) for c in compared}), "engine")]
    if len(environments := {c["environment"] for c in compared}) > 1:
        size.append(plural(len(environments), "environment"))
    verb = "agrees" if len(agreeing) == 1 else "agree"
    how = "bit for bit" if good and all(c["verdict"] == "equal" for c in good) else "within rounding"
    excuses = [
        plural(counts[k], word) for k, word in (("known", "known failure"), ("loosened", "loosened bound")) if counts[k]
    ]
    known = f", but for {listing(excuses)}" if excuses else ""
    tone = "bad" if failures or idle else "good"
    rest = _failing(failures) if failures else ""
    return Overview(tone, f"{' × '.join(size)} {verb} {how}{known}", rest, asides, failures, ordered)


def _failures(cells: Sequence[Record], results: Results) -> tuple[Failure, ...]:
    files: dict[str, list[Record]] = {}
    for cell in cells:
        if not cell["ok"]:
            files.setdefault(cell["case"].partition("[")[0], []).append(cell)
    return tuple(Failure(file, tuple(found), _answers(found, results)) for file, found in files.items())


def _answers(cells: Sequence[Record], results: Results) -> tuple[str, ...]:
    """Of the first few: nobody reads more of them there."""
    told = []
    for c in cells[:TOLD]:
        first, *known = about_cell(results.cases.get(c["case"], {}), c)[0].paragraphs
        told.append(" ".join([first, *known]) if "expected" in c else first)
    return tuple(dict.fromkeys(told))


def _failing(failures: Sequence[Failure]) -> str:
    """``3 differ: layers/elu on onnxruntime and 2 of layers/gru on chainer``."""
    only_differ = all(c["verdict"] == "differs" for f in failures for c in f.cells)
    number = sum(len(f.cases) for f in failures)
    verb = ("differs" if number == 1 else "differ") if only_differ else ("fails" if number == 1 else "fail")
    named = [f"{f.name} on {listing(sorted({_engine(c['target']) for c in f.cells}))}" for f in failures[:NAMED]]
    more = sum(len(f.cases) for f in failures[NAMED:])
    return f"{number} {verb}: {listing([*named, *([f'{more} more'] if more else [])])}"


def _weak(results: Results) -> list[str]:
    """Cases that would not notice much."""
    knowing = {case: cell for (_, case, _), cell in results.cells.items() if "weak" in cell}
    return sorted(name for name, case in results.cases.items() if weak(case, knowing.get(name)))


def _asides(counts: Counter, total: int, idle: Sequence[str], feeble: Sequence[str]) -> tuple[str, ...]:
    said = []
    if feeble:
        verb = "is" if len(feeble) == 1 else "are"
        share = percent(ENOUGH)
        said.append(
            f"{plural(len(feeble), 'case')} {verb} weak, so that agreement proves little: fewer than {share} of the "
            f"weights would be noticed if changed by 1% ({some(feeble, most=NAMED)})."
        )
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


def _engine(target: str) -> str:
    """``chainer`` of ``chainer@cpu``."""
    return target.partition("@")[0]
