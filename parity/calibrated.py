"""Whether bounds were measured on a device before they judge there.

How a sum is rounded depends on the device: a GPU's convolutions by Winograd or FFT err with the tile, not with the
element. So a verdict on a GPU is provisional until the record of a calibration on that very device has figures for all
of the network's layers, none of them beyond the bound. The records are ``parity/records/calibration-*.json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from parity import records
from parity.graph import Graph
from parity.targets import Target

Record = Mapping[str, Any]
NAMED = 4
"""Layers that the sentence names before it says how many more there are."""


def provisional(target: Target, device: str, layers: Iterable[str], known: Iterable[Record] | None = None) -> str:
    """Why a verdict is provisional, in a sentence; empty where it is not.

    Args:
        target: where the network ran. On a CPU nothing is provisional: ``docs/calibration.md`` has the figures.
        device: name of the GPU, as its driver says.
        layers: names of the network's layers.
        known: records of calibrations; the package's by default.
    """
    if target.device == "cpu":
        return ""
    ratios: dict[str, float] = {}
    for record in _records() if known is None else known:
        if record.get("devices", {}).get(str(target)) == device:
            for line in record["layers"]:
                if line["target"] == str(target):
                    ratios[line["layer"]] = float(line["ratio"])
    wanted = dict.fromkeys(layers)
    where = f"{target} on {device or 'a device without a name'}"
    if lacking := [name for name in wanted if name not in ratios]:
        return f"the bounds of {_some(lacking)} were not measured for {where}, so the verdict is provisional"
    if beyond := [name for name in wanted if ratios[name] > 1]:
        return f"calibration saw sound results of {_some(beyond)} beyond the bound for {where}: the bound is too tight"
    return ""


def standing(target: Target, facts: Mapping[str, Any], graph: Graph, found: Iterable[Record]) -> dict[str, Any]:
    """What a cell's record says of it: ``calibrated``, and where it is not, ``provisional``, the sentence why.

    Args:
        facts: the worker's.
        found: findings of the layers, each with the names of its nodes.
    """
    if target.device == "cpu":
        return {}
    names = {node.name: type(node.layer).__name__ for node in graph.nodes}
    kinds = [" + ".join(names[n] for n in finding["nodes"]) for finding in found]
    why = provisional(target, facts.get("gpu", {}).get("name", ""), kinds)
    return {"calibrated": False, "provisional": why} if why else {"calibrated": True}


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


@lru_cache(maxsize=1)
def _records() -> tuple[Record, ...]:
    return tuple(records.load(name) for name in records.names("calibration-"))
