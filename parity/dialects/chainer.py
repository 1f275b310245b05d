"""The chainer dialect: a rule gets the kit and the specs of its inputs, and gives a callable of variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity.dialects import HasFloats, parts
from parity.dialects.record import after
from parity.graph import Graph


class ChainerKit(HasFloats):
    """What a chainer rule is handed as ``c``.

    Args:
        links: ``chainer.links``, or something that records what is asked of it.
        functions: ``chainer.functions``, likewise.
        numpy: NumPy, likewise.
        floats: dtype of the network's floats; what a rule calls float32 is meant in it.
    """

    def __init__(self, links: Any, functions: Any, numpy: Any = np, floats: str = "float32"):
        self.L, self.F, self.np, self.floats = links, functions, numpy, floats
        self.links: dict[str, Any] = {}
        self.node = ""

    def link(self, link: Any) -> Any:
        """Register the link that holds this node's weights. One a node."""
        self.links[self.node] = link
        return link

    parts = staticmethod(parts)
    after = staticmethod(after)


def define(graph: Graph, kit: ChainerKit) -> dict[str, Any]:
    """Node name → callable; the links are in ``kit.links`` afterwards."""
    calls = {}
    for node in graph.nodes:
        kit.node = node.name
        calls[node.name] = node.layer.rule("chainer").fn(node.layer, kit, *graph.input_specs(node))
    return calls
