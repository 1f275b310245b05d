"""What changed between two results."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from parity.changes.cells import is_only_bits, moved
from parity.changes.change import BETTER, DIRECTIONS, WHATS, WORSE, Change
from parity.changes.measured import comparable, loss_change, same_machine, time_change
from parity.changes.presence import environment_gone, fresh, gone
from parity.changes.versions import between, differences, packages, steps
from parity.errors import BadInput
from parity.judge.verdict import BROKEN, NEUTRAL
from parity.report.environments import unused
from parity.results import Record, Results
from parity.story import weak
from parity.story.words import listing, plural, some

COMPARED = ("timing", "loss")
"""Kinds of measurements that are compared."""


@dataclass
class Diff:
    """What changed between two results.

    Args:
        environments: those that were compared, as the old and as the new results call them.
        changes: all of them, the worst first.
        cells: cells that both have, on the same inputs and weights, and in which numbers were compared in both.
        measured: times and losses that both have and that could be compared.
        untimed: times that could not be.
        bits: cells that are right bit for bit in one of them and within rounding in the other, which is noise.
        others: cases that were run on other inputs or weights, or on another network.
        notes: sentences on what could not be compared.
        versions: environment → what changed in it, half a sentence.
    """

    environments: tuple[tuple[str, str], ...]
    changes: list[Change] = field(default_factory=list)
    cells: int = 0
    measured: int = 0
    untimed: int = 0
    bits: int = 0
    others: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def of(self, direction: str) -> list[Change]:
        """The changes in a direction, the worst first."""
        return [c for c in self.changes if c.direction == direction]

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to compare, which proves nothing."""
        return not self.cells and not self.measured

    @property
    def is_worse(self) -> bool:
        """Whether something is worse, or nothing was compared."""
        return self.is_empty or any(c.direction == WORSE for c in self.changes)


def diff(old: Results, new: Results, allow_fewer: bool = False) -> Diff:
    """Compare two results.

    Args:
        old: what was; environments of the same name are compared, and where each has but one, these two.
        new: what is.
        allow_fewer: the new run was limited to fewer cases, targets or environments: what is not there is no
            regression. It is counted all the same.

    Raises:
        BadInput: no environment is in both.
    """
    pairs = _pairs(old, new)
    found = Diff(tuple(pairs))
    for before, after in pairs:
        _cells(found, old, new, before, after)
        _measured(found, old, new, before, after)
        found.changes += gone(old, new, (before, after), allow_fewer)
        found.changes += fresh(old, new, (before, after))
        found.versions[after] = _run_versions(old, new, before, after)
        if before != after:
            found.notes.append(f"{before} of the old results is compared with {after} of the new ones.")
    for before in sorted(_environments(old) - {p[0] for p in pairs}):
        found.changes.append(environment_gone(old, before, allow_fewer))
    for after in sorted(_environments(new) - {p[1] for p in pairs}):
        found.notes.append(f"Environment {after} is new, with {plural(_count(new, after), 'cell')}.")
    _weak(found, old, new)
    if lost := sum(_unmeasured(old, new, *pair) for pair in pairs):
        said = f"{plural(lost, 'measurement')} of time or precision in the old results"
        found.notes.append(f"{said} {'has' if lost == 1 else 'have'} no counterpart in the new ones.")
    for which, results in (("old", old), ("new", new)):
        found.notes += [f"Of the {which} results: {said}" for said in unused(results)]
    if found.others:
        names = some(sorted(found.others))
        found.notes.append(
            f"{plural(len(found.others), 'case')} {'was' if len(found.others) == 1 else 'were'} run on another network "
            f"or on other inputs or weights, so that nothing of it can be compared: {names}."
        )
    found.changes.sort(key=_rank)
    return found


def _rank(change: Change) -> tuple[object, ...]:
    """The worst first."""
    kind = DIRECTIONS.index(change.direction), WHATS.index(change.what)
    return (*kind, -change.weight, change.case, change.target, change.environment)


def _environments(results: Results) -> set[str]:
    measured = {r.get("environment", "") for table in results.measured.values() for r in table.values()}
    return {*results.runs, *(e for e, *_ in results.cells), *measured} - {""}


