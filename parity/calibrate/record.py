"""The record of a calibration: for every layer and engine the largest error ÷ bound, and where it was seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from parity.calibrate.known import reason
from parity.calibrate.variants import Variant
from parity.graph import Node
from parity.layers import Layer
from parity.layers.composite import Composite
from parity.results import Record, Results
from parity.targets import ALL, Target

VERSION = 1


def record(found: Results, plan: Sequence[Variant], parameters: dict[str, Any]) -> dict[str, Any]:
    """What was measured, as it is committed: strict JSON.

    ``layers`` has an entry for each layer, or layers judged together, and target; ``final`` for each network of several
    layers and target, with the outputs of the run without taps against the carried bound; ``excesses`` for everything
    beyond a bound. What a known defect of an engine (:mod:`parity.calibrate.known`) puts out of bounds counts in no
    figure. ``left_out``: cells that were not run, since their case expects them to fail; ``not_measured``: how many
    more there would have been. ``devices``: target → name of the GPU it ran on; such a record counts on that one alone.

    Args:
        found: the cells.
        plan: the variants they come from; other cells do not count.
        parameters: of the command, to be written down.
    """
    known = {v.id: v for v in plan}
    targets = [Target.parse(t) for t in parameters.get("targets", ())] or list(ALL)
    layers, final, excesses, cells = Tally(), Tally(), [], 0
    for (_, id_, target), cell in sorted(found.cells.items()):
        variant = known.get(id_)
        if variant is None or cell["verdict"] in ("unsupported", "skipped"):
            continue
        cells += 1
        where = {
            "case": variant.base.id,
            "regime": variant.regime,
            "weights": variant.weights_regime,
            "seed": variant.spec.seed,
        }
        nodes = {n.name: n for n in variant.graph.nodes}
        excused = False
        for finding in cell["layers"]:
            own = [nodes[n] for n in finding["nodes"]]
            why = None if _ratio(finding) <= 1 else reason(kind(own), variant, target, finding["verdict"])
            excused |= why is not None
            if why is None:
                layers.count((kind(own), target), finding, where, constant(own))
            if not _ratio(finding) <= 1:
                excesses.append(_excess(kind(own), target, finding, where, why))
        if len(nodes) > 1 and not excused:  # a single layer's output is judged as its tap is
            for finding in cell["final"]:
                final.count((variant.base.id.partition("[")[0], target), finding, where)
                if not _ratio(finding) <= 1:
                    excesses.append(_excess("output", target, finding, where, None))
        if not cell["layers"]:
            excesses.append(_excess("", target, cell, where, None))
    return {
        "version": VERSION,
        **_run(found),
        "parameters": parameters,
        "cells": cells,
        "not_measured": _not_measured(found, plan, targets),
        "layers": layers.lines("layer", c=True),
        "final": final.lines("network", c=False),
        "excesses": sorted(excesses, key=lambda e: tuple(map(str, e.values()))),
        "left_out": list(left_out(plan, targets)),
    }


class Tally:
    """The largest error ÷ bound by what it belongs to."""

    def __init__(self) -> None:
        self._worst: dict[tuple[str, str], tuple[float, float | None, Record]] = {}
        self._all: dict[tuple[str, str], list[float]] = {}
        self._elements: dict[tuple[str, str], int] = {}

    def count(self, key: tuple[str, str], finding: Record, where: Record, c: float | None = None) -> None:
        """Take in a finding; of equals the first stays."""
        ratio = _ratio(finding)
        self._all.setdefault(key, []).append(ratio)
        self._elements[key] = self._elements.get(key, 0) + finding["count"]
        if key not in self._worst or ratio > self._worst[key][0]:
            self._worst[key] = (ratio, c, where)

    def lines(self, name: str, *, c: bool) -> list[Record]:
        """One for each key, sorted; ``median`` is that over tensors."""
        found = []
        for key in sorted(self._all):
            ratio, constant, where = self._worst[key]
            line = {name: key[0], "target": key[1], "ratio": _number(ratio), **where}
            line |= {"tensors": len(self._all[key]), "elements": self._elements[key]}
            found.append(line | ({"c": constant} if c else {"median": _number(median(self._all[key]))}))
        return found


def _ratio(finding: Record) -> float:
    return math.inf if finding["ratio"] is None else float(finding["ratio"])


def _number(ratio: float) -> float | str:
    """Four digits, as strict JSON takes it."""
    return float(f"{ratio:.4g}") if math.isfinite(ratio) else str(ratio)


def _excess(name: str, target: str, finding: Record, where: Record, why: str | None) -> Record:
    ratio = _number(_ratio(finding)) if "ratio" in finding else None
    text = finding.get("message", "")
    return {"layer": name, "target": target, **where, "ratio": ratio, "message": text[:300], "reason": why}


def _not_measured(found: Results, plan: Sequence[Variant], targets: Sequence[Target]) -> dict[str, int]:
    """Target → cells without a result, of a run that was cut short; declared gaps have one."""
    have = {(id_, target) for _, id_, target in found.cells}
    left = [str(t) for v in plan for t in targets if v.runs_on(t) and (v.id, str(t)) not in have]
    return {target: left.count(target) for target in sorted(set(left))}


def _run(found: Results) -> Record:
    run = max(found.runs.values(), key=lambda r: r["started"])
    engines = {}
    for (_, target), record_ in sorted(found.targets.items()):
        engines[target] = record_["facts"]["versions"] if record_["status"] == "ready" else record_["reason"]
    kept = {k: run[k] for k in ("parity", "python", "numpy", "platform")}
    ready = {target: r["facts"] for (_, target), r in sorted(found.targets.items()) if r["status"] == "ready"}
    devices = {target: facts["gpu"]["name"] for target, facts in ready.items() if "gpu" in facts}
    return {"date": run["started"][:10], **kept, "engines": engines} | ({"devices": devices} if devices else {})


def left_out(plan: Sequence[Variant], targets: Sequence[Target] = ALL) -> Iterator[Record]:
    """Cells that their cases expect to fail, once a case."""
    for base in {v.base.id: v.base for v in plan}.values():
        for target in filter(base.runs_on, targets):
            if expect := base.expected(target.machine):
                yield {
                    "case": base.id,
                    "target": str(target),
                    "verdict": expect.verdict,
                    "reason": " ".join(expect.reason.split()),
                }


def kind(nodes: Sequence[Node]) -> str:
    """The names of layers that were judged together."""
    return " + ".join(type(n.layer).__name__ for n in nodes)


def constant(nodes: Sequence[Node]) -> float | None:
    """The c of a layer; None of several, or of one that is made of others."""
    layer = nodes[0].layer
    return None if len(nodes) > 1 or isinstance(layer, Composite) else layer.rule("magnitude").c


def constants(layer: str) -> set[float]:
    """All that a layer has, by its parameters, those of its bases among them."""
    return {rule.c for rule in Layer.registry[layer]._lookup("rules", "magnitude")}
