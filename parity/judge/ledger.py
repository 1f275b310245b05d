"""The tolerance ledger: bounds that a case loosens, whether it still has to, and what it lets through by that."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.judge.bound import Judged, Loosened, Loosening, Reference
from parity.judge.effects import reaches_between
from parity.judge.trial import Impossible, Stretch
from parity.judge.verdict import FAILED, Judgement, judge
from parity.mistakes.catalogue import suspects
from parity.mistakes.named import makings

CHANGES = (0.01, 0.1)
"""Relative changes of a weight that an entry is asked about."""


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


def loosened(graph: Graph, entries: Sequence[Entry]) -> Loosened:
    """Node name → the loosenings that are about it."""
    found = {node.name: [e.loosening for e in entries if e.fits(node)] for node in graph.nodes}
    return {name: more for name, more in found.items() if more}


def with_loosened(reference: Reference, entries: Sequence[Entry]) -> Reference:
    """The same with bounds loosened; itself where no entry is about any of its layers."""
    if more := loosened(reference.graph, entries):
        r = reference
        return Reference.of(r.graph, r.inputs, r.weights, more, r.precision, r.unrounded)
    return reference


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
        return judge(with_loosened(reference, chosen), taps, outputs, copied)

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


def lets_through(reference: Reference, entry: Entry) -> list[dict[str, Any]]:
    """What a loosening lets through that the plain bound would not, by the layers between the same taps.

    Args:
        reference: without loosenings.

    Returns:
        For each stretch of layers that the entry is about: ``nodes``; as ``weights`` for each of :data:`CHANGES` the
        ``change``, the share of the looked-at elements whose change ``passes``, the share that passes ``before``
        loosening, and how many ``elements`` were looked at, nothing where there are no weights; as ``mistakes`` the
        known ones that pass by the loosening alone, and how many were ``tried``.
    """
    other = Reference.of(reference.graph, reference.inputs, reference.weights, loosened(reference.graph, [entry]))
    out = []
    for nodes, tapped in reference.graph.stretches():
        if not any(entry.fits(n) for n in nodes):
            continue
        plain, loose = (
            np.concatenate([[], *(reach.ratios for reach in reaches_between(r, nodes, tapped).values())])
            for r in (reference, other)
        )
        rows = [
            {
                "change": change,
                "passes": float(np.mean(loose * change <= 1)),
                "before": float(np.mean(plain * change <= 1)),
                "elements": plain.size,
            }
            for change in CHANGES
            if plain.size
        ]
        tried = list(mistakes(reference, nodes, tapped))
        passing = mistakes_through(reference.local(nodes), other.local(nodes), tried)
        out.append({"nodes": [n.name for n in nodes], "weights": rows, "mistakes": passing, "tried": len(tried)})
    return out


def mistakes(
    reference: Reference, nodes: Sequence[Node], tapped: Sequence[str]
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Every mistake of the catalogue that can be made in a stretch, in words, and what its tapped tensors become."""
    graph, own = reference.graph, {o for n in nodes for o in n.outputs}
    given = {k: j.value for k, j in reference.tensors.items() if k not in own}
    stretch = Stretch(graph, tuple(nodes), given, reference.weights, {})
    for node in nodes:
        for suspect in suspects(graph, node, stretch.seen(node), reference.weights):
            for wrong in makings(suspect):
                try:
                    made = stretch.wrong(wrong)
                except (BadInput, Impossible):  # it does not fit what comes behind, so nobody can have made it
                    continue
                said = f"{type(node.layer).__name__} {node.name}: {wrong.words}"
                yield said, {t: made[t].value for t in tapped}


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
    for t, v in changed.items():
        value, bound = expected[t].value, expected[t].bound
        if v.shape != value.shape:
            return False
        with np.errstate(all="ignore"):
            far = np.abs(np.subtract(v, value, dtype=np.float64))
        if not np.all(far <= (0.0 if bound is None else bound)):
            return False
    return True
