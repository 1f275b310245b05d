"""How one array is stored in different frameworks, written as einops patterns.

A canonical weight names its axes, and the order of its gates where it has any: ``"g u i @ifco"``. A dialect's rule says
where each canonical weight goes, ``"target: pattern"``::

    "kernel: h w i o"            axes moved, merged "(g u)" or added "1", as in einops
    "kernel: i (g u) @ifco"      gates stored in another order; "-" before a gate changes its sign
    "B: 1 (0/2 g u) @iofc"       this weight is part 0 of 2 along here; parts nobody fills are zero
    "0/w1: u i @f"               no g in the pattern: this one gate alone
    "peep_i/W: u=u @i"           on the diagonal of two axes, zeros beside it

A "1" among the canonical axes is an axis of size 1, which a pattern may leave out.

Two weights that go to the same place of one target are added there; that map cannot be inverted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from einops import EinopsError, rearrange

_PART = re.compile(r"(\d+)/(\d+)")
_AXIS = re.compile(r"[a-z]+")
_TWICE = re.compile(r"\b([a-z]+)=\1\b")


def split_order(text: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """``"g u i @i-fco"`` → ``("g u i", (("i", 1), ("f", -1), ("c", 1), ("o", 1)))``.

    Raises:
        ValueError: the order of gates is not made of single letters, each perhaps with a "-" before it.
    """
    pattern, at, order = text.partition("@")
    if at and not re.fullmatch(r"(-?[a-z])+", order.strip()):
        raise ValueError(f"found {order!r} behind '@', expected one letter for each gate, e.g. '@ifco' or '@i-fco'")
    gates = tuple((m[1], -1 if m[0].startswith("-") else 1) for m in re.finditer(r"-?([a-z])", order.strip()))
    return " ".join(pattern.split()), gates


@dataclass(frozen=True)
class Place:
    """Where one canonical weight goes in one target array.

    Args:
        source: canonical name of the weight, e.g. ``"W"``.
        canonical: its canonical pattern, e.g. ``"g u i @ifco"``.
        target: name of the target array, e.g. ``"kernel"``.
        pattern: the layout there, e.g. ``"i (g u) @ifco"``.
    """

    source: str
    canonical: str
    target: str
    pattern: str

    @classmethod
    @cache
    def parse(cls, source: str, canonical: str, text: str) -> Place:
        """Read ``"target: pattern"``.

        Raises:
            ValueError: the text has no colon, or the pattern does not say where every axis and gate goes.
        """
        target, colon, pattern = text.partition(":")
        if not colon:
            raise ValueError(f"{source}={text!r}: expected 'target: pattern'")
        try:
            place = cls(source, canonical, target.strip(), " ".join(pattern.split()))
            place._check()
        except ValueError as error:
            raise ValueError(f"{source}={text!r}: {error}") from None
        return place

    def _check(self) -> None:
        """Refuse a pattern before any array meets it."""
        pattern, order = split_order(self.pattern)
        home = [g for g, _ in split_order(self.canonical)[1]]
        stored = [g for g, _ in order]
        if unknown := sorted(set(stored) - set(home)):
            has = f"has the gates {', '.join(home)}" if home else "has no gates"
            raise ValueError(f"gate {', '.join(unknown)} is unknown: {self.canonical!r} {has}")
        if len(set(stored)) < len(stored):
            raise ValueError(f"a gate stands twice in '@{self.pattern.partition('@')[2].strip()}'")
        if missing := sorted(set(self._axes) - set(_AXIS.findall(pattern)) - {"1", *self._dropped}):
            raise ValueError(f"axis {', '.join(missing)} of {self.canonical!r} is not in the pattern")
        for index, count in self.parts:
            if index >= count:
                raise ValueError(f"found part {index}/{count}, parts are counted from 0 to {count - 1}")
        try:
            self.put(np.zeros([len(home) if a == "g" and home else 1 for a in self._axes]))
        except EinopsError as error:
            reason = str(error).strip().splitlines()[-1].strip()
            raise ValueError(f"{pattern!r} is no einops pattern for {' '.join(self._axes)!r}: {reason}") from None

    @cached_property
    def _axes(self) -> list[str]:
        return split_order(self.canonical)[0].split()

    @cached_property
    def _gates(self) -> list[tuple[int, int]]:
        """(index in the canonical order, sign) of each gate stored here."""
        order = split_order(self.pattern)[1]
        home = [g for g, _ in split_order(self.canonical)[1]]
        return [(home.index(g), sign) for g, sign in order]

    @cached_property
    def _dropped(self) -> list[str]:
        selects = len(self._gates) == 1 and "g" not in _AXIS.findall(split_order(self.pattern)[0])
        return ["g"] if selects and "g" in self._axes else []

    @cached_property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """(index, of how many) for each ``k/n`` in the pattern."""
        return tuple((int(k), int(n)) for k, n in _PART.findall(self.pattern))

    @cached_property
    def _twice(self) -> str:
        """The axis that stands on a diagonal; empty without one."""
        found = _TWICE.search(self.pattern)
        return found[1] if found else ""

    @cached_property
    def _kept(self) -> list[str]:
        return [a for a in self._axes if a not in self._dropped]

    @cached_property
    def _transform(self) -> tuple[str, str]:
        """The two sides of the einops pattern, without gates, parts as axes p0, p1, …, a second axis as "twice"."""
        number = iter(range(9))
        right = _PART.sub(lambda m: f"p{next(number)}", split_order(self.pattern)[0])
        left = [f"p{i}" for i in range(len(self.parts))] + self._kept
        if self._twice:
            left, right = [*left, "twice"], _TWICE.sub(r"\1 twice", right)
        return " ".join(left), right

    def put(self, array: np.ndarray) -> np.ndarray:
        """The contribution of the canonical array to the target, in the target's full shape; may be a view of it."""
        if self._gates:
            axis = self._axes.index("g")
            array = np.take(array, [i for i, _ in self._gates], axis)
            if any(sign < 0 for _, sign in self._gates):
                shape = [-1 if a == "g" else 1 for a in self._axes]
                array = array * np.array([s for _, s in self._gates], array.dtype).reshape(shape)
            if self._dropped:
                array = array.squeeze(axis)
        if self._twice:
            of = self._kept.index(self._twice)
            last = np.moveaxis(array, of, -1)
            array = np.moveaxis(last[..., None] * np.eye(last.shape[-1], dtype=array.dtype), -2, of)
        if self.parts:
            whole = np.zeros([n for _, n in self.parts] + list(array.shape), array.dtype)
            whole[tuple(k for k, _ in self.parts)] = array
            array = whole
        left, right = self._transform
        return np.asarray(
            rearrange(array, f"{left} -> {right}"), order="C"
        )  # ascontiguousarray would add an axis to a scalar

    def take(self, target: np.ndarray, shape: tuple[int, ...], into: np.ndarray) -> None:
        """Read back what :meth:`put` stored, into the canonical array ``into`` of the given shape."""
        left, right = self._transform
        sizes = {a: s for a, s in zip(self._axes, shape, strict=True) if a not in ("1", *self._dropped)}
        if self._gates and "g" in sizes:
            sizes["g"] = len(self._gates)
        sizes |= {f"p{i}": n for i, (_, n) in enumerate(self.parts)}
        if self._twice:
            sizes["twice"] = sizes[self._twice]
        array = rearrange(target, f"{right} -> {left}", **sizes)
        array = array[tuple(k for k, _ in self.parts)] if self.parts else array
        if self._twice:
            of = self._kept.index(self._twice)
            array = np.moveaxis(np.diagonal(array, axis1=of, axis2=-1), -1, of)
        if not self._gates:
            into[...] = array
            return
        axis = self._axes.index("g")
        if self._dropped:
            array = np.expand_dims(array, axis)
        for stored, (home, sign) in enumerate(self._gates):
            at: tuple[Any, ...] = (slice(None),) * axis
            into[(*at, home)] = array[(*at, stored)] * array.dtype.type(sign)


