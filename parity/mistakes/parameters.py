"""Mistakes that a parameter invites by its type: the other choice, another axis, another number."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import re
import types
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from parity.errors import BadInput
from parity.layers import Layer, Spec
from parity.layers.mistake import Free
from parity.layers.sizes import Pads

KNOWN = {
    "epsilon": (0.0, 1e-3, 1e-5, 2e-5, 1e-6, 1.001e-5, 1e-7, 1e-8, 1e-12),
    "alpha": (0.2, 0.3, 0.01, 0.1, 1 / 6, 0.5, 0.0, 1.0, 1e-4, 1.6732632423543772),
    "beta": (1.0, 0.5, 0.75, 0.2),
    "max": (6.0, 20.0, 1.0),
    "exponent": (2.0, 0.5),
}
"""Values that people use, by the parameter's name; for all others 0, 1 and 2."""
SPAN = 1e4
"""How many times larger or smaller than it is a number is looked for."""
PERMUTED = 4
"""Axes of which all orders are tried."""


def choices(layer: Layer, *x: Spec) -> Iterator[tuple[str, Layer]]:
    """(parameter, layer with another value of it), for parameters that are no free numbers."""
    for name, kind in _types(layer).items():
        value = getattr(layer, name)
        if isinstance(value, Layer):
            others = [(f"{name}.{inner}", other) for inner, other in choices(value, *x)]
        else:
            others = [(name, v) for v in _others(name, kind, value, x) if v != value and _allowed(kind, v)]
        for path, other in others:
            with contextlib.suppress(BadInput):  # values that do not go together are nobody's mistake
                made = replace(layer, **{name: other})
                if not _drops_one(layer, made, x):
                    yield path, made


def differing(layer: Layer, name: str) -> str:
    """What to do about a parameter whose defaults differ, as its description has it; empty where it says nothing."""
    described = re.search(rf"^    {name}: (.*(?:\n {{8}}.*)*)", inspect.getdoc(type(layer)) or "", re.MULTILINE)
    text = " ".join(described[1].split()) if described else ""
    found = re.search(r"the defaults differ: (.+?)\.(?= |$)", text)
    return f"State {name} on both sides, for the defaults differ: {found[1]}." if found else ""


def _drops_one(layer: Layer, other: Layer, x: tuple[Spec, ...]) -> bool:
    """Whether it has one weight less and nothing else changed: a bias of 0 says the same, or a gamma of 1."""
    gone = layer.weights(*x).keys() - (other.weights(*x).keys() if len(other.inputs) == len(layer.inputs) else ())
    return len(gone) == 1


def numbers(layer: Layer) -> Iterator[tuple[str, float, Free]]:
    """(parameter, its value, where to look for another), for parameters that are real numbers."""
    for name, kind in _types(layer).items():
        value = getattr(layer, name)
        if _bare(kind) is float and isinstance(value, (int, float)):
            at = abs(value) or 1e-2
            known = tuple(v for v in KNOWN.get(name, (0.0, 1.0, 2.0)) if _allowed(kind, v))
            yield name, float(value), Free(at / SPAN, at * SPAN, known)


def _allowed(kind: Any, value: Any) -> bool:
    """Whether a case file could state this value."""
    try:
        _adapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _types(layer: Layer) -> dict[str, Any]:
    kind: Any = type(layer)
    return _hints(kind)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {f.name: hints[f.name] for f in fields(kind)}


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _options(kind: Any) -> Iterator[Any]:
    """What a type of choices has to choose from."""
    bare = _bare(kind)
    if get_origin(bare) is Literal:
        yield from get_args(bare)
    elif get_origin(bare) in (Union, types.UnionType):
        for one in get_args(bare):
            yield from _options(one)


def _others(name: str, kind: Any, value: Any, x: tuple[Spec, ...]) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif options := list(_options(kind)):
        yield from options
    elif kind == Pads:
        yield from _pads(value)
    elif isinstance(value, int) and ("axis" in name or name in ("source", "destination")):
        rank = len(x[0].shape) if x else 0
        yield from (i for i in range(rank) if i != value % max(rank, 1))
    elif isinstance(value, int):
        near = dict.fromkeys((1, value - 2, value - 1, value + 1, value + 2, value // 2, 2 * value))
        yield from (v for v in near if v > 0 or value <= 0)
    elif isinstance(value, tuple) and value and all(isinstance(v, int) for v in value):
        yield from _tuples(name, value, len(x[0].shape) if x else 0)


def _tuples(name: str, value: tuple[int, ...], rank: int) -> Iterator[tuple[int, ...]]:
    if "ax" in name or name == "order":
        if 1 < len(value) <= PERMUTED:
            yield from itertools.permutations(value)
        if len(value) == 1:
            yield from ((i,) for i in range(rank) if i != value[0] % max(rank, 1))
        return
    yield value[::-1]
    yield (1,) * len(value)


def _pads(value: Any) -> Iterator[Any]:
    """Begin and end exchanged, axes exchanged, none, all at one side."""
    yield tuple((e, b) for b, e in value)
    yield value[::-1]
    yield tuple((0, 0) for _ in value)
    yield tuple((0, b + e) for b, e in value)
    yield tuple((b + e, 0) for b, e in value)
