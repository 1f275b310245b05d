"""``summary.md``: what the start page says, as Markdown for a pull request or the summary of a job."""

from __future__ import annotations

from collections.abc import Sequence

from parity.changes.environments import Split, counted
from parity.report.failures import Failure
from parity.report.markdown import escaped, fitted, table
from parity.report.overview import Overview, overview, target_rows
from parity.report.precision import precision
from parity.report.timing import timing
from parity.results import Record, Results
from parity.story.why import change
from parity.story.words import figure, plural, sentence, some

FILE = "summary.md"
MOST = 60_000
"""Characters; a comment on GitHub holds 65,536, a job's summary 1 MiB."""
FILES = 25
"""Case files with failures that are told."""
ANSWERS = 3
"""Sentences of each."""
SPLITS = 25
"""Sentences on environments that found different things."""
TARGETS = 60
"""Rows of the table."""
CUT = "*There is more in the report.*"
SIGNS = {"good": "✅", "bad": "❌", "empty": "❌", "other": "ℹ️"}


def summary(results: Results, splits: Sequence[Split]) -> str:
    """The answer, the targets, what failed and what to change, what environments found differently."""
    found = overview(results)
    text = sentence(f"{found.headline}; {found.rest}" if found.rest else found.headline)
    blocks = [[f"**{SIGNS[found.tone]} {escaped(text)}**"]]
    blocks += [[escaped(found.others)]] if found.others else []
    if found.asides:
        blocks.append([f"- {escaped(aside)}" for aside in found.asides])
    blocks += _targets(results, found)
    blocks += _failures(results, found)
    blocks += _environments(splits)
    blocks += _measured(results)
    return fitted(blocks, MOST, CUT)


def _targets(results: Results, found: Overview) -> list[list[str]]:
    """A row for each target, or for the environments that found the same of it."""
    rows = target_rows(results)
    if not rows:
        return []
    several = len({r["environment"] for r in rows}) > 1
    merged: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        merged.setdefault(_row(row), []).append(row["environment"])
    head = ["target", "agree", "excused", "fail", "error ÷ bound", "versions", *(["environments"] if several else [])]
    body = [[*row, *([some(names)] if several else [])] for row, names in merged.items()]
    more = [[f"{plural(len(body) - TARGETS, 'more row')} in the report."]] if len(body) > TARGETS else []
    counts = [f"{n:,} {kind}" for kind, n in found.counts.items() if n]
    lines = table(head, body[:TARGETS], right=range(1, 5))
    return [["### Targets"], lines, *more, *([[escaped(f"Cells: {', '.join(counts)}.")]] if counts else [])]


def _row(row: Record) -> tuple[str, ...]:
    numbers = (f"{row[k]:,}" if row[k] else "" for k in ("passed", "known", "failed"))
    ratio = "" if row["ratio"] is None else figure(row["ratio"], 2)
    what = row["versions"] if row["status"] == "ready" else f"{row['status']}: {row['reason']}"
    return row["target"], *numbers, ratio, what


def _failures(results: Results, found: Overview) -> list[list[str]]:
    if not found.failures:
        return []
    cells = sum(len(f.cells) for f in found.failures)
    blocks = [[f"### Failed: {plural(cells, 'cell')} of {plural(len(found.failures), 'file')}"]]
    blocks.append([line for failure in found.failures[:FILES] for line in _failure(results, failure)])
    more = len(found.failures) - FILES
    return [*blocks, [f"{plural(more, 'more file')} with failures in the report."]] if more > 0 else blocks


def _failure(results: Results, failure: Failure) -> list[str]:
    first = failure.cells[0]
    advice = next(change(results.cases.get(first["case"], {}), first), "")
    more = len(failure.answers) - ANSWERS
    return [
        f"- **{escaped(failure.name)}**: {escaped(failure.where)}",
        *(f"  - {escaped(answer)}" for answer in failure.answers[:ANSWERS]),
        *([f"  - and {plural(more, 'other answer')}"] if more > 0 else []),
        *([f"  - *What to change:* {escaped(advice)}"] if advice else []),
    ]


def _environments(found: Sequence[Split]) -> list[list[str]]:
    if not found:
        return []
    by_text: dict[str, list[str]] = {}
    for split in found:
        by_text.setdefault(split.text, []).append(split.case)
    ranked = sorted(by_text.items(), key=lambda item: -len(item[1]))
    said = [f"{text} ({plural(len(cases), 'case')}: {some(cases, most=3)})" for text, cases in ranked]
    lines = [f"- {escaped(text)}" for text in said]
    more = [f"- and {len(lines) - SPLITS:,} more"] if len(lines) > SPLITS else []
    return [["### Environments that found different things", "", escaped(counted(found))], [*lines[:SPLITS], *more]]


def _measured(results: Results) -> list[list[str]]:
    blocks = []
    for title, told in (("Precision", precision(results)), ("Time", timing(results))):
        if told and told["said"]:
            blocks.append([f"### {title}", "", *(f"- {escaped(text)}" for text in told["said"][:ANSWERS])])
    return blocks
