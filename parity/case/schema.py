"""JSON Schema of case files, draft 2020-12: from the typed model, and from the dataclass of every layer."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from parity.case.build import NAME, SHARED, adapter
from parity.case.model import CaseFile
from parity.layers import Layer
from parity.layers.nested import nested_fields

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ITEM = {
    "name": {"type": "string", "pattern": f"^{NAME}$",
             "description": "Unique; the layer's in lower case, numbered, by default."},
    "from": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
             "description": "Tensors it reads; the layer before by default."},
    "weights": {"type": "object", "additionalProperties": {"type": "string", "pattern": f"^{SHARED}$"},
                "description": "Canonical weight name → name in the network, to share weights between layers."},
    "output_shape": {"type": "array", "items": {"type": "integer"},
                     "description": "What must come out, batch included; another shape is an error."},
}  # fmt: skip


def schema() -> dict[str, Any]:
    """The schema of a case file."""
    whole = TypeAdapter(CaseFile).json_schema()
    definitions = whole.setdefault("$defs", {})
    for name, layer in sorted(Layer.registry.items()):
        definitions[f"layer.{name}"] = _layer(name, layer)
    items = whole["properties"]["layers"]["items"]
    items.clear()
    items.update(_any_of(Layer.registry))
    return {"$schema": _DIALECT, **whole}


def _any_of(names: Iterable[str]) -> dict[str, Any]:
    """One of some layers."""
    return {
        "type": "object",
        "required": ["layer"],
        "properties": {"layer": {"enum": sorted(names)}},
        "allOf": [
            {
                "if": {"properties": {"layer": {"const": name}}, "required": ["layer"]},
                "then": {"$ref": f"#/$defs/layer.{name}"},
            }
            for name in sorted(names)
        ],
    }


def schema_text() -> str:
    """The schema as it is printed and kept in ``docs/case.schema.json``."""
    return json.dumps(schema(), indent=1, ensure_ascii=False)


def _layer(name: str, layer: type[Layer]) -> dict[str, Any]:
    """One layer's item: its parameters with their descriptions, and the keys that every item has."""
    own = adapter(layer).json_schema()
    text, described = _documented(layer)
    for key, mark in nested_fields(layer).items():
        own["properties"][key] = _any_of(mark.names or Layer.registry) | {"propertyNames": {"not": {"enum": [*_ITEM]}}}
    for key, value in own.get("properties", {}).items():
        value["description"] = described.get(key, "")
    return {
        "title": name,
        "description": text,
        "type": "object",
        "properties": {"layer": {"const": name}, **_ITEM, **own.get("properties", {})},
        "required": ["layer", *own.get("required", [])],
        "additionalProperties": False,
    }


def _documented(layer: type[Layer]) -> tuple[str, dict[str, str]]:
    """The first paragraph of a layer's docstring, and parameter → its description under "Args:"."""
    text, _, arguments = inspect.cleandoc(layer.__doc__ or "").partition("Args:")
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", arguments, re.M)
    return " ".join(text.split()), {name: " ".join(what.split()) for name, what in found}
