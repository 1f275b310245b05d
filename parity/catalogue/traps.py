"""Where a port that trusts defaults goes wrong, and by how much."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.case.build import adapter
from parity.catalogue.arrays import apart, meaning, sample_arrays
from parity.catalogue.defaults import UNKNOWN, Default, defaults
from parity.catalogue.live import Facts
from parity.catalogue.survey import Survey
from parity.errors import BadInput

NOTHING = 2.0**-24
"""Relative distance that float32 cannot tell from none."""


@dataclass(frozen=True)
class Apart:
    """How far the outputs lie apart where a port from one framework keeps the other's default.

    Args:
        source: what the net was written for.
        target: what it was moved to.
        distance: relative L2, the largest over the layer's cases that keep their shape; None if there is none.
        case: id of the case with this distance.
        shapes: of the two outputs in the first case where they differ.
        shape_case: its id.
    """

    source: Default
    target: Default
    distance: float | None = None
    case: str = ""
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    shape_case: str = ""


@dataclass(frozen=True)
class Trap:
    """A parameter that two frameworks take to be something else.

    Args:
        survey: of the layer.
        parameter: ours.
        defaults: what each does unasked.
        pairs: of those that differ.
    """

    survey: Survey
    parameter: str
    defaults: tuple[Default, ...]
    pairs: tuple[Apart, ...]

    @property
    def worst(self) -> float:
        """The largest distance without a change of shape."""
        return max(p.distance or 0.0 for p in self.pairs)

    @property
    def silent(self) -> bool:
        """Whether some pair gives other numbers in the same shape."""
        return self.worst > NOTHING

    @property
    def shapes(self) -> bool:
        """Whether some pair gives another shape."""
        return any(p.shapes for p in self.pairs)


def traps(surveys: dict[str, Survey], facts: Facts) -> list[Trap]:
    """All of them, the largest first."""
    found = [t for s in surveys.values() for t in _of(s, facts)]
    return sorted(found, key=lambda t: (-float(f"{t.worst:.2g}"), t.survey.name, t.parameter))


def _of(survey: Survey, facts: Facts) -> Iterator[Trap]:
    outputs = _Outputs(survey)
    for f in dataclasses.fields(survey.cls):
        if survey.weighs(f.name):
            continue
        known = [d for d in defaults(survey, f.name, facts) if d.value is not UNKNOWN or d.source or d.relative]
        pairs = []
        for source in known:
            for target in known:
                if source.dialect != target.dialect and (pair := _apart(outputs, f.name, source, target)):
                    pairs.append(pair)
        if pairs:
            yield Trap(survey, f.name, tuple(known), tuple(_once(pairs)))


def _once(pairs: list[Apart]) -> Iterator[Apart]:
    """Without those that another operation of the same framework says already, as one layer a rank does."""
    seen = set()
    for pair in sorted(pairs, key=lambda p: -(p.distance or 0)):
        a, b = pair.source, pair.target
        key = (a.dialect, a.text, str(a.value), b.dialect, b.text, str(b.value))
        if key not in seen:
            seen.add(key)
            yield pair


def _apart(outputs: _Outputs, parameter: str, source: Default, target: Default) -> Apart | None:
    best = Apart(source, target)
    for number, sample in enumerate(outputs.survey.own):
        values = [d.at(outputs.survey, number, parameter) for d in (source, target)]
        if UNKNOWN in values or values[0] == values[1]:
            continue
        a, b = (outputs.of(number, parameter, v) for v in values)
        if a is None or b is None:
            continue
        if a.shape == b.shape:
            if best.distance is None or apart(a, b) > best.distance:
                best = dataclasses.replace(best, distance=apart(a, b), case=sample.case.id)
        elif best.shapes is None:
            best = dataclasses.replace(best, shapes=(a.shape, b.shape), shape_case=sample.case.id)
    return best if best.case or best.shape_case else None


class _Outputs:
    """Outputs of a layer's samples with one parameter changed, by the numpy rule in float64."""

    def __init__(self, survey: Survey):
        self.survey = survey
        self._arrays: dict[int, Any] = {}
        self._made: dict[tuple[int, str, Any], np.ndarray | None] = {}

    def of(self, number: int, parameter: str, value: Any) -> np.ndarray | None:
        """None where the value does not fit there."""
        key = (number, parameter, value)
        if key not in self._made:
            self._made[key] = self._evaluated(number, parameter, value)
        return self._made[key]

    def _evaluated(self, number: int, parameter: str, value: Any) -> np.ndarray | None:
        sample = self.survey.own[number]
        if number not in self._arrays:
            self._arrays[number] = sample_arrays(sample.case, sample.node.name)
        graph, inputs, weights = self._arrays[number]
        try:
            layer = adapter(self.survey.cls).validate_python(sample.layer.parameters() | {parameter: value})
            layer.infer(*graph.input_specs(graph.nodes[0]))
            return meaning(graph, layer, inputs, weights)
        except (BadInput, ValueError, KeyError):
            return None
