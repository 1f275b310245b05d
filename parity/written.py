"""Files that are written for the user, and what is said where they cannot be."""

from __future__ import annotations

from pathlib import Path

from parity.errors import BadInput


def write_text(file: Path, text: str, what: str) -> Path:
    """Write a text as UTF-8, its line ends as they are; the file.

    Args:
        file: its folder is made if it is not there.
        what: how the error calls it, such as ``the page``.

    Raises:
        BadInput: nothing can be written there.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BadInput(f"{what} cannot be written: {error}", file=str(file)) from None
    return file
