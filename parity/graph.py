"""The network of a case: named nodes, each a layer, the names it reads and the names of its weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from parity.errors import BadInput, listed, near, shown
from parity.layers import Layer, Spec, Weight
from parity.layers.spec import is_float
from parity.node import Node, in_order

KINDS = {"f": "floats", "i": "integers", "b": "booleans"}
"""Kind of a dtype → what a message calls it."""
LIMIT = 2**31
"""Elements a tensor of a case may have (8 GB of float32)."""


@dataclass(frozen=True)
class Graph:
    """A network with its inputs and outputs. Shapes are inferred, and everything is checked, on construction.

    Args:
        inputs: name → shape and dtype.
        nodes: in any order; they are kept in one in which each comes after those it reads.
        outputs: names of the tensors that are the result.
        tapped: tensors that engines return, where they are not to be found from the layers.
        floats: dtype of all its floats. Layers speak of float32 whatever it is.

    Raises:
        BadInput: an unknown name, a cycle, a shape that does not fit; its path starts with ``layers.<name>``.
    """

    inputs: Mapping[str, Spec]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    tapped: tuple[str, ...] | None = None
    floats: str = "float32"

    def __post_init__(self):
        for name, spec in self.inputs.items():
            check_size(spec.shape, f"inputs.{name}.shape")
        object.__setattr__(self, "nodes", in_order(self.inputs, self.nodes))
        _ = self.specs, self.weights
        for i, name in enumerate(self.outputs):
            if name not in self.specs:
                text = f"unknown tensor {name!r}{near(name, self.specs)}; there are {listed(self.specs)}"
                raise BadInput(text, path=f"outputs.{i}")

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """Tensor name → shape and dtype."""
        found = dict(self.inputs)
        for node in self.nodes:
            wanted = node.layer.inputs
            if wanted[-1] == "*":
                fits, expected = len(node.inputs) >= 2, "two or more"
            else:
                fits, expected = len(node.inputs) == len(wanted), str(len(wanted))
            kind = type(node.layer).__name__
            if not fits:
                raise BadInput(
                    f"{kind} reads {expected} tensors, found {len(node.inputs)}", path=f"layers.{node.name}.from"
                )
            for name, accepted in zip(node.inputs, node.layer.accepts(len(node.inputs)), strict=True):
                if _kind(found[name].dtype) not in accepted:
                    words = " or ".join(KINDS[k] for k in accepted)
                    text = f"{kind} reads {words}, {name!r} is {found[name].dtype}"
                    raise BadInput(text, path=f"layers.{node.name}.from")
            try:
                made = node.layer.infer(*(found[i] for i in node.inputs))
                outs = [Spec(o.shape, self.floats) if is_float(o.dtype) else o for o in made]
                for out in outs:
                    check_size(out.shape, "")
            except BadInput as error:
                where = f"layers.{node.name}"
                raise BadInput(f"{kind}: {error.message}", path=error.path).within(path=where) from None
            if node.stated not in (None, outs[0].shape):
                how = node.layer.arithmetic(*(found[i] for i in node.inputs))
                text = f"{kind} gives {list(outs[0].shape)}, the case states {list(node.stated or ())}"
                raise BadInput(text + (f"; {how}" if how else ""), path=f"layers.{node.name}.output_shape")
            found.update(zip(node.outputs, outs, strict=True))
        return found

    @cached_property
    def weights(self) -> dict[str, Weight]:
        """Weight name in the network → its declaration; the first node that uses it decides how it is drawn."""
        found: dict[str, Weight] = {}
        for node in self.nodes:
            own = self.node_weights(node)
            for canonical in node.shared:
                if canonical not in own:
                    raise BadInput(
                        f"{type(node.layer).__name__} has no weight {canonical!r} here; it has {listed(own)}",
                        path=f"layers.{node.name}.weights.{canonical}",
                    )
            for canonical, weight in own.items():
                name = node.weight_name(canonical)
                check_size(weight.shape, f"layers.{node.name}")
                same = found.setdefault(name, weight)
                if same.shape != weight.shape:
                    raise BadInput(
                        f"{name} has shape {list(same.shape)} elsewhere and {list(weight.shape)} here",
                        path=f"layers.{node.name}.weights.{canonical}",
                    )
        return found

    def node_weights(self, node: Node) -> dict[str, Weight]:
        """Canonical name → declaration, of one node."""
        return node.layer.weights(*self.input_specs(node))

    def input_specs(self, node: Node) -> tuple[Spec, ...]:
        """Shapes and dtypes of what a node reads."""
        return tuple(self.specs[i] for i in node.inputs)

    @cached_property
    def taps(self) -> tuple[str, ...]:
        """Tensors that engines return: all but those between a linear layer and what runtimes fold into it.

        Marking a tensor between a convolution and its BatchNorm as an output would keep onnxruntime from folding the
        two, that is, it would judge another computation than the one in use.
        """
        if self.tapped is not None:
            return self.tapped
        return tuple(name for node in self.nodes for name in node.outputs if name not in self.folded)

    @cached_property
    def folded(self) -> dict[str, Node]:
        """Tensor of a linear layer → the layer that alone reads it, and that runtimes fold into the one before."""
        readers = {t: [n for n in self.nodes if t in n.inputs] for t in self.specs}
        made = [t for node in self.nodes if node.layer.linear for t in node.outputs if t not in self.outputs]
        return {t: readers[t][0] for t in made if len(readers[t]) == 1 and readers[t][0].layer.absorbs}

    def stretches(self) -> Iterator[tuple[tuple[Node, ...], tuple[str, ...]]]:
        """Nodes that are judged together, and the tapped tensors they end in."""
        pending: list[Node] = []
        for node in self.nodes:
            tapped = tuple(o for o in node.outputs if o in self.taps)
            if tapped:
                needed = [p for p in pending if set(p.outputs) & set(node.inputs)]
                pending = [p for p in pending if p not in needed]
                yield (*needed, node), tapped
            else:
                pending.append(node)

    def in_precision(self, dtype: str) -> Graph:
        """The same network with all its floats of another dtype."""
        if dtype == self.floats:
            return self
        inputs = {k: Spec(s.shape, dtype) if is_float(s.dtype) else s for k, s in self.inputs.items()}
        return replace(self, inputs=inputs, floats=dtype)

    @property
    def parameter_count(self) -> int:
        """Elements of all weights, shared ones once."""
        return sum(math.prod(weight.shape) for weight in self.weights.values())

    def to_json(self) -> dict[str, Any]:
        """For the worker and the results; :meth:`from_json` reads it."""
        stated: dict[str, Any] = {} if self.tapped is None else {"tapped": list(self.tapped)}
        stated |= {} if self.floats == "float32" else {"floats": self.floats}
        return stated | {
            "inputs": {k: [list(s.shape), s.dtype] for k, s in self.inputs.items()},
            "nodes": [
                {
                    "name": n.name,
                    "layer": n.layer.described(),
                    "inputs": list(n.inputs),
                    "shared": dict(n.shared),
                }
                for n in self.nodes
            ],
            "outputs": list(self.outputs),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Graph:
        """The graph that :meth:`to_json` wrote."""
        nodes = tuple(Node(n["name"], Layer.of(n["layer"]), tuple(n["inputs"]), n["shared"]) for n in data["nodes"])
        inputs = {k: Spec(tuple(shape), dtype) for k, (shape, dtype) in data["inputs"].items()}
        tapped = tuple(data["tapped"]) if "tapped" in data else None
        return cls(inputs, nodes, tuple(data["outputs"]), tapped, data.get("floats", "float32"))


def _kind(dtype: str) -> str:
    return "f" if is_float(dtype) else np.dtype(dtype).kind


def check_size(shape: tuple[int, ...], path: str) -> None:
    """Refuse a tensor that would not fit, before anything is allocated.

    Raises:
        BadInput: found and accepted number of elements.
    """
    elements = 1
    for size in shape:
        elements *= size
        if elements > 10**30:  # numbers of a million digits take their time too
            break
    if elements > LIMIT:
        found = f"{elements:,}" if elements <= 10**30 else "over 10^30"
        raise BadInput(f"{shown(list(shape))} has {found} elements, at most {LIMIT:,} are accepted", path=path)
