"""What an engine does, and how weights are copied into any of them, with proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from parity.draw import digest
from parity.graph import Graph, Node

Arrays = dict[str, np.ndarray]
Copies = dict[str, Arrays]
"""Node name → target name → array in the target's layout."""


class Unavailable(Exception):
    """The engine cannot run here; the message is the reason a person reads."""


class Model(Protocol):
    """A network built in a framework."""

    def read(self) -> Copies:
        """All arrays that the framework holds as weights, under their own names."""

    def run(self, inputs: Arrays) -> Arrays:
        """The graph's outputs as a user of the framework would get them, in canonical layout."""

    def tap(self, inputs: Arrays) -> Arrays:
        """All tapped tensors, in canonical layout."""


class Engine(Protocol):
    """A framework or runtime, imported."""

    dialect: str
    has_initial_values: bool

    def facts(self) -> dict[str, Any]:
        """Versions, the device in use, threads, how it runs."""

    def build(self, graph: Graph, weights: Copies | None) -> Model:
        """Build the network; None leaves the framework's own initial values."""


def to_targets(graph: Graph, dialect: str, weights: Mapping[str, np.ndarray]) -> Copies:
    """Every weight in the layout of every place it is declared to go to."""
    out: Copies = {}
    for node in graph.nodes:
        declared = graph.node_weights(node)
        own = {c: weights[node.weight_name(c)] for c in declared}
        if own:
            out[node.name] = node.layer.layout_map(dialect, declared).forward(own)
    return out


def assignments(graph: Graph, dialect: str, node: Node, sent: Copies, shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    """What to put where in one node: what was sent, and zeros where the framework has a place that the layer lacks.

    Args:
        sent: all copies.
        shapes: target name → shape, of what the framework holds for this node.
    """
    have = {t: a for t, a in sent.get(node.name, {}).items() if t in shapes}
    declared = node.layer.layout_map(dialect, graph.node_weights(node)).targets
    return have | {t: np.zeros(shapes[t], np.float32) for t in declared if t in shapes and t not in have}


def certificate(graph: Graph, dialect: str, weights: Mapping[str, np.ndarray], read: Copies) -> dict[str, Any]:
    """Proof that every weight reached every declared use and no other place.

    Args:
        weights: network weight name → canonical array, as sent.
        read: what the framework holds.

    Returns:
        ``ok``, ``problems`` (sentences), and ``rows``: weight, node, target, layouts, shape, hash, and how it was
        proven: ``inverse`` (read back equal), ``map`` (summed, so equal to the declared map of what was sent),
        ``zeros`` (the framework has a place that the layer does not need).
    """
    rows: list[dict[str, Any]] = []
    strangers = sorted(set(read) - {node.name for node in graph.nodes})
    problems = [f"{name} holds weights and is no layer of the network" for name in strangers]
    sent = to_targets(graph, dialect, weights)
    for node in graph.nodes:
        declared = graph.node_weights(node)
        layouts = node.layer.layout_map(dialect, declared)
        own, held = sent.get(node.name, {}), read.get(node.name, {})
        nowhere = sorted(set(declared) - {p.source for p in layouts.places})
        problems += [f"{node.name}: {c} is copied nowhere" for c in nowhere]
        extra = sorted(set(held) - set(layouts.targets))
        problems += [f"{node.name}: {t} holds values that nothing was copied to" for t in extra]
        odd = [f"{node.name}: {t} is not there to be copied to" for t in own if t not in held]
        odd += [
            f"{node.name}: {t} has shape {list(held[t].shape)}, {list(a.shape)} was sent"
            for t, a in own.items()
            if t in held and held[t].shape != a.shape
        ]
        problems += odd
        if odd:
            continue
        back = layouts.inverse(held, {c: w.shape for c, w in declared.items()})
        lost: set[str] = set()
        for place in layouts.places:
            if place.target not in held:
                continue
            array = held[place.target]
            row = {"node": node.name, "target": place.target, "shape": list(array.shape), "hash": digest(array)}
            if place.source in declared:
                name = node.weight_name(place.source)
                proof = "inverse" if place.source in back else "map"
                # The parts of a target that no weight goes to must be zero too, so the whole is compared as well.
                same = np.array_equal(array, own[place.target])
                lost |= set() if same else {place.source}
                row |= {"weight": name, "from": declared[place.source].axes, "to": place.pattern}
            elif place.target not in own:
                proof, same = "zeros", not array.any()
                row |= {"weight": "", "from": "", "to": ""}
            else:
                continue
            text = f"{node.name}: {place.target} does not hold what was sent ({proof})"
            if not same and text not in problems:
                problems.append(text)
            rows.append(row | {"proof": proof, "ok": bool(same)})
        stray = [c for c in back if c not in lost and not np.array_equal(back[c], weights[node.weight_name(c)])]
        problems += [f"{node.name}: {c} cannot be read back from where its layout puts it" for c in stray]
    return {"ok": not problems, "problems": problems, "rows": rows}
