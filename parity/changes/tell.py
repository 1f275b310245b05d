"""A diff in words, for a terminal and for Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parity.changes.change import BETTER, OTHER, WORSE, Change
from parity.changes.diff import Diff, counts
from parity.story.words import capital, clean, engine, listing, plural, sentence, some

FILES = 20
"""Case files of a section that are listed."""
EACH = 5
"""Lines on a case file."""
NAMED = 4
"""Cases that one line names."""
TITLES = {WORSE: "Worse", OTHER: "Changed", BETTER: "Better"}
NAMES = {
    "verdict": "verdict",
    "error": "error beyond noise",
    "gone": "gone",
    "new": "new",
    "weak": "weak case",
    "time": "time",
    "loss": "loss of precision",
}
PLURALS = {"error": "errors beyond noise", "gone": "gone", "new": "new", "loss": "losses of precision"}


@dataclass(frozen=True)
class Part:
    """Changes of one case file.

    Args:
        title: the file; empty where it has but one, which says where it is.
        lines: plain text; one on all cases to which the same happened.
        more: further ones that are left out.
    """

    title: str
    lines: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class Section:
    """Changes in one direction.

    Args:
        title: with their number.
        direction: worse, other or better.
        parts: by case file, that with the worst change first.
        more: a line on files that are not listed; may be empty.
    """

    title: str
    direction: str
    parts: tuple[Part, ...]
    more: str


def headline(found: Diff) -> str:
    """The answer in one sentence."""
    compared = [plural(found.cells, "cell")] if found.cells or not found.measured else []
    compared += [f"{plural(found.measured, 'measurement')} of time or precision"] if found.measured else []
    of = f"{listing(compared)} compared"
    said = [f"{TITLES[d].lower()}: {listing(_counted(found, d))}" for d in TITLES if found.of(d)]
    if found.is_empty:
        why = "no cell of both results has numbers of the same network, inputs and weights"
        return sentence(capital("; ".join([*said, f"nothing was compared: {why}"])))
    return sentence(f"{capital('; '.join(said))}; {of}" if said else f"Nothing changed: {of}")


def _counted(found: Diff, direction: str) -> list[str]:
    number = counts(found, direction)
    return [
        f"{number[w]:,} {PLURALS.get(w, f'{name}s')}" if number[w] > 1 else f"1 {name}"
        for w, name in NAMES.items()
        if number[w]
    ]


def notes(found: Diff) -> list[str]:
    """Sentences on what was compared with what, and on what was not."""
    said = [
        sentence(f"{environment}: {text}" if text else f"{environment}: no version changed")
        for environment, text in found.versions.items()
    ]
    said += found.notes
    if found.bits:
        verb = "is" if found.bits == 1 else "are"
        said.append(
            f"{plural(found.bits, 'cell')} {verb} right bit for bit in one of them and within rounding in the other, "
            "with too few elements or too little error for that to be more than noise."
        )
    if found.untimed:
        verb = "was" if found.untimed == 1 else "were"
        said.append(
            f"{plural(found.untimed, 'time')} {verb} not compared: measured against another baseline, on another "
            "machine or a busy one, or in one round alone."
        )
    return [clean(s) for s in said]


def sections(found: Diff, files: int = FILES, each: int = EACH) -> list[Section]:
    """What changed: worse, otherwise, better; by case file.

    Args:
        files: of a section that are listed.
        each: lines on a file.
    """
    several = len(found.environments) > 1
    made = []
    for direction, title in TITLES.items():
        by_file: dict[str, list[Change]] = {}
        for change in found.of(direction):
            by_file.setdefault(change.file, []).append(change)
        if not by_file:
            continue
        parts = [_part(file, changes, several, each) for file, changes in list(by_file.items())[:files]]
        left = [c for changes in list(by_file.values())[files:] for c in changes]
        more = f"{plural(len(left), 'more change')} in {plural(len(by_file) - files, 'more file')}" if left else ""
        made.append(Section(f"{title} ({sum(map(len, by_file.values())):,})", direction, tuple(parts), more))
    return made


def _part(file: str, changes: Sequence[Change], several: bool, each: int) -> Part:
    lines = [clean(text) for text in _lines(changes, several)]
    return Part(clean(file) if len(lines) > 1 else "", tuple(lines[:each]), max(0, len(lines) - each))


def _lines(changes: Sequence[Change], several: bool) -> list[str]:
    """One for all cases of a file to which the same happened on the same targets."""
    cases: dict[tuple[str, ...], list[Change]] = {}
    for c in changes:
        cases.setdefault((c.target, c.environment, c.text, c.said, c.versions), []).append(c)
    targets: dict[tuple[str, ...], list[list[Change]]] = {}
    for (_, *key), alike in cases.items():
        targets.setdefault((*key, *(c.case for c in alike)), []).append(alike)
    return [_line(groups[0], [group[0].target for group in groups], several) for groups in targets.values()]


def _line(alike: Sequence[Change], targets: Sequence[str], several: bool) -> str:
    """``layers/elu[wide] on keras-jax: rounding → differs, with jax 0.6.0 → 0.10.0. keras-jax differs at …``.

    Args:
        alike: changes that differ in their case alone.
        targets: on which all of them are so.
        several: environments are compared, so that each line says its own.
    """
    change = alike[0]
    names = [c.case if i == 0 else c.case.removeprefix(change.file) for i, c in enumerate(alike)]
    where = [some(names, most=NAMED)] if change.case else []
    on = [engine(t) for t in targets if t]
    where += [f"on {some(on)}"] if on else []
    where += [f"in {change.environment}"] if change.environment and (several or not where) else []
    start = " ".join(where) if change.case else capital(" ".join(where))
    text = f"{start}: {change.text}{f', with {change.versions}' if change.versions else ''}"
    return f"{text}. {change.said}" if change.said else text
