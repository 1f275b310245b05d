"""The whole story of a cell."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from parity.story import others, trust
from parity.story.answer import allowed, answer, known
from parity.story.reading import Record
from parity.story.where import end, where
from parity.story.why import change, why
from parity.story.words import USUAL, clean, engine, parts, plural, precise

COPY = "The copy of the weights"
"""Title of the section on the certificate."""
AGAIN = "Run it again"
"""Title of the section whose paragraphs are commands."""


@dataclass(frozen=True)
class Section:
    """Some sentences under a title.

    Args:
        title: a few words; of the first section, which is the answer itself, empty.
        paragraphs: plain text, without markup of any kind.
    """

    title: str
    paragraphs: tuple[str, ...]


def story(case: Record, cell: Record) -> list[Section]:
    """All that there is to say of a case on a target.

    Args:
        case: record of kind ``case``; may be empty, where results have none.
        cell: record of kind ``cell``. Keys that it does not have are not spoken of.

    Returns:
        The answer, and sections with something in them, in order of interest.
    """
    last = Section(AGAIN, tuple(map(clean, again(case, cell))))
    return [*about_cell(case, cell), *about_case(case, cell), last]


def about_cell(case: Record, cell: Record) -> list[Section]:
    """What is so on this target."""
    first = Section("", tuple(map(clean, (answer(case, cell), *known(cell)))))
    told: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
        ("Where", lambda: (allowed(p, cell) for p in where(case, cell))),
        ("Why", lambda: why(case, cell)),
        ("What to change", lambda: change(case, cell)),
        ("At the end", lambda: (allowed(p, cell) for p in end(cell))),
        ("What was loosened", lambda: trust.loosened(case, cell)),
        ("What others would have said", lambda: others.customary(cell)),
        (COPY, lambda: copy(cell)),
        ("The same again", lambda: trust.repeats(cell, engine(cell["target"]))),
        ("Bounds on this device", lambda: trust.provisional(cell)),
        ("Each layer alone", lambda: trust.probe(cell, engine(cell["target"]))),
    )
    return [first, *_filled(told)]


def about_case(case: Record, cell: Record | None = None) -> list[Section]:
    """What is so on every target: what the case would notice, and where it is blind.

    Args:
        cell: may know that the case is weak. In another precision than float32 bounds are others, so that nothing of
            this is known of it.
    """
    precision = parts(cell.get("target", ""))[2] if cell else USUAL
    if precision != USUAL:
        text = f"What a wrong weight would show was found for {USUAL}; bounds in {precise(precision)} are others."
        return _filled((("How far this can be trusted", lambda: iter((text,))),))

    def noticed() -> Iterator[str]:
        yield from trust.power(case)
        yield from trust.weakness(case, cell)

    return _filled((("How far this can be trusted", noticed), ("Where little can be said", lambda: trust.spots(case))))


def _filled(parts: tuple[tuple[str, Callable[[], Iterator[str]]], ...]) -> list[Section]:
    made = ((title, tuple(clean(p) for p in tell() if p)) for title, tell in parts)
    return [Section(title, paragraphs) for title, paragraphs in made if paragraphs]


def copy(cell: Record) -> Iterator[str]:
    """What the certificate says."""
    proof = cell.get("certificate")
    if not proof:
        return
    if not proof["ok"]:
        yield from (f"Not proved: {p}." for p in proof["problems"][:3])
    elif count := len(proof["rows"]):
        copies = plural(count, "copy").replace("copys", "copies")
        yield f"{copies} of weights {'was' if count == 1 else 'were'} read back, equal to what was sent."


def again(case: Record, cell: Record) -> Iterator[str]:
    """The commands, one a paragraph."""
    name, target = shlex.quote(cell["case"]), shlex.quote(cell["target"])
    file = f" {shlex.quote(case['file'])}" if case.get("file") else ""
    yield f"parity run{file} -k {name} --targets {target}"
    _, device, precision = parts(cell["target"])
    if device == "cpu" and (precision == USUAL or precision.startswith("storage_")):  # all that a script computes in
        yield f"parity reproduce {name} {target}"


def cause_lines(case: Record, cell: Record) -> list[str]:
    """One or two lines for failure texts, the cause and what to change; none where no cause was looked for."""
    if not cell.get("diagnosis"):
        return []
    return [clean(line) for line in (answer(case, cell), *list(change(case, cell))[:1])]
