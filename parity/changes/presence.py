"""What only one of two results has, told of a target or a case as a whole where all of it is gone or new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parity.changes.cells import described, state, word
from parity.changes.change import OTHER, WORSE, Change
from parity.results import Record, Results
from parity.story.words import plural


def gone(old: Results, new: Results, pair: tuple[str, str], allowed: bool) -> Iterator[Change]:
    """Cells that the new results do not have; a regression where they agreed.

    Args:
        pair: what the old and the new results call the environment.
        allowed: the new run was limited on purpose, so that it is none.
    """
    for what, case, target, cells in _only(old, pair[0], new, pair[1]):
        yield _gone(case, target, pair[1], cells, f"{what} gone", allowed)


def environment_gone(old: Results, environment: str, allowed: bool) -> Change:
    """An environment that left no results."""
    cells = [c for (e, *_), c in old.cells.items() if e == environment]
    return _gone("", "", environment, cells, "the environment is gone", allowed)


def _gone(case: str, target: str, environment: str, cells: Sequence[Record], what: str, allowed: bool) -> Change:
    agreed = sum(state(c) in ("good", "excused") for c in cells)
    one = f"it was {word(cells[0])}" if len(cells) == 1 else ""
    text = f"{what}: {one or f'{len(cells):,} cells, {agreed:,} of which agreed'}"
    direction = WORSE if agreed and not allowed else OTHER
    return Change("gone", direction, case, target, environment, text, weight=float(agreed))


def fresh(old: Results, new: Results, pair: tuple[str, str]) -> Iterator[Change]:
    """Cells that only the new results have; one that fails is told by itself, as something that is worse."""
    for what, case, target, cells in _only(new, pair[1], old, pair[0]):
        failing = [c for c in cells if state(c) == "failing"]
        for cell in failing:
            said = described(new.cases.get(cell["case"], {}), cell)
            text = f"new: {word(cell)}"
            yield Change("new", WORSE, cell["case"], cell["target"], pair[1], text, said, weight=1.0)
        rest = [c for c in cells if state(c) != "failing"]
        if rest:
            text = f"new: {word(rest[0])}" if len(cells) == 1 else f"{what} new: {plural(len(rest), 'cell')}"
            yield Change("new", OTHER, case, target, pair[1], text)


def _only(
    ours: Results, environment: str, theirs: Results, other: str
) -> Iterator[tuple[str, str, str, Sequence[Record]]]:
    """What it is, case, target, cells: of targets that only ours have, then of cases, then cell by cell."""
    there = {(c, t) for e, c, t in theirs.cells if e == other}
    targets, cases = {t for _, t in there}, {c for c, _ in there}
    by_target: dict[str, list[Record]] = {}
    by_case: dict[str, list[Record]] = {}
    single = []
    for (where, case, target), cell in ours.cells.items():
        if where != environment or (case, target) in there:
            continue
        if target not in targets:
            by_target.setdefault(target, []).append(cell)
        elif case not in cases:
            by_case.setdefault(case, []).append(cell)
        else:
            single.append(cell)
    yield from (("the target is", "", target, cells) for target, cells in by_target.items())
    yield from (("the case is", case, "", cells) for case, cells in by_case.items())
    yield from (("the cell is", c["case"], c["target"], [c]) for c in single)
