"""What the frameworks said when the pages were made, kept beside them, and what they say otherwise today."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from parity.catalogue.live import Facts
from parity.errors import BadInput

FILE = "frameworks.json"
"""Name of the file, beside the pages."""
LEADING = {"chainer": "chainer", "keras": "keras", "onnx": "onnx"}
"""Dialect → the package whose version says which release it is."""
VARIANCE = 0.05
"""Relative difference of two measured variances that is chance."""


def load(file: Path) -> Facts:
    """Facts from a file.

    Raises:
        BadInput: it is not there, or is no such file.
    """
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot be read ({error}); parity docs writes it", file=str(file)) from None


def dump(facts: Facts) -> str:
    """Text of the file: one line for each callable, argument and weight, so that changes are read easily."""
    return "".join(_lines(facts, 0)) + "\n"


def _lines(data: Any, depth: int) -> Iterator[str]:
    if not isinstance(data, dict) or not any(isinstance(v, dict | list) for v in data.values()) or depth == 4:
        yield json.dumps(data, ensure_ascii=False)
        return
    indent = " " * (depth + 1)
    yield "{\n"
    for i, (key, value) in enumerate(sorted(data.items()) if depth < 3 else data.items()):
        yield f"{indent}{json.dumps(key, ensure_ascii=False)}: "
        yield from _lines(value, depth + 1)
        yield ",\n" if i < len(data) - 1 else "\n"
    yield " " * depth + "}"


def release(facts: Facts, dialect: str) -> tuple[int, ...]:
    """Major and minor number of a framework."""
    text = facts[dialect]["versions"][LEADING[dialect]]
    return tuple(int(n) for n in text.split(".")[:2])


def changes(old: Facts, new: Facts) -> list[str]:
    """What the frameworks that are here say otherwise than the file, as sentences.

    A release older than the file's is asked about what it has; what it lacks is no change.
    """
    return [c for dialect in new if dialect in old for c in _changes(old, new, dialect)]


def _changes(old: Facts, new: Facts, dialect: str) -> Iterator[str]:
    was, now = old[dialect], new[dialect]
    older = release(new, dialect) < release(old, dialect)
    name = f"{LEADING[dialect]} {now['versions'][LEADING[dialect]]}"
    for callable_ in sorted(was["callables"].keys() | now["callables"].keys()):
        before, after = was["callables"].get(callable_), now["callables"].get(callable_)
        if before is None or after is None:
            if not older:
                yield f"{name}: {callable_} is {'new' if before is None else 'gone'}"
            continue
        for parameter in dict.fromkeys((*before, *after)):
            if parameter in before and parameter in after:
                if before[parameter] != after[parameter]:
                    said = f"was {_shown(before[parameter])}, is {_shown(after[parameter])}"
                    yield f"{name}: {callable_}: default of {parameter} {said}"
            elif not older:
                yield f"{name}: {callable_}: parameter {parameter} is {'new' if parameter in after else 'gone'}"
    yield from _answers(name, was, now, older)


def _answers(name: str, was: Mapping[str, Any], now: Mapping[str, Any], older: bool) -> Iterator[str]:
    """What running them told."""
    for layer in sorted(was["unasked"].keys() | now["unasked"].keys()):
        before, after = _unasked(was, layer), _unasked(now, layer)
        for key in sorted(before.keys() & after.keys() if older else before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                said = f"was {_shown(before.get(key))}, is {_shown(after.get(key))}"
                yield f"{name}: {key[0]}: {key[1]} of {layer} unasked {said}"
    for layer in sorted(was["initial"].keys() & now["initial"].keys()):
        for operation in was["initial"][layer].keys() & now["initial"][layer].keys():
            before, after = was["initial"][layer][operation], now["initial"][layer][operation]
            for weight in before.keys() & after.keys():
                if text := _other(before[weight], after[weight]):
                    yield f"{name}: {operation}: initial {weight} {text}"


def _unasked(facts: Mapping[str, Any], layer: str) -> dict[tuple[str, str], Any]:
    return {
        (a["callable"], parameter): json.loads(json.dumps(a.get("value", a.get("as"))))
        for parameter, asked in facts["unasked"].get(layer, {}).items()
        for a in asked
    }


def _other(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """How an initial value is another one; empty where it is not."""
    for key in ("kind", "constant"):
        if before.get(key) != after.get(key):
            return f"was {_shown(before.get(key))}, is {_shown(after.get(key))}"
    a, b = before.get("variance", 0.0), after.get("variance", 0.0)
    same = before.get("shape") != after.get("shape") or abs(a - b) <= VARIANCE * max(a, b)
    return "" if same else f"had variance {a}, has {b}"


def _shown(value: Any) -> str:
    return "required" if value is None else "absent" if value == "" else str(value)
