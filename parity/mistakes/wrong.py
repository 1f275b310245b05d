"""A network gone wrong in one place, as a rewriting of its graph: engines build it like any other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from parity.errors import BadInput
from parity.graph import Graph
from parity.layers.mistake import Change, Free
from parity.node import Node


@dataclass(frozen=True)
class Wrong:
    """One node of a network, replaced.

    Args:
        name: of the mistake, for tables: "epsilon".
        node: name of the node.
        words: what was done: "epsilon 0 instead of 2e-05".
        nodes: what takes its place; the last one makes its outputs.
        weights: network weight name → float64 array, of all weights that ``nodes`` read and the case does not have.
        advice: what to change, a sentence; may be empty.
        value: of a number that the mistake leaves open.
    """

    name: str
    node: str
    words: str
    nodes: tuple[Node, ...]
    weights: Mapping[str, np.ndarray]
    advice: str = ""
    value: float | None = None

    @property
    def function(self) -> Hashable:
        """The same for two that are one function, however they came about."""
        own = [{c: self.weights[w].tobytes() for c, w in n.shared.items() if w in self.weights} for n in self.nodes]
        return self.node, tuple((n.layer, n.inputs, *sorted(w.items())) for n, w in zip(self.nodes, own, strict=True))


@dataclass(frozen=True)
class Suspect:
    """A mistake that one node invites.

    Args:
        name: of the mistake.
        make: value or None → all ways to make it. Raises BadInput where parameters do not go together.
        free: the number it leaves open.
        current: what that number is where all is well.
        kind: where it comes from: declared (beside the layer), parameter, weight, network.
    """

    name: str
    make: Callable[[float | None], Iterator[Wrong]]
    free: Free | None = None
    current: float | None = None
    kind: str = "declared"


def replaced(
    graph: Graph,
    node: Node,
    change: Change,
    own: Mapping[str, np.ndarray],
    name: str,
    *,
    advice: str = "",
    value: float | None = None,
    inputs: Sequence[str] | None = None,
) -> Wrong:
    """A change of a layer as one of its network.

    Args:
        own: the node's weights where all is well, canonical name → float64.
        inputs: what it reads instead of its own inputs.

    Raises:
        BadInput: the layers do not fit their inputs, or want a weight that is not there in this shape.
    """
    read = tuple(inputs or node.inputs)
    specs = {i: graph.specs[i] for i in read}
    made: list[Node] = []
    new: dict[str, np.ndarray] = {}
    for i, layer in enumerate(change.layers):
        count = max(2, len(read)) if layer.inputs[-1] == "*" else len(layer.inputs)
        if count > len(read):
            raise BadInput(f"{type(layer).__name__} reads {count} tensors, there are {len(read)}")
        mine, read = read[:count], read[count:]
        given, shared = tuple(specs[name] for name in mine), {}
        if any(np.dtype(s.dtype).kind not in kinds for s, kinds in zip(given, layer.accepts(count), strict=True)):
            raise BadInput(f"{type(layer).__name__} does not read {', '.join(s.dtype for s in given)}")
        for c, weight in layer.weights(*given).items():
            if c not in change.weights or change.weights[c].shape != weight.shape:
                raise BadInput(f"{type(layer).__name__} wants {c} of shape {list(weight.shape)}")
            same = own.get(c) is change.weights[c]
            shared[c] = node.weight_name(c) if same else f"{node.name}/wrong/{c}"
            if not same:
                new[shared[c]] = change.weights[c]
        is_last = i == len(change.layers) - 1
        called = node.name if is_last else f"{node.name}/before{i}"
        made.append(Node(called, layer, mine, shared, tensors=node.outputs if is_last else None))
        outs = layer.infer(*given)
        if len(outs) != len(made[-1].outputs):
            raise BadInput(f"{type(layer).__name__} makes {len(outs)} tensors in place of {len(made[-1].outputs)}")
        specs |= dict(zip(made[-1].outputs, outs, strict=True))
        read = (*made[-1].outputs, *read)
    return Wrong(name, node.name, change.words, tuple(made), new, advice, value)


def rewritten(graph: Graph, *wrongs: Wrong) -> Graph:
    """The network with the mistakes made.

    Raises:
        BadInput: what takes a node's place does not fit what comes behind it.
    """
    instead = {w.node: w.nodes for w in wrongs}
    nodes = [n for node in graph.nodes for n in instead.get(node.name, (node,))]
    return replace(graph, nodes=tuple(nodes), tapped=graph.taps)


def commit(graph: Graph, weights: Mapping[str, np.ndarray], *wrongs: Wrong) -> tuple[Graph, dict[str, np.ndarray]]:
    """The network with the mistakes made, and its weights in float32.

    Raises:
        BadInput: as :func:`rewritten`.
    """
    made = rewritten(graph, *wrongs)
    have = {**weights, **{k: a for w in wrongs for k, a in w.weights.items()}}
    return made, {k: np.asarray(have[k], np.float32) for k in made.weights}
