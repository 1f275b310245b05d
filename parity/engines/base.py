"""What an engine does, and how weights are copied into any of them, with proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from parity import cuda
from parity.draw import digest
from parity.graph import Graph, Node
from parity.layout import LayoutMap
from parity.precision import Precision

Arrays = dict[str, np.ndarray]
Copies = dict[str, Arrays]
"""Node name → target name → array in the target's layout."""


TF32_FROM = 8.0
"""Compute capability from which NVIDIA's GPUs have it."""


class Unavailable(Exception):
    """The engine cannot run here; the message is the reason a person reads."""


class WrongDevice(Exception):
    """A framework computed on another device than it was told to, as some do without a word."""


def must_be_on(device: str, found: str, what: str) -> None:
    """Compare where something lies with where it was asked for.

    Args:
        device: ``cpu`` or ``gpu``, as asked.
        found: as the framework's array says.
        what: for the message.

    Raises:
        WrongDevice: the two differ.
    """
    if found != device:
        raise WrongDevice(f"{what} came from {found}, the network was to run on {device}")


class Model(Protocol):
    """A network built in a framework."""

    def read(self) -> Copies:
        """All arrays that the framework holds as weights, under their own names."""

    def run(self, inputs: Arrays) -> Arrays:
        """The graph's outputs as a user of the framework would get them, in canonical layout."""

    def tap(self, inputs: Arrays) -> Arrays:
        """All tapped tensors, in canonical layout."""

    def ready(self, inputs: Arrays) -> Callable[[], Any]:
        """What is timed: one forward pass of the outputs, as a careful user of the framework would write it in a loop.

        The inputs are put into the framework's own memory at once, on its device. Each call returns when the result is
        computed, and leaves it there. From then on the calling thread infers: a mode that a framework keeps (Chainer's
        ``train``) is set once, as a person would set it outside of the loop.
        """

    def fetch(self, made: Any) -> Arrays:
        """What such a call returned: the outputs, in canonical layout."""


class Engine(Protocol):
    """A framework or runtime, imported."""

    dialect: str
    has_initial_values: bool
    full_taps: bool
    """Asking for taps changes nothing, so that a run without them need not be judged by itself."""
    unrounded: frozenset[str]
    """Precisions in which it goes on with more digits than the tensors that it returns have."""

    def facts(self) -> dict[str, Any]:
        """Versions, the device in use, threads, how it runs; on a GPU what :mod:`parity.cuda` and TF32 are about."""

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> Model:
        """Build the network; None leaves the framework's own initial values.

        Args:
            graph: its floats in the dtype of the precision's tensors.
            weights: in the dtype in which the framework is to hold them.
            precision: name of a :class:`parity.precision.Precision`.

        Raises:
            Unavailable: the framework has no such precision; the message says so.
        """

    def tf32(self) -> bool:
        """Whether products of float32 are in TensorFloat-32 now, as the framework says; asked on a GPU alone."""

    def product(self, side: int) -> Callable[[], Any]:
        """One product of two square float32 matrices on the device, waited for; not every runtime has one by itself."""

    def peak_memory(self) -> int | None:
        """Bytes of the device's memory in use at most so far, None where the framework does not tell."""


def wants_tf32(precision: Precision, device: str) -> bool:
    """Whether products are to be in TensorFloat-32.

    Raises:
        Unavailable: they are, and the device has none.
    """
    if not precision.products:
        return False
    if device != "gpu":
        raise Unavailable(f"{precision.name} is of NVIDIA's GPUs")
    found = cuda.first()
    if found and float(found.capability) < TF32_FROM:
        raise Unavailable(f"{found.name} has no TensorFloat-32: its compute capability is {found.capability}")
    return True


