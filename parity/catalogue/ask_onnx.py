"""ONNX, asked for its operators' definitions and for what a runtime does unasked."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from parity.catalogue.arrays import Arrays
from parity.catalogue.asking import Initial, text
from parity.catalogue.carrier import Slot
from parity.dialects.onnx import OPSET, OnnxKit, define, initializers, to_model
from parity.engines.base import to_targets
from parity.graph import Graph


class Onnx:
    """ONNX's operator definitions, and a runtime."""

    def __init__(self, engine: Any, module: Any):
        self._onnx, self._ort = importlib.import_module("onnx"), importlib.import_module("onnxruntime")

    def aliases(self, name: str) -> list[tuple[str, str]]:
        """None."""
        return []

    def parameters(self, name: str) -> dict[str, str | None]:
        """Inputs, then attributes; an optional one without a default has ``""``."""
        schema = self._onnx.defs.get_schema(name, OPSET)
        optional = self._onnx.defs.OpSchema.FormalParameterOption.Optional
        out: dict[str, str | None] = {i.name: "" if i.option == optional else None for i in schema.inputs}
        for key, attribute in schema.attributes.items():
            default = attribute.default_value
            value = self._onnx.helper.get_attribute_value(default) if default.type else ""
            if default.type == self._onnx.AttributeProto.FLOAT:
                value = float(str(np.float32(value)))
            out[key] = None if attribute.required else text(value.decode() if isinstance(value, bytes) else value)
        return {k: "" if v == "''" else v for k, v in out.items()}

    def run(self, graph: Graph, inputs: Arrays, weights: Arrays, callable_: str, slot: Slot) -> np.ndarray:
        """The first output without an attribute or input."""
        kit = OnnxKit(graph)
        define(graph, kit)
        for i, (op, given, outputs, attributes) in enumerate(kit.nodes):
            if op == callable_:
                left = ["" if j == slot else name for j, name in enumerate(given)]
                while left and not left[-1]:
                    left.pop()
                kit.nodes[i] = (op, left, outputs, {k: v for k, v in attributes.items() if k != slot})
        arrays = initializers(to_targets(graph, "onnx", weights))
        model = to_model(self._onnx, graph, kit, arrays, graph.outputs)
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        options = self._ort.SessionOptions()
        options.log_severity_level = 4
        session = self._ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(list(graph.outputs[:1]), inputs)[0]

    def initial(self, graph: Graph) -> list[Initial]:
        """None: a model carries its weights."""
        return []
