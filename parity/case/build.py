"""From the layers of a case file to a graph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from parity.case.validation import validated
from parity.errors import BadInput, listed, near, shown
from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.layers.nested import nested_fields

RESERVED = ("layer", "name", "from", "weights", "output_shape")
"""Keys of a layer item that are not parameters."""
NAME = "[A-Za-z_][A-Za-z0-9_]{0,79}"
"""Names of layers and inputs: what every framework and file format takes."""
SHARED = "[A-Za-z0-9_./-]{1,80}"
"""Names of weights that are shared."""
_adapters: dict[str, TypeAdapter] = {}


def adapter(layer: type[Layer]) -> TypeAdapter:
    """Validates the parameters of one layer."""
    name = f"{layer.__module__}.{layer.__qualname__}"
    if name not in _adapters:
        _adapters[name] = TypeAdapter(layer)
    return _adapters[name]


def check_name(name: object, path: str) -> None:
    """Refuse a name that some framework or file format would not take.

    Raises:
        BadInput: it is no identifier.
    """
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise BadInput(f"found {shown(name)}, accepted: letters, digits and _, no digit first, at most 80", path=path)


def layer_names(items: list[Any]) -> list[str]:
    """The name of every item: stated, or the layer's in lower case with a number where needed.

    Raises:
        BadInput: a name twice, or one that is no identifier.
    """
    names: dict[str, int] = {}
    numbers: Counter[str] = Counter()
    for i, item in enumerate(items):
        if not isinstance(item, dict):
            raise BadInput(f"found {shown(item)}, accepted: a mapping with the key layer", path=f"layers.{i}")
        name = item.get("name", "")
        if "name" not in item:
            kind = item.get("layer")
            base = kind.lower() if isinstance(kind, str) and re.fullmatch(NAME, kind) else "layer"
            while not name or name in names:
                numbers[base] += 1
                name = base if numbers[base] == 1 else f"{base}{numbers[base]}"
        check_name(name, f"layers.{i}.name")
        if name in names:
            raise BadInput(f"{name!r} is the name of item {names[name] + 1} too; names differ", path=f"layers.{i}.name")
        names[name] = i
    return list(names)


def make_layer(item: dict[str, Any], reserved: tuple[str, ...] = RESERVED) -> Layer:
    """A layer from its item.

    Args:
        reserved: keys of the item that are not parameters.

    Raises:
        BadInput: an unknown layer or parameter, or a value that does not fit.
    """
    kind = item.get("layer")
    if kind is None:
        raise BadInput(f"needs the key layer, one of {_layers()}; found {listed(item)}")
    if not isinstance(kind, str) or kind not in Layer.registry:
        raise BadInput(f"unknown layer {shown(kind)}{near(kind, Layer.registry)}; there are {_layers()}", path="layer")
    parameters = {k: v for k, v in item.items() if k not in reserved}
    for name in nested_fields(Layer.registry[kind]):
        if isinstance(parameters.get(name), dict):
            try:
                parameters[name] = make_layer(parameters[name], ("layer",)).described()
            except BadInput as error:
                raise error.within(path=name) from None
    try:
        return validated(adapter(Layer.registry[kind]), parameters, kind, reserved)
    except BadInput as error:
        message = error.message if error.message.startswith(f"{kind} ") else f"{kind}: {error.message}"
        raise BadInput(message, path=error.path) from None


def _layers() -> str:
    return listed(sorted(Layer.registry), 100)


def check_layers(items: list[Any]) -> None:
    """Refuse items that are no layers, before a sweep changes them: what an editor marks as wrong is an error.

    Raises:
        BadInput: its path begins with ``layers.<name>``.
    """
    for where, item in zip(_places(items), items, strict=True):
        try:
            make_layer(item)
        except BadInput as error:
            raise error.within(path=where) from None


def _places(items: list[Any]) -> list[str]:
    """Path of every item: its number where it has neither name nor layer."""
    named = enumerate(zip(layer_names(items), items, strict=True))
    return [f"layers.{name if item.get('name') or item.get('layer') else i}" for i, (name, item) in named]


def build_graph(items: list[Any], inputs: Mapping[str, Spec], outputs: list[str] | None) -> Graph:
    """The checked graph.

    Raises:
        BadInput: its path begins with ``layers.<name>``, ``inputs`` or ``outputs``.
    """
    for name in inputs:
        check_name(name, f"inputs.{name}")
    names = layer_names(items)
    for i, name in enumerate(names):
        if name in inputs:
            raise BadInput(f"{name!r} is the name of an input too; names differ", path=f"layers.{i}.name")
    nodes: list[Node] = []
    previous = next(iter(inputs)) if len(inputs) == 1 else None
    for where, name, item in zip(_places(items), names, items, strict=True):
        try:
            nodes.append(_node(name, item, previous, list(inputs)))
        except BadInput as error:
            raise error.within(path=where) from None
        previous = name
    for i, name in enumerate(outputs or ()):
        if name in inputs or name in (outputs or [])[:i]:
            what = "is an input; outputs are tensors of layers" if name in inputs else "is listed twice"
            raise BadInput(f"{name!r} {what}", path=f"outputs.{i}")
    return Graph(inputs, tuple(nodes), tuple(outputs or names[-1:]))


def _node(name: str, item: dict[str, Any], previous: str | None, inputs: list[str]) -> Node:
    layer = make_layer(item)
    source = item.get("from", previous)
    if source is None and "from" not in item:
        raise BadInput(f"the first layer needs from: the case has several inputs, {listed(inputs)}")
    sources = [source] if isinstance(source, str) else source
    if not isinstance(sources, list) or not sources or not all(isinstance(s, str) for s in sources):
        raise BadInput(f"found {shown(source)}, accepted: the name of a tensor or a list of names", path="from")
    shared = item.get("weights", {})
    if not isinstance(shared, dict) or not all(isinstance(v, str) and re.fullmatch(SHARED, v) for v in shared.values()):
        text = "a mapping of the layer's weights to names of letters, digits, _, ., / and -, at most 80"
        raise BadInput(f"found {shown(shared)}, accepted: {text}", path="weights")
    stated = item.get("output_shape")
    if "output_shape" in item and not (isinstance(stated, list) and all(type(n) is int for n in stated)):
        raise BadInput(f"found {shown(stated)}, accepted: the shape of the output, with the batch", path="output_shape")
    return Node(name, layer, tuple(sources), shared, None if stated is None else tuple(stated))
