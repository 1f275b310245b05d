"""Which argument of a framework carries a parameter of ours, and how the one is written as the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

Slot = str | int
"""Name or position of an argument."""


class Pair(NamedTuple):
    """What we say and what they are told, in one sample; those of one sample differ in this parameter alone."""

    sample: int
    ours: Any
    theirs: Any


def _begins(value: Any) -> Any:
    return tuple(b for b, _ in value)


def _flat(value: Any) -> Any:
    return (*(b for b, _ in value), *(e for _, e in value))


def _from_flat(value: Any) -> Any:
    half = len(value) // 2
    return tuple(zip(value[:half], value[half:], strict=True))


RELATIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "same": (lambda v: v, lambda v: v),
    "not": (lambda v: not v, lambda v: not v),
    "number": (int, bool),
    "begins": (_begins, lambda v: tuple((b, b) for b in v)),
    "flat": (_flat, _from_flat),
}
"""Name → from ours to theirs, and back."""


@dataclass
class Carrier:
    """An argument that carries one of our parameters.

    Args:
        parameter: ours.
        callable: theirs.
        slot: name or position of the argument.
        pairs: what was seen.
    """

    parameter: str
    callable: str
    slot: Slot
    pairs: list[Pair] = field(default_factory=list)

    @cached_property
    def relation(self) -> str:
        """A key of :data:`RELATIONS`, ``linear`` (with factors that may depend on the sample), or empty."""
        for name, (forward, _) in RELATIONS.items():
            try:
                if all(_equal(forward(p.ours), p.theirs) for p in self.pairs):
                    return name
            except (TypeError, ValueError):
                continue
        numbers = all(is_number(v) for p in self.pairs for v in (p.ours, p.theirs))
        return "linear" if numbers and all(self._line(p.sample) for p in self.pairs) else ""

    def _line(self, sample: int) -> tuple[float, float] | None:
        """Slope and offset of theirs over ours in one sample; None where it is no line."""
        points = {p.ours: p.theirs for p in self.pairs if p.sample == sample}
        if len(points) < 3:
            return None
        (a, fa), (b, fb), *rest = points.items()
        slope = (fb - fa) / (b - a)
        offset = fa - slope * a
        close = all(abs(slope * o + offset - t) <= 1e-6 * max(abs(t), 1e-30) for o, t in rest)
        return (slope, offset) if close and slope else None

    def read(self, theirs: Any, sample: int, example: Any) -> Any:
        """A value of the argument as our parameter.

        Args:
            theirs: the value.
            sample: where, for factors that depend on it.
            example: a value of ours, which says how many axes there are.

        Raises:
            ValueError: how the two hang together is not known.
        """
        if is_number(theirs) and isinstance(example, tuple):
            return spread(theirs, example)
        if self.relation in RELATIONS:
            try:
                value = RELATIONS[self.relation][1](theirs)
            except (TypeError, ValueError):
                value = None
            if type(value) is type(example) or (is_number(value) and is_number(example)):
                return value
        line = self._line(sample) if self.relation == "linear" and is_number(theirs) else None
        if line is None:
            raise ValueError(f"{self.callable} {self.slot}={theirs!r} cannot be read as {self.parameter}")
        return float(f"{(theirs - line[1]) / line[0]:.12g}")


def _equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def is_number(value: Any) -> bool:
    """An int or float, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def spread(value: Any, example: Any) -> Any:
    """One number for all axes, shaped like an example."""
    return tuple(spread(value, inner) for inner in example) if isinstance(example, tuple) else value
