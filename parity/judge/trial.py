"""Whether a mistake explains what an engine returned: the wrong network in float64, on the engine's own inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.graph import Graph
from parity.judge.blocks import is_float
from parity.judge.bound import KIT, Judged, Reference, as_exact, evaluate, node_weights
from parity.layers import Spec
from parity.layers.evaluate import values
from parity.layers.mistake import Seen
from parity.mistakes.wrong import Wrong
from parity.node import Node
from parity.precision import FLOAT32, Precision

FAR = 1e4
"""Times the bound from which no bound of another magnitude brings a mistake near."""


class Impossible(Exception):
    """A mistake cannot be evaluated on these inputs: a tensor is not there, an index is beyond its axis."""


@dataclass
class Stretch:
    """Nodes between two taps, what an engine had in front of them and what it made of it.

    Args:
        graph: the network.
        nodes: in order.
        given: tensors that were there before: the network's inputs, and the engine's taps.
        weights: network weight name → float64, of the whole network.
        actual: the engine's tensors that the stretch ends in.
        precision: in which the engine computed.
    """

    graph: Graph
    nodes: tuple[Node, ...]
    given: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray]
    actual: Mapping[str, np.ndarray]
    precision: Precision = FLOAT32
    right: dict[str, Judged] = field(init=False)

    def __post_init__(self):
        self.right = self.run(self.nodes, {})

    @classmethod
    def alone(cls, reference: Reference, node: Node) -> Stretch:
        """One node on the reference's own tensors, without an engine."""
        given = {k: j.value for k, j in reference.tensors.items() if k not in node.outputs}
        return cls(reference.graph, (node,), given, reference.weights, {})

    def run(self, nodes: Sequence[Node], new: Mapping[str, np.ndarray]) -> dict[str, Judged]:
        """All tensors that nodes in the stretch's place make, with their bounds."""
        return self._through(nodes, new, lambda x: Judged(x, None), self._evaluated)

    def _evaluated(self, node: Node, inputs: list[Judged], own: dict[str, np.ndarray]) -> tuple[Judged, ...]:
        return evaluate(node, inputs, own, self.precision)

    def _through(
        self,
        nodes: Sequence[Node],
        new: Mapping[str, np.ndarray],
        start: Callable[[np.ndarray], Any],
        step: Callable[[Node, list[Any], dict[str, np.ndarray]], tuple[Any, ...]],
    ) -> dict[str, Any]:
        """Node after node, on what was given or made before."""
        have: dict[str, Any] = {}
        shapes: dict[str, Spec] = {}
        for node in nodes:
            for name in node.inputs:
                if name not in have:
                    if name not in self.given:
                        raise Impossible(name)
                    x = as_exact(self.given[name])
                    have[name], shapes[name] = start(x), Spec(x.shape, _dtype(x))
            names = {c: node.weight_name(c) for c in node.layer.weights(*(shapes[i] for i in node.inputs))}
            own = {c: new[n] if n in new else self.weights[n] for c, n in names.items()}
            for name, made in zip(node.outputs, step(node, [have[i] for i in node.inputs], own), strict=True):
                have[name] = made
                x = made.value if isinstance(made, Judged) else made
                shapes[name] = Spec(x.shape, _dtype(x))
        return {o: have[o] for n in nodes for o in n.outputs}

    def wrong(self, wrong: Wrong) -> dict[str, Judged]:
        """The stretch with a mistake made.

        Raises:
            Impossible: its rules refuse these inputs, which a framework would do too.
        """
        return self._with(wrong, self.run)

    def numbers(self, wrong: Wrong) -> dict[str, np.ndarray]:
        """The same without bounds, in less than half the time.

        Raises:
            Impossible: as :meth:`wrong`.
        """

        def step(node: Node, inputs: list[np.ndarray], own: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
            with np.errstate(all="ignore"):
                return tuple(map(as_exact, values(node.layer, KIT, inputs, own)))

        return self._with(wrong, lambda nodes, new: self._through(nodes, new, lambda x: x, step))

    def _with(self, wrong: Wrong, run: Callable[[list[Node], Mapping[str, np.ndarray]], dict[str, Any]]) -> dict:
        nodes = [n for node in self.nodes for n in (wrong.nodes if node.name == wrong.node else (node,))]
        try:
            return run(nodes, wrong.weights)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise Impossible(f"{wrong.words}: {error}") from error  # rules are made for what a case file can say

    def onward(self, node: Node, outputs: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """What the stretch ends in, where one of its nodes makes other outputs."""
        have: dict[str, np.ndarray] = {t: j.value for t, j in self.right.items()} | dict(
            zip(node.outputs, outputs, strict=True)
        )
        for later in self.nodes[self.nodes.index(node) + 1 :]:
            given = [have[i] if i in have else as_exact(self.given[i]) for i in later.inputs]
            own = node_weights(self.graph, later, self.weights)
            with np.errstate(all="ignore"):
                have.update(zip(later.outputs, map(as_exact, values(later.layer, KIT, given, own)), strict=True))
        return {t: have[t] for t in self.actual}

    def seen(self, node: Node) -> Seen:
        """What there is to make a mistake of at one of the nodes."""
        inputs = [self.right[i].value if i in self.right else as_exact(self.given[i]) for i in node.inputs]
        outputs = [as_exact(self.actual[o]) for o in node.outputs if o in self.actual]
        return Seen(
            inputs,
            node_weights(self.graph, node, self.weights),
            outputs if len(outputs) == len(node.outputs) else None,
        )

    def distance(self, found: Mapping[str, Judged]) -> float:
        """Largest error ÷ bound of the engine's tensors against others; inf where shapes or non-finite ones differ."""
        return max(ratio(self.actual[t], found[t]) for t in self.actual)

    def apart(self, wrong: Wrong) -> float:
        """:meth:`distance` with a mistake made. One that is far off is measured by the bound of what is right.

        Raises:
            Impossible: as :meth:`wrong`.
        """
        found = self.numbers(wrong)
        if all(found[t].shape == self.right[t].value.shape for t in self.actual):
            far = max(ratio(self.actual[t], Judged(found[t], self._at_least(t, found[t]))) for t in self.actual)
            if FAR < far < math.inf:
                return max(ratio(self.actual[t], Judged(found[t], self.right[t].bound)) for t in self.actual)
        return self.distance(self.wrong(wrong))

    def _at_least(self, tensor: str, found: np.ndarray) -> np.ndarray | None:
        """The bound of what is right, but nowhere next to nothing: an exact element is not exact by another rule."""
        bound = self.right[tensor].bound
        if bound is None or not found.size:
            return bound
        with np.errstate(all="ignore"):
            return bound + self.precision.u * np.abs(found).max()

    def spread(self, found: Mapping[str, np.ndarray]) -> float:
        """Root mean square of error ÷ bound of what is right, smooth in what it depends on; inf where shapes differ."""
        total, count = 0.0, 0
        for t, actual in self.actual.items():
            value, bound = found[t], self.right[t].bound
            if bound is None or not actual.shape == value.shape == bound.shape:
                return math.inf
            with np.errstate(all="ignore"):
                q = (as_exact(actual) - value) / bound
                total, count = total + float(np.sum(q * q)), count + q.size
        return math.sqrt(total / count) if count and math.isfinite(total) else math.inf


def _dtype(value: np.ndarray) -> str:
    return "float32" if is_float(value.dtype) else value.dtype.name


def ratio(actual: np.ndarray, expected: Judged) -> float:
    """Largest error ÷ bound: 0 for equality, inf for another shape, or a NaN on one side only."""
    value = expected.value
    if value.shape != actual.shape or np.dtype(_dtype(actual)).kind != np.dtype(_dtype(value)).kind:
        return math.inf
    if is_float(actual.dtype):
        with np.errstate(all="ignore"):
            rounded = value.astype(actual.dtype)
        same = (actual == rounded) | (np.isnan(actual) & np.isnan(rounded))
    else:
        same = actual == value
    if same.all():
        return 0.0
    if expected.bound is None:
        return math.inf
    with np.errstate(all="ignore"):
        q = np.where(same, 0.0, np.abs(as_exact(actual) - value) / expected.bound)
    return math.inf if np.isnan(q).any() else float(q.max())
