"""What the layers' own errors make of the network's outputs: measured errors carried on, and each layer's share."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from parity.graph import Graph
from parity.judge.bound import KIT, Judged, Reference, as_exact, node_weights
from parity.layers.evaluate import carried, total, values

LIMIT = 1 << 26
"""Products up to which errors are carried on in every cell: that takes some hundredths of a second."""
FAILED_LIMIT = 1 << 28
"""The same for a cell that fails: some tenths."""
MOST = 8
"""Layers whose shares are worked out."""
PATIENCE = 1 << 31
"""Products up to which shares are worked out: some seconds a layer."""


def work(graph: Graph) -> int:
    """Roughly the number of products of one evaluation: elements of each output by what is summed into one."""
    found = 0
    for node in graph.nodes:
        terms = max((w.fan_in for w in graph.node_weights(node).values()), default=1)
        found += sum(math.prod(graph.specs[o].shape) for o in node.outputs) * terms
    return found


class Errors:
    """The measured local errors of one cell, and what they become at the outputs.

    Args:
        reference: the case.
    """

    def __init__(self, reference: Reference):
        self._reference = reference
        self._own: dict[str, np.ndarray] = {}
        self._products = work(reference.graph)
        self._why = ""

    def add(self, tensor: str, actual: np.ndarray | None, expected: Judged) -> None:
        """Take in a tap: what the engine returned, and the numpy rule on the engine's own inputs."""
        if self._why or self._products > FAILED_LIMIT:
            return
        if actual is None or actual.shape != expected.value.shape:
            self.lack(tensor)
            return
        with np.errstate(all="ignore"):
            d = _distance(actual, expected.value)
        if not math.isfinite(float(d.sum())):
            self._why = f"the error of {tensor} is not finite"
        self._own[tensor] = d

    def lack(self, tensor: str) -> None:
        """Say that a layer's own error is not known."""
        self._why = self._why or f"{tensor} cannot be compared"

    def at_outputs(
        self, worst: Mapping[str, tuple[int, ...] | None], *, failed: bool = False
    ) -> dict[str, dict[str, Any]]:
        """What the errors become.

        Args:
            worst: output → where the engine is worst.
            failed: whether the cell does, which is worth more time.

        Returns:
            By output: ``allowed``, the largest bound, 0 of an exact network; ``measured``, the largest of the errors
            that were made, carried on as bounds are; ``at_worst``, both where the engine is worst, if that is known.
            Where the errors were not carried on, ``measured`` is None and ``why`` says why. Sums take errors as
            independent of each other, so that a difference may be some times ``measured``, up to 4 as normal numbers
            go, without any other error.
        """
        graph, limit = self._reference.graph, FAILED_LIMIT if failed else LIMIT
        why = self._why
        if self._products > limit:
            why = f"the network has {self._products:,} products; errors are carried on where there are up to {limit:,}"
        errors = {} if why else self._carried()
        out: dict[str, dict[str, Any]] = {}
        for t in graph.outputs:
            bound, e = self._reference.tensors[t].bound, errors.get(t)
            shape = graph.specs[t].shape
            bound, e = (np.zeros(shape) if v is None else v for v in (bound, e))
            out[t] = {"allowed": _number(bound.max(initial=0.0)), "measured": None}
            if why:
                out[t]["why"] = why
                continue
            out[t]["measured"] = _number(e.max(initial=0.0))
            if (at := worst.get(t)) is not None:
                out[t]["at_worst"] = {"allowed": _number(bound[at]), "measured": _number(e[at])}
        return out

    def _carried(self) -> dict[str, np.ndarray | None]:
        """Every tensor's own error and what comes from those before; nothing where no tap is."""
        reference, graph = self._reference, self._reference.graph
        errors: dict[str, np.ndarray | None] = dict.fromkeys(graph.inputs)
        needed = _needed(graph, graph.outputs, ())
        for node in graph.nodes:
            if node.name not in needed:
                continue
            ys = tuple(reference.tensors[o].value for o in node.outputs)
            given, own = [reference.tensors[i].value for i in node.inputs], [errors[i] for i in node.inputs]
            with np.errstate(all="ignore"):
                before = carried(node.layer, KIT, ys, own, given, node_weights(graph, node, reference.weights))
            for o, e in zip(node.outputs, before, strict=True):
                new = self._own.get(o)
                errors[o] = total(e, new if new is not None and new.any() else None)
        return errors


def shares(
    reference: Reference, taps: Mapping[str, np.ndarray], blamed: Sequence[tuple[str, ...]]
) -> list[dict[str, Any]]:
    """How much of the final difference each blamed stretch of layers makes.

    The network's outputs with the engine's tensors up to a stretch and the numpy rules from there on, with it and
    without. The differences of all stretches add up to that between the engine, tapped, and the reference; so a share
    is exact, with the engine's own numbers before it.

    Args:
        taps: the engine's tensors, those of the right shape and kind.
        blamed: names of the nodes of each stretch, in order.

    Returns:
        For each of the first :data:`MOST`, if the network is not too large: ``nodes``, ``output``, and the ``part``,
        the largest \\|difference\\| at it ("inf" or "nan" where it is not finite).
    """
    graph = reference.graph
    if work(graph) > PATIENCE:
        return []
    out: list[dict[str, Any]] = []
    before = dict(reference.inputs)
    for nodes, tapped in graph.stretches():
        names = tuple(n.name for n in nodes)
        after = before | {t: taps[t] for t in tapped if t in taps}
        if names in blamed and len(out) < MOST and len(after) > len(before):
            left, right = _outputs(reference, before), _outputs(reference, after)
            with np.errstate(all="ignore"):
                parts = {t: float(_distance(left[t], right[t]).max(initial=0.0)) for t in graph.outputs}
            worst = max(parts, key=lambda t: (math.isnan(parts[t]), parts[t]))
            out.append({"nodes": list(names), "output": worst, "part": _number(parts[worst])})
        before = after
    return out


def _outputs(reference: Reference, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The network's outputs by the numpy rules, from tensors that are given."""
    graph = reference.graph
    needed = _needed(graph, graph.outputs, given)
    tensors = {k: as_exact(v) for k, v in given.items()}
    for node in graph.nodes:
        if node.name not in needed:
            continue
        weights = node_weights(graph, node, reference.weights)
        with np.errstate(all="ignore"):
            ys = values(node.layer, KIT, [tensors[i] for i in node.inputs], weights)
        for o, y in zip(node.outputs, ys, strict=True):
            tensors.setdefault(o, as_exact(y))
    return {t: tensors[t] for t in graph.outputs}


def _needed(graph: Graph, wanted: Collection[str], given: Collection[str]) -> set[str]:
    """Names of the nodes that have to be evaluated for tensors that are wanted, where others are given."""
    missing, nodes = set(wanted) - set(given), set()
    for node in reversed(graph.nodes):
        if missing & set(node.outputs):
            nodes.add(node.name)
            missing |= set(node.inputs) - set(given) - set(graph.inputs)
    return nodes


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """\\|a − b\\|, of integers and booleans too."""
    return np.abs(np.subtract(a, b, dtype=np.float64))


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))
