"""What changed in a cell: its verdict, or its error beyond noise."""

from __future__ import annotations

from parity.changes.change import BETTER, OTHER, WORSE, Change
from parity.changes.noise import shift
from parity.judge.verdict import NEUTRAL, ORDER
from parity.report.failures import GOOD, kind
from parity.results import Record
from parity.story import about_cell

WORDS = {"known": "known failure", "loosened": "loosened bound"}

MATTERS = 0.01
"""Of the bound: an error below it is told where it grew, and is no regression, however many times it grew."""


def state(cell: Record) -> str:
    """``failing``, ``silent`` where nothing was compared, ``excused`` or ``good``."""
    if not cell["ok"]:
        return "failing"
    if cell["verdict"] in NEUTRAL:
        return "silent"
    return "good" if kind(cell) in GOOD else "excused"


def moved(old: Record, new: Record, case: Record, versions: str = "") -> Change | None:
    """What changed, if anything did; that outputs are right bit for bit or within rounding is not told here.

    Args:
        old: record of kind ``cell``.
        new: of the same case and target, on the same inputs and weights.
        case: the case's record in the new results; may be empty.
        versions: what changed in what they were computed with.
    """
    was, now = state(old), state(new)
    where = new["case"], new["target"], new["environment"]
    if was != now or (was != "good" and kind(old) != kind(new)):
        weight = float(ORDER.index(new["verdict"])) if now in ("failing", "silent") else 0.0
        said = "" if now == "good" else described(case, new)
        return Change("verdict", _direction(was, now), *where, f"{word(old)} → {word(new)}", said, versions, weight)
    found = None if was == "silent" else shift(old, new)
    if found is None:
        return None
    if kind(old) != kind(new) and not (found.before and found.after):
        text = f"{word(old)} → {word(new)}: {found.text}"
        return Change("error", OTHER, *where, text, "", versions, found.size)
    worse = WORSE if found.after >= MATTERS else OTHER
    direction = worse if found.is_worse else BETTER
    return Change("error", direction, *where, f"{word(new)}, but {found.text}", "", versions, found.size)


def is_only_bits(old: Record, new: Record) -> bool:
    """Whether one is right bit for bit and the other within rounding, with nothing else changed."""
    both = {old["verdict"], new["verdict"]}
    return both == GOOD and state(old) == state(new) == "good"


def _direction(was: str, now: str) -> str:
    if was == now:
        return OTHER  # it fails still, in another way
    if now == "failing" or (now == "silent" and was in ("good", "excused")):
        return WORSE
    return BETTER if now == "good" or was == "silent" else OTHER


def word(cell: Record) -> str:
    """What was found, in a word or a few."""
    found = WORDS.get(kind(cell), kind(cell))
    return f"{found}, which was not expected" if not cell["ok"] and cell["verdict"] in GOOD else found


def described(case: Record, cell: Record) -> str:
    """The answer on a cell, as the page gives it."""
    return " ".join(about_cell(case, cell)[0].paragraphs)
