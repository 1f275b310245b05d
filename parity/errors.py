"""The one error type for bad input, and words for its messages. A traceback reaches the user only for our own bugs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST = 1500
"""Characters of a message."""


class BadInput(Exception):
    """Something the user gave cannot be used.

    Args:
        message: what was found, and what would be accepted; cut where it is longer than anybody reads.
        path: where in the document, e.g. ``layers.conv1.kernel``.
        file: the document, as the user named it.
        line: 1-based line in the document.
    """

    def __init__(self, message: str, *, path: str = "", file: str = "", line: int | None = None):
        super().__init__(message)
        message = message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"
        self.message, self.path, self.file, self.line = message, path, file, line

    def within(self, *, path: str = "", file: str = "", line: int | None = None) -> BadInput:
        """The same error seen from further out: outer path in front, file and line where still unknown."""
        joined = ".".join(p for p in (path, self.path) if p)
        return BadInput(self.message, path=joined, file=self.file or file, line=self.line or line)

    def __str__(self) -> str:
        where = self.file + (f":{self.line}" if self.file and self.line else "")
        return ": ".join(p for p in (where, self.path, self.message) if p)


def near(found: object, known: Iterable[str]) -> str:
    """A hint for what could have been meant, with a space in front; empty where nothing is near."""
    close = difflib.get_close_matches(str(found)[:100], list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def listed(names: Iterable[str], most: int = 40) -> str:
    """Names for a message, not more than a reader bears."""
    all_ = list(names)
    return (", ".join(all_[:most]) + (f" and {len(all_) - most} more" if len(all_) > most else "")) or "none"


def shown(value: object) -> str:
    """What was found, for a message, with YAML's words for booleans and nothing: at most 80 characters."""
    text = str(value).lower() if isinstance(value, bool) else "null" if value is None else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