def gpu_facts(deterministic: str) -> dict[str, Any]:
    """What an engine on a GPU adds to its facts.

    Args:
        deterministic: what was asked for so that a run repeats bit for bit, in a few words.
    """
    device = cuda.first()
    return {"gpu": device.facts() if device else {}, "deterministic": deterministic}


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
    return have | {t: np.zeros(shapes[t], graph.floats) for t in declared if t in shapes and t not in have}


def certificate(graph: Graph, dialect: str, weights: Mapping[str, np.ndarray], read: Copies) -> dict[str, Any]:
    """Proof that every weight reached every declared use and no other place.

    Args:
        weights: network weight name → canonical array, as sent.
        read: what the framework holds.

    Returns:
        ``ok``, ``problems`` (sentences), and ``rows``: weight, node, target, layouts, shape, hash, and how it was
        proven: ``inverse`` (read back equal), ``map`` (summed, so equal to the declared map of what was sent),
        ``zeros`` (the framework has a place that the layer does not need). Whichever it is, the target's array must
        equal the declared map, so that no part of it holds anything else.
    """
    sent = to_targets(graph, dialect, weights)
    strangers = sorted(set(read) - {node.name for node in graph.nodes})
    problems = [f"{name} holds weights and is no layer of the network" for name in strangers]
    rows: list[dict[str, Any]] = []
    for node in graph.nodes:
        declared = graph.node_weights(node)
        arrays = {c: weights[node.weight_name(c)] for c in declared}
        layouts = node.layer.layout_map(dialect, declared)
        held, own = read.get(node.name, {}), sent.get(node.name, {})
        found = _unfit(layouts, arrays, held, own)
        if all(t in held and held[t].shape == a.shape for t, a in own.items()):
            more, wrong = _proofs(layouts, arrays, held, own)
            for row in more:
                c = row.pop("source")
                name, axes = (node.weight_name(c), declared[c].axes) if c else ("", "")
                rows.append({"node": node.name, "weight": name, "from": axes, **row})
            found += wrong
        problems += [f"{node.name}: {text}" for text in found]
    return {"ok": not problems, "problems": problems, "rows": rows}


def _unfit(layouts: LayoutMap, weights: Arrays, held: Arrays, own: Arrays) -> list[str]:
    """Weights without a place, places that are not there, and places that nobody declared."""
    found = [f"{t} holds values that nothing was copied to" for t in sorted(set(held) - set(layouts.targets))]
    found += [f"{c} has no place" for c in weights if c not in {p.source for p in layouts.places}]
    for target, array in own.items():
        if target not in held:
            found.append(f"{target} is not there to be copied to")
        elif held[target].shape != array.shape:
            shapes = f"{list(held[target].shape)}, what was sent has {list(array.shape)}"
            found.append(f"{target} has shape {shapes}")
    return found


def _proofs(layouts: LayoutMap, weights: Arrays, held: Arrays, own: Arrays) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each place of one node, and what is wrong."""
    back = layouts.inverse(held, {c: w.shape for c, w in weights.items()})
    rows, problems, lost, empty = [], [], set(), set()
    for place in layouts.places:
        target, present = place.target, place.source in weights
        if target not in held or not (present or target not in own) or (not present and target in empty):
            continue
        if present:  # parts that nothing fills are zero in both
            proof = "inverse" if place.source in back else "map"
            ok = np.array_equal(held[target], own[target].astype(held[target].dtype))  # of a mixed precision, its own
        else:
            proof, ok = "zeros", not held[target].any()
            empty.add(target)
        rows.append(
            {
                "source": place.source if present else "",
                "target": target,
                "to": place.pattern,
                "shape": list(held[target].shape),
                "hash": digest(held[target]),
                "proof": proof,
                "ok": bool(ok),
            }
        )
        if not ok:
            lost.add(place.source)
            problems.append(f"{target} does not hold what was sent ({proof})")
    for source, array in back.items():
        if source not in lost and not np.array_equal(array, weights[source].astype(array.dtype)):
            problems.append(f"{source} cannot be read back from where its layout puts it")
    return rows, list(dict.fromkeys(problems))