def _count(results: Results, environment: str) -> int:
    return sum(e == environment for e, *_ in results.cells)


def _pairs(old: Results, new: Results) -> list[tuple[str, str]]:
    ours, theirs = sorted(_environments(old)), sorted(_environments(new))
    if len(ours) == len(theirs) == 1:
        return [(ours[0], theirs[0])]
    if both := [(e, e) for e in ours if e in theirs]:
        return both
    said = [listing(names) if names else "none" for names in (ours, theirs)]
    raise BadInput(
        f"no environment is in both results: found {said[0]} in the old ones and {said[1]} in the new ones; accepted: "
        "results with an environment of the same name, or with one environment each"
    )


def _cells(found: Diff, old: Results, new: Results, before: str, after: str) -> None:
    known: dict[str, str] = {}
    for (environment, case, target), cell in new.cells.items():
        if environment != after:
            continue
        was = old.cells.get((before, case, target))
        if was is None:
            continue
        if was["hash"] != cell["hash"]:
            found.others.add(case)
            continue
        if target not in known:
            known[target] = steps(packages(between(old, new, (before, after), target)))
        found.cells += not {was["verdict"], cell["verdict"]} & (NEUTRAL | BROKEN)
        change = moved(was, cell, new.cases.get(case, {}), known[target])
        if change:
            found.changes.append(change)
        else:
            found.bits += is_only_bits(was, cell)


def _measured(found: Diff, old: Results, new: Results, before: str, after: str) -> None:
    runs = old.runs.get(before, {}), new.runs.get(after, {})
    for kind in COMPARED:
        for key, record in new.measured[kind].items():
            was = old.measured[kind].get((before, *key[1:]))
            if key[0] != after or was is None:
                continue
            if was.get("network") != record.get("network"):
                found.others.add(record["case"])
                continue
            said = _measured_with(was, record)
            what = comparable(was, record, same_machine(was, record, *runs)) if kind == "timing" else "loss"
            if not what:
                found.untimed += 1
                continue
            found.measured += 1
            if what == "loss":
                change = loss_change(was, record, after, said)
            else:
                change = time_change(was, record, what, after, said)
            if change:
                found.changes.append(change)


def _unmeasured(old: Results, new: Results, before: str, after: str) -> int:
    """How many measurements of an environment only the old results have."""
    tables = [(old.measured[kind], new.measured[kind]) for kind in COMPARED]
    return sum(key[0] == before and (after, *key[1:]) not in other for own, other in tables for key in own)


def _measured_with(was: Record, record: Record) -> str:
    """What changed in what two measurements were made with: each says its own versions."""
    before, after = ((r.get("facts") or {}).get("versions") or {} for r in (was, record))
    return steps(differences(before, after)) if before and after else ""


def _run_versions(old: Results, new: Results, before: str, after: str) -> str:
    """What changed in an environment, over all of its targets."""
    targets = sorted({t for r, e in ((old, before), (new, after)) for env, t in r.targets if env == e}) or [""]
    all_of: dict[str, tuple[str | None, str | None]] = {}
    for target in targets:
        if ((before, target) in old.targets and (after, target) in new.targets) or not target:
            all_of |= between(old, new, (before, after), target)
    return steps(all_of)


def _weak(found: Diff, old: Results, new: Results) -> None:
    """Cases that became weak, or no longer are."""

    def knowing(results: Results) -> dict[str, Record]:
        return {case: cell for (_, case, _), cell in results.cells.items() if "weak" in cell}

    was, now = knowing(old), knowing(new)
    for case in sorted(set(old.cases) & set(new.cases) - found.others):
        before, after = weak(old.cases[case], was.get(case)), weak(new.cases[case], now.get(case))
        if before != after:
            text = "weak now: it would notice less than it did" if after else "weak no longer"
            found.changes.append(Change("weak", WORSE if after else BETTER, case, "", "", text))


def counts(found: Diff, direction: str) -> Counter[str]:
    """What changed → how often, in one direction."""
    return Counter(c.what for c in found.of(direction))
