"""The one error type for bad input. A traceback reaches the user only for our own bugs."""

from __future__ import annotations


class BadInput(Exception):
    """Something the user gave cannot be used.

    Args:
        message: what was found, and what would be accepted.
        path: where in the document, e.g. ``layers.conv1.kernel``.
        file: the document, as the user named it.
        line: 1-based line in the document.
    """

    def __init__(self, message: str, *, path: str = "", file: str = "", line: int | None = None):
        super().__init__(message)
        self.message, self.path, self.file, self.line = message, path, file, line

    def within(self, *, path: str = "", file: str = "", line: int | None = None) -> BadInput:
        """The same error seen from further out: outer path in front, file and line where still unknown."""
        joined = ".".join(p for p in (path, self.path) if p)
        return BadInput(self.message, path=joined, file=self.file or file, line=self.line or line)

    def __str__(self) -> str:
        where = self.file + (f":{self.line}" if self.file and self.line else "")
        return ": ".join(p for p in (where, self.path, self.message) if p)
