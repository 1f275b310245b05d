"""Mistakes by their names, to be committed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import numpy as np

from parity.errors import BadInput, listed, near
from parity.graph import Graph
from parity.layers.mistake import Seen
from parity.mistakes.catalogue import suspects
from parity.mistakes.wrong import Suspect, Wrong
from parity.node import Node

Arrays = Mapping[str, np.ndarray]


def makings(suspect: Suspect, value: float | None = None) -> Iterator[Wrong]:
    """All that a suspect makes, with one value of its number or all that are known; what does not fit is left out."""
    values: tuple[float | None, ...] = (value,) if suspect.free is None or value is not None else suspect.free.known
    for v in values:
        with contextlib.suppress(BadInput):
            yield from suspect.make(v)


def wrong_named(
    graph: Graph, node: Node, seen: Seen, weights: Arrays, name: str, value: float | None = None, words: str = ""
) -> Wrong:
    """The first mistake of that name.

    Args:
        seen: of the node.
        weights: all of the network, float64.
        value: of the number that it leaves open; the first known one without.
        words: that its explanation has, where there are several of that name.

    Raises:
        BadInput: the node has no such mistake.
    """
    names: dict[str, None] = {}
    told: list[str] = []
    for suspect in suspects(graph, node, seen, weights):
        names[suspect.name] = None
        if suspect.name == name:
            for wrong in makings(suspect, value):
                if words in wrong.words:
                    return wrong
                told.append(wrong.words)
    kind = type(node.layer).__name__
    if told:
        raise BadInput(f"{kind} {node.name} has no {name} with the words {words!r}; it has {listed(told)}")
    raise BadInput(f"{kind} {node.name} has no mistake {name!r}{near(name, names)}; it has {listed(names)}")