class LayoutMap:
    """All places of one layer's weights in one dialect.

    Args:
        places: every ``Place``; those whose source the layer does not have (no bias) may be among them.
    """

    def __init__(self, places: Iterable[Place]):
        self.places = tuple(places)

    @cached_property
    def targets(self) -> dict[str, list[Place]]:
        """Target name → the places in it."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            found.setdefault(place.target, []).append(place)
        return found

    def is_sum(self, target: str, present: Iterable[str]) -> bool:
        """Whether two weights that are there are added in the target, so that it cannot be read back."""
        parts = [p.parts for p in self.targets[target] if p.source in set(present)]
        return len(parts) != len(set(parts))

    def forward(self, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Canonical arrays → target arrays. A target none of whose sources is there is left out.

        Raises:
            ValueError: two places of one target disagree on its shape.
        """
        out: dict[str, np.ndarray] = {}
        for place in self.places:
            if place.source not in weights:
                continue
            part = place.put(weights[place.source])
            whole = out.get(place.target)
            if whole is not None and whole.shape != part.shape:
                found = f"{list(part.shape)} by {place.pattern!r}, {list(whole.shape)} by the places before"
                raise ValueError(f"{place.source}: {place.target!r} would have shape {found}")
            out[place.target] = part if whole is None else whole + part
        return out

    def inverse(
        self, targets: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, np.ndarray]:
        """Target arrays → canonical arrays of the given shapes; those that were summed are left out."""
        out: dict[str, np.ndarray] = {}
        for place in self.places:
            if place.source not in shapes or self.is_sum(place.target, shapes):
                continue
            target = targets[place.target]
            into = out.setdefault(place.source, np.zeros(shapes[place.source], target.dtype))
            place.take(target, shapes[place.source], into)
        return out
