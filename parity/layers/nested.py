"""Layers that are parameters of other layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_type_hints

from parity.errors import BadInput, listed, shown
from parity.layers.base import Layer
from parity.layers.sizes import Accepts


class Nested(Accepts):
    """A layer as a parameter: a file writes a mapping with the key layer; ``__post_init__`` calls :func:`nest`.

    Args:
        names: the layers that may stand there; any by default.
    """

    def __init__(self, *names: str):
        super().__init__(dict[str, Any])
        self.names = names


Inner = Annotated[Layer, Nested()]
"""Any layer."""


def nested_fields(layer: type[Layer]) -> dict[str, Nested]:
    """Parameters that are layers."""
    hints = get_type_hints(layer, include_extras=True)
    marks = {f.name: getattr(hints[f.name], "__metadata__", ()) for f in fields(layer)} if is_dataclass(layer) else {}
    return {name: mark for name, found in marks.items() for mark in found if isinstance(mark, Nested)}


def nest(layer: Layer) -> None:
    """Make layers of the mappings among a layer's parameters; called from its ``__post_init__``.

    Raises:
        BadInput: it is another layer than may stand there.
    """
    for name, mark in nested_fields(type(layer)).items():
        value = getattr(layer, name)
        inner = Layer.of(value) if isinstance(value, Mapping) else value
        if not isinstance(inner, Layer) or (mark.names and type(inner).__name__ not in mark.names):
            found = type(inner).__name__ if isinstance(inner, Layer) else shown(value)
            raise BadInput(f"found {found}, accepted: {listed(mark.names) if mark.names else 'a layer'}", path=name)
        object.__setattr__(layer, name, inner)
