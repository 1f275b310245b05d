"""The onnx dialect: rules add nodes to a graph by name. Operator set 20, IR version 9."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from parity.dialects import as_floats
from parity.graph import Graph
from parity.precision import SMALLEST

OPSET, IR = 20, 9
TYPES = {"float32": 1, "int32": 6, "bool": 9, "float16": 10, "float64": 11, "bfloat16": 16}
"""NumPy's dtype → TensorProto's number."""


class OnnxKit:
    """What an onnx rule is handed as ``o``. Tensors are names.

    Args:
        graph: the network, for the shapes.
    """

    def __init__(self, graph: Graph):
        self._graph = graph
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.constants: dict[str, np.ndarray] = {}
        self._scope = ""
        self._count = 0

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one of the rule's inputs."""
        return self._graph.specs[name].shape

    @property
    def smallest(self) -> float:
        """The smallest normal number of the network's dtype."""
        return SMALLEST[self._graph.floats]

    def dtype(self, name: str) -> str:
        """Dtype of one of the rule's inputs."""
        return self._graph.specs[name].dtype

    def type(self, name: str) -> int:
        """TensorProto's number of the dtype that a layer calls so."""
        return TYPES[self._graph.floats if name == "float32" else name]

    def _fresh(self, what: str) -> str:
        self._count += 1
        return f"{self._scope}/{what}{self._count}"

    def const(self, array: np.ndarray | np.generic) -> str:
        """A constant that is no weight: integers, booleans, or float64, which becomes the network's dtype."""
        return self.fixed(as_floats(array, self._graph.floats))

    def fixed(self, array: np.ndarray | np.generic) -> str:
        """A constant whose dtype ONNX prescribes, whatever the network's is."""
        name = self._fresh("const")
        self.constants[name] = np.asarray(array)
        return name

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node of the default domain; its output name, or a tuple of them."""
        names = [self._fresh(op) for _ in range(outputs)]
        self.nodes.append((op, list(inputs), names, attributes))
        return names[0] if outputs == 1 else tuple(names)

    def apply(
        self, name: str, fn: Any, inputs: Iterable[str], weights: Mapping[str, str], outputs: Iterable[str]
    ) -> None:
        """Run a rule, and give its outputs the graph's names."""
        self._scope = name
        made = fn(self, *inputs, **weights)
        made = made if isinstance(made, tuple) else (made,)
        rename = dict(zip(made, outputs, strict=True))
        self.nodes = [(op, ins, [rename.get(o, o) for o in outs], at) for op, ins, outs, at in self.nodes]


def define(graph: Graph, kit: OnnxKit) -> None:
    """Add every node of the graph; weights are named ``node/target``."""
    for node in graph.nodes:
        declared = graph.node_weights(node)
        places = node.layer.layout_map("onnx", declared).places
        weights = {p.source: f"{node.name}/{p.target}" for p in places if p.source in declared}

        def rule(kit: OnnxKit, *inputs: str, layer: Any = node.layer, **weights: str) -> Any:
            return layer.rule("onnx").fn(layer, kit, *inputs, **weights)

        kit.apply(node.name, rule, node.inputs, weights, node.outputs)


def unknown(precision: str) -> str:
    """Why ONNX cannot say a precision; empty where it can."""
    if precision.startswith("mixed_"):
        return "ONNX defines no mixed precision: a model states the type of every tensor"
    return ""


def to_model(onnx: Any, graph: Graph, kit: OnnxKit, weights: Mapping[str, np.ndarray], outputs: Iterable[str]) -> Any:
    """A checked ``ModelProto`` with the given outputs.

    Args:
        onnx: the onnx module.
        weights: initializer name → array.
        outputs: names of graph tensors.
    """
    helper, from_array = onnx.helper, onnx.numpy_helper.from_array
    initializers = [from_array(np.asarray(a, order="C"), n) for n, a in {**weights, **kit.constants}.items()]
    nodes = [helper.make_node(op, i, o, **attributes) for op, i, o, attributes in kit.nodes]
    ins, outs = ([_info(onnx, graph, n) for n in names] for names in (graph.inputs, outputs))
    body = helper.make_graph(nodes, "parity", ins, outs, initializers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="parity")
    model.ir_version = IR
    return model


def _info(onnx: Any, graph: Graph, name: str) -> Any:
    spec = graph.specs[name]
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))  # the worker has imported ml_dtypes
    return onnx.helper.make_tensor_value_info(name, kind, spec.shape)


def with_outputs(onnx: Any, graph: Graph, model: Any, outputs: Iterable[str]) -> Any:
    """A copy of the model that returns other tensors."""
    copy = type(model)()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    copy.graph.output.extend(_info(onnx, graph, name) for name in outputs)
    return copy


def initializers(weights: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Mapping[str, Mapping[str, np.ndarray]] under their names in an ONNX graph, ``node/target``."""
    return {f"{node}/{target}": a for node, arrays in weights.items() for target, a in arrays.items()}


def read_back(
    onnx: Any, model: Any, graph: Graph, constants: dict[str, np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    """Node → target → array, from a model's initializers that are not the rules' constants."""
    out: dict[str, dict[str, np.ndarray]] = {}
    names = [n.name for n in graph.nodes]
    for tensor in model.graph.initializer:
        if tensor.name not in constants:
            node = max((n for n in names if tensor.name.startswith(n + "/")), key=len)
            out.setdefault(node, {})[tensor.name[len(node) + 1 :]] = onnx.numpy_helper.to_array(tensor)
    return out
