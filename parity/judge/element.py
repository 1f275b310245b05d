"""One wrong element of a weight, found from what it does to the output."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from parity.judge.bound import KIT, as_exact
from parity.judge.effects import AT_ONCE, of_variants
from parity.judge.stacked import Stacked
from parity.judge.trial import Stretch
from parity.layers.evaluate import values
from parity.layers.mistake import Change, Seen, instead
from parity.mistakes.wrong import Wrong, replaced
from parity.node import Node

STEP = 2.0**-10
"""Of the largest weight: by so much an element is moved to see what it does."""
SHARE = 0.1
"""An element is a candidate if it explains all but this share of the weighted residual."""
CANDIDATES = 4
ROUNDS = 4
"""Secant steps for layers in which the output is no linear function of the weight."""
Index = tuple[int, ...]


def one_element(stretch: Stretch, node: Node, end: float) -> Iterator[Wrong]:
    """Networks in which one element of one weight of the node is another number, the likeliest first.

    Args:
        end: of ``time.monotonic``, when to stop looking.
    """
    search = _Search.of(stretch, node)
    if search is None:
        return
    found: list[tuple[float, str, Index, float]] = []
    for c, weight in search.seen.weights.items():
        if weight.dtype.kind != "f" or not weight.size:
            continue
        for index, effect in search.effects(c, end):
            size = float(effect @ effect)
            if size > 0:
                delta = float(effect @ search.residual) / size
                rest = search.residual - delta * effect
                found.append((float(rest @ rest), c, index, delta))
    found.sort(key=lambda f: f[0])
    for left, c, index, delta in found[:CANDIDATES]:
        if left < SHARE * float(search.residual @ search.residual):
            yield search.wrong(c, index, search.refined(c, index, delta))


@dataclass
class _Search:
    """What one element of a node does to the tensors that the stretch ends in.

    Args:
        seen: of the node.
        residual: (actual − right) ÷ bound, of all those tensors one after the other.
        bounds: of the same.
        per_filter: where axis 1 of a single one is that of filters, the largest |residual| of each.
    """

    stretch: Stretch
    node: Node
    seen: Seen
    residual: np.ndarray
    bounds: np.ndarray
    per_filter: np.ndarray | None
    base: np.ndarray = field(init=False)

    def __post_init__(self):
        self.base = self._onward([self.stretch.right[o].value for o in self.node.outputs])

    @classmethod
    def of(cls, stretch: Stretch, node: Node) -> _Search | None:
        """None where the numbers do not lend themselves to it: integers, another shape, infinities."""
        right = {t: stretch.right[t] for t in stretch.actual}
        residual, bounds = [], []
        for t, actual in stretch.actual.items():
            expected, bound = right[t].value, right[t].bound
            if actual.shape != expected.shape or actual.dtype.kind != "f":
                return None
            bound = np.ones(expected.shape) if bound is None else bound  # an exact layer: all elements count alike
            with np.errstate(all="ignore"):
                residual.append((as_exact(actual) - expected) / bound)
            bounds.append(bound)
        if not all(np.isfinite(r).all() for r in residual):
            return None
        first, per_filter = residual[0], None
        if len(residual) == 1 and first.ndim > 1:
            per_filter = np.abs(first).max(tuple(i for i in range(first.ndim) if i != 1))
        return cls(stretch, node, stretch.seen(node), _joined(residual), _joined(bounds), per_filter)

    def effects(self, c: str, end: float) -> Iterator[tuple[Index, np.ndarray]]:
        """(index of an element, what one unit of it adds to the tensors ÷ bound)."""
        weight, value = self.seen.weights[c], self.stretch.right[self.node.outputs[0]].value
        filters = None if self.per_filter is None else len(self.per_filter)
        if self.node.layer.linear and min(weight.ndim, value.ndim) > 1 and filters == value.shape[1] == len(weight):
            yield from self._of_one_filter(c)
            return
        by = STEP * (float(np.abs(weight).max()) or 1.0)
        elements = sum(a.size for a in (*self.seen.inputs, *self.seen.weights.values())) + self.base.size
        step = max(1, AT_ONCE // elements)
        for start in range(0, weight.size, step):
            if time.monotonic() > end:
                return
            part = np.arange(start, min(start + step, weight.size))
            variants = np.repeat(weight.reshape(1, -1), part.size, 0)
            variants[np.arange(part.size), part] += by
            with np.errstate(all="ignore"):
                made = of_variants(
                    self.node.layer, self.seen.inputs, self.seen.weights, c, variants.reshape(-1, *weight.shape)
                )
            for k, flat in enumerate(part):
                outputs = [as_exact(y.variants[k] if isinstance(y, Stacked) else y) for y in made]
                index = tuple(map(int, np.unravel_index(flat, weight.shape)))
                yield index, (self._onward(outputs) - self.base) / self.bounds / by

    def _of_one_filter(self, c: str) -> Iterator[tuple[Index, np.ndarray]]:
        """A weighted sum whose filters do not see each other: all of them may serve to look at one's terms."""
        weight, right = self.seen.weights[c], self.stretch.right[self.node.outputs[0]].value
        assert self.per_filter is not None
        wrong = np.flatnonzero(self.per_filter > 1)
        if len(wrong) != 1:
            return
        filter_ = int(wrong[0])
        count = weight.shape[0] // int(getattr(self.node.layer, "groups", 1))
        first = filter_ // count * count
        terms = list(np.ndindex(weight.shape[1:]))
        silent = {name: np.zeros_like(w) for name, w in self.seen.weights.items()}
        for start in range(0, len(terms), count):
            basis, some = np.zeros_like(weight), terms[start : start + count]
            for k, term in enumerate(some):
                basis[(first + k, *term)] = 1.0
            y = self._outputs({**silent, c: basis})[0]
            for k, term in enumerate(some):
                moved = right.copy()
                moved[:, filter_] += y[:, first + k]
                yield (filter_, *term), (self._onward([moved]) - self.base) / self.bounds

    def refined(self, c: str, index: Index, delta: float) -> float:
        """The element's value: secant steps, each along what the step before did."""
        for _ in range(ROUNDS):
            effect = self._moved(c, index, delta)
            size = float(effect @ effect)
            if not 0 < size < np.inf:
                break
            delta *= float(effect @ self.residual) / size
        return float(self.seen.weights[c][index] + delta)

    def wrong(self, c: str, index: Index, value: float) -> Wrong:
        """The network with that element."""
        weight = self.seen.weights[c].copy()
        old, weight[index] = float(weight[index]), value
        change = f", {100 * (value - old) / abs(old):+.3g} %" if old else ""
        words = f"{c}[{', '.join(map(str, index))}] is {instead(value, old)}{change}"
        made = Change((self.node.layer,), {**self.seen.weights, c: weight}, words)
        advice = "One element of the weight is wrong; the rest of it is right."
        graph, own = self.stretch.graph, self.seen.weights
        return replaced(graph, self.node, made, own, "one wrong element", advice=advice, value=value)

    def _moved(self, c: str, index: Index, by: float) -> np.ndarray:
        weight = self.seen.weights[c].copy()
        weight[index] += by
        return (self._onward(self._outputs({**self.seen.weights, c: weight})) - self.base) / self.bounds

    def _outputs(self, weights: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [as_exact(y) for y in values(self.node.layer, KIT, self.seen.inputs, weights)]

    def _onward(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        if len(self.stretch.nodes) == 1:
            return _joined([y for o, y in zip(self.node.outputs, outputs, strict=True) if o in self.stretch.actual])
        return _joined(list(self.stretch.onward(self.node, outputs).values()))


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([a.ravel() for a in arrays])
