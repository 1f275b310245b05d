"""The catalogue of mistakes for people: what may be wrong with every layer, by the cases that have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from parity.catalogue.arrays import sample_arrays
from parity.catalogue.survey import Survey
from parity.errors import BadInput
from parity.judge.bound import Reference
from parity.judge.trial import Impossible, Stretch
from parity.mistakes.catalogue import suspects
from parity.mistakes.named import makings
from parity.mistakes.wrong import Wrong

KINDS = {"declared": "declared", "parameter": "a parameter", "weight": "its weights", "network": "what is around it"}
"""Where a mistake comes from, in words."""


class Entry(NamedTuple):
    """One mistake of a layer.

    Args:
        layer: its name.
        family: what it stands with on a page.
        name: of the mistake.
        kind: of :data:`KINDS`.
        words: how it looks in one of the cases.
        advice: what to change; may be empty.
        free: whether it leaves a number open, which is estimated.
    """

    layer: str
    family: str
    name: str
    kind: str
    words: str
    advice: str
    free: bool


def mistakes_of(one: Survey) -> list[Entry]:
    """All that a layer invites in any of its cases, each by the first that shows it."""
    found: dict[tuple[str, str], Entry] = {}
    for sample in one.own:
        graph, inputs, weights = sample_arrays(sample.case, sample.node.name)
        (node,) = graph.nodes
        stretch = Stretch.alone(Reference.of(graph, inputs, weights), node)
        for suspect in suspects(graph, node, stretch.seen(node), stretch.weights):
            if (suspect.kind, suspect.name) not in found:
                for wrong in makings(suspect):
                    if not _shows(stretch, wrong):
                        continue
                    found[suspect.kind, suspect.name] = Entry(
                        one.name,
                        one.family,
                        suspect.name,
                        suspect.kind,
                        wrong.words,
                        wrong.advice,
                        suspect.free is not None,
                    )
                    break
    return list(found.values())


def _shows(stretch: Stretch, wrong: Wrong) -> bool:
    """Whether it changes any number."""
    try:
        made = stretch.wrong(wrong)
    except (BadInput, Impossible):
        return False
    return any(not np.array_equal(j.value, made[t].value) for t, j in stretch.right.items())


class Row(NamedTuple):
    """One mistake of several layers, for a table."""

    entry: Entry
    layers: tuple[str, ...]


def rows(entries: Iterable[Entry]) -> list[Row]:
    """Layers that share a mistake and the advice on one line."""
    found: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.name, entry.kind, entry.advice), []).append(entry)
    return [Row(same[0], tuple(e.layer for e in same)) for same in found.values()]


def tables(surveys: Mapping[str, Survey]) -> dict[str, list[Row]]:
    """Title → rows: first what any layer invites, then families of layers."""
    entries = [e for s in surveys.values() for e in mistakes_of(s)]
    made = {kind: list(_any_layer(e for e in entries if e.kind == kind)) for kind in ("weight", "network")}
    for entry in entries:
        made.setdefault(entry.family, [])
    for family in dict.fromkeys(e.family for e in entries):
        made[family] = rows(e for e in entries if e.family == family and e.kind in ("declared", "parameter"))
    return {title: found for title, found in made.items() if found}


def _any_layer(entries: Iterable[Entry]) -> Iterator[Row]:
    """One row for each name; a layer is no matter."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.name, []).append(entry)
    for same in found.values():
        yield Row(same[0], tuple(e.layer for e in same))
