"""What went wrong in a layer that exceeds its bound: known mistakes are tried until one explains the numbers.

Every mistake is made in float64 on the engine's own inputs. One that brings the engine's output inside the bound
explains it; several that do cannot be told apart on these inputs, and all are named.
"""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from parity.errors import BadInput
from parity.judge.bound import Reference
from parity.judge.diagnosis import Cause, Diagnosis
from parity.judge.element import one_element
from parity.judge.estimate import minimum
from parity.judge.ranges import outside
from parity.judge.silent import lesser
from parity.judge.trial import Impossible, Stretch
from parity.judge.verdict import Judgement
from parity.layers.mistake import shortly
from parity.mistakes.catalogue import suspects
from parity.mistakes.network import OTHERS, held
from parity.mistakes.wrong import Suspect, Wrong
from parity.node import Node

PATIENCE = 20.0
"""Seconds for one stretch of layers; what was not tried by then is not, and the diagnosis says so."""
ALL = 60.0
"""Seconds for all stretches of a cell."""
NAMED = 6
"""Explanations that are named, where several fit."""
PROMISING = 0.5
"""A number is refined where some value makes the error this much smaller."""


def diagnose(stretch: Stretch, tensor: str, patience: float = PATIENCE) -> Diagnosis:
    """Look for what explains the numbers of a stretch that exceeds its bound.

    Args:
        tensor: where that was seen, for the record.
        patience: seconds.
    """
    search = _Search(stretch, time.monotonic() + patience)
    causes = search.all()
    return Diagnosis(
        tuple(n.name for n in stretch.nodes),
        tensor,
        tuple(causes[:NAMED]),
        None if causes else search.closest(),
        search.start,
        search.tried,
        search.complete,
    )


def diagnose_all(
    reference: Reference, judgement: Judgement, taps: Mapping[str, np.ndarray], patience: float = PATIENCE
) -> list[Diagnosis]:
    """A diagnosis of every stretch of layers that is outside its bound.

    Args:
        judgement: of a case on a target.
        taps: the engine's tensors.
    """
    bad: dict[tuple[str, ...], list[str]] = {}
    for finding in judgement.layers:
        if finding.verdict in ("differs", "shape", "nonfinite") and finding.tensor in taps:
            bad.setdefault(finding.nodes, []).append(finding.tensor)
    found: list[Diagnosis] = []
    end = time.monotonic() + ALL
    for nodes, tapped in reference.graph.stretches():
        if names := bad.get(tuple(n.name for n in nodes)):
            given = {**taps, **reference.inputs}
            actual = {t: taps[t] for t in tapped if t in taps}
            stretch = Stretch(reference.graph, nodes, given, reference.weights, actual, reference.precision)
            if stretch.distance(stretch.right) > 1:  # a wrong dtype alone is no mistake of numbers
                found.append(diagnose(stretch, names[0], min(patience, end - time.monotonic())))
    return _exchanged(found)


def _exchanged(found: list[Diagnosis]) -> list[Diagnosis]:
    """Two layers that have each other's weights are told to be exchanged."""
    first = {c.node: c for d in found for c in d.causes[:1] if c.name == OTHERS}
    pairs = {n: o for n, c in first.items() for o, d in first.items() if (c.words, d.words) == (held(o), held(n))}
    out = []
    for d in found:
        causes = [
            replace(c, words=f"{c.words}, and {pairs[c.node]} those of {c.node}: the two are exchanged")
            if c is first.get(c.node) and c.node in pairs
            else c
            for c in d.causes
        ]
        out.append(replace(d, causes=tuple(causes)))
    return out


