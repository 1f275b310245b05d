"""Mistakes between layers: what a layer reads, in which order, and whose weights it has."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from parity.graph import Graph
from parity.layers import Layer
from parity.layers.constants import AddConstant, MulConstant
from parity.layers.cut import Flip
from parity.layers.dense import Linear
from parity.layers.mistake import Change, Free
from parity.layers.preprocess import Rescaling
from parity.layers.shape import Flatten, Reshape
from parity.layers.steps import Identity
from parity.layers.transpose import Transpose
from parity.mistakes.wrong import Suspect, Wrong, replaced
from parity.node import Node

Arrays = Mapping[str, np.ndarray]
SCALES = (255.0, 1 / 255, 127.5, 1 / 127.5, 2.0, 0.5)
"""Factors of pictures that were, or were not, brought to 0 … 1 or −1 … 1; and of dropout at test time."""
MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, between 0 and 1, in the order R G B."""
CAFFE = (103.939, 116.779, 123.68)
"""Means of ImageNet's pictures, between 0 and 255, in the order B G R."""
MOST_INPUTS = 4
COLOURS = "Put the channels in one order on both sides: RGB in PIL and Keras, BGR in OpenCV and Caffe."
RESCALE = "Give both sides the same numbers: check the preprocessing."


def suspects(graph: Graph, node: Node, own: Arrays, weights: Arrays) -> Iterator[Suspect]:
    """What may be wrong around one node.

    Args:
        own: its weights, canonical name → float64.
        weights: all of the network.
    """
    layer, specs = node.layer, graph.input_specs(node)

    def other(
        name: str, words: str, *layers: Layer, inputs: tuple[str, ...] | None = None, advice: str = ""
    ) -> Suspect:
        def make(_: float | None) -> Iterator[Wrong]:
            yield replaced(graph, node, Change(layers, own, words), own, name, inputs=inputs, advice=advice)

        return Suspect(name, make, kind="network")

    if 1 < len(node.inputs) <= MOST_INPUTS:
        for order in itertools.permutations(node.inputs):
            if order != node.inputs:
                yield other("inputs exchanged", f"reads {', '.join(order)} in this order", layer, inputs=order)
    outs = [graph.specs[o] for o in node.outputs]
    if len(outs) == 1 and len(node.inputs) == 1 and outs[0] == specs[0] and not isinstance(layer, Identity):
        yield other("layer left out", "left out", Identity())
    rank, is_float = len(specs[0].shape) if specs else 0, bool(specs) and specs[0].dtype == "float32"
    if rank >= 3 and is_float and specs[0].shape[1] > 1 and len(node.inputs) == 1:
        colours = rank == 4 and specs[0].shape[1] == 3 and node.inputs[0] in graph.inputs
        words = "reads BGR instead of RGB" if colours else "reads its channels in reversed order"
        yield other("channels reversed", words, Flip((1,)), layer, advice=COLOURS)
        yield from _flattened(graph, node, other)
    if rank == 2 and is_float:
        yield from _flattened(graph, node, other)
    if is_float and len(node.inputs) == 1 and node.inputs[0] in graph.inputs:
        yield _scaled(graph, node, own)
        for words, wanted in _prepared(specs[0].shape[1] if rank > 1 else 0):
            yield other("another preprocessing", words, wanted, layer, advice=RESCALE)
    yield from _elsewhere(graph, node, other)
    yield from _of_others(graph, node, own, weights)


def _flattened(graph: Graph, node: Node, other: Callable[..., Suspect]) -> Iterator[Suspect]:
    """A Linear behind a Flatten whose features were numbered with the channel as the fastest axis."""
    before = next((n for n in graph.nodes if node.inputs[0] in n.outputs), None)
    if before is None or not isinstance(before.layer, (Flatten, Reshape)):
        return
    rank = len(graph.specs[before.inputs[0]].shape)
    if rank < 3 or not isinstance(node.layer, Linear):
        return
    last = Transpose(axes=(0, *range(2, rank), 1))
    yield other(
        "flatten order",
        "features numbered as in N H W C, the channel fastest",
        last,
        before.layer,
        node.layer,
        inputs=before.inputs,
        advice="Permute the rows of the weight, or transpose to N C H W before flattening.",
    )


def _scaled(graph: Graph, node: Node, own: Arrays) -> Suspect:
    def make(value: float | None) -> Iterator[Wrong]:
        assert value is not None
        scale = MulConstant(value=value)
        told = f"reads numbers {value:.6g} times as large"
        change = Change((scale, node.layer), own, told)
        yield replaced(graph, node, change, own, "missing rescale", advice=RESCALE, value=value)

    return Suspect("missing rescale", make, Free(1e-4, 1e4, SCALES), 1.0, kind="network")


def _prepared(channels: int) -> Iterator[tuple[str, Layer]]:
    """What is done to pictures before a network reads them, where it should not have been, or the other way round."""
    yield "reads x / 127.5 − 1", Rescaling(1 / 127.5, -1.0)
    yield "reads 127.5·(x + 1)", Rescaling(127.5, 127.5)
    yield "reads 2·x − 1", Rescaling(2.0, -1.0)
    yield "reads (x + 1) / 2", Rescaling(0.5, 0.5)
    if channels == 3:
        for order, by in (("R G B", 1), ("B G R", -1)):
            means, deviations = MEANS[::by], DEVIATIONS[::by]
            unit = tuple(1 / d for d in deviations)
            shifted = tuple(-m / d for m, d in zip(means, deviations, strict=True))
            yield f"ImageNet's means subtracted, divided by its deviations, {order}", Rescaling(unit, shifted)
            yield f"ImageNet's means and deviations not taken away, {order}", Rescaling(deviations, means)
            caffe = CAFFE[::-by]
            yield f"Caffe's means of ImageNet subtracted, {order}", AddConstant(tuple(-m for m in caffe))
            yield f"Caffe's means of ImageNet not subtracted, {order}", AddConstant(caffe)


def _elsewhere(graph: Graph, node: Node, other: Callable[..., Suspect]) -> Iterator[Suspect]:
    """Another tensor of the same kind in place of one input."""
    known: list[str] = list(graph.inputs)
    for n in graph.nodes:
        if n is node:
            break
        known += n.outputs
    for i, name in enumerate(node.inputs):
        for t in known:
            if t != name and graph.specs[t] == graph.specs[name] and t not in node.inputs:
                inputs = (*node.inputs[:i], t, *node.inputs[i + 1 :])
                yield other("reads another tensor", f"reads {t} instead of {name}", node.layer, inputs=inputs)


def _of_others(graph: Graph, node: Node, own: Arrays, weights: Arrays) -> Iterator[Suspect]:
    """The weights of another layer of the same kind."""
    shapes = {c: w.shape for c, w in own.items()}
    for n in graph.nodes:
        if n is node or not shapes or {c: w.shape for c, w in graph.node_weights(n).items()} != shapes:
            continue
        theirs = {c: np.array(weights[n.weight_name(c)]) for c in shapes}

        def make(_: float | None, theirs: Arrays = theirs, of: str = n.name) -> Iterator[Wrong]:
            change = Change((node.layer,), theirs, f"has the weights of {of}")
            yield replaced(graph, node, change, own, "weights of another layer")

        yield Suspect("weights of another layer", make, kind="network")
