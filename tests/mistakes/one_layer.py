"""One layer with its numbers, what somebody's code made of them, and what parity says about that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.case.weights import drawn
from parity.draw import Distribution, draw
from parity.graph import Graph, Node
from parity.judge.bound import Reference
from parity.judge.diagnose import Diagnosis, diagnose_all
from parity.judge.verdict import Judgement, judge
from parity.layers import Layer, Spec
from parity.layers.shape import Flatten

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class One:
    """A layer "it" behind its inputs x, x1, ….

    Args:
        reference: of the layer alone.
        weights: canonical name → float32.
    """

    reference: Reference
    weights: dict[str, np.ndarray]

    @classmethod
    def of(
        cls, kind: str, *shapes: tuple[int, ...], scale: float = 1.0, flatten: bool = False, **parameters: Any
    ) -> One:
        """All numbers are drawn.

        Args:
            scale: of the inputs.
            flatten: whether a Flatten stands before it, whose own output nobody looks at.
        """
        names = ["x", *(f"x{i}" for i in range(1, len(shapes)))]
        layer = Layer.registry[kind](**parameters)
        inputs = {n: Spec(s) for n, s in zip(names, shapes, strict=True)}
        nodes = (Node("it", layer, ("flat",) if flatten else tuple(names), {}),)
        if flatten:
            nodes = (Node("flat", Flatten(), ("x",), {}), *nodes)
        graph = Graph(inputs, nodes, ("it",), nodes[-1].outputs)
        weights = drawn(graph, None, 0)
        arrays = {
            n: draw(Distribution(scale=scale), s, "float32", "by hand", n) for n, s in zip(names, shapes, strict=True)
        }
        own = {c: weights[nodes[-1].weight_name(c)] for c in graph.node_weights(nodes[-1])}
        return cls(Reference.of(graph, arrays, weights), own)

    @property
    def inputs(self) -> list[np.ndarray]:
        """What the layer reads."""
        return list(self.reference.inputs.values())

    def judged(self, *outputs: Any) -> tuple[Judgement, list[Diagnosis]]:
        """What parity says about these outputs."""
        names: Sequence[str] = self.reference.graph.nodes[-1].outputs
        taps = {n: np.asarray(a, np.float32) for n, a in zip(names, outputs, strict=True)}
        found = judge(self.reference, taps, {"it": taps["it"]}, "")
        return found, diagnose_all(self.reference, found, taps)
