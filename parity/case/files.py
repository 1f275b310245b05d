"""What stands in the way of reading a file, and what decoders raise over a broken one, in words for the user."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parity.errors import BadInput


def obstacle(path: Path) -> str | None:
    """Why `path` is no file that can be read, in words that follow its name; None where it is one.

    Pipes and devices count as obstacles: opening one can block for ever, and reading one need not end.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return f"there is no such file{_alike(path)}"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return f"cannot be found: {reason(error)}"
    if stat.S_ISDIR(mode):
        return "is a folder; a file is expected"
    if not stat.S_ISREG(mode):
        return "is a pipe or a device; a regular file is expected"
    return None if os.access(path, os.R_OK) else "cannot be read: permission denied"


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turns whatever the decoders of foreign bytes raise into BadInput: SyntaxError, zlib.error, TypeError, ..."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(f"{path} cannot be read: {reason(error)}") from error


def reason(error: Exception) -> str:
    """The words of an exception without the name of the file, which the caller says, and never empty."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _alike(path: Path) -> str:
    """The names in the same folder that could have been meant, or the nearest folder there is."""
    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent))
    except OSError:
        return f", nor the folder {path.parent}"
    return f"; the folder has {', '.join(near)}" if near else ""
