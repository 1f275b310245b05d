"""Unit probes: each layer with weights by itself, on inputs of its own that show its mistakes.

What a network feeds a layer may hide a wrong weight: behind dead ReLUs, in rows of a table that no index names, in sums
so long that one product is lost in their rounding. A probe is a graph of one-layer pieces with the network's weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from parity.draw import Distribution, draw
from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.judge.bound import node_weights
from parity.judge.regimes import folded
from parity.layers import Layer, Spec

BATCH = 4
"""Samples that a probe has at least, where a layer takes as many as it is given."""
SCALES = (1.0, 0.1, 3.0, 0.3)
"""Of the samples, one after the other."""


class Drawing:
    """What a ``probe`` rule is handed as ``d``: arrays determined by its key, the same everywhere.

    Args:
        layer: that is probed.
        specs: of its inputs, the batch grown.
        key: what the numbers depend on.
    """

    def __init__(self, layer: Layer, specs: Sequence[Spec], *key: object):
        self.layer, self.specs = layer, tuple(specs)
        self._keys: Iterator[tuple[object, ...]] = ((*key, i) for i in itertools.count())

    def normal(self, shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
        """N(0, scale²), float32."""
        return draw(Distribution("normal", 0.0, scale), shape, "float32", *next(self._keys))

    def uniform(self, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
        """Between two numbers, float32."""
        return draw(Distribution("uniform", (low + high) / 2, (high - low) / 2), shape, "float32", *next(self._keys))

    def signed(self, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
        """Numbers of such a size, of either sign."""
        return self.uniform(shape, low, high) * np.where(self.uniform(shape, -1, 1) < 0, -1, 1).astype(np.float32)

    def beyond(self, shape: tuple[int, ...], *points: float) -> np.ndarray:
        """Numbers on all sides of some points at which a function bends."""
        low, high = min(points), max(points)
        room = max(high - low, abs(low), abs(high), 1.0)
        return self.uniform(shape, low - room, high + room)

    def around(self, *points: float) -> tuple[np.ndarray, ...]:
        """:meth:`beyond` for the one input of a layer that works element by element."""
        return (self.beyond(self.few(self.specs[0].shape), *points),)

    def few(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Cut down, but for the first two axes, for a layer that takes any size."""
        return (*shape[:2], *(min(s, 6) for s in shape[2:]))

    def small_beside_normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """Every other sample of a scale of 0.01."""
        scales = np.resize(np.array([1, 0.01], np.float32), shape[0])
        return self.normal(shape) * scales.reshape(-1, *(1,) * (len(shape) - 1))

    def indices(self, shape: tuple[int, ...], choice: range) -> np.ndarray:
        """All of them in turn, then others at random, int32."""
        size = int(np.prod(shape))
        drawn = Distribution("integers", low=min(choice), high=max(choice) + 1)
        flat = draw(drawn, (size,), "int32", *next(self._keys))
        flat[: len(choice)] = np.array(choice, np.int32)[:size]
        return flat.reshape(shape)

    def parts(self, terms: int) -> int:
        """Into how many parts the terms of a sum are cut, each by itself beside zeros, so that none drowns."""
        return min(64, max(1, round((terms / 1600) ** 2)))

    def usual(self) -> tuple[np.ndarray, ...]:
        """For a layer without a rule: normal numbers in its domain, samples of several scales; all indices."""
        accepted = self.layer.indices(*self.specs)
        made = []
        for i, (shape, dtype) in enumerate(self.specs):
            kind = np.dtype(dtype).kind
            if kind == "f":
                scales = np.resize(np.array(SCALES, np.float32), shape[0]).reshape(-1, *(1,) * (len(shape) - 1))
                made.append(folded(self.normal(shape) * scales, self.layer.domain))
            elif kind == "i":
                found = accepted.get(i, 7)
                made.append(self.indices(shape, found if isinstance(found, range) else range(found)))
            else:
                made.append(self.uniform(shape, -1, 1) < 0)
        return tuple(made)


def probe_of(graph: Graph, weights: Mapping[str, np.ndarray], seed: int) -> tuple[Graph, dict[str, np.ndarray]] | None:
    """The pieces of a network, and their inputs; None where no layer is to be probed.

    Layers with weights are, and those without that have a ``probe`` rule.

    Args:
        weights: network weight name → array.
        seed: the case's.
    """
    inputs: dict[str, np.ndarray] = {}
    nodes: list[Node] = []
    outputs: list[str] = []
    taken = {*graph.specs, *(n.name for n in graph.nodes)}
    for node in graph.nodes:
        own = node_weights(graph, node, weights)
        if not own and not node.layer.has("probe"):
            continue
        names = []
        for i, array in enumerate(_inputs(graph, node, own, seed)):
            name = f"{node.name}_x{i or ''}"
            while name in taken:
                name += "_"
            taken.add(name)
            names.append(name)
            inputs[name] = array
        nodes.append(replace(node, inputs=tuple(names), stated=None))
        outputs += node.outputs
    if not nodes:
        return None
    specs = {k: Spec(v.shape, v.dtype.name) for k, v in inputs.items()}
    return Graph(specs, tuple(nodes), tuple(outputs)), inputs


def _inputs(graph: Graph, node: Node, weights: Mapping[str, np.ndarray], seed: int) -> Sequence[np.ndarray]:
    layer, specs = node.layer, grown(node.layer, graph.input_specs(node))
    d = Drawing(layer, specs, "probe", seed, node.name)
    return layer.rule("probe").fn(layer, d, specs, weights) if layer.has("probe") else d.usual()


def grown(layer: Layer, specs: tuple[Spec, ...]) -> tuple[Spec, ...]:
    """The same specs with a batch of at least four, where that is what axis 0 holds for all inputs."""
    sizes = {s.shape[0] if s.shape else 0 for s in specs}
    if len(sizes) > 1 or min(sizes) in (0, *range(BATCH, max(sizes) + 1)):
        return specs
    more = tuple(Spec((BATCH, *s.shape[1:]), s.dtype) for s in specs)
    try:
        fits = all(o.shape[0] == BATCH for o in layer.infer(*more)) and layer.weights(*more) == layer.weights(*specs)
    except BadInput:
        return specs
    return more if fits else specs
