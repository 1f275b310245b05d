"""The keras dialect: rules run on Keras's symbolic tensors, channels last; the kit keeps track of where axes are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.dialects import HasFloats, parts
from parity.graph import Graph, Node
from parity.layers.base import Layer, Rule, Spec


def permutation(pattern: str, rank: int) -> tuple[int, ...]:
    """Stored axis → canonical axis, of an activation pattern such as ``"n ... c"``.

    The canonical order is batch ``n``, channel ``c``, then everything else in ``...``; patterns with ``...`` serve
    every rank. ``"="`` is the canonical order itself.

    Raises:
        ValueError: the pattern is neither "=" nor made of n, c and ....
    """
    tokens = pattern.split()
    if tokens != ["="] and sorted(tokens) != ["...", "c", "n"]:
        raise ValueError(f"found {pattern!r}, expected '=' or n, c and ... in some order, e.g. 'n ... c'")
    if tokens == ["="] or rank < 2:
        return tuple(range(rank))
    at = {"n": (0,), "c": (1,), "...": tuple(range(2, rank))}
    return tuple(axis for token in tokens for axis in at[token])


@dataclass(frozen=True)
class Stored:
    """A symbolic tensor and where its axes are: ``order[stored axis] = canonical axis``."""

    tensor: Any
    order: tuple[int, ...]


class KerasKit(HasFloats):
    """What a keras rule is handed as ``k``.

    Args:
        layers: ``keras.layers``, or something that records what is asked of it.
        ops: ``keras.ops``, likewise.
        numpy: NumPy, likewise.
        floats: dtype of the network's floats; what a rule calls float32 is meant in it.
    """

    def __init__(self, layers: Any, ops: Any, numpy: Any = np, floats: str = "float32"):
        self.layers, self.ops, self.np, self.floats = layers, ops, numpy, floats
        self.holders: dict[str, list[tuple[str, Any]]] = {}
        self.node = ""
        self._known: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = []

    def weighted(self, layer: Any, *parts: Any) -> Any:
        """Register the layer that holds this node's weights. One a node.

        Args:
            parts: layers in it whose variables have the same names; those of the second are ``1/kernel``, ….
        """
        self.holders[self.node] = [(f"{i}/", part) for i, part in enumerate(parts)] or [("", layer)]
        return layer

    def shape(self, x: Any) -> tuple[int, ...]:
        """Stored shape of one of the rule's inputs, batch included."""
        return next(shape for tensor, shape, _ in self._known if tensor is x)

    def axis(self, x: Any, axis: int) -> int:
        """Where a canonical axis of one of the rule's inputs is stored."""
        order = next(order for tensor, _, order in self._known if tensor is x)
        return order.index(axis % len(order))

    def along(self, x: Any, values: Sequence[Any]) -> list[Any]:
        """One value for each canonical axis of one of the rule's inputs, in the order in which the axes are stored."""
        order = next(order for tensor, _, order in self._known if tensor is x)
        return [values[a] for a in order]

    def pad(self, x: Any, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Any:
        """Pad the spatial axes of a channels-last tensor."""
        if not any(map(any, pads)):
            return x
        if value == 0:
            width = pads[0] if len(pads) == 1 else tuple(pads)
            return getattr(self.layers, f"ZeroPadding{len(pads)}D")(width)(x)
        return self.ops.pad(x, [[0, 0], *map(list, pads), [0, 0]], constant_values=value)

    def crop(self, x: Any, cut: Sequence[tuple[int, int]]) -> Any:
        """Cut (begin, end) off the spatial axes of a channels-last tensor."""
        if not any(map(any, cut)):
            return x
        width = cut[0] if len(cut) == 1 else tuple(cut)
        return getattr(self.layers, f"Cropping{len(cut)}D")(width)(x)

    def distributed(self, layer: Layer, x: Any) -> Any:
        """A layer's own rule for every step of the rule's input, each Keras layer of it within TimeDistributed.

        Args:
            x: (N, T, …), canonical.
        """
        batch, _, *rest = self.shape(x)
        rule = layer.rule("keras")
        order = permutation(rule.x or "=", 1 + len(rest))
        inside = tuple(1 + a for a in order[1:])
        if inside != tuple(range(2, 2 + len(rest))):
            x = self.layers.Permute((1, *inside))(x)
        kit = _DistributedKit(_Distributed(self.layers), self.ops, self.np, self.floats)
        kit.node, kit.holders = self.node, self.holders
        spec = Spec((batch, *rest))
        kit._known = [(x, tuple(spec.shape[a] for a in order), order)]
        y = rule.fn(layer, kit, x)
        made = permutation(rule.y or rule.x or "=", len(layer.infer(spec)[0].shape))
        back = tuple(1 + made.index(a) for a in range(1, len(made)))
        return y if back == tuple(range(2, 1 + len(made))) else self.layers.Permute((1, *back))(y)

    def moved(self, x: Stored, order: tuple[int, ...]) -> Stored:
        """The same tensor with its axes in another order."""
        if x.order == order:
            return x
        axes = tuple(x.order.index(a) for a in order)
        return Stored(self.layers.Permute(axes[1:])(x.tensor), order)

    def apply(self, graph: Graph, node: Node, inputs: Sequence[Stored]) -> list[Stored]:
        """Run a node's rule on stored tensors, moving axes where the rule wants them elsewhere."""
        rule: Rule = node.layer.rule("keras")
        specs = graph.input_specs(node)
        # Tensors of different ranks meet in canonical order, in which broadcasting aligns their last axes.
        pattern = rule.x or ("=" if len({len(s.shape) for s in specs}) > 1 else "")
        first = permutation(pattern, len(specs[0].shape)) if pattern else inputs[0].order
        ready = []
        for x, spec in zip(inputs, specs, strict=True):
            same = len(spec.shape) == len(first)
            ready.append(self.moved(x, first if same else permutation(pattern or "=", len(spec.shape))))
        self.node = node.name
        self._known = [
            (x.tensor, tuple(spec.shape[a] for a in x.order), x.order) for x, spec in zip(ready, specs, strict=True)
        ]
        out = rule.fn(node.layer, self, *(x.tensor for x in ready))
        out = parts(out, len(node.outputs)) if len(node.outputs) > 1 or isinstance(out, list | tuple) else (out,)
        want = rule.y or pattern
        stored = []
        for tensor, name in zip(out, node.outputs, strict=True):
            rank = len(graph.specs[name].shape)
            stored.append(Stored(tensor, permutation(want, rank) if want else first))
        return stored


class _Distributed:
    """``keras.layers``, each layer within TimeDistributed."""

    def __init__(self, layers: Any):
        self._layers = layers

    def __getattr__(self, name: str) -> Any:
        def make(*args: Any, **kwargs: Any) -> Any:
            return self._layers.TimeDistributed(getattr(self._layers, name)(*args, **kwargs))

        return make


class _DistributedKit(KerasKit):
    """Hands a rule layers that are distributed over axis 1, of which the rule knows nothing."""

    def pad(self, x: Any, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Any:
        """Pad the spatial axes of a channels-last tensor."""
        if value == 0 or not any(map(any, pads)):
            return super().pad(x, pads, value)
        return self.ops.pad(x, [[0, 0], [0, 0], *map(list, pads), [0, 0]], constant_values=value)


def input_orders(graph: Graph) -> dict[str, tuple[int, ...]]:
    """Input name → the order of axes that its first reader wants, so that no transposition is built in."""
    out = {}
    for name, spec in graph.inputs.items():
        rank = len(spec.shape)
        reader = next((n for n in graph.nodes if name in n.inputs), None)
        out[name] = permutation(reader.layer.rule("keras").x or "=" if reader else "=", rank)
    return out


def define(graph: Graph, kit: KerasKit, inputs: dict[str, Stored]) -> dict[str, Stored]:
    """Tensor name → stored tensor, for all tensors of the graph."""
    tensors = dict(inputs)
    for node in graph.nodes:
        made = kit.apply(graph, node, [tensors[i] for i in node.inputs])
        tensors.update(zip(node.outputs, made, strict=True))
    return tensors
