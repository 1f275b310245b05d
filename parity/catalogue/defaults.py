"""What each framework does where nothing is said, in our parameters, sample by sample."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parity.catalogue.live import Facts
from parity.catalogue.recording import DIALECTS
from parity.catalogue.survey import Survey

UNKNOWN = object()
"""Stands for a value that nobody knows."""


@dataclass(frozen=True)
class Default:
    """What one operation does about one parameter.

    Args:
        dialect: its dialect.
        callable: the operation; empty where the layer declares it for the whole dialect.
        argument: that carries the parameter; empty where there is none.
        text: its default as the signature has it; None where it has to be stated, empty where there is none.
        value: in our terms, or :data:`UNKNOWN`.
        source: our parameter that it is taken from, empty where it is a value of its own; the parameter itself where
            weights or input say it.
        relative: what the text means to us depends on other parameters.
        indirect: the argument is another parameter's, and this one's part of it is computed.
    """

    dialect: str
    callable: str
    argument: str
    text: str | None
    value: Any = UNKNOWN
    source: str = ""
    relative: bool = False
    indirect: bool = False

    def at(self, survey: Survey, number: int, parameter: str) -> Any:
        """Our parameter's value in one sample where nothing is said, or :data:`UNKNOWN`."""
        layer = survey.own[number].layer
        if self.source:
            return UNKNOWN if self.source == parameter else getattr(layer, self.source)
        if self.relative:
            carrier = next(c for c in survey.carriers(self.dialect, parameter) if c.callable == self.callable)
            try:
                return carrier.read(ast.literal_eval(self.text or ""), number, getattr(layer, parameter))
            except (ValueError, SyntaxError):
                return UNKNOWN
        return fitted(self.value, getattr(layer, parameter))


def fitted(value: Any, example: Any) -> Any:
    """A value for all axes that an example has; UNKNOWN where it has others."""
    if not isinstance(value, tuple) or not isinstance(example, tuple) or len(value) == len(example):
        return value
    return (value[0],) * len(example) if value and all(v == value[0] for v in value) else UNKNOWN


def own_axes(dialect: str, parameter: str) -> bool:
    """Whether numbers count a framework's own axes: channels are last in Keras, and our axis 1 is its axis −1."""
    return dialect == "keras" and parameter in ("axis", "axes")


def defaults(survey: Survey, parameter: str, facts: Facts) -> list[Default]:
    """Of all frameworks in which one operation is the layer."""
    return [d for dialect in DIALECTS for d in _of(survey, dialect, parameter, facts.get(dialect, {}))]


def _of(survey: Survey, dialect: str, parameter: str, facts: dict[str, Any]) -> Iterator[Default]:
    declared = survey.cls.declared(dialect)
    if parameter in declared:
        value = declared[parameter]
        yield Default(dialect, "", "", "", UNKNOWN if value is None else value)
        return
    known = {q["callable"]: q for q in facts.get("unasked", {}).get(survey.name, {}).get(parameter, ())}
    for carrier in survey.carriers(dialect, parameter):
        signature = facts.get("callables", {}).get(carrier.callable)
        if signature is None:
            continue
        argument = carrier.slot if isinstance(carrier.slot, str) else list(signature)[carrier.slot]
        text = signature.get(argument, "")
        if text is None and not carrier.relation:
            continue  # a tensor that is computed from it
        answer = known.get(carrier.callable, {})
        guessed = not answer.get("sure", True) and (not text or "as" in answer)
        if text is None or guessed or own_axes(dialect, parameter) or not ({"value", "as"} & answer.keys()):
            yield Default(dialect, carrier.callable, argument, text)
        elif "as" in answer:
            yield Default(dialect, carrier.callable, argument, text, source=answer["as"])
        else:
            value, relative = _tuples(answer["value"]), carrier.relation == "linear"
            indirect = not text and not carrier.relation
            yield Default(dialect, carrier.callable, argument, text, value, relative=relative, indirect=indirect)
    for name, value in survey.fixed(dialect, parameter).items():
        yield Default(dialect, name, "", "", value)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
