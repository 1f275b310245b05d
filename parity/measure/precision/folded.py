"""A network whose normalisations are folded into the layers before them, in half precision, as a runtime does it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from parity.graph import Graph, Node
from parity.layers import Weight
from parity.layers.batch_norm import BatchNorm
from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import Format, as_type


def folded(emulator: Emulator, form: Format, half: str) -> Emulator | None:
    """The network with every step of the folding rounded; None where there is nothing to fold.

    A BatchNorm that alone reads a weighted sum becomes part of its weights: W·s and (b − mean)·s + beta with
    s = gamma / √(var + epsilon). onnxruntime does that on the constants of a float16 model, in float16 arithmetic.

    Args:
        form: what weights are rounded to first.
        half: type of the arithmetic.
    """
    graph = emulator.graph
    weights = {name: emulator.rounded(name, form) for name in graph.weights}
    nodes: list[Node] = []
    gone: set[str] = set()
    for node in graph.nodes:
        if node.name in gone:
            continue
        after = _absorbed(graph, node)
        if after is None:
            nodes.append(node)
            continue
        layer = after.layer
        assert isinstance(layer, BatchNorm)
        own = {c: weights[after.weight_name(c)] for c in graph.node_weights(after)}
        root = as_type(np.sqrt(as_type(own["var"] + layer.epsilon, half)), half)
        scale = as_type(own.get("gamma", np.ones_like(root)) / root, half)
        kernel, bias = node.weight_name("W"), node.weight_name("b")
        shape = [-1 if a == "o" else 1 for a in graph.weights[kernel].axes.split()]
        weights[kernel] = as_type(weights[kernel] * scale.reshape(shape), half)
        moved = as_type(as_type(weights[bias] - own["mean"], half) * scale, half)
        weights[bias] = as_type(moved + own.get("beta", 0.0), half)
        nodes.append(replace(node, tensors=after.outputs))
        gone.add(after.name)
    if not gone:
        return None
    inputs = {name: emulator.exact.tensors[name] for name in graph.inputs}
    return Emulator(Graph(graph.inputs, tuple(nodes), graph.outputs), inputs, weights)


def _absorbed(graph: Graph, node: Node) -> Node | None:
    """The BatchNorm that can be folded into a layer."""
    tensor = node.outputs[0]
    readers = [n for n in graph.nodes if tensor in n.inputs]
    if not node.layer.linear or tensor in graph.outputs or len(readers) != 1:
        return None
    own: dict[str, Weight] = graph.node_weights(node)
    shared = {n.weight_name(c) for n in graph.nodes if n is not node for c in n.shared}
    if not {"W", "b"} <= set(own) or shared & {node.weight_name("W"), node.weight_name("b")}:
        return None
    sizes = dict(zip(own["W"].axes.split(), own["W"].shape, strict=True))
    fits = sizes.get("o") == own["b"].shape[0]  # not so where groups share the axis
    return readers[0] if fits and isinstance(readers[0].layer, BatchNorm) else None
