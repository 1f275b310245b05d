"""What one layer calls in each dialect, read from its rule: the rule runs on a recorder, so no framework is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.dialects.chainer import ChainerKit
from parity.dialects.chainer import define as define_chainer
from parity.dialects.keras import KerasKit, Stored, input_orders
from parity.dialects.keras import define as define_keras
from parity.dialects.onnx import OnnxKit
from parity.dialects.onnx import define as define_onnx
from parity.dialects.record import Expr, RecordedNumPy, op
from parity.graph import Graph, Node
from parity.layers import Layer
from parity.lower import lowered

DIALECTS = ("chainer", "keras", "onnx")
TENSOR = "•"
"""Stands for a tensor among recorded arguments."""


@dataclass(frozen=True)
class Call:
    """One call of a framework.

    Args:
        name: ``L.Linear``, ``keras.layers.Dense``, ``Gemm``, an operator such as ``*``.
        args: by position; :data:`TENSOR` for what is computed.
        kwargs: by name.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()

    def arguments(self) -> dict[str | int, Any]:
        """Position or name → value."""
        return dict(enumerate(self.args)) | dict(self.kwargs)


def alone(graph: Graph, node: Node) -> Graph:
    """A network of this node alone, fed what it reads.

    Raises:
        BadInput: its layer's parameters were changed so that they do not fit.
    """
    inputs = {name: graph.specs[name] for name in dict.fromkeys(node.inputs)}
    return Graph(inputs, (replace(node, stated=None),), (node.name,))


def with_layer(graph: Graph, layer: Layer) -> Graph:
    """The same network of one node with another layer in it."""
    return Graph(graph.inputs, (replace(graph.nodes[0], layer=layer),), graph.outputs)


def record(graph: Graph, dialect: str) -> tuple[Call, ...]:
    """The calls that a network makes, in their order, without those that only apply a link or a layer made before."""
    return {"chainer": _chainer, "keras": _keras, "onnx": _onnx}[dialect](lowered(graph, dialect))


def _chainer(graph: Graph) -> tuple[Call, ...]:
    kit = ChainerKit(Expr("name", "L"), Expr("name", "F"), RecordedNumPy())
    calls = define_chainer(graph, kit)
    values: dict[str, Any] = {name: Expr("name", name) for name in graph.inputs}
    for node in graph.nodes:
        made = calls[node.name](*(values[i] for i in node.inputs))
        values.update(zip(node.outputs, made if isinstance(made, tuple) else (made,), strict=True))
    return _calls([values[o] for node in graph.nodes for o in node.outputs])


def _keras(graph: Graph) -> tuple[Call, ...]:
    keras = Expr("name", "keras")
    kit = KerasKit(keras.layers, keras.ops, RecordedNumPy())
    orders = input_orders(graph)
    stored = {name: Stored(Expr("name", name), orders[name]) for name in graph.inputs}
    made = define_keras(graph, kit, stored)
    return _calls([made[o].tensor for node in graph.nodes for o in node.outputs])


def _onnx(graph: Graph) -> tuple[Call, ...]:
    kit = OnnxKit(graph)
    define_onnx(graph, kit)

    def value(name: str) -> Any:
        return plain(kit.constants[name]) if name in kit.constants else TENSOR if name else ""

    return tuple(
        Call(name, tuple(map(value, inputs)), tuple((k, plain(v)) for k, v in attributes.items()))
        for name, inputs, _, attributes in kit.nodes
    )


def plain(value: Any) -> Any:
    """A value as numbers, strings and tuples, to be compared and kept; tensors as :data:`TENSOR`."""
    if isinstance(value, Expr):
        return plain(op(value).operands[0]) if op(value).kind == "array" else TENSOR
    if isinstance(value, np.ndarray | np.generic):
        if isinstance(value, np.ndarray) and value.ndim:
            return tuple(map(plain, value)) if value.size <= 16 else TENSOR
        return float(str(value)) if value.dtype.kind == "f" else value.item()  # 0.3, not float32's 0.30000001
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if isinstance(value, dict):
        return tuple((k, plain(v)) for k, v in value.items())
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _calls(roots: list[Any]) -> tuple[Call, ...]:
    found: dict[Expr, None] = {}
    todo = [e for root in roots for e in _inside(root)]
    while todo:
        expr = todo.pop()
        if expr not in found:
            found[expr] = None
            todo += _inside(op(expr).operands)
    made = (_call(e) for e in sorted(found, key=lambda e: op(e).serial))
    return tuple(call for call in made if call)


def _inside(value: Any) -> Iterator[Expr]:
    if isinstance(value, Expr):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _inside(item)
    elif isinstance(value, dict):
        yield from _inside(list(value.values()))


def _call(expr: Expr) -> Call | None:
    kind, operands = op(expr).kind, op(expr).operands
    if kind == "infix":
        return Call(operands[0], (plain(operands[1]), plain(operands[2])))
    if kind == "minus":
        return None if op(operands[0]).kind == "attribute" else Call("-", (TENSOR,))  # −np.inf is a number
    if kind != "call":
        return None
    fn, args, kwargs = operands
    name = _dotted(fn)
    if not name or name.startswith("np."):
        return None
    if name == "keras.layers.Activation" and args and isinstance(args[0], str):
        return Call(f'{name}("{args[0]}")', plain(args[1:]), plain(kwargs))
    return Call(name, plain(args), plain(kwargs))


def _dotted(fn: Any) -> str:
    """``keras.layers.Dense`` of attributes of a name; empty for the result of a call that is called itself."""
    parts = []
    while isinstance(fn, Expr) and op(fn).kind == "attribute":
        fn, name = op(fn).operands
        parts.append(name)
    if not isinstance(fn, Expr) or op(fn).kind != "name":
        return ""
    return ".".join([op(fn).operands[0], *reversed(parts)])
