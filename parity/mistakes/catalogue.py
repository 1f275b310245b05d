"""Everything that may be wrong with one node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from parity.graph import Graph
from parity.layers import Layer
from parity.layers.mistake import Change, Free, Mistake, Seen, difference
from parity.mistakes import network
from parity.mistakes.nested import nested
from parity.mistakes.parameters import choices, differing, numbers
from parity.mistakes.weights import ADVICE, mixed_up
from parity.mistakes.wrong import Suspect, Wrong, replaced
from parity.node import Node

Arrays = Mapping[str, np.ndarray]


def suspects(graph: Graph, node: Node, seen: Seen, weights: Arrays) -> Iterator[Suspect]:
    """Mistakes that the node invites, the likeliest first: declared ones, parameters, weights, the network around it.

    Args:
        seen: of the node.
        weights: all of the network, network name → float64.
    """
    declared = node.layer.known_mistakes()
    names = {m.name for m in declared}  # a parameter of that name is in good hands
    for mistake in declared:
        yield _declared(graph, node, seen, mistake)
    for mistake in nested(node.layer, seen, *graph.input_specs(node)):
        yield _declared(graph, node, seen, mistake)
    for name, value, free in numbers(node.layer):
        if name not in names:
            yield _number(graph, node, seen, name, value, free)
    for name, layer in choices(node.layer, *graph.input_specs(node)):
        if name in names:
            continue
        yield _of(graph, node, seen, name, Change((layer,), seen.weights, difference(node.layer, [layer])), "parameter")
    if seen.weights:
        for name, words, wrong in mixed_up(node.layer, seen.weights, *graph.input_specs(node)):
            yield _of(graph, node, seen, name, Change((node.layer,), {**seen.weights, **wrong}, words), "weight")
    yield from network.suspects(graph, node, seen.weights, weights)


def _declared(graph: Graph, node: Node, seen: Seen, mistake: Mistake) -> Suspect:
    def make(value: float | None) -> Iterator[Wrong]:
        for change in mistake.changes(node.layer, seen, value):
            advice = mistake.advised(node.layer, value)
            yield replaced(graph, node, change, seen.weights, mistake.name, advice=advice, value=value)

    return Suspect(mistake.name, make, mistake.free)


def _number(graph: Graph, node: Node, seen: Seen, name: str, current: float, free: Free) -> Suspect:
    def make(value: float | None) -> Iterator[Wrong]:
        layer: Layer = replace(node.layer, **{name: value})
        change = Change((layer,), seen.weights, difference(node.layer, [layer]))
        if value != current:
            advice = differing(node.layer, name)
            yield replaced(graph, node, change, seen.weights, name, advice=advice, value=value)

    return Suspect(name, make, free, current, "parameter")


def _of(graph: Graph, node: Node, seen: Seen, name: str, change: Change, kind: str) -> Suspect:
    def make(_: float | None) -> Iterator[Wrong]:
        advice = differing(node.layer, name) if kind == "parameter" else ADVICE.get(name, "")
        yield replaced(graph, node, change, seen.weights, name, advice=advice)

    return Suspect(name, make, kind=kind)
