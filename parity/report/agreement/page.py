"""What the page shows of agreement: sentences, and figures for tables of engines and environments."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity.judge.verdict import NEUTRAL
from parity.report.agreement.group import Group, by, group
from parity.report.agreement.pairs import Column
from parity.report.data import rounded
from parity.results import Results
from parity.story.agreement import told_alone, told_environments, told_furthest, told_moved
from parity.story.loss import order
from parity.story.words import USUAL, parts, precise

FURTHEST = 8
"""Cases that the page lists for a pair, those with the largest distance first."""
LISTED = 400
"""Cases that it lists in which somebody stands alone."""


def agreement(results: Results) -> dict[str, Any]:
    """Compare what was computed with what; empty where no two columns say what their outputs were.

    Returns:
        said: sentences on the usual precision, or on the first there is.
        index: ``groups``, one for each precision: columns, pairs, engines, who stands alone, and environments.
    """
    by_precision: dict[str, set[Column]] = {}
    for (environment, _, target), cell in results.cells.items():
        if cell["verdict"] not in NEUTRAL:
            by_precision.setdefault(parts(target)[2], set()).add((target, environment))
    groups = []
    for precision in sorted(by_precision, key=lambda p: (p != USUAL, order(p), p)):
        found = group(results, sorted(by_precision[precision]))
        if any(pair.compared for pair in found.pairs.values()):
            groups.append({"precision": precision, "name": precise(precision), **_shown(found)})
    return {"said": groups[0]["said"], "index": {"groups": groups}} if groups else {}


def _shown(found: Group) -> dict[str, Any]:
    distances = {t: float(np.median(e.distances)) for t, e in found.engines.items() if e.distances}
    engines = sum(e.compared > 0 for e in found.engines.values())
    said = [
        *told_alone(found.alone, engines, found.judged, list(found.tied)),
        *told_furthest(distances),
        *told_environments(_environments(found)),
        *told_moved({(t, e): len(cases) for t, their in found.moved.items() for e, cases in their.items()}),
    ]
    shown: dict[str, Any] = rounded({
        "said": said,
        "columns": [list(column) for column in found.columns],
        "pairs": [
            [a, b, p.compared, p.same, p.apart, p.typical, [[case, d] for d, case in p.furthest(FURTHEST)]]
            for (a, b), p in found.pairs.items() if p.compared
        ],
        "engines": [
            {"target": target, "compared": e.compared, "equal": e.equal, "distance": distances.get(target),
             "error": float(np.median(e.errors)) if e.errors else None,
             "alone": sum(a.target == target for a in found.alone)}
            for target, e in found.engines.items() if e.compared
        ],
        "alone": [
            {"case": a.case, "target": a.target, "environments": a.environments, "of": a.of, "layers": a.layers,
             "distance": None if np.isnan(a.distance) else a.distance, "known": a.known}
            for a in found.alone[:LISTED]
        ],
        "more": max(0, len(found.alone) - LISTED),
        "moved": {
            t: {e: [len(cases), *cases[:FURTHEST]] for e, cases in their.items()} for t, their in found.moved.items()
        },
    })  # fmt: skip
    return shown


def _environments(found: Group) -> dict[str, dict[str, int]]:
    """Target of several environments → in how many cases the bits are the same in all that compared it."""
    return {
        target: found.everywhere[target] | {"environments": len(own)}
        for target, own in by(found.columns, 0).items()
        if len(own) > 1 and found.everywhere.get(target, {}).get("compared")
    }
