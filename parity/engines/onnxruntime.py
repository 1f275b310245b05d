"""onnxruntime, with all its graph optimisations."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from parity.dialects.onnx import IR, OPSET, OnnxKit, define, initializers, read_back, to_model, unknown, with_outputs
from parity.engines.base import Arrays, Copies, Unavailable
from parity.graph import Graph

CHECKED = 1 << 25
"""Bytes of weights up to which the checker runs too; it copies them several times, and the session checks as well."""


class OnnxRuntimeModel:
    """One session for the outputs alone, and one that also returns the taps."""

    def __init__(self, onnx: Any, ort: Any, graph: Graph, weights: Copies):
        self._onnx, self._graph = onnx, graph
        kit = OnnxKit(graph)
        define(graph, kit)
        self._constants = kit.constants
        arrays = initializers(weights)
        self._model = to_model(onnx, graph, kit, arrays, graph.outputs)
        if sum(a.nbytes for a in arrays.values()) < CHECKED:
            onnx.checker.check_model(self._model)
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))

        def session(model: Any) -> Any:
            made = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            if made.get_providers() != ["CPUExecutionProvider"]:
                raise RuntimeError(f"onnxruntime chose {made.get_providers()} instead of the CPU")
            return made

        self._run = session(self._model)
        same = set(graph.taps) <= set(graph.outputs)
        self._tap = self._run if same else session(with_outputs(onnx, graph, self._model, graph.taps))

    def read(self) -> Copies:
        """The initializers of the model."""
        return read_back(self._onnx, self._model, self._graph, self._constants)

    def run(self, inputs: Arrays) -> Arrays:
        """The outputs of a session without taps."""
        return dict(zip(self._graph.outputs, self._run.run(list(self._graph.outputs), inputs), strict=True))

    def tap(self, inputs: Arrays) -> Arrays:
        """The taps, from a session of their own."""
        return dict(zip(self._graph.taps, self._tap.run(list(self._graph.taps), inputs), strict=True))


class OnnxRuntimeEngine:
    """onnxruntime on the CPU provider."""

    dialect = "onnx"
    has_initial_values = False
    full_taps = False

    def __init__(self, device: str):
        import onnx
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        self._onnx, self._ort = onnx, onnxruntime

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        versions = {"onnxruntime": self._ort.__version__, "onnx": self._onnx.__version__, "numpy": np.__version__}
        return {
            "versions": versions,
            "device": "cpu",
            "mode": f"all optimisations, opset {OPSET}, IR {IR}",
            "full_taps": self.full_taps,
        }

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> OnnxRuntimeModel:
        """Build model and sessions."""
        if weights is None:
            raise Unavailable("an ONNX model has no initial values of its own")
        if why := unknown(precision):
            raise Unavailable(why)
        return OnnxRuntimeModel(self._onnx, self._ort, graph, weights)
