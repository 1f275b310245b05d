"""A case's unit probe: prepared beside it, and its findings in the record of a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.judge.verdict import FAILED, NEUTRAL, worst
from parity.mistakes.wrong import Wrong, commit

KEPT = ("verdict", "message", "blame", "diagnosis", "layers", "final", "certificate", "timings", "trace")
"""What a cell's record says of its probe."""


def with_probe(record: dict[str, Any], probe: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a cell with that of its probe: the worse verdict of the two, blame and causes of both.

    A probe that the target cannot run says nothing.
    """
    kept = {k: probe[k] for k in KEPT if k in probe}
    if probe["verdict"] in NEUTRAL:
        return record | {"probe": kept}
    bad = probe["verdict"] in FAILED
    message = f"probe: {probe['message']}" if bad else ""
    known = {tuple(d["nodes"]) for d in record.get("diagnosis", ())}
    more = [d for d in probe.get("diagnosis", ()) if tuple(d["nodes"]) not in known]
    return record | {
        "verdict": worst([record["verdict"], probe["verdict"]]),
        "message": "; ".join(filter(None, (record.get("message", ""), message))),
        "blame": list(dict.fromkeys([*record.get("blame", ()), *probe.get("blame", ())])),
        "diagnosis": [*record.get("diagnosis", ()), *more],
        "loosened": _loosened(record.get("loosened", ()), probe.get("loosened")),
        "probe": kept,
    }


def _loosened(own: Iterable[Mapping[str, Any]], of_probe: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """A loosening is stale where neither needs it."""
    if of_probe is None:  # it did not get that far
        return [dict(row) for row in own]
    return [dict(a) | {"stale": a["stale"] and b["stale"]} for a, b in zip(own, of_probe, strict=True)]


def mistakes_of_probe(
    graph: Graph, probe: Graph, weights: Mapping[str, np.ndarray], wrongs: Iterable[tuple[str, Wrong]]
) -> tuple[tuple[str, Wrong], ...]:
    """Mistakes made on purpose, made in the probe too; those that are none of one layer alone are not."""
    own, there = {n.name: n for n in graph.nodes}, {n.name: n for n in probe.nodes}
    made = []
    for pattern, wrong in wrongs:
        if wrong.node not in there:
            continue
        moved = dict(zip(own[wrong.node].inputs, there[wrong.node].inputs, strict=True))
        nodes = tuple(_reading(n, moved) for n in wrong.nodes)
        here = replace(wrong, nodes=nodes)
        try:
            commit(probe, weights, here)
        except BadInput:  # it reads another tensor of the network, or does not fit the probe's shapes
            continue
        made.append((pattern, here))
    return tuple(made)


def _reading(node: Node, moved: Mapping[str, str]) -> Node:
    return replace(node, inputs=tuple(moved.get(i, i) for i in node.inputs))
