"""ONNX run by PyTorch, through onnx2pytorch: for where onnxruntime has no CUDA provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parity.dialects.onnx import IR, OPSET, OnnxKit, define, initializers, read_back, to_model, unknown, with_outputs
from parity.engines.base import Arrays, Copies, Unavailable, gpu_facts, must_be_on, wants_tf32
from parity.engines.torch import OnTorch, Torch
from parity.graph import Graph
from parity.precision import PRECISIONS

DEFAULT_ACTIVATIONS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
"""Of one direction, by the definitions of the operators."""


class OnnxTorchModel:
    """One module for the outputs alone, and one that also returns the taps."""

    def __init__(self, onnx: Any, convert: Callable[[Any], Any], torch: Torch, graph: Graph, weights: Copies):
        self._onnx, self._graph, self._torch = onnx, graph, torch
        kit = OnnxKit(graph)
        define(graph, kit)
        self._constants = kit.constants
        self._model = to_model(onnx, graph, kit, initializers(weights), graph.outputs)

        def module(model: Any) -> Any:
            try:
                return convert(_for_converter(model)).eval().to(torch.device)
            except Exception as error:
                raise Unavailable(f"onnx2pytorch does not convert it: {_said(error)}") from error

        self._run = module(self._model)
        same = set(graph.taps) <= set(graph.outputs)
        self._tap = self._run if same else module(with_outputs(onnx, graph, self._model, graph.taps))

    def read(self) -> Copies:
        """The initializers of the model."""
        return read_back(self._onnx, self._model, self._graph, self._constants)

    def _tensors(self, inputs: Arrays) -> list[Any]:
        given = (np.array(inputs[name], order="C") for name in self._graph.inputs)
        return [self._torch.tensor(array) for array in given]

    def _call(self, module: Any, tensors: list[Any]) -> list[Any]:
        try:
            with self._torch.torch.no_grad():
                made = module(*tensors)
        except NotImplementedError as error:
            raise Unavailable(f"onnx2pytorch does not run it: {_said(error)}") from error
        return list(made) if isinstance(made, list | tuple) else [made]

    def _arrays(self, names: tuple[str, ...], made: list[Any]) -> Arrays:
        for name, tensor in zip(names, made, strict=True):
            must_be_on(self._torch.kind, self._torch.place(tensor), name)
        return {name: self._torch.array(tensor) for name, tensor in zip(names, made, strict=True)}

    def run(self, inputs: Arrays) -> Arrays:
        """The outputs of a module without taps."""
        return self.fetch(self._call(self._run, self._tensors(inputs)))

    def tap(self, inputs: Arrays) -> Arrays:
        """The taps, from a module of their own."""
        if self._tap is self._run:
            out = self.run(inputs)
            return {name: out[name] for name in self._graph.taps}
        return self._arrays(self._graph.taps, self._call(self._tap, self._tensors(inputs)))

    def ready(self, inputs: Arrays) -> Callable[[], Any]:
        """The module without taps, on PyTorch's own tensors; gradients are switched off for this thread."""
        self._torch.torch.set_grad_enabled(False)
        tensors, module, wait = self._tensors(inputs), self._run, self._torch.synchronize

        def through() -> Any:
            made = module(*tensors)
            wait()
            return made

        return through

    def fetch(self, made: Any) -> Arrays:
        """The tensors' arrays."""
        return self._arrays(self._graph.outputs, made if isinstance(made, list) else [made])


def _for_converter(model: Any) -> Any:
    """A copy, since the converter joins nodes in the model it is given; and without activations that are the default.

    It refuses recurrent layers that name theirs, also where they are those that ONNX takes if none are named.
    """
    copy = type(model)()
    copy.CopyFrom(model)
    for node in copy.graph.node:
        for attribute in node.attribute:
            usual = DEFAULT_ACTIVATIONS.get(node.op_type, ())
            if attribute.name == "activations" and usual:
                named = tuple(a.decode() for a in attribute.strings)
                if named == usual * (len(named) // len(usual)):
                    node.attribute.remove(attribute)
                    break
    return copy


def _said(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class OnnxTorchEngine(OnTorch):
    """The module that onnx2pytorch makes of an ONNX model, eager."""

    dialect = "onnx"
    has_initial_values = False
    full_taps = False
    unrounded: frozenset[str] = frozenset()

    def __init__(self, device: str):
        import onnx

        from parity.compat.onnx2pytorch import import_onnx2pytorch

        self._torch = Torch(device)
        self._onnx, self._converter = onnx, import_onnx2pytorch()

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        own = {"onnx2pytorch": self._converter.__version__, "onnx": self._onnx.__version__, "numpy": np.__version__}
        device = self._torch.place(self._torch.torch.zeros((), device=self._torch.device))
        found = {
            "versions": own | self._torch.version(),
            "device": device,
            "mode": f"eager, opset {OPSET}, IR {IR}",
            "full_taps": self.full_taps,
        }
        return found | (gpu_facts(self._torch.deterministic) if device == "gpu" else {})

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> OnnxTorchModel:
        """Build and convert the model."""
        if weights is None:
            raise Unavailable("an ONNX model has no initial values of its own")
        if why := unknown(precision):
            raise Unavailable(why)
        self._torch.use_tf32(wants_tf32(PRECISIONS[precision], self._torch.kind))
        return OnnxTorchModel(self._onnx, self._converter.ConvertModel, self._torch, graph, weights)
