"""Which cases and targets a command means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from parity.case.case import Case, find, load
from parity.errors import BadInput
from parity.targets import ALL, Target, select

DEFAULT = Path("cases")
LIMIT_WORDS = 200
"""Of an expression; it is read by recursion."""


def load_all(files: Sequence[Path] | None) -> tuple[list[Case], list[BadInput]]:
    """All cases that are well, and what is wrong with the others, paths that are not there included."""
    cases: list[Case] = []
    bad: list[BadInput] = []
    for given in files or [DEFAULT]:
        try:
            found = list(find([given]))
        except BadInput as error:
            bad.append(error)
            continue
        for path, root in found:
            try:
                cases += load(path, root)
            except BadInput as error:
                bad.append(error)
    return cases, bad


def matching(cases: Sequence[Case], expression: str | None) -> list[Case]:
    """Cases whose id fits an expression of words with ``and``, ``or``, ``not`` and parentheses, as pytest's -k.

    Raises:
        BadInput: the expression cannot be read, or fits nothing.
    """
    if not expression:
        return list(cases)
    words = re.findall(r"\(|\)|[^\s()]+", expression)
    if len(words) > LIMIT_WORDS:
        raise BadInput(f"-k has {len(words)} words and parentheses, at most {LIMIT_WORDS} are accepted")
    found = [c for c in cases if _Expression(words, c.id.lower(), expression).value()]
    if cases and not found:
        raise BadInput(f"-k {expression!r} fits none of the {len(cases)} cases; parity list shows them")
    return found


class _Expression:
    """Recursive descent over or, and, not, parentheses and words."""

    def __init__(self, words: list[str], text: str, whole: str):
        self._words, self._text, self._whole, self._at = words, text, whole, 0

    def value(self) -> bool:
        out = self._either()
        if self._at < len(self._words):
            self._fail()
        return out

    def _fail(self) -> None:
        raise BadInput(f"-k {self._whole!r} cannot be read; expected words joined by and, or, not and parentheses")

    def _next(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _either(self) -> bool:
        out = self._both()
        while self._next() == "or":
            self._at += 1
            out = self._both() or out
        return out

    def _both(self) -> bool:
        out = self._one()
        while self._next() == "and":
            self._at += 1
            out = self._one() and out
        return out

    def _one(self) -> bool:
        word = self._next()
        self._at += 1
        if word == "not":
            return not self._one()
        if word == "(":
            out = self._either()
            if self._next() != ")":
                self._fail()
            self._at += 1
            return out
        if word in ("", ")", "and", "or"):
            self._fail()
        return word.lower() in self._text


def chosen_targets(text: str | None) -> tuple[Target, ...]:
    """Targets from a list with commas; all by default.

    Raises:
        BadInput: a part matches nothing.
    """
    return select([p.strip() for p in text.split(",") if p.strip()]) if text else ALL


def one_case(name: str) -> Case:
    """The case with this id, or the only one of this file.

    Raises:
        BadInput: none or several.
    """
    path = Path(name)
    if path.suffix == ".yaml":
        cases, bad = load_all([path])
        if bad:
            raise bad[0]
    else:
        stem = Path(str(DEFAULT) + "/" + name.partition("[")[0] + ".yaml")
        cases, _ = load_all([stem] if stem.exists() else None)
        cases = [c for c in cases if name in (c.id, c.id.partition("[")[0])]
    if len(cases) != 1:
        some = ", ".join(c.id for c in cases[:8]) if cases else "parity list shows the cases there are"
        raise BadInput(f"{name!r} means {len(cases)} cases; name one: {some}")
    return cases[0]
