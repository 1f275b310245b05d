"""A network, and an engine that is the numpy rules on float32 arrays, for tests to break."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.graph import Graph, Node
from parity.judge.bound import KIT, Reference, node_weights
from parity.judge.verdict import Judgement, judge
from parity.layers import Layer, Spec

KINDS = {"variance": Distribution("uniform", 1.25, 0.75), "gamma": Distribution("uniform", 1.0, 0.5)}


def node(name, layer, *inputs, **parameters):
    return Node(name, Layer.registry[layer](**parameters), inputs, {})


@dataclass(frozen=True)
class Net:
    """A graph with inputs, weights and its reference."""

    graph: Graph
    weights: dict[str, np.ndarray]
    reference: Reference

    @classmethod
    def of(cls, inputs: dict[str, tuple[int, ...]], nodes, outputs) -> Net:
        """Inputs and weights are drawn."""
        graph = Graph({n: Spec(shape) for n, shape in inputs.items()}, tuple(nodes), outputs)
        weights = {}
        for name, w in graph.weights.items():
            weights[name] = draw(KINDS.get(w.role, Distribution("normal", 0.0, 0.3)), w.shape, "float32", "w", name)
        arrays = {n: draw(Distribution(), shape, "float32", "x", n) for n, shape in inputs.items()}
        return cls(graph, weights, Reference.of(graph, arrays, weights))

    def run(self, weights=None, layers=None, change=None) -> dict[str, np.ndarray]:
        """All tensors in float32.

        Args:
            weights: those that differ.
            layers: node name → another layer in its place.
            change: called with each tensor's name and array, gives the array.
        """
        held = self.weights | (weights or {})
        tensors = dict(self.reference.inputs)
        for n in self.graph.nodes:
            made = (layers or {}).get(n.name, n.layer)
            own = node_weights(self.graph, n, held)
            with np.errstate(all="ignore"):
                out = made.rule("numpy").fn(made, KIT, *(tensors[i] for i in n.inputs), **own)
            out = out if isinstance(out, tuple) else (out,)
            for name, array in zip(n.outputs, out, strict=True):
                tensors[name] = change(name, array) if change else array
        return tensors

    def judged(self, tensors, outputs=None, copied="") -> Judgement:
        """As a session does it: taps, and the outputs of a run without."""
        taps = {t: tensors[t] for t in self.graph.taps if t in tensors}
        final = {t: tensors[t] for t in self.graph.outputs if t in tensors}
        return judge(self.reference, taps, final if outputs is None else outputs, copied)


@pytest.fixture(scope="session")
def net() -> Net:
    """Convolution, BatchNorm, ReLU, Flatten, Linear, Tanh, Linear, Softmax."""
    nodes = (
        node("conv", "Conv2D", "x", filters=6, kernel=(3, 2)),
        node("bn", "BatchNorm", "conv", epsilon=2e-5),
        node("relu", "ReLU", "bn"),
        node("flat", "Flatten", "relu"),
        node("fc1", "Linear", "flat", units=20),
        node("tanh", "Tanh", "fc1"),
        node("fc2", "Linear", "tanh", units=7),
        node("prob", "Softmax", "fc2", axis=1),
    )
    return Net.of({"x": (3, 4, 9, 8)}, nodes, ("prob",))


@pytest.fixture(scope="session")
def sequence() -> Net:
    """An LSTM, and a Linear on its last state."""
    nodes = (node("lstm", "LSTM", "x", units=4), node("fc", "Linear", "lstm.h", units=3))
    return Net.of({"x": (3, 6, 5)}, nodes, ("fc", "lstm.c"))


@pytest.fixture(scope="session")
def square() -> Net:
    """A Linear whose weight may be transposed without anyone noticing its shape."""
    return Net.of({"x": (3, 5)}, (node("fc", "Linear", "x", units=5),), ("fc",))
