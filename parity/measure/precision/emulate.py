"""A precision emulated: the numpy rules in float64, rounded where the precision rounds.

What an emulation leaves out is the arithmetic inside of a layer: sums there are those of float64, and so are the states
of a recurrent layer between two steps.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from parity.graph import Graph, Node
from parity.judge.bound import KIT, Reference, as_exact, node_weights
from parity.layers.evaluate import values
from parity.lower import lowered
from parity.measure.precision.format import Counts, Format, as_type

Arrays = Mapping[str, np.ndarray]
NO_DIALECT = ""
"""A dialect that says no composite layer, so that all are made of their parts."""


@dataclass(frozen=True)
class Run:
    """Tensors of one run.

    Args:
        tensors: name → float64, or integers; those inside of composite layers too.
        inside: names of the layers that were in the format.
        counts: tensor → what rounding did to it.
    """

    tensors: Mapping[str, np.ndarray]
    inside: frozenset[str] = frozenset()
    counts: Mapping[str, Counts] = field(default_factory=dict)


class Emulator:
    """Runs a network in formats, exactly at first. A run begins where it differs from another that is given.

    Args:
        graph: the network.
        inputs: as they are given.
        weights: network weight name → as it is given.
        tensors: of the exact run, where they are known.
    """

    def __init__(self, graph: Graph, inputs: Arrays, weights: Arrays, tensors: Arrays | None = None):
        self.graph = graph
        self.weights = {k: as_exact(v) for k, v in weights.items()}
        self._parts = lowered(graph, NO_DIALECT)
        owners = [n.name for n in graph.nodes]
        self._nodes = [(_owner(n, owners), n) for n in self._parts.nodes]
        self._everything = frozenset(owners)
        self._known = tensors if self._parts is graph else None  # else those inside of layers are missing
        self._inputs = {k: as_exact(v) if self._known is None else self._known[k] for k, v in inputs.items()}
        self._rounded: dict[tuple[str, str], np.ndarray] = {}
        self._counted: dict[tuple[str, str], Counts] = {}
        self._full: dict[Format, Run] = {}
        self._turn = threading.RLock()

    @classmethod
    def of(cls, reference: Reference) -> Emulator:
        """The network of a reference, whose tensors need not be computed again."""
        tensors = {k: t.value for k, t in reference.tensors.items()}
        return cls(reference.graph, reference.inputs, reference.weights, tensors)

    @cached_property
    def exact(self) -> Run:
        """Nothing rounded but what is given, float32."""
        if self._known is not None:
            return Run(self._known)
        return self._run(Format(), frozenset(), self._inputs)

    def full(self, form: Format) -> Run:
        """All layers and inputs in a format; kept, for the next who asks."""
        with self._turn:
            if form not in self._full:
                inputs = {k: as_type(v, form.inputs) for k, v in self._inputs.items()}
                self._full[form] = self._run(form, self._everything, inputs)
            return self._full[form]

    def alone(self, form: Format, name: str) -> Run:
        """One layer in a format, its weights and its outputs, all else exact."""
        return self._run(form, frozenset({name}), self._inputs, self.exact)

    def without(self, form: Format, kept: Collection[str]) -> Run:
        """All layers in a format but some, which are exact. What goes from those to others is rounded on the way."""
        base = self.full(form)
        casts = {k: base.tensors[k] for k in self._inputs}
        return self._run(form, self._everything - set(kept), self._inputs, base, casts)

    def _run(
        self,
        form: Format,
        inside: frozenset[str],
        inputs: Mapping[str, np.ndarray],
        base: Run | None = None,
        casts: dict[str, np.ndarray] | None = None,
    ) -> Run:
        """Evaluate what differs from another run.

        Args:
            inside: layers in the format.
            base: the other run.
            casts: tensor → what layers in the format read of it; added to. Without, all read the same.
        """
        tensors, counts = dict(inputs), dict(base.counts) if base else {}
        for owner, node in self._nodes:
            own = owner in inside
            read = [tensors[i] for i in node.inputs]
            if own and casts is not None:
                casts |= {i: as_type(tensors[i], form.tensors) for i in node.inputs if i not in casts}
                read = [casts[i] for i in node.inputs]
            if base and own == (owner in base.inside) and self._same(read, base, node):
                made = {o: base.tensors[o] for o in node.outputs}
            else:
                weights = node_weights(self._parts, node, self.weights)
                if own:
                    weights = {c: self.rounded(node.weight_name(c), form) for c in weights}
                with np.errstate(all="ignore"):
                    found = [as_exact(v) for v in values(node.layer, KIT, read, weights)]
                made = dict(zip(node.outputs, found, strict=True))
                if own:
                    before, made = made, {k: as_type(v, form.tensors) for k, v in made.items()}
                    counts |= {k: Counts.of(before[k], v, form.tensors) for k, v in made.items()}
            tensors |= made
            if own and casts is not None:
                casts |= made
        return Run(tensors, inside, counts)

    @staticmethod
    def _same(read: Sequence[np.ndarray], base: Run, node: Node) -> bool:
        return all(r is base.tensors[i] for r, i in zip(read, node.inputs, strict=True))

    def rounded(self, name: str, form: Format) -> np.ndarray:
        """A weight as a format has it; kept for every type."""
        dtype = form.of_role(self.graph.weights[name].role)
        with self._turn:
            if (name, dtype) not in self._rounded:
                self._rounded[name, dtype] = as_type(self.weights[name], dtype)
            return self._rounded[name, dtype]

    def counted(self, name: str, form: Format) -> Counts:
        """What rounding does to a weight."""
        dtype = form.of_role(self.graph.weights[name].role)
        with self._turn:
            if (name, dtype) not in self._counted:
                self._counted[name, dtype] = Counts.of(self.weights[name], self.rounded(name, form), dtype)
            return self._counted[name, dtype]


def _owner(node: Node, names: Collection[str]) -> str:
    """The layer of the network that a part belongs to."""
    return max((n for n in names if node.name == n or node.name.startswith(f"{n}/")), key=len)
