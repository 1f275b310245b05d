"""How much arithmetic a network is, by its layers' ``operations`` rules."""

from __future__ import annotations

from parity.graph import Graph


def operations(graph: Graph) -> int:
    """Of one forward pass: two for each multiplication and addition of a product of matrices (convolutions, recurrent
    and linear layers, attention), and one for each output element of every other layer, whatever that takes."""
    return sum(n.layer.rule("operations").fn(n.layer, *graph.input_specs(n)) for n in graph.nodes)
