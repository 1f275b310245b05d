"""Rules written down instead of run: an :class:`Expr` in place of a framework remembers what is asked of it.

The kits hand a rule its framework. Handed expressions instead, the very same rule gives the source text of what it
does, so scripts need no rules of their own, and writing one needs no framework.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

_SERIAL = itertools.count()


@dataclass(frozen=True, eq=False)
class Op:
    """What an expression stands for.

    Args:
        kind: name, attribute, call, item, infix, minus or array.
        operands: the text of a name; (object, name); (function, args, kwargs); (object, key); (symbol, left, right);
            (expression,); (array,).
    """

    kind: str
    operands: tuple[Any, ...]
    serial: int = field(default_factory=lambda: next(_SERIAL))
    items: list[Expr] = field(default_factory=list)
    """What was taken out of it by ``[key]``, reached or not."""
    before: list[Expr] = field(default_factory=list)
    """Statements that must stand before it: what they do, not what they give, is needed."""


class Expr:
    """A value that exists in source text only. What is done to it gives further expressions.

    It cannot be compared, tested for truth or iterated over: a rule that has to know a value cannot be written down.
    """

    __slots__ = ("_op",)
    __array_ufunc__ = None  # NumPy's scalars leave arithmetic with it to __rmul__ and its like

    def __init__(self, kind: str, *operands: Any):
        self._op = Op(kind, operands)  # read by op() alone: any other name is the framework's

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("__"):  # a protocol that NumPy or copy looks for, not a name in a framework
            raise AttributeError(name)
        return Expr("attribute", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Expr:
        """A call, whatever its arguments."""
        return Expr("call", self, args, kwargs)

    def __getitem__(self, key: Any) -> Expr:
        item = Expr("item", self, key)
        self._op.items.append(item)
        return item

    def __add__(self, other: Any) -> Expr:
        return Expr("infix", "+", self, other)

    def __radd__(self, other: Any) -> Expr:
        return Expr("infix", "+", other, self)

    def __sub__(self, other: Any) -> Expr:
        return Expr("infix", "-", self, other)

    def __rsub__(self, other: Any) -> Expr:
        return Expr("infix", "-", other, self)

    def __mul__(self, other: Any) -> Expr:
        return Expr("infix", "*", self, other)

    def __rmul__(self, other: Any) -> Expr:
        return Expr("infix", "*", other, self)

    def __truediv__(self, other: Any) -> Expr:
        return Expr("infix", "/", self, other)

    def __rtruediv__(self, other: Any) -> Expr:
        return Expr("infix", "/", other, self)

    def __pow__(self, other: Any) -> Expr:
        return Expr("infix", "**", self, other)

    def __rpow__(self, other: Any) -> Expr:
        return Expr("infix", "**", other, self)

    def __neg__(self) -> Expr:
        return Expr("minus", self)

    def _no(self, *_: object) -> NoReturn:
        raise TypeError("a recorded value has no truth, order or length; see parts() of the kit for several results")

    __bool__ = __iter__ = __len__ = __lt__ = __le__ = __gt__ = __ge__ = _no


class RecordedNumPy:
    """In place of NumPy: its functions are recorded, and an array becomes a constant of the script."""

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("__"):
            raise AttributeError(name)
        return Expr("attribute", Expr("name", "np"), name)

    def asarray(self, array: np.ndarray | np.generic) -> Expr:
        """A constant."""
        return Expr("array", np.asarray(array))


def after(value: Any, *earlier: Any) -> Any:
    """The value; a script computes ``earlier`` before it. Without recording, the order of the calls is that already."""
    if isinstance(value, Expr):
        op(value).before.extend(earlier)
    return value


def op(expr: Expr) -> Op:
    """What an expression stands for."""
    return expr._op
