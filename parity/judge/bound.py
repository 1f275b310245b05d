"""How much rounding allows: the numpy rules in float64, and elementwise bounds beside them.

The error that one layer adds is bounded by c·u·m: m the layer's magnitude, u the unit roundoff of the precision, c the
layer's constant. Errors that come in are carried through by the layer's ``carry`` rule. The two add.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from parity.dialects.numpy import NumpyKit
from parity.graph import Graph, Node
from parity.judge.blocks import is_float
from parity.layers.evaluate import carried, rounding, total, values
from parity.precision import FLOAT32, Precision

UNROUNDED = 2.5
"""Times u: how far what an engine went on with may be from what it returned. One rounding is 1; ``carry`` takes those
of a sum as independent, and of some 10^5 sums the largest is 2.4 times that, 4.2 standard deviations."""
KIT = NumpyKit()
"""For values, which are the same in every precision."""


@functools.cache
def kit_of(precision: Precision) -> NumpyKit:
    """The kit for bounds."""
    return NumpyKit(precision)


@dataclass(frozen=True)
class Judged:
    """A tensor by the numpy rules.

    Args:
        value: float64, or integers.
        bound: how far a sound engine may be from it, elementwise; None where it must be exact.
        own: what of the bound is the layer's own rounding; None where there is none.
    """

    value: np.ndarray
    bound: np.ndarray | None
    own: np.ndarray | None = None


@dataclass(frozen=True)
class Loosening:
    """What a layer is allowed beyond its rounding. One of the two is given.

    Args:
        factor: its own bound is multiplied by this; a layer that is exact stays so.
        absolute: its own bound is at least this, also where it is exact.
    """

    factor: float | None = None
    absolute: float | None = None

    def loosened(self, own: np.ndarray | None, value: np.ndarray) -> np.ndarray | None:
        """The bound of a layer's own error, loosened."""
        if self.absolute is not None:
            return np.full(value.shape, self.absolute) if own is None else np.maximum(own, self.absolute)
        return None if own is None or self.factor is None else own * self.factor


Loosened = Mapping[str, Sequence[Loosening]]
"""Node name → its loosenings, one after the other."""


def as_exact(array: np.ndarray) -> np.ndarray:
    """Floats as float64, everything else as it is."""
    return array.astype(np.float64, copy=False) if is_float(array.dtype) else array


def evaluate(
    node: Node,
    inputs: Sequence[Judged],
    weights: Mapping[str, np.ndarray],
    precision: Precision = FLOAT32,
    loosened: Sequence[Loosening] = (),
) -> tuple[Judged, ...]:
    """One layer: its outputs, and their bounds from its own rounding and the errors of its inputs.

    Args:
        inputs: values and their bounds; a bound of None says that the engine had exactly this value.
        weights: canonical name → float64 array.
        precision: in which the engine computes.
        loosened: what the layer is allowed beyond its rounding.

    Raises:
        FloatingPointError: never; overflow and invalid operations give inf and NaN, which the verdict treats.
    """
    layer, given, kit = node.layer, [i.value for i in inputs], kit_of(precision)
    with np.errstate(all="ignore"):
        ys = tuple(map(as_exact, values(layer, KIT, given, weights)))  # a rule makes float32 of integers
        own = [None if b is None else b + precision.tiny for b in rounding(layer, kit, ys, given, weights)]
        for more in loosened:
            own = [more.loosened(b, v) for b, v in zip(own, ys, strict=True)]
        before = carried(layer, kit, ys, [i.bound for i in inputs], given, weights)
        bounds = [total(a, b) for a, b in zip(own, before, strict=True)]
        return tuple(
            Judged(v, None if b is None else _usable(b), None if o is None else _usable(o))
            for v, b, o in zip(ys, bounds, own, strict=True)
        )


def _usable(bound: np.ndarray) -> np.ndarray:
    """A bound that overflowed to NaN allows nothing."""
    bad = np.isnan(bound)
    return np.where(bad, 0.0, bound) if bad.any() else bound


