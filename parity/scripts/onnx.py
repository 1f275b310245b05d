"""Scripts in ONNX's words: a list of nodes, a model, a session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parity.dialects.onnx import IR, OPSET, OnnxKit, define, initializers
from parity.dialects.text import Piece, bracketed, literal, quoted
from parity.dialects.writer import constant
from parity.graph import Graph
from parity.scripts.page import Page, listed

TYPES = {
    **{"float32": "FLOAT", "float64": "DOUBLE", "float16": "FLOAT16", "bfloat16": "BFLOAT16"},
    **{"int32": "INT32", "bool": "BOOL"},
}
"""NumPy's dtype → ONNX's."""


def write(page: Page) -> str:
    """The text of a script.

    Args:
        page: gets ``weights/<initializer>``.
    """
    graph, kit = page.graph, OnnxKit(page.graph)
    define(graph, kit)
    nodes = [_node(op, ins, outs, attributes) for op, ins, outs, attributes in kit.nodes]
    page.arrays |= {f"weights/{name}": array for name, array in initializers(page.copies).items()}
    constants = [(f"{quoted(name)}: ", *constant(a, page.arrays)) for name, a in kit.constants.items()]
    fed = [(f"{quoted(name)}: arrays[{quoted(f'inputs/{name}')}]",) for name in graph.inputs]
    return page.render(
        "onnx",
        "ONNX",
        runtime=page.target.engine == "onnxruntime",
        opset=OPSET,
        ir=IR,
        nodes=listed("nodes = ", "[", nodes, "]"),
        feed=listed("feed = ", "{", fed, "}"),
        inputs=listed("inputs = ", "[", _infos(graph, graph.inputs), "]"),
        outputs=listed("outputs = ", "[", _infos(graph, graph.outputs), "]"),
        constants=listed("constants = ", "{", constants, "}") if constants else "",
    )


def _node(op: str, inputs: list[str], outputs: list[str], attributes: dict[str, Any]) -> tuple[Piece, ...]:
    """A call of make_node; sequences are lists, as ONNX calls them."""
    stated = [(f"{k}=", *literal(list(v) if isinstance(v, tuple) else v)) for k, v in attributes.items()]
    return "helper.make_node", bracketed("(", [literal(op), literal(inputs), literal(outputs), *stated], ")")


def _infos(graph: Graph, names: Iterable[str]) -> list[tuple[Piece, ...]]:
    out: list[tuple[Piece, ...]] = []
    for name in names:
        spec = graph.specs[name]
        items = [literal(name), (f"TensorProto.{TYPES[spec.dtype]}",), literal(list(spec.shape))]
        out.append(("helper.make_tensor_value_info", bracketed("(", items, ")")))
    return out
