"""The tolerance ledger: bounds that a case loosens, whether it still has to, and what it lets through by that."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.graph import Graph, Node
from parity.judge.bound import Judged, Loosened, Loosening, Reference, evaluate, node_weights
from parity.judge.verdict import FAILED, Judgement, judge

CHANGES = (0.01, 0.1)
"""Relative changes of a weight that an entry is asked about."""
MOST = 200
"""Elements of a weight that are changed one by one; of larger ones so many are taken at equal distances."""


@dataclass(frozen=True)
class Entry:
    """One loosening of a case.

    Args:
        layer: node name or wildcard.
        loosening: how far.
        reason: why.
    """

    layer: str
    loosening: Loosening
    reason: str

    def fits(self, node: Node) -> bool:
        """Whether it is about this node."""
        return fnmatch.fnmatchcase(node.name, self.layer)


Effect = Callable[[Reference, Sequence[Node]], Mapping[str, np.ndarray]]
"""(reference, the nodes between two taps) → for each of their weights in the network, of the elements looked at: the
largest \\|change of an output\\| ÷ its bound when the element is doubled, to first order."""


def loosened(graph: Graph, entries: Sequence[Entry]) -> Loosened:
    """Node name → the loosenings that are about it."""
    found = {node.name: [e.loosening for e in entries if e.fits(node)] for node in graph.nodes}
    return {name: more for name, more in found.items() if more}


def exact(reference: Reference, entry: Entry) -> tuple[str, ...]:
    """The layers that an entry is about, if all of them are exact, so that a factor would change nothing."""
    nodes = [n for n in reference.graph.nodes if entry.fits(n)]
    rounds = any(reference.tensors[o].own is not None for n in nodes for o in n.outputs)
    return () if rounds or entry.loosening.factor is None else tuple(n.name for n in nodes)


def judge_loosened(
    reference: Reference,
    entries: Sequence[Entry],
    taps: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    copied: str = "",
) -> tuple[Judgement, list[dict[str, Any]]]:
    """Judge with loosened bounds, and without each of the loosenings, to see whether it is needed.

    Args:
        entries: those about this target.
        taps, outputs, copied: as for :func:`parity.judge.verdict.judge`.

    Returns:
        The judgement, and for each entry ``layer``, ``factor``, ``absolute``, ``reason``, ``needed``: the largest
        error ÷ bound of what fails without it ("inf" where no error is allowed; None where nothing has a ratio), and
        ``stale``: whether nothing does, nor is a copy of weights at fault.
    """

    def judged(chosen: Sequence[Entry]) -> Judgement:
        more = loosened(reference.graph, chosen)
        if more:
            other = Reference.of(reference.graph, reference.inputs, reference.weights, more)
            return judge(other, taps, outputs, copied)
        return judge(reference, taps, outputs, copied)

    table = []
    for entry in entries:
        without = judged([e for e in entries if e is not entry])
        failed = [f for f in (*without.layers, *without.final) if f.verdict in FAILED]
        ratios = [f.metrics.bound_ratio for f in failed if f.metrics and f.metrics.bound_ratio is not None]
        needed = max(ratios, default=None)
        table.append(
            {
                "layer": entry.layer,
                "factor": entry.loosening.factor,
                "absolute": entry.loosening.absolute,
                "reason": entry.reason,
                "needed": str(needed) if needed is not None and not math.isfinite(needed) else needed,
                "stale": not failed and not copied,
            }
        )
    return judged(entries), table


def lets_through(reference: Reference, entry: Entry, effect: Effect | None = None) -> list[dict[str, Any]]:
    """What a loosening lets through that the plain bound would not, by the layers between the same taps.

    Args:
        reference: without loosenings.
        effect: how to find what a change of a weight does; by default by making it.

    Returns:
        For each stretch of layers with weights that the entry is about: ``nodes``, and as ``weights`` for each of
        :data:`CHANGES` the ``change``, the share of the looked-at elements other than 0 whose change ``passes``, the
        share that passes ``before`` loosening, and how many ``elements`` were looked at.
    """
    find = effect or by_change
    other = Reference.of(reference.graph, reference.inputs, reference.weights, loosened(reference.graph, [entry]))
    out = []
    for nodes, _ in reference.graph.stretches():
        if not any(entry.fits(n) and reference.graph.node_weights(n) for n in nodes):
            continue
        plain, loose = (np.concatenate([*map(np.ravel, find(r, nodes).values())]) for r in (reference, other))
        rows = [
            {
                "change": change,
                "passes": _share(loose * change <= 1),
                "before": _share(plain * change <= 1),
                "elements": plain.size,
            }
            for change in CHANGES
        ]
        out.append({"nodes": [n.name for n in nodes], "weights": rows})
    return out


def mistakes_through(
    plain: Mapping[str, Judged], loose: Mapping[str, Judged], made: Iterable[tuple[str, Mapping[str, np.ndarray]]]
) -> list[str]:
    """Names of the mistakes that stay inside loosened bounds and were outside of the plain ones.

    Args:
        plain: tensor → value and bound of the layers between two taps.
        loose: the same, loosened.
        made: name of a mistake, and what tensors become by it.
    """
    return [name for name, changed in made if _inside(changed, loose) and not _inside(changed, plain)]


def _inside(changed: Mapping[str, np.ndarray], expected: Mapping[str, Judged]) -> bool:
    """Whether no tensor is further than its bound, and none has another shape."""
    return all(
        v.shape == expected[t].value.shape
        and bool(np.all(np.abs(v - expected[t].value) <= (0.0 if (b := expected[t].bound) is None else b)))
        for t, v in changed.items()
    )


def by_change(reference: Reference, nodes: Sequence[Node]) -> dict[str, np.ndarray]:
    """:data:`Effect` by changing one element at a time by 1% and evaluating the numpy rules; zeros are left out."""
    graph, size = reference.graph, 0.01
    tapped = {o for n in nodes for o in n.outputs if o in graph.taps}
    values = {k: Judged(v.value, None) for k, v in reference.tensors.items()}

    def run(weights: Mapping[str, np.ndarray]) -> dict[str, Judged]:
        made: dict[str, Judged] = {}
        for node in nodes:
            given = [made.get(i, values[i]) for i in node.inputs]
            out = evaluate(
                node, given, node_weights(graph, node, weights), loosened=reference.loosened.get(node.name, ())
            )
            made.update(zip(node.outputs, out, strict=True))
        return {t: made[t] for t in tapped}

    plain, out = run(reference.weights), {}
    for name in dict.fromkeys(n.weight_name(c) for n in nodes for c in graph.node_weights(n)):
        weight, ratios = reference.weights[name], []
        for i in np.flatnonzero(weight)[:: max(1, math.ceil(weight.size / MOST))]:
            changed = weight.copy()
            changed.flat[i] *= 1 + size
            after = run({**reference.weights, name: changed})
            ratios.append(max(_reach(after[t].value, plain[t]) for t in tapped) / size)
        out[name] = np.array(ratios)
    return out


def _reach(value: np.ndarray, expected: Judged) -> float:
    """Largest change ÷ bound, with 0/0 = 0."""
    d = np.abs(value - expected.value)
    if expected.bound is None:
        return math.inf if d.any() else 0.0
    with np.errstate(all="ignore"):
        return float(np.nanmax(d / expected.bound, initial=0.0))


def _share(mask: np.ndarray) -> float:
    return float(np.mean(mask)) if mask.size else 1.0
