"""A network in the words of one dialect: layers that it lacks are replaced by what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parity.graph import Graph, Node
from parity.layers import Composite, Spec


def lowered(graph: Graph, dialect: str) -> Graph:
    """The same network, with the same inputs, outputs, taps and weights.

    A part of node ``sep`` is called ``sep/pointwise``, and so is its tensor, unless it is an output of ``sep``.
    """
    if not any(_is_lacking(n, dialect) for n in graph.nodes):
        return graph
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _parts(node, graph.input_specs(node), dialect)
    return replace(graph, nodes=tuple(nodes), tapped=graph.taps)


def _is_lacking(node: Node, dialect: str) -> bool:
    return isinstance(node.layer, Composite) and not node.layer.says(dialect)


def _parts(node: Node, given: Iterable[Spec], dialect: str) -> Iterator[Node]:
    if not _is_lacking(node, dialect):
        yield node
        return
    assert isinstance(node.layer, Composite)
    made = node.layer.made_of(*given)
    tensors = {f"x{i}": name for i, name in enumerate(node.inputs)} | dict(zip(made.outputs, node.outputs, strict=True))
    for part in made.all:
        tensors |= {o: f"{node.name}/{o}" for o in part.outputs if o not in tensors}
        inner = Node(
            f"{node.name}/{part.name}",
            part.layer,
            tuple(tensors[i] for i in part.inputs),
            {own: node.weight_name(whole) for own, whole in part.weights.items()},
            tensors=tuple(tensors[o] for o in part.outputs),
        )
        yield from _parts(inner, [made.specs[i] for i in part.inputs], dialect)


def first_gap(graph: Graph, dialect: str, engine: str) -> tuple[Node, str] | None:
    """The first node that a dialect or one of its engines cannot say, and why; None where it can say them all."""
    for node in graph.nodes:
        if why := node.layer.gap(dialect, engine):
            return node, why
        if _is_lacking(node, dialect):
            for part in _parts(node, graph.input_specs(node), dialect):
                if why := part.layer.gap(dialect, engine):
                    return node, f"it is made of {type(part.layer).__name__} there: {why}"
    return None
