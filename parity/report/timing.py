"""The timing page's data: all records flat, with the sentences that they allow."""

from __future__ import annotations

from typing import Any

from parity.report.data import filled, natural, rounded
from parity.results import Record, Results
from parity.story.times import about_times, busy, failed, fastest, load, measured, others, says, speed, times, usual
from parity.story.words import engine as spoken
from parity.story.words import figure, listing, parts, plural, sentence, some

NAMED = 3
"""Cases or targets that a sentence names."""


def timing(results: Results) -> dict[str, Any]:
    """What the page says and draws of times; empty where none was taken.

    Returns:
        said: sentences over all cases: which is fastest, and what to beware of.
        index: cases with a row for each target, environment, batch and number of threads, the threads and batch to
            begin with, sentences with the threads and batch that they are on, and warnings.
    """
    found = results.measured["timing"]
    if not found:
        return {}
    by_case: dict[str, list[Record]] = {}
    for record in found.values():
        by_case.setdefault(record["case"], []).append(record)
    cases = []
    for name in sorted(by_case, key=natural):
        records = sorted(by_case[name], key=_place)
        network = results.cases.get(name, {}).get("network")
        rows = [_row(r, results, network) for r in records]
        told = {"said": about_times(records), "warnings": _warnings(records, results)}
        cases.append({"id": name, "rows": rows, "usual": usual(records), **told})
    ordered = [r for name in sorted(by_case, key=natural) for r in sorted(by_case[name], key=_place)]
    several = len({r.get("environment") for r in ordered}) > 1
    return {"said": _said(ordered, results), "index": {"cases": cases, "several": several}}


def _place(record: Record) -> tuple[Any, ...]:
    numbers = [record.get(k) or 0 for k in ("threads", "batch")]
    return record.get("environment", ""), *numbers, *parts(record["target"])


def _said(found: list[Record], results: Results) -> list[str]:
    cases, timed = {r["case"] for r in found}, [r for r in found if measured(r)]
    first = [text for text in (fastest(found), fastest(found, gpu=True)) if text]
    if not first:
        targets = sorted({spoken(r["target"]) for r in timed})
        first = [
            f"{plural(len(cases), 'case')} {'was' if len(cases) == 1 else 'were'} timed on {listing(targets)}; "
            "no difference is decided."
            if timed
            else "No call was timed."
        ]
    return [*first, *_warnings(found, results)]


def _warnings(found: list[Record], results: Results) -> list[str]:
    """A busy machine, and times of what computes something else."""
    told = []
    if crowd := [r for r in found if busy(r, _cpus(r, results))]:
        kept = max((x for r in crowd if (x := others(r)) is not None), default=None)
        most = max((x for r in crowd if (x := load(r)) is not None), default=0.0)
        how = f"load average up to {most:.1f}" if kept is None else f"others kept up to {figure(kept, 2)} cores busy"
        told.append(f"The machine was busy with other work in {len(crowd):,} of {plural(len(found), 'timing')}: {how}.")
    wrong = sorted({f"{spoken(r['target'])} on {r['case']}" for r in found if measured(r) and failed(r)})
    if wrong:
        told.append(sentence(f"Timed although the verdict there is a failure: {some(wrong, most=NAMED)}"))
    return told


def _cpus(record: Record, results: Results) -> int | None:
    count = results.runs.get(record.get("environment", ""), {}).get("cpus")
    return int(count) if count else None


def _row(record: Record, results: Results, network: str | None) -> Record:
    engine, device, precision = parts(record["target"])
    steady, first, memory = (record.get(k) or {} for k in ("steady", "first", "memory"))
    ratio = record.get("ratio") or {}
    row = {
        **{k: record.get(k) for k in ("target", "environment", "batch", "threads", "cores", "operations", "rate")},
        **{k: record.get(k) for k in ("machine_rate", "load", "verdict", "message")},
        "engine": engine,
        "device": device,
        "precision": precision,
        **{k: steady.get(k) for k in ("median", "q1", "q3", "low", "high", "samples", "rounds", "builds")},
        "build": first.get("build"),
        "call": first.get("call"),
        "memory": [memory.get(k) for k in ("before", "peak", "device")] if memory else None,
        "baseline": ratio.get("baseline"),
        "says": says(record),
        "speed": speed(record),
        "times": times(record),
        "interval": [ratio.get(k) for k in ("confidence", "asked", "reached")] if ratio else None,
        "busy": busy(record, _cpus(record, results)),
        "failed": failed(record),
        "other": bool(network and record.get("network") and record["network"] != network),
    }
    kept: Record = rounded(filled(row))
    return kept
