"""All that is known of one layer, as a page or a terminal shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from parity.catalogue import words
from parity.catalogue.defaults import Default, defaults, own_axes
from parity.catalogue.live import Facts
from parity.catalogue.recording import DIALECTS
from parity.catalogue.sample import Form, Sample
from parity.catalogue.survey import Survey
from parity.catalogue.traps import Trap
from parity.engines import DIALECTS as DIALECT_OF


@dataclass(frozen=True)
class Status:
    """How one dialect says one layer.

    Args:
        symbol: native, composed or gap.
        word: the same as a word.
        main: operations, or layers that it is made of.
        notes: when it is otherwise, and what stands around it.
        gaps: (where, why) of what cannot be said.
    """

    symbol: str
    word: str
    main: tuple[str, ...]
    notes: tuple[str, ...]
    gaps: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Card:
    """One layer."""

    name: str
    family: str
    first: str
    summary: str
    shapes: str
    file: str
    status: dict[str, Status]
    parameters: list[dict[str, Any]]
    weights: list[dict[str, Any]]
    signatures: list[tuple[str, str]]
    traps: list[Trap]


def card(survey: Survey, facts: Facts, traps: Iterable[Trap]) -> Card:
    """Of one layer."""
    own = survey.own[0].case.file.name if survey.own else ""
    return Card(
        name=survey.name,
        family=survey.family,
        first=words.first_sentence(survey.cls),
        summary=words.summary(survey.cls),
        shapes=words.shapes(survey.cls),
        file=own,
        status={d: status(survey, d) for d in DIALECTS},
        parameters=_parameters(survey, facts),
        weights=weights(survey, facts),
        signatures=_signatures(survey, facts),
        traps=[t for t in traps if t.survey is survey],
    )


def status(survey: Survey, dialect: str) -> Status:
    """Native, composed or a gap, and when."""
    engines = [e for e, d in DIALECT_OF.items() if d == dialect]
    gaps = tuple(
        (key, (why if always else f"for some parameters: {why}")) for key, why, always in survey.gaps(dialect, *engines)
    )
    forms = survey.forms(dialect)
    if not forms:
        whys = dict.fromkeys(s.gaps[dialect] for s in survey.samples if dialect in s.gaps)
        return Status(words.GAP, "gap", (), (), gaps or tuple((dialect, why) for why in whys))
    native = [f for f in forms if f.native]
    notes = []
    if native:
        main = tuple(dict.fromkeys(name for f in native for name in f.main))
        notes += [f"with {_listed(f.glue)} around it where needed" for f in native[:1] if f.glue]
        for form in forms[len(native) :]:
            notes.append(f"composed {_when(survey, form, native)}: {_composed(form)}")
        return Status(words.NATIVE, "native", main, tuple(dict.fromkeys(notes)), gaps)
    first = forms[0]
    for form in forms[1:]:
        if _composed(form) != _composed(first):
            notes.append(f"{_when(survey, form, [first])}: {_composed(form)}")
    return Status(words.COMPOSED, "composed", first.parts or first.main, tuple(dict.fromkeys(notes))[:3], gaps)


def _composed(form: Form) -> str:
    return _listed(form.parts or form.main)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(words.operation(n) if n[0].isalpha() else words.code(n) for n in names)


def _when(survey: Survey, form: Form, others: list[Form]) -> str:
    """The parameter that tells a form from others, in words."""
    rest = [s for f in others for s in f.samples]
    for f in fields(survey.cls):
        here = {getattr(s.layer, f.name) for s in form.samples}
        there = {getattr(s.layer, f.name) for s in rest}
        if not here & there:
            if len(there) == 1 and len(here) > 1:
                return f"where {words.code(f.name)} is not {words.value(next(iter(there)))}"
            return f"where {words.code(f.name)} is {' or '.join(sorted(map(words.value, here))[:3])}"
    here, there = (
        {len(s.graph.input_specs(s.graph.nodes[0])[0].shape) for s in group} for group in (form.samples, rest)
    )
    if not here & there:
        return f"for inputs of {' or '.join(map(str, sorted(here)))} axes"
    variant = form.samples[0].case.id
    return f"in {words.code(variant)}"


def together(known: list[Default], parameter: str) -> str:
    """Each once, with its operation before it where they differ."""
    said = {d: words.said(d, parameter) for d in known}
    if len(set(said.values())) > 1:
        said = {d: f"{words.operation(d.callable)}: {text}" for d, text in said.items()}
    return "; ".join(dict.fromkeys(said.values()))


def _parameters(survey: Survey, facts: Facts) -> list[dict[str, Any]]:
    texts = words.arguments(survey.cls)
    rows = []
    for f in fields(survey.cls):
        known = defaults(survey, f.name, facts)
        cells = {}
        for dialect in DIALECTS:
            own = together([d for d in known if d.dialect == dialect], f.name)
            if not own and survey.forms(dialect):
                carried = not survey.native(dialect)
                own = "composed" if carried else "as the weights are" if survey.weighs(f.name) else ""
            cells[dialect] = own + (" (Keras's order of axes)" if own and own_axes(dialect, f.name) else "")
        rows.append({"name": f.name, "ours": words.our_default(f), "text": texts.get(f.name, ""), **cells})
    return rows


def weights(survey: Survey, facts: Facts) -> list[dict[str, Any]]:
    """Canonical weights: axes, and for each dialect where they go and how they begin."""
    rows: dict[str, dict[str, Any]] = {}
    for sample in sorted(survey.own, key=lambda s: -len(s.graph.weights)):
        for name, weight in sample.graph.node_weights(sample.graph.nodes[0]).items():
            row = rows.setdefault(name, {"name": name, "axes": weight.axes, **{d: [] for d in DIALECTS}})
            for dialect in sample.calls:
                for text in _places(sample, dialect, name):
                    if text not in row[dialect] and len(row[dialect]) < 8:
                        row[dialect].append(text)
    for row in rows.values():
        row["initial"] = initial(survey, facts, row["name"])
    return list(rows.values())


def _places(sample: Sample, dialect: str, name: str) -> list[str]:
    if dialect in sample.parts:  # they have weights of their own
        return []
    declared = sample.graph.node_weights(sample.graph.nodes[0])
    places = sample.layer.layout_map(dialect, declared).places
    return [f"{p.target}: {p.pattern}" for p in places if p.source == name]


FORMULAS = {
    "LeCunNormal": "scale²/fan_in",
    "LeCunUniform": "scale²/fan_in",
    "LecunNormal": "1/fan_in",
    "LecunUniform": "1/fan_in",
    "GlorotNormal": "2·scale²/(fan_in + fan_out)",
    "GlorotUniform": "2·scale²/(fan_in + fan_out)",
    "HeNormal": "2·scale²/fan_in",
    "HeUniform": "2·scale²/fan_in",
    "Normal": "scale²",
    "RandomNormal": "stddev²",
    "Uniform": "scale²/3",
    "RandomUniform": "(maxval − minval)²/12",
    "Orthogonal": "gain²/max(rows, columns)",
}
"""Initializer → its variance: LeCun et al. 1998, Glorot & Bengio 2010, He et al. 2015, Saxe et al. 2014."""


def initial(survey: Survey, facts: Facts, name: str) -> dict[str, list[dict[str, Any]]]:
    """Dialect → how a weight begins, for each operation."""
    out: dict[str, list[dict[str, Any]]] = {}
    for dialect in DIALECTS:
        for operation, made in facts.get(dialect, {}).get("initial", {}).get(survey.name, {}).items():
            if name in made:
                kind = str(made[name].get("kind", ""))
                formula = FORMULAS.get(kind.partition("(")[0], "")
                if "scale=" not in kind or "scale=1)" in kind or "scale=1," in kind:
                    formula = formula.replace("2·scale²", "2").replace("scale²/fan_in", "1/fan_in")
                if "gain=1)" in kind:
                    formula = formula.replace("gain²", "1")
                out.setdefault(dialect, []).append({"operation": operation, "formula": formula, **made[name]})
    return out


def _signatures(survey: Survey, facts: Facts) -> list[tuple[str, str]]:
    out = []
    for dialect in DIALECTS:
        known: Mapping[str, Mapping[str, str | None]] = facts.get(dialect, {}).get("callables", {})
        for name in survey.native(dialect):
            if name in known:
                inside = (p if not d else f"{p}={d}" for p, d in known[name].items())
                out.append((words.FRAMEWORK[dialect], f"{name.partition('(')[0]}({', '.join(inside)})"))
    return list(dict.fromkeys(out))


def by_family(cards: Iterable[Card]) -> dict[str, list[Card]]:
    """Family → its cards."""
    found: dict[str, list[Card]] = {}
    for one in cards:
        found.setdefault(one.family, []).append(one)
    return found


def as_dict(one: Card) -> dict[str, Any]:
    """For templates."""
    return {f.name: getattr(one, f.name) for f in dataclasses.fields(one)}
