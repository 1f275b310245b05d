"""onnx.reference, the evaluator that is ONNX's own definition in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parity.dialects.onnx import IR, OPSET, OnnxKit, define, initializers, read_back, to_model, unknown
from parity.engines.base import Arrays, Copies, Unavailable, wants_tf32
from parity.graph import Graph
from parity.precision import PRECISIONS


class OnnxReferenceModel:
    """One evaluator; asking it for more results changes none of them."""

    def __init__(self, onnx: Any, graph: Graph, weights: Copies):
        from onnx.reference import ReferenceEvaluator

        self._onnx, self._graph = onnx, graph
        kit = OnnxKit(graph)
        define(graph, kit)
        self._constants = kit.constants
        self._names = tuple(dict.fromkeys((*graph.taps, *graph.outputs)))
        self._model = to_model(onnx, graph, kit, initializers(weights), self._names)
        self._evaluator = ReferenceEvaluator(self._model)

    def read(self) -> Copies:
        """The initializers of the model."""
        return read_back(self._onnx, self._model, self._graph, self._constants)

    def tap(self, inputs: Arrays) -> Arrays:
        """Every tapped tensor, and the outputs."""
        out = self._evaluator.run(list(self._names), inputs)
        return {n: np.asarray(a) for n, a in zip(self._names, out, strict=True)}

    def run(self, inputs: Arrays) -> Arrays:
        """The outputs."""
        out = self._evaluator.run(list(self._graph.outputs), inputs)
        return self.fetch(out)

    def ready(self, inputs: Arrays) -> Callable[[], Any]:
        """One call of the evaluator, which computes the tapped tensors too, whatever is asked of it."""
        names, feed, run = list(self._graph.outputs), {k: np.array(v) for k, v in inputs.items()}, self._evaluator.run
        return lambda: run(names, feed)

    def fetch(self, made: Any) -> Arrays:
        """The arrays."""
        return {n: np.asarray(a) for n, a in zip(self._graph.outputs, made, strict=True)}


class OnnxReferenceEngine:
    """The reference evaluator of the onnx package."""

    dialect = "onnx"
    has_initial_values = False
    full_taps = True
    unrounded: frozenset[str] = frozenset()

    def __init__(self, device: str):
        import onnx

        self._onnx = onnx

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        return {
            "versions": {"onnx": self._onnx.__version__, "numpy": np.__version__},
            "device": "cpu",
            "mode": f"opset {OPSET}, IR {IR}",
            "full_taps": self.full_taps,
        }

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> OnnxReferenceModel:
        """Build the model."""
        if weights is None:
            raise Unavailable("an ONNX model has no initial values of its own")
        if why := unknown(precision):
            raise Unavailable(why)
        wants_tf32(PRECISIONS[precision], "cpu")
        return OnnxReferenceModel(self._onnx, graph, weights)
