"""What changed in times and in what a precision costs."""

from __future__ import annotations

import math

from parity.changes.change import BETTER, OTHER, WORSE, Change
from parity.results import Record
from parity.story.times import busy, speed, times
from parity.story.words import engine, figure, listing, number, percent, plural, precise

DRIFT = 0.05
"""What a time has to change by, relative, for it to be told. An interval speaks of its own measurement; from one to the
next a machine drifts more. Of two in a row on a busy machine one gave 0.334 (0.332 … 0.337) of the baseline's time and
the other 0.328 (0.325 … 0.331): intervals apart, and nothing had changed."""
RATE = 0.1
"""By how much the measured speed of two machines may differ for them to be called the same."""
LOSS = 4.0
"""Factor by which a loss of precision has to change: what is typical of an error that changed beyond noise."""


def same_machine(old: Record, new: Record, old_run: Record, new_run: Record) -> bool:
    """Whether two times were taken on the same machine, as far as records tell, and nobody else was busy on it."""
    if busy(old, old_run.get("cpus")) or busy(new, new_run.get("cpus")):
        return False
    before, after = (number(r.get("machine_rate")) or 0.0 for r in (old, new))
    if not (0 < before < math.inf and 0 < after < math.inf) or abs(math.log(after / before)) > RATE:
        return False
    return all(old_run.get(k) == new_run.get(k) for k in ("platform", "cpus"))


def comparable(old: Record, new: Record, is_same: bool) -> str:
    """What of two times can be compared: ``ratio`` to the same baseline, ``steady`` on the same machine, or nothing.

    Args:
        old: record of kind ``timing``.
        new: of the same case, target, batch and threads.
        is_same: whether the machine is, and was idle.
    """
    if speed(old) and speed(new):
        same = old["ratio"].get("baseline") == new["ratio"].get("baseline")
        return "ratio" if same and _interval(old, "ratio") and _interval(new, "ratio") else ""
    if speed(old) or speed(new) or not is_same:
        return ""
    return "steady" if _interval(old, "steady") and _interval(new, "steady") else ""


def time_change(old: Record, new: Record, what: str, environment: str, versions: str = "") -> Change | None:
    """A time that left its interval: relative to the baseline, or of the baseline itself on the same machine.

    Args:
        old: record of kind ``timing``.
        new: of the same case, target, batch and threads.
        what: what :func:`comparable` says of them.
        versions: what changed in what they were computed with.
    """
    change = apart(_interval(old, what), _interval(new, what))
    if not change:
        return None
    if what == "ratio":
        text = f"{times(old)} → {times(new)} as fast as {engine(str(new['ratio'].get('baseline')))}"
    else:
        before, after = (float(r["steady"]["median"]) for r in (old, new))
        by = percent(abs(after / before - 1)) if after < 2 * before else f"{figure(after / before - 1, 2)} times"
        text = f"{_milliseconds(before)} → {_milliseconds(after)} a call, {by} {'more' if change > 0 else 'less'}"
    direction = WORSE if change > 0 else BETTER
    where = new["case"], new["target"], environment
    return Change("time", direction, *where, text + _setting(new), "", versions, abs(change))


def apart(old: tuple[float, float, float] | None, new: tuple[float, float, float] | None) -> float:
    """log of new ÷ old where their intervals have nothing in common and the change is more than drift; else 0."""
    if old is None or new is None or (old[1] <= new[2] and new[1] <= old[2]):
        return 0.0
    change = math.log(new[0] / old[0])
    return change if abs(change) > math.log1p(DRIFT) else 0.0


def _interval(record: Record, what: str) -> tuple[float, float, float] | None:
    """Value, low, high, all above 0; None where there is no interval."""
    part = record.get(what) or {}
    found = [number(part.get(k)) for k in ("value" if what == "ratio" else "median", "low", "high")]
    if any(v is None or not (math.isfinite(v) and v > 0) for v in found):
        return None
    value, low, high = (float(v or 0.0) for v in found)
    return value, low, high


def _setting(record: Record) -> str:
    threads, batch = record.get("threads"), record.get("batch")
    words = [plural(threads, "thread")] if threads else []
    words += [f"batch {batch:,}"] if batch else []
    return f", with {listing(words)}" if words else ""


def _milliseconds(seconds: float) -> str:
    return f"{figure(1e3 * seconds)} ms"


def loss_change(old: Record, new: Record, environment: str, versions: str = "") -> Change | None:
    """The largest loss of an output of a network in a precision, where it changed by so much that it is no noise.

    Args:
        old: record of kind ``loss``.
        new: of the same case and target.
        versions: what changed in what they were computed with.
    """
    largest = [
        max((x for o in r.get("outputs") or () if (x := number(o.get("rel_l2"))) is not None), default=None)
        for r in (old, new)
    ]
    before, after = largest
    if before is None or after is None or before == after:
        return None
    factor = math.inf if not (before and after) else max(after / before, before / after)
    if not factor >= LOSS:
        return None
    text = f"loss in {precise(str(new.get('precision', '')))}: relative L2 {figure(before)} → {figure(after)}"
    direction = WORSE if after > before else BETTER if after < before else OTHER
    return Change(
        "loss", direction, new["case"], new["target"], environment, text, "", versions, math.log2(min(factor, 1e30))
    )
