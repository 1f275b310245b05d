"""From the layers of a case file to a graph."""

from __future__ import annotations

import difflib
import functools
import re
from typing import Any

from pydantic import TypeAdapter

from parity.case.validation import validated
from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.layers import Layer, Spec

RESERVED = ("layer", "name", "from", "weights", "output_shape")
"""Keys of a layer item that are not parameters."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")


@functools.cache
def adapter(layer: type[Layer]) -> TypeAdapter:
    """Validates the parameters of one layer."""
    return TypeAdapter(layer)


def layer_names(items: list[Any]) -> list[str]:
    """The name of every item: stated, or the layer's in lower case with a number where needed.

    Raises:
        BadInput: a name twice, or one that is no identifier.
    """
    names: list[str] = []
    for i, item in enumerate(items):
        if not isinstance(item, dict):
            raise BadInput(f"found {item!r}, expected a mapping with the key layer", path=f"layers.{i}")
        name = item.get("name")
        if name is None:
            base = str(item.get("layer", "layer")).lower()
            name = next(n for n in (base, *(f"{base}{k}" for k in range(2, len(items) + 2))) if n not in names)
        if not isinstance(name, str) or not _NAME.match(name):
            raise BadInput(f"found {name!r}, expected letters, digits and _", path=f"layers.{i}.name")
        if name in names:
            raise BadInput(f"the name {name!r} stands twice", path=f"layers.{i}.name")
        names.append(name)
    return names


def make_layer(item: dict[str, Any]) -> Layer:
    """A layer from its item.

    Raises:
        BadInput: an unknown layer or parameter, or a value that does not fit.
    """
    kind = item.get("layer")
    if kind is None:
        raise BadInput(
            f"a layer item needs the key layer; found {', '.join(map(str, item)) or 'nothing'}", path="layer"
        )
    if kind not in Layer.registry:
        near = difflib.get_close_matches(str(kind), Layer.registry, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise BadInput(f"unknown layer {kind!r}; {hint}there are {', '.join(sorted(Layer.registry))}", path="layer")
    cls = Layer.registry[kind]
    parameters = {k: v for k, v in item.items() if k not in RESERVED}
    try:
        return validated(adapter(cls), parameters, cls.takes(), kind)
    except BadInput as error:
        raise BadInput(
            error.message if kind in error.message else f"{kind}: {error.message}", path=error.path
        ) from None


def build_graph(items: list[Any], inputs: dict[str, Spec], outputs: list[str] | None) -> Graph:
    """The checked graph.

    Raises:
        BadInput: its path begins with ``layers.<name>``, ``inputs`` or ``outputs``.
    """
    names = layer_names(items)
    for i, name in enumerate(names):
        if name in inputs:
            raise BadInput(f"{name!r} is an input's name too", path=f"layers.{i}.name")
    nodes: list[Node] = []
    previous = next(iter(inputs)) if len(inputs) == 1 else None
    for name, item in zip(names, items, strict=True):
        try:
            nodes.append(_node(name, item, previous))
        except BadInput as error:
            raise error.within(path=f"layers.{name}") from None
        previous = name
    return Graph(inputs, tuple(nodes), tuple(outputs or names[-1:]))


def _node(name: str, item: dict[str, Any], previous: str | None) -> Node:
    source = item.get("from", previous)
    if source is None:
        raise BadInput("the case has several inputs: say which one the first layer reads", path="from")
    sources = [source] if isinstance(source, str) else source
    if not isinstance(sources, list) or not sources or not all(isinstance(s, str) for s in sources):
        raise BadInput(f"found {source!r}, expected the name of a tensor or a list of names", path="from")
    shared = item.get("weights") or {}
    if not isinstance(shared, dict) or not all(isinstance(v, str) for v in shared.values()):
        raise BadInput(f"found {shared!r}, expected weight → name shared with other layers", path="weights")
    stated = item.get("output_shape")
    if stated is not None and not (isinstance(stated, list) and all(type(n) is int for n in stated)):
        raise BadInput(f"found {stated!r}, expected the shape of the output, batch included", path="output_shape")
    return Node(name, make_layer(item), tuple(sources), shared, tuple(stated) if stated else None)
