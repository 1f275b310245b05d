"""Layers as they occur in the shipped cases, and what each dialect calls for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from parity.case.case import Case
from parity.catalogue.recording import DIALECTS, Call, alone, record
from parity.graph import Graph, Node
from parity.layers import Layer
from parity.lower import first_gap, lowered

GLUE = {
    *("pad", "reshape", "transpose", "squeeze", "expand_dims", "broadcast_to", "stack", "separate", "cast", "flatten"),
    *("Permute", "Reshape", "Pad", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Cast", "Flatten", "Expand"),
    *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D"),
}
"""Calls that change no value. Beside another call they bring tensors into the shape that it wants."""


@dataclass(frozen=True)
class Sample:
    """One layer as it occurs in a case.

    Args:
        case: where.
        node: in the case's graph.
        graph: of this node alone.
        calls: dialect → calls; a gap has none.
        gaps: dialect → why there are none.
        parts: dialect → layers that it is made of there, where the dialect has no such layer.
    """

    case: Case
    node: Node
    graph: Graph
    calls: dict[str, tuple[Call, ...]]
    gaps: dict[str, str]
    parts: dict[str, tuple[str, ...]]

    @property
    def layer(self) -> Layer:
        """With its parameters."""
        return self.node.layer


@dataclass(frozen=True)
class Form:
    """One way in which a dialect says a layer.

    Args:
        main: what computes, each once, in order.
        glue: what shapes tensors for it.
        samples: where it was seen.
        parts: layers that it is made of.
    """

    main: tuple[str, ...]
    glue: tuple[str, ...]
    parts: tuple[str, ...]
    samples: tuple[Sample, ...] = field(repr=False)

    @property
    def native(self) -> bool:
        """One operation of the framework is the layer."""
        return len(self.main) == 1 and not self.parts


def split(calls: Iterable[Call]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of what computes and of what only shapes; where nothing computes, shaping is what the layer does."""
    names = list(dict.fromkeys(call.name for call in calls))
    shaping = [n for n in names if n.rpartition(".")[2] in GLUE]
    main = [n for n in names if n not in shaping]
    return (tuple(main), tuple(shaping)) if main else (tuple(shaping), ())


def samples(cases: Iterable[Case]) -> dict[str, tuple[Sample, ...]]:
    """Layer name → where it occurs; in cases that are not its own, once with the same parameters and shapes."""
    found: dict[str, list[Sample]] = {name: [] for name in Layer.registry}
    seen = set()
    for case in cases:
        for node in case.graph.nodes:
            name = type(node.layer).__name__
            key = (case.id if is_own(case, name) else "", node.layer, case.graph.input_specs(node))
            if key not in seen:
                seen.add(key)
                found[name].append(_sample(case, node))
    return {name: tuple(own) for name, own in found.items()}


def is_own(case: Case, layer: str) -> bool:
    """Whether a case stands in the layer's own file: LocalResponseNorm's is ``local_response_norm.yaml``."""
    return case.file.stem.replace("_", "") == layer.lower()


def _sample(case: Case, node: Node) -> Sample:
    graph = alone(case.graph, node)
    gaps = {d: gap[1] for d in DIALECTS if (gap := first_gap(graph, d, d))}
    calls = {d: record(graph, d) for d in DIALECTS if d not in gaps}
    parts = {d: names for d in calls if (names := _parts(graph, d))}
    return Sample(case, node, graph, calls, gaps, parts)


def _parts(graph: Graph, dialect: str) -> tuple[str, ...]:
    low = lowered(graph, dialect)
    return () if low is graph else tuple(type(n.layer).__name__ for n in low.nodes)
