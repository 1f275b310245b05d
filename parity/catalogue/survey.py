"""What the shipped cases show of every layer: how each dialect says it, and which argument carries which parameter."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, NamedTuple

from parity.case.build import adapter
from parity.case.case import Case
from parity.catalogue.carrier import RELATIONS, Carrier, Pair, Slot
from parity.catalogue.families import OF_MODULE, ORDER, family_of
from parity.catalogue.recording import DIALECTS, TENSOR, Call, record, with_layer
from parity.catalogue.sample import Form, Sample, is_own, samples, split
from parity.errors import BadInput
from parity.layers import Layer
from parity.lower import first_gap

TRIED = 6
"""Other values of a parameter that are tried."""


@dataclass
class Survey:
    """All that the cases show of one layer."""

    cls: type[Layer]
    samples: tuple[Sample, ...]
    _known: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Of the layer."""
        return self.cls.__name__

    @property
    def family(self) -> str:
        """What it stands with on a page."""
        return family_of(self.cls.__module__)

    @cached_property
    def own(self) -> tuple[Sample, ...]:
        """Of its own case file; others where there are none."""
        return tuple(s for s in self.samples if is_own(s.case, self.name)) or self.samples

    def gaps(self, dialect: str, *engines: str) -> list[tuple[str, str, bool]]:
        """(dialect or engine, why, always) of the declared gaps."""
        keys = (dialect, *engines)
        return [(key, gap.why, gap.when is None) for key in keys for gap in self.cls._lookup("gaps", key)]

    def forms(self, dialect: str) -> list[Form]:
        """The ways it is said, native ones first."""
        return self._once(("forms", dialect), lambda: self._forms(dialect))

    def _forms(self, dialect: str) -> list[Form]:
        found: dict[tuple[str, ...], list[Sample]] = {}
        glue: dict[tuple[str, ...], dict[str, None]] = {}
        for sample in self.samples:
            if dialect in sample.calls:
                main, shaping = split(sample.calls[dialect])
                found.setdefault(main, []).append(sample)
                glue.setdefault(main, {}).update(dict.fromkeys(shaping))
        made = [
            Form(main, tuple(glue[main]), samples[0].parts.get(dialect, ()), tuple(samples))
            for main, samples in found.items()
        ]
        return sorted(made, key=lambda f: (not f.native, -len(f.samples)))

    def native(self, dialect: str) -> tuple[str, ...]:
        """Operations of the framework that are this layer; none where it has to be composed."""
        names = dict.fromkeys(name for form in self.forms(dialect) if form.native for name in form.main)
        return tuple(n for n in names if n[0].isalpha())

    def _once(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    @cached_property
    def _moved(self) -> list[_Moved]:
        """Every sample with one parameter moved, where that fits."""
        out = []
        for number, sample in enumerate(self.own):
            for f in fields(self.cls):
                for value in self._values(sample, f.name):
                    with contextlib.suppress(BadInput, ValueError):
                        out.append(_move(sample, number, f.name, value))
        return out

    def _values(self, sample: Sample, parameter: str) -> list[Any]:
        now = getattr(sample.layer, parameter)
        seen = [getattr(s.layer, parameter) for s in self.samples]
        other: list[Any] = []
        for value in (*seen, *_other(now)):
            if type(value) is type(now) and value != now and value not in other:
                other.append(value)
        return other[:TRIED]

    def carriers(self, dialect: str, parameter: str) -> list[Carrier]:
        """Arguments that carry a parameter, at most one for each operation that is the layer."""
        return self._once(("carriers", dialect, parameter), lambda: self._carriers(dialect, parameter))

    def _carriers(self, dialect: str, parameter: str) -> list[Carrier]:
        standing = set(self.native(dialect))
        found: dict[tuple[str, Slot], Carrier] = {}
        for number, name, value, calls, _ in self._moved:
            sample = self.own[number]
            if name != parameter or dialect not in calls or dialect not in sample.calls:
                continue
            for call, slot, before, after in _differences(sample.calls[dialect], calls[dialect]):
                if call in standing and TENSOR not in (before, after):
                    carrier = found.setdefault((call, slot), Carrier(parameter, call, slot))
                    if (known := Pair(number, getattr(sample.layer, name), before)) not in carrier.pairs:
                        carrier.pairs.append(known)
                    carrier.pairs.append(Pair(number, value, after))
        for carrier in self._constant(dialect, parameter) if not found else ():
            found[carrier.callable, carrier.slot] = carrier
        best: dict[str, Carrier] = {}
        order = (*RELATIONS, "linear", "")
        for carrier in sorted(found.values(), key=lambda c: order.index(c.relation)):
            best.setdefault(carrier.callable, carrier)
        return list(best.values())

    def _constant(self, dialect: str, parameter: str) -> Iterator[Carrier]:
        """Arguments that say what we say in every sample, where no parameter can be moved by itself."""
        found: dict[tuple[str, Slot], Carrier] = {}
        standing = set(self.native(dialect))
        for number, sample in enumerate(self.own):
            for call in sample.calls.get(dialect, ()):
                for slot, theirs in call.arguments().items():
                    if call.name in standing:
                        carrier = found.setdefault((call.name, slot), Carrier(parameter, call.name, slot))
                        carrier.pairs.append(Pair(number, getattr(sample.layer, parameter), theirs))
        for carrier in found.values():
            values = [p.ours for p in carrier.pairs]
            if any(v != values[0] for v in values) and carrier.relation == "same":
                yield carrier

    def fixed(self, dialect: str, parameter: str) -> dict[str, Any]:
        """Operation → the value it stands for, where the dialect has no argument for a parameter.

        Either two operations share the values between them, or one value takes fewer calls than all others.
        """
        if self.carriers(dialect, parameter) or self.weighs(parameter):
            return {}
        forms = [f for f in self.forms(dialect) if f.native]
        values = {f.main[0]: {getattr(s.layer, parameter) for s in f.samples} for f in forms}
        if len(values) > 1 and all(len(v) == 1 for v in values.values()) and len(set.union(*values.values())) > 1:
            return {name: min(value) for name, value in values.items()}
        few, many = [], []
        for number, name, value, calls, _ in self._moved:
            sample = self.own[number]
            if name == parameter and dialect in calls and dialect in sample.calls:
                now = getattr(sample.layer, name)
                longer = len(calls[dialect]) - len(sample.calls[dialect])
                few += [now] if longer > 0 else [value] if longer < 0 else []
                many += [value] if longer > 0 else [now] if longer < 0 else []
        plain = few and all(v == few[0] for v in few) and few[0] not in many
        return dict.fromkeys(values, few[0]) if plain else {}

    def weighs(self, parameter: str) -> bool:
        """Whether the parameter decides which weights there are: then the weights say it."""
        return any(
            moved.weights != self.own[moved.sample].graph.weights.keys()
            for moved in self._moved
            if moved.parameter == parameter
        )


class _Moved(NamedTuple):
    """A sample (its number) with another value of one parameter: what is called, and names of the weights."""

    sample: int
    parameter: str
    value: Any
    calls: dict[str, tuple[Call, ...]]
    weights: set[str]


def _move(sample: Sample, number: int, parameter: str, value: Any) -> _Moved:
    """Raises:
    BadInput, ValueError: the value does not fit.
    """
    layer = adapter(type(sample.layer)).validate_python(sample.layer.parameters() | {parameter: value})
    graph = with_layer(sample.graph, layer)
    calls = {d: record(graph, d) for d in DIALECTS if not first_gap(graph, d, d)}
    return _Moved(number, parameter, value, calls, set(graph.weights))


def _other(value: Any) -> Iterator[Any]:
    """Values of the same type that may fit too."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value + 2, value * 2, value - 1)
    elif isinstance(value, float):
        yield from (value + 0.25, value * 1.5 + 0.5, value / 2)
    elif isinstance(value, tuple) and value:
        yield from zip(*(tuple(_other(v)) for v in value), strict=False)


def _differences(before: Iterable[Call], after: Iterable[Call]) -> Iterator[tuple[str, Slot, Any, Any]]:
    """(callable, slot, value before, value after), if the same things are called."""
    old, new = list(before), list(after)
    if [c.name for c in old] != [c.name for c in new]:
        return
    for a, b in zip(old, new, strict=True):
        first, second = a.arguments(), b.arguments()
        for slot in first.keys() & second.keys():
            if first[slot] != second[slot] or type(first[slot]) is not type(second[slot]):
                yield a.name, slot, first[slot], second[slot]


def survey(cases: Iterable[Case]) -> dict[str, Survey]:
    """Layer name → what the cases show, by family and in the order of the registry."""
    surveys = [Survey(Layer.registry[name], found) for name, found in samples(cases).items()]
    modules = list(OF_MODULE)

    def place(one: Survey) -> tuple[int, int]:
        module = one.cls.__module__.rpartition(".")[2]
        return ORDER.index(one.family), modules.index(module) if module in modules else len(modules)

    return {s.name: s for s in sorted(surveys, key=place)}