@dataclass(frozen=True)
class Reference:
    """A case by the numpy rules, from its own inputs to the end. Computed once for all targets.

    Args:
        graph: the network.
        inputs: as every engine gets them.
        weights: network weight name → float64.
        tensors: name → value and bound.
        loosened: what single layers are allowed beyond their rounding.
        precision: in which the engines compute whose errors are bounded.
        unrounded: whether the engine rounds to the precision what it returns, and goes on with more digits than that.
    """

    graph: Graph
    inputs: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray]
    tensors: Mapping[str, Judged]
    loosened: Loosened = field(default_factory=dict)
    precision: Precision = FLOAT32
    unrounded: bool = False

    @classmethod
    def of(
        cls,
        graph: Graph,
        inputs: Mapping[str, np.ndarray],
        weights: Mapping[str, np.ndarray],
        loosened: Loosened | None = None,
        precision: Precision = FLOAT32,
        unrounded: bool = False,
    ) -> Reference:
        """Evaluate the whole graph.

        Args:
            inputs: input name → array, as the engines get it.
            weights: network weight name → array of any float type, as the layers see it.
            loosened: what single layers are allowed beyond their rounding.
            precision: in which the engines compute.
            unrounded: whether the engine rounds what it returns alone.
        """
        more = loosened or {}
        exact = {k: as_exact(v) for k, v in weights.items()}
        tensors = {k: Judged(as_exact(v), None) for k, v in inputs.items()}
        for node in graph.nodes:
            own = node_weights(graph, node, exact)
            given = [tensors[i] for i in node.inputs]
            given = _rescaled(graph, node, given, precision) if unrounded else given
            out = evaluate(node, given, own, precision, more.get(node.name, ()))
            tensors.update(zip(node.outputs, out, strict=True))
        return cls(graph, inputs, exact, tensors, more, precision, unrounded)

    def as_unrounded(self) -> Reference:
        """The same for an engine that rounds to the precision what it returns, and goes on with more digits."""
        if not any(n.layer.rescales for n in self.graph.folded.values()):
            return replace(self, unrounded=True)
        return Reference.of(self.graph, self.inputs, self.weights, self.loosened, self.precision, True)

    def stretch(self, nodes: Sequence[Node], taps: Mapping[str, np.ndarray]) -> dict[str, Judged]:
        """The given nodes on what the engine itself had in front of them.

        Args:
            nodes: those between two taps, in order.
            taps: the engine's tensors.

        Returns:
            Output name → value and bound of all their outputs. Where the engine's inputs are bit for bit the
            reference's own, so are these.
        """
        if all(k in self.inputs or any(k in n.outputs for n in nodes) for node in nodes for k in node.inputs):
            return {o: self.tensors[o] for n in nodes for o in n.outputs}
        own = {k: self._seen(k, v) for n in nodes for k in n.inputs if (v := self._given(k, taps)) is not None}
        return self._through(nodes, own)

    def _seen(self, name: str, value: np.ndarray) -> Judged:
        """What an engine had in front of a layer, as it was returned."""
        x = as_exact(value)
        if not self.unrounded or name in self.inputs or x.dtype.kind != "f":
            return Judged(x, None)
        with np.errstate(invalid="ignore"):
            return Judged(x, UNROUNDED * self.precision.u * np.abs(x) + self.precision.tiny)

    def local(self, nodes: Sequence[Node]) -> dict[str, Judged]:
        """The given nodes on exact inputs, so that bounds hold what these nodes add and nothing carried.

        Args:
            nodes: those between two taps, in order.

        Returns:
            Output name → value and bound of all their outputs.
        """
        made = {o for n in nodes for o in n.outputs}
        if all(k in self.inputs or k in made for n in nodes for k in n.inputs):
            return {o: self.tensors[o] for o in made}
        return self._through(nodes, {k: Judged(self.tensors[k].value, None) for n in nodes for k in n.inputs})

    def _through(self, nodes: Sequence[Node], tensors: dict[str, Judged]) -> dict[str, Judged]:
        for node in nodes:
            weights = node_weights(self.graph, node, self.weights)
            given = [tensors[i] for i in node.inputs]
            given = _rescaled(self.graph, node, given, self.precision) if self.unrounded else given
            out = evaluate(node, given, weights, self.precision, self.loosened.get(node.name, ()))
            tensors.update(zip(node.outputs, out, strict=True))
        return {o: tensors[o] for n in nodes for o in n.outputs}

    def _given(self, name: str, taps: Mapping[str, np.ndarray]) -> np.ndarray | None:
        return self.inputs[name] if name in self.inputs else taps.get(name)


def node_weights(graph: Graph, node: Node, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Canonical name → array, of one node."""
    return {c: weights[node.weight_name(c)] for c in graph.node_weights(node)}


def _rescaled(graph: Graph, node: Node, inputs: list[Judged], precision: Precision) -> list[Judged]:
    """The inputs of a linear layer whose weights a runtime multiplies by those of the layer behind it.

    onnxruntime does that on the constants of a float16 model, in float16. A weight that is off by u moves Σwx as much
    as an input that is, so that :data:`UNROUNDED` roundings of each input stand for those of the weights.
    """
    if not any(t in graph.folded and graph.folded[t].layer.rescales for t in node.outputs):
        return inputs
    more = [UNROUNDED * precision.u * np.abs(i.value) for i in inputs]
    return [Judged(i.value, e if i.bound is None else np.hypot(i.bound, e)) for i, e in zip(inputs, more, strict=True)]
