"""Holds a measurement against the record, and looks for constants that could be tighter."""

from __future__ import annotations

import hashlib
from typing import Any

from parity.calibrate.record import constants
from parity.layers import Layer
from parity.results import Record

MARGIN, SLACK = 1.5, 0.05
"""Today's error ÷ bound may be MARGIN times the record's and SLACK more. The same case, regime and seed on the same
versions give the same figure; other versions and processors sum in another order, which moves the largest of a few
thousand roundings by some ten per cent and, of a few, by more. Half as much again is also less than what a constant of
twice the largest error leaves before a false alarm. A wrong epsilon or a lost term is a factor of 10 and more."""
FALLEN = 2.0
"""How many times smaller than the record's the same case's figure may be, on the same versions: if it is smaller still,
a bound has become looser since."""
LOOSE = 0.2
"""Largest error ÷ bound below which a constant could be tighter, if enough was measured."""
ENOUGH = 2000
"""Elements, over all engines, on which a layer's largest error ÷ bound says something."""


def outgrown(today: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """What a measurement has beyond the record, a sentence each; none where it stands by it."""
    found = [f"{_place(e)}: {e['ratio']} times the bound" for e in today["excesses"] if e["reason"] is None]
    old = {(line["layer"], line["target"]): line for line in record["layers"]}
    for line in today["layers"]:
        before = old.get((line["layer"], line["target"]))
        if before is None:
            found.append(f"{_place(line)}: not in the record")
        elif float(line["ratio"]) > (limit := float(before["ratio"]) * MARGIN + SLACK):
            found.append(
                f"{_place(line)}: error ÷ bound is {line['ratio']}, the record has {before['ratio']}, so at most "
                f"{limit:.3g} is accepted; parity calibrate measures anew"
            )
    return found


def fallen(today: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """Lines of the record whose own case now has a far smaller figure, on the same versions."""
    new = {(line["layer"], line["target"]): line for line in today["layers"]}
    found = []
    for line in record["layers"]:
        now = new.get((line["layer"], line["target"]))
        same = record["engines"].get(line["target"]) == today["engines"].get(line["target"])
        if now is None or not same or float(line["ratio"]) <= SLACK:
            continue
        if float(now["ratio"]) * FALLEN < float(line["ratio"]):
            found.append(f"{_place(line)}: error ÷ bound is {now['ratio']}, the record has {line['ratio']}")
    return found


def stale(record: dict[str, Any]) -> list[str]:
    """Layers whose constant is another one now, or that are not in the record at all."""
    found = []
    for line in record["layers"]:
        layer = line["layer"]
        if line["c"] is None:
            continue
        if layer not in Layer.registry:
            found.append(f"{layer}: there is no such layer any more")
        elif line["c"] not in constants(layer):
            found.append(f"{layer}: measured with c = {line['c']:g}, it has {sorted(constants(layer))}")
    ours = {name for name, cls in Layer.registry.items() if cls.__module__.startswith("parity.")}  # not a plugin's
    missing = ours - {name for line in record["layers"] for name in line["layer"].split(" + ")}
    return sorted(set(found)) + [f"{name}: not in the record" for name in sorted(missing)]


def loose(record: dict[str, Any]) -> dict[str, float]:
    """Layer → largest error ÷ bound, of those far inside on all engines and enough elements; exact ones not."""
    worst: dict[str, float] = {}
    elements: dict[str, int] = {}
    for line in record["layers"]:
        if line["c"] or (line["c"] is None and line["ratio"]):
            worst[line["layer"]] = max(worst.get(line["layer"], 0.0), float(line["ratio"]))
            elements[line["layer"]] = elements.get(line["layer"], 0) + line["elements"]
    return {k: v for k, v in sorted(worst.items()) if v < LOOSE and elements[k] >= ENOUGH}


def sample(record: dict[str, Any], each: int, within: str = "layers/") -> dict[str, list[Record]]:
    """For every target some lines of the record to measure again, the same each time; exact layers are left out.

    Args:
        each: lines for a target: the one with the largest ratio, and others by the hash of their names.
        within: what the case's id starts with; small cases take little time.
    """
    found: dict[str, list[Record]] = {}
    for target in sorted({line["target"] for line in record["layers"]}):
        lines = [x for x in record["layers"] if x["target"] == target and x["ratio"] and x["case"].startswith(within)]
        lines.sort(key=lambda line: (-float(line["ratio"]), line["layer"]))
        rest = sorted(lines[1:], key=lambda line: hashlib.sha256(line["layer"].encode()).digest())
        found[target] = [*lines[:1], *rest[: each - 1]]
    return found


def _place(line: Record) -> str:
    where = f"{line['case']}, inputs {line['regime']}, weights {line['weights']}, seed {line['seed']}"
    return f"{line['layer'] or 'case'} on {line['target']} ({where})"
