"""Which engine is how much faster, in plain words, from records of kind ``timing`` alone.

Nothing is called faster or slower here unless its record says so, by an interval that leaves 1 out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from parity.judge.verdict import FAILED
from parity.story.reading import Record
from parity.story.words import capital, engine, figure, listing, number, parts, plural, sentence

NAMED = 2
"""Cases that the sentence over all of them names."""
WIDE = 0.1
"""Width of an interval, relative, up to which a third digit says something."""
BUSY = 0.1
"""Cores that others kept busy, above which the machine is called busy."""
LOADED = 0.5
"""Load average a core before the first call, above which it is, where nothing is known of others."""


def measured(record: Record) -> bool:
    """Whether there is a time of a call."""
    return number((record.get("steady") or {}).get("median")) is not None


def failed(record: Record) -> bool:
    """Whether the target's verdict says that it computes something else."""
    return record.get("verdict") in FAILED


Speed = tuple[float, float | None, float | None]


def speed(record: Record) -> Speed | None:
    """How many times as fast as the baseline, with the ends of its interval, which one round alone does not give.

    The record has the ratio of the times, the target's over the baseline's, so this is its inverse; None for the
    baseline itself and for what was not compared with it.
    """
    ratio = record.get("ratio") or {}
    value, low, high = (number(ratio.get(k)) for k in ("value", "low", "high"))
    if ratio.get("says") == "baseline" or value is None or not _positive(value):
        return None
    if low is None or high is None or not (_positive(low) and _positive(high)):
        return 1 / value, None, None
    return 1 / value, 1 / high, 1 / low


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def says(record: Record) -> str:
    """``faster``, ``slower``, ``undecided``, ``baseline``, or nothing."""
    return str((record.get("ratio") or {}).get("says") or "")


def times(record: Record) -> str:
    """``3.1 times (2.9 … 3.3)``; empty where nothing was compared."""
    value, low, high = speed(record) or (None, None, None)
    if value is None:
        return ""
    if low is None or high is None:
        return f"{figure(value, 2)} times"
    digits = 2 if high - low > WIDE * value else 3
    return f"{figure(value, digits)} times ({figure(low, digits)} … {figure(high, digits)})"


def setting(record: Record) -> tuple[str, int, int]:
    """Environment, threads and batch, which must be the same where times stand side by side; 0 where nothing is set."""
    return record.get("environment") or "", int(record.get("threads") or 0), int(record.get("batch") or 0)


def usual(found: Sequence[Record]) -> tuple[int, int]:
    """Threads and batch to begin with: with the most targets, of these the most threads and the smallest batch."""
    counts = Counter(setting(r)[1:] for r in found)
    return max(counts, key=lambda s: (counts[s], s[0], -s[1]))


def about_times(found: Sequence[Record]) -> list[tuple[int, int, str]]:
    """Sentences on one case, with the threads and batch they are on: each target against the baseline."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in found:
        groups.setdefault((*setting(record), _baseline(record)), []).append(record)
    several = len({key[0] for key in groups}) > 1
    told = []
    for (environment, threads, batch, baseline), records in sorted(groups.items()):
        if text := _against(baseline, records):
            told.append((threads, batch, _on(threads, batch, environment if several else "") + text))
    return told


def told_first(found: Sequence[Record]) -> str:
    """What is said of one case at the threads and batch to begin with; may be empty."""
    return next((text for *where, text in about_times(found) if tuple(where) == usual(found)), "")


def _baseline(record: Record) -> str:
    return str((record.get("ratio") or {}).get("baseline") or "")


def _on(threads: int, batch: int, environment: str = "") -> str:
    """``On 2 threads at batch 8, ``."""
    words = [f"on {plural(threads, 'thread')}"] if threads else []
    words += [f"at batch {batch:,}"] if batch else []
    words += [f"in {environment}"] if environment else []
    return f"{capital(' '.join(words))}, " if words else ""


def _against(baseline: str, found: Sequence[Record]) -> str:
    """``onnxruntime is 3.1 times (2.9 … 3.3) as fast as chainer on a; keras-jax is slower: …``."""
    compared = sorted((r for r in found if speed(r)), key=_value, reverse=True)
    if not compared or not baseline:
        return ""
    name, case = engine(baseline), compared[0]["case"]
    told = [
        f"{_who(r)} is {times(r)} as fast as {name}" if says(r) == "faster" else
        f"{_who(r)} is slower than {name}, {times(r)} as fast"
        for r in compared if says(r) in ("faster", "slower")
    ]  # fmt: skip
    if told:
        told[0] += f" on {case}"
    if unsure := [_who(r) for r in compared if says(r) not in ("faster", "slower")]:
        where = "" if told else f" on {case}"
        told.append(f"between {name} and {listing(unsure, 'or')} it is undecided{where}")
    return sentence("; ".join(told))


def _who(record: Record) -> str:
    note = f" (which {VERBS.get(record['verdict'], 'fails')})" if failed(record) else ""
    return engine(record["target"]) + note


VERBS = {"differs": "differs", "nonfinite": "differs", "shape": "gives another shape", "missing": "lacks an output"}


def fastest(found: Sequence[Record], gpu: bool = False) -> str:
    """One sentence over all cases, on one device: the fastest target of each, where decided and computing the same.

    Empty where there is none.
    """
    best: dict[str, Record] = {}
    by_case: dict[str, list[Record]] = {}
    for record in found:
        by_case.setdefault(record["case"], []).append(record)
    for case, records in by_case.items():
        begin = usual(records)
        fit = [r for r in records if setting(r)[1:] == begin and (parts(r["target"])[1] != "cpu") == gpu]
        fit = [r for r in fit if speed(r) and says(r) == "faster" and not failed(r) and _like_baseline(r)]
        if fit:
            best[case] = max(fit, key=_value)
    ranked = sorted(best.values(), key=lambda r: (-_value(r), r["case"]))
    told: list[str] = []
    before = ""
    for record in ranked[:NAMED]:
        where = _on(*setting(record)[1:])
        opening = where if where != before else ""
        before = where
        text = (
            f"{engine(record['target'])} is {times(record)} as fast as {engine(_baseline(record))} on {record['case']}"
        )
        told.append(f"{opening if not told else opening[:1].lower() + opening[1:]}{text}")
    if len(ranked) > NAMED:
        told.append(f"on {plural(len(ranked) - NAMED, 'more case')} a target is faster than the baseline too")
    return sentence("; ".join(told))


def _value(record: Record) -> float:
    found = speed(record)
    return found[0] if found else 0.0


def _like_baseline(record: Record) -> bool:
    return parts(record["target"])[2] == parts(_baseline(record))[2]


def others(record: Record) -> float | None:
    """Cores that others kept busy meanwhile, where the record says so."""
    return number(record.get("others"))


def load(record: Record) -> float | None:
    """Load average before the first call."""
    return number((record.get("load") or [None])[0])


def busy(record: Record, cores: int | None) -> bool:
    """Whether others worked on the machine: by the cores that they kept busy, else by the load when it began."""
    kept, average = others(record), load(record)
    if kept is not None:
        return kept > BUSY
    return average is not None and average > LOADED * (cores or 1)
