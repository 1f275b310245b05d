"""Which engine is how much faster, in plain words, from records of kind ``timing`` alone.

Nothing is called faster or slower here unless its record says so, by an interval that leaves 1 out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from parity.judge.verdict import FAILED
from parity.story.reading import Record
from parity.story.words import engine, figure, listing, number, parts, plural, sentence

NAMED = 3
"""Cases that the sentence over all of them names."""
BUSY = 0.5
"""Load average a core before the first call, above which the machine is called busy."""


def measured(record: Record) -> bool:
    """Whether there is a time of a call."""
    return number((record.get("steady") or {}).get("median")) is not None


def failed(record: Record) -> bool:
    """Whether the target's verdict says that it computes something else."""
    return record.get("verdict") in FAILED


def speed(record: Record) -> tuple[float, float, float] | None:
    """How many times as fast as the baseline, with the ends of its interval; None where it was not compared."""
    ratio = record.get("ratio") or {}
    found = [number(ratio.get(k)) for k in ("value", "low", "high")]
    if ratio.get("says") == "baseline" or any(x is None or not math.isfinite(x) or x <= 0 for x in found):
        return None
    value, low, high = (float(x) for x in found if x is not None)
    return value, low, high


def says(record: Record) -> str:
    """``faster``, ``slower``, ``undecided``, ``baseline``, or nothing."""
    return str((record.get("ratio") or {}).get("says") or "")


def times(record: Record) -> str:
    """``3.1 times (2.9 … 3.3)``."""
    found = speed(record)
    return f"{figure(found[0], 2)} times ({figure(found[1], 2)} … {figure(found[2], 2)})" if found else ""


def about_times(found: Iterable[Record]) -> list[str]:
    """Sentences on one case: by threads and batch, each target against the baseline."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in found:
        key = record.get("environment", ""), record.get("threads"), record.get("batch"), _baseline(record)
        groups.setdefault(key, []).append(record)
    several = len({key[0] for key in groups}) > 1
    told = []
    for (environment, threads, batch, baseline), records in sorted(groups.items(), key=lambda item: _order(item[0])):
        if text := _against(baseline, records):
            told.append(f"{_setting(threads, batch, environment if several else '')}{text}")
    return told


def _order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return key[0], key[1] or 0, key[2] or 0, key[3]


def _baseline(record: Record) -> str:
    return str((record.get("ratio") or {}).get("baseline") or "")


def _setting(threads: Any, batch: Any, environment: str = "") -> str:
    words = [f"on {plural(threads, 'thread')}"] if threads else []
    words += [f"at batch {batch:,}"] if batch else []
    words += [f"in {environment}"] if environment else []
    return ", ".join([" ".join(words), ""]).capitalize() if words else ""


def _against(baseline: str, found: Sequence[Record]) -> str:
    """``onnxruntime is 3.1 times (2.9 … 3.3) as fast as chainer on a; keras-jax is slower: …``."""
    compared = sorted((r for r in found if speed(r)), key=lambda r: -(speed(r) or (0.0,))[0])
    if not compared:
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


def fastest(found: Iterable[Record]) -> str:
    """One sentence over all cases: the fastest target of each that is decided and computes the same; may be empty."""
    best: dict[str, Record] = {}
    for record in found:
        ratio = speed(record)
        if ratio and says(record) == "faster" and not failed(record) and _usual(record):
            other = best.get(record["case"])
            if other is None or ratio[0] > (speed(other) or (0.0,))[0]:
                best[record["case"]] = record
    if not best:
        return ""
    ranked = sorted(best.values(), key=lambda r: (-(speed(r) or (0.0,))[0], r["case"]))
    told = [
        f"{_setting(r.get('threads'), r.get('batch'))}{engine(r['target'])} is {times(r)} as fast as "
        f"{engine(_baseline(r))} on {r['case']}"
        for r in ranked[:NAMED]
    ]
    more = f"; on {plural(len(ranked) - NAMED, 'more case')} another is faster too" if len(ranked) > NAMED else ""
    return sentence("; ".join([told[0], *(t[:1].lower() + t[1:] for t in told[1:])]) + more)


def _usual(record: Record) -> bool:
    return parts(record["target"])[2] == parts(_baseline(record))[2]


def busy(record: Record, cores: int | None) -> bool:
    """Whether others worked on the machine when the timing began."""
    load = number((record.get("load") or [None])[0])
    return load is not None and load > BUSY * (cores or 1)
