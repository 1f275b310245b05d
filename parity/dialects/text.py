"""Python source text: literals, names, and lines that are not too long."""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WIDTH = 100


@dataclass(frozen=True)
class Group:
    """Items in brackets, which may take several lines."""

    open: str
    items: tuple[tuple[Piece, ...], ...]
    close: str


Piece = str | Group
"""Text, or brackets with something in them."""


def bracketed(open_: str, items: Iterable[Sequence[Piece]], close: str) -> Piece:
    """Items with commas between them; empty brackets are plain text."""
    inside = tuple(tuple(item) for item in items)
    return Group(open_, inside, close) if inside else open_ + close


def flat(pieces: Sequence[Piece]) -> str:
    """All on one line."""
    return "".join(p if isinstance(p, str) else p.open + ", ".join(map(flat, p.items)) + p.close for p in pieces)


def layout(pieces: Sequence[Piece], indent: int = 0, tail: int = 0) -> str:
    """One line where it fits, else the last brackets opened, and what is in them on lines of its own, as Black does.

    Args:
        pieces: text that follows ``indent`` columns, without them.
        tail: columns that something behind it needs.
    """
    text = flat(pieces)
    at = max((i for i, p in enumerate(pieces) if isinstance(p, Group)), default=None)
    if at is None or indent + len(text) + tail <= WIDTH:
        return text
    group = pieces[at]
    assert isinstance(group, Group)
    inner = " " * (indent + 4)
    together = ", ".join(map(flat, group.items))
    if group.open == "(" and len(inner) + len(together) <= WIDTH:
        body = inner + together
    else:
        body = "\n".join(f"{inner}{layout(item, indent + 4, 1)}," for item in group.items)
    return f"{flat(pieces[:at])}{group.open}\n{body}\n{' ' * indent}{group.close}{flat(pieces[at + 1 :])}"


def quoted(text: str) -> str:
    """A string literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def literal(value: Any, nested: Callable[[Any], tuple[Piece, ...]] | None = None) -> tuple[Piece, ...]:
    """The text of a number, string, sequence, dtype or small array; non-finite numbers are NumPy's.

    Args:
        nested: gives the text of what is in a sequence, by default this function.

    Raises:
        TypeError: anything else.
    """
    nested = nested or literal
    if value is None or value is Ellipsis or isinstance(value, bool | int):
        return ("..." if value is Ellipsis else repr(value),)
    if isinstance(value, str):
        return (quoted(value),)
    if isinstance(value, float) and not isinstance(value, np.generic):
        return (repr(value) if np.isfinite(value) else "np.nan" if np.isnan(value) else f"{'-' * (value < 0)}np.inf",)
    if isinstance(value, list | tuple):
        items = [nested(v) for v in value]
        if isinstance(value, list):
            return (bracketed("[", items, "]"),)
        return ("(", *items[0], ",)") if len(items) == 1 else (bracketed("(", items, ")"),)
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "fiub":
        array, kind = np.asarray(value), f"np.{value.dtype.name.replace('bool', 'bool_')}"
        if isinstance(value, np.generic):
            return (kind, bracketed("(", [literal(_shortest(array))], ")"))
        return ("np.array", bracketed("(", [literal(_shortest(array)), (kind,)], ")"))
    if isinstance(value, type) and issubclass(value, np.generic):
        return (f"np.{value.__name__}",)
    raise TypeError(f"{value!r} cannot be written into a script; numbers, strings, sequences and arrays can")


def _shortest(array: np.ndarray) -> Any:
    """Python numbers, nested, with the fewest digits that give the array's dtype back."""
    if array.ndim:
        return [_shortest(a) for a in array]
    return float(str(array[()])) if array.dtype.kind == "f" else array.item()


class Names:
    """Identifiers that do not clash.

    Args:
        taken: those in use. Keywords and built-ins always are.
    """

    def __init__(self, taken: Iterable[str] = ()):
        self._taken = {*taken, *keyword.kwlist, *keyword.softkwlist, *dir(builtins)}

    def new(self, wanted: str) -> str:
        """The wanted name as an identifier, with underscores behind it where it is taken."""
        name = re.sub(r"\W", "_", wanted)
        name = name if name.isidentifier() or keyword.iskeyword(name) else f"_{name}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def numbered(self, wanted: str) -> str:
        """The wanted name with the first number that is free."""
        name = re.sub(r"\W", "_", wanted)
        number = next(n for n in range(1, len(self._taken) + 2) if f"{name}_{n}" not in self._taken)
        return self.new(f"{name}_{number}")