class _Search:
    def __init__(self, stretch: Stretch, end: float):
        self.stretch, self.end = stretch, end
        self.start = stretch.distance(stretch.right)
        self.tried, self.complete = 0, True
        self.near: tuple[float, Cause] | None = None
        self.named: set[Hashable] = set()
        self.open: list[tuple[Node, Suspect]] = []

    def all(self) -> list[Cause]:
        """First what is quick to try; numbers are estimated, and single elements looked for, where nothing fits."""
        found: list[Cause] = list(lesser(self.stretch))
        if found:
            return found  # what is proven by every element needs no search
        for node in self.stretch.nodes:
            for suspect in suspects(self.stretch.graph, node, self.stretch.seen(node), self.stretch.weights):
                if self._late():
                    return found
                if suspect.free is None:
                    found += self._tried(node, suspect, None)
                else:
                    self.open.append((node, suspect))
                    fits = [c for value in suspect.free.known for c in self._tried(node, suspect, value)]
                    found += _first(fits)
        if not found and not self._late():
            found += outside(self.stretch)
        if not found:
            found += [c for node, suspect in self.open if not self._late() for c in self._estimated(node, suspect)]
        if not found:
            found += [c for node in self.stretch.nodes if not self._late() for c in self._elements(node)]
        return found

    def closest(self) -> Cause | None:
        """What takes nine tenths of the error away."""
        return self.near[1] if self.near and self.near[0] < 0.1 * self.start else None

    def _late(self) -> bool:
        late = time.monotonic() > self.end
        self.complete &= not late
        return late

    def _wrongs(self, suspect: Suspect, value: float | None) -> Iterator[Wrong]:
        try:
            yield from suspect.make(value)
        except BadInput:
            return  # these parameters do not go together, so nobody can have made this mistake

    def _tried(self, node: Node, suspect: Suspect, value: float | None) -> Iterator[Cause]:
        for wrong in self._wrongs(suspect, value):
            if (left := self._distance(wrong)) is None:
                continue
            cause = _cause(node, wrong, left, suspect.kind)
            if left <= 1 and wrong.function not in self.named:  # the first name stands: transposed, not reshaped
                self.named.add(wrong.function)
                yield cause
            elif 1 < left < (self.near[0] if self.near else math.inf):
                self.near = left, cause

    def _distance(self, wrong: Wrong) -> float | None:
        try:
            left = self.stretch.apart(wrong)
        except (BadInput, Impossible):  # it does not fit what comes behind, or reads what the engine did not return
            return None
        self.tried += 1
        return left

    def _estimated(self, node: Node, suspect: Suspect) -> Iterator[Cause]:
        assert suspect.free is not None
        base = self.stretch.spread({t: j.value for t, j in self.stretch.right.items()})
        if not math.isfinite(base):
            return

        def cost(value: float) -> float:
            for wrong in self._wrongs(suspect, value):
                try:
                    return self.stretch.spread(self.stretch.numbers(wrong))
                except (BadInput, Impossible):
                    return math.inf
            return math.inf

        sign = -1.0 if (suspect.current or 0) < 0 else 1.0
        value, lowest = minimum(cost, suspect.free.low, suspect.free.high, sign)
        value = round(value) if suspect.free.whole else value
        if lowest < PROMISING * base:
            yield from self._tried(node, suspect, value)

    def _elements(self, node: Node) -> Iterator[Cause]:
        for wrong in one_element(self.stretch, node, self.end):
            left = self._distance(wrong)
            if left is not None and left <= 1:
                yield _cause(node, wrong, left, "element")


def _first(fits: list[Cause]) -> list[Cause]:
    """One cause for all values of one number that fit: "epsilon 0 instead of 2e-05, or 1e-07"."""
    if len(fits) < 2:
        return fits
    others = {shortly(c.value): None for c in fits[1:]}  # each once, and not the first value, as far as one sees
    others.pop(shortly(fits[0].value), None)
    return [replace(fits[0], words=", or ".join([fits[0].words, *others]))]


def _cause(node: Node, wrong: Wrong, left: float, source: str) -> Cause:
    return Cause(node.name, type(node.layer).__name__, wrong.name, wrong.words, left, wrong.advice, wrong.value, source)
