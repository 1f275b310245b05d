"""Recorded expressions as Python statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from parity.dialects.record import Expr, op
from parity.dialects.text import Names, Piece, bracketed, flat, layout, literal

_TIGHT, _POWER, _SIGN, _TIMES, _PLUS = 5, 4, 3, 2, 1
"""How tightly a call or attribute, a power, a sign, × and ÷, + and − bind."""


def _inside(value: Any) -> Iterator[Expr]:
    """Expressions in an operand, also within tuples, lists, dicts and slices."""
    if isinstance(value, Expr):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _inside(item)
    elif isinstance(value, dict):
        yield from _inside(list(value.values()))
    elif isinstance(value, slice):
        yield from _inside([value.start, value.stop, value.step])


def _reached(wanted: Iterable[Expr], given: Iterable[Expr]) -> list[Expr]:
    """All expressions that ``wanted`` is made of, in the order in which they came about."""
    found: dict[Expr, None] = {}
    stop, todo = set(given), list(wanted)
    while todo:
        expr = todo.pop()
        if expr not in found:
            found[expr] = None
            if expr not in stop:
                todo += [*_inside(op(expr).operands), *op(expr).before]
    return sorted(found, key=lambda e: op(e).serial)


class Writer:
    """Turns expressions into statements: one for each that has a name, is used twice, or is too long to stand inside.

    Args:
        taken: names that the script uses for something else.
        indent: columns before each statement.
        constants: the script's ``arrays``, to which those go that are too large for the text.
    """

    INLINE = 60
    """Characters beyond which a part of an expression gets a variable."""
    SHORT = 9
    """Characters up to which an item is rather written twice."""

    def __init__(self, taken: Iterable[str], constants: dict[str, np.ndarray], indent: int = 0):
        self.names = Names(taken)
        self.lines: list[str] = []
        self._constants, self._indent = constants, indent
        self._text: dict[Expr, tuple[tuple[Piece, ...], int]] = {}

    def give(self, expr: Expr, text: str) -> None:
        """Say how an expression is called that the script has already: a variable, ``self.conv``."""
        self._text[expr] = (text,), _TIGHT

    def write(
        self, names: Sequence[tuple[str, Expr]], roots: Iterable[str] = (), exact: bool = False
    ) -> dict[str, str]:
        """Add the statements that compute some expressions.

        Args:
            names: (proposed name, expression) of those that shall have a variable.
            roots: the names without which there need be no script; what they do not need is left out. All by default.
            exact: take the names as they are, ``self.conv`` too.

        Returns:
            Proposed name → the variable's name, of those that are written.
        """
        wanted = set(roots) or {name for name, _ in names}
        order = _reached([e for name, e in names if name in wanted], self._text)
        fresh = [e for e in order if e not in self._text]
        reached = set(fresh)
        uses = Counter(c for e in fresh for c in _inside(op(e).operands))
        proposed: dict[Expr, str] = {}
        for name, expr in names:
            proposed.setdefault(expr, name)
        unpacked = _unpacked(fresh)
        statements = {s for e in fresh for s in op(e).before}
        ahead = [e for e in fresh if e in proposed]
        for expr in fresh:
            while ahead and op(ahead[0]).serial < op(expr).serial:
                ahead.pop(0)
            near = proposed[ahead[0]].partition(".")[0] if ahead else "value"
            if expr in self._text:
                continue
            if expr in unpacked:
                new = {p: self._name(p, proposed, near, exact) for p in unpacked[expr] if p in reached}
                self._assign(", ".join(new.get(p, "_") for p in unpacked[expr]), expr)
                for part, name in new.items():
                    self.give(part, name)
            elif expr in statements and not uses[expr] and expr not in proposed:
                self.lines.append(" " * self._indent + layout(self._source(expr)[0], self._indent))
            elif expr in proposed or expr in statements or self._deserves(expr, uses[expr]):
                name = self._name(expr, proposed, near, exact)
                self._assign(name, expr)
                self.give(expr, name)
            else:
                self._text[expr] = self._source(expr)
        return {name: flat(self._text[expr][0]) for name, expr in names if expr in self._text}

    def _name(self, expr: Expr, proposed: Mapping[Expr, str], near: str, exact: bool) -> str:
        if expr not in proposed:
            return self.names.numbered(near)
        return proposed[expr] if exact else self.names.new(proposed[expr])

    def _deserves(self, expr: Expr, uses: int) -> bool:
        """Whether it gets a variable: used again, unless it is a short item such as ``x[:, 0]``, or long."""
        if op(expr).kind not in ("call", "item", "infix"):
            return False
        length = len(flat(self._source(expr)[0]))
        return (uses > 1 and (op(expr).kind != "item" or length > self.SHORT)) or length > self.INLINE

    def _assign(self, target: str, expr: Expr) -> None:
        pieces, _ = self._source(expr)
        self.lines.append(" " * self._indent + layout((f"{target} = ", *pieces), self._indent))

    def _source(self, expr: Expr) -> tuple[tuple[Piece, ...], int]:
        """Pieces of text, and how tightly they bind."""
        kind, operands = op(expr).kind, op(expr).operands
        if kind == "name":
            return (operands[0],), _TIGHT
        if kind == "attribute":
            return (*self._within(operands[0], _TIGHT), f".{operands[1]}"), _TIGHT
        if kind == "call":
            fn, args, kwargs = operands
            items = [self._value(a) for a in args] + [(f"{k}=", *self._value(v)) for k, v in kwargs.items()]
            return (*self._within(fn, _TIGHT), bracketed("(", items, ")")), _TIGHT
        if kind == "item":
            keys = operands[1] if isinstance(operands[1], tuple) else (operands[1],)
            inside = ", ".join(self._key(k) for k in keys)
            return (*self._within(operands[0], _TIGHT), f"[{inside}]"), _TIGHT
        if kind == "minus":
            return ("-", *self._within(operands[0], _SIGN)), _SIGN
        if kind == "infix":
            symbol, left, right = operands
            if symbol == "**":  # the right one is taken first, with its sign
                return (*self._within(left, _TIGHT), " ** ", *self._within(right, _SIGN)), _POWER
            binds = _PLUS if symbol in "+-" else _TIMES
            return (*self._within(left, binds), f" {symbol} ", *self._within(right, binds + 1)), binds
        return constant(operands[0], self._constants), _TIGHT

    def _within(self, value: Any, binds: int) -> tuple[Piece, ...]:
        """An operand, in parentheses where it binds less tightly."""
        if isinstance(value, Expr):
            pieces, own = self._text[value]
        else:
            pieces = literal(value, self._value)
            own = _SIGN if flat(pieces).startswith("-") else _TIGHT
        return pieces if own >= binds else ("(", *pieces, ")")

    def _value(self, value: Any) -> tuple[Piece, ...]:
        return self._text[value][0] if isinstance(value, Expr) else literal(value, self._value)

    def _key(self, key: Any) -> str:
        if not isinstance(key, slice):
            return flat(self._value(key))
        start, stop, step = ("" if v is None else flat(self._value(v)) for v in (key.start, key.stop, key.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")


def constant(array: np.ndarray, constants: dict[str, np.ndarray]) -> tuple[Piece, ...]:
    """The text of an array that is no weight; a large one is added to the script's ``arrays`` instead."""
    if array.size <= 8:
        return literal(array)
    key = f"constants/{sum(k.startswith('constants/') for k in constants) + 1}"
    constants[key] = array
    return (f'arrays["{key}"]',)


def _unpacked(exprs: Sequence[Expr]) -> Mapping[Expr, list[Expr]]:
    """Calls of which nothing was taken but ``[0]``, ``[1]``, …, each once: their results can be unpacked."""
    readers: dict[Expr, set[Expr]] = {}
    for expr in exprs:
        for child in _inside(op(expr).operands):
            readers.setdefault(child, set()).add(expr)
    found = {}
    for expr in exprs:
        items = op(expr).items
        keys = [op(i).operands[1] for i in items]
        if op(expr).kind == "call" and len(keys) > 1 and keys == list(range(len(keys))) and readers[expr] <= set(items):
            found[expr] = items
    return found
