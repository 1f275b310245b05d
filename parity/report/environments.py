"""Environments of which something is amiss as a whole: they compared nothing, are missing, or do not fit the others."""

from __future__ import annotations

from collections.abc import Iterator

from parity.judge.verdict import NEUTRAL
from parity.results import Record, Results
from parity.story.words import listing, plural, some

NAMED = 3
"""Cases, or reasons, that a sentence names."""


def idle(results: Results) -> dict[str, str]:
    """Environments that compared nothing → why, as far as their records tell."""
    busy = {c["environment"] for c in results.cells.values() if c["verdict"] not in NEUTRAL}
    busy |= {r.get("environment", "") for found in results.measured.values() for r in found.values()}
    known = {*results.runs, *(environment for environment, *_ in results.cells)}
    return {environment: _why(results, environment) for environment in sorted(known - busy)}


def _why(results: Results, environment: str) -> str:
    cells = [c for c in results.cells.values() if c["environment"] == environment]
    reasons = {
        f"{r['target']}: {r['reason']}"
        for (where, _), r in sorted(results.targets.items())
        if where == environment and r.get("reason")
    }
    if cells:
        said = f"{plural(len(cells), 'cell')} and no comparison among them"
    elif any(entry["environment"] == environment for entry in results.left_out):
        said = "all of its cells are left out"
    else:
        said = "its run ended before the first verdict"
    return "; ".join([said, *([some(sorted(reasons), most=NAMED)] if reasons else [])])


def missing(results: Results) -> list[str]:
    """Environments that were expected and left no results."""
    return [e for e in dict.fromkeys(results.expected) if e not in results.runs]


def partial(results: Results) -> Iterator[tuple[str, str]]:
    """Environments with verdicts on some of the cases alone, as when a run is interrupted, with a sentence."""
    everywhere = {case for _, case, _ in results.cells}
    found: dict[str, set[str]] = {}
    for environment, case, _ in results.cells:
        found.setdefault(environment, set()).add(case)
    for entry in results.left_out:
        if entry["why"] == "other":  # told of by itself, as a lack; of other versions there may be no later results
            found.get(entry["environment"], set()).update(entry["cases"])
    for environment, cases in sorted(found.items()):
        if lacks := sorted(everywhere - cases):
            of = f"{len(lacks):,} of {plural(len(everywhere), 'case')}"
            yield environment, f"Environment {environment} has no verdict on {of}: {some(lacks, most=NAMED)}."


def amiss(results: Results) -> Iterator[tuple[str, str]]:
    """What makes a merge red whatever its verdicts are: (environment or folder, a sentence)."""
    for environment, why in idle(results).items():
        yield environment, f"Environment {environment} compared nothing: {why}."
    for environment in missing(results):
        there = f"there are {some(sorted(results.runs))}" if results.runs else "there are none"
        yield environment, f"Environment {environment} left no results, though they were expected; {there}."
    yield from _unread(results)
    yield from ((e, said) for e, said in partial(results) if e in results.expected)
    for entry in results.left_out:
        if _lacks(entry, results):
            yield entry["environment"], told(entry)


def _unread(results: Results) -> Iterator[tuple[str, str]]:
    yield from ((folder, f"Nothing was read of {folder}: {why}.") for folder, why in sorted(results.unread.items()))


def unused(results: Results) -> Iterator[str]:
    """Sentences on what is there and counts for nothing: files that cannot be read, and cells that were left out."""
    yield from (said for _, said in _unread(results))
    yield from map(told, results.left_out)


def left_out(results: Results) -> Iterator[str]:
    """Sentences on cells that were left out or never came, and that nobody said must be there."""
    yield from (said for e, said in partial(results) if e not in results.expected)
    yield from (told(entry) for entry in results.left_out if not _lacks(entry, results))


def _lacks(entry: Record, results: Results) -> bool:
    """Whether an environment that was expected lacks what was left out."""
    return entry["environment"] in results.expected and entry["why"] == "other"


def told(entry: Record) -> str:
    """``py312: 12 cases were run on other weights (started 2026-11-26 12:12 UTC); left out; run it again.``"""
    cases, name = entry["cases"], entry["environment"] or "an environment without a name"
    began = f"started {entry['started'][:16].replace('T', ' ')} UTC" if entry["started"] else "no start known"
    were = f"{plural(len(cases), 'case')} {'was' if len(cases) == 1 else 'were'}"
    if entry["why"] == "again":
        return f"{name}: {were} run again since ({began}); the later results count."
    if entry["why"] == "versions":
        return f"{name}: {were} run with other versions of the software than since ({began}); left out."
    other = listing(entry["other"]) or "parameters"
    named = some(cases, most=NAMED)
    return (
        f"{name}: {were} run on other {other} than in the latest run of the same ({began}): {named}; left out; "
        f"run it again."
    )
