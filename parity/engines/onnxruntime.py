"""onnxruntime, with all its graph optimisations."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.dialects.onnx import IR, OPSET, OnnxKit, define, initializers, read_back, to_model, unknown, with_outputs
from parity.engines.base import Arrays, Copies, Unavailable, WrongDevice, gpu_facts, must_be_on, wants_tf32
from parity.graph import Graph
from parity.precision import PRECISIONS

CHECKED = 1 << 25
"""Bytes of weights up to which the checker runs too; it copies them several times, and the session checks as well."""


PROVIDERS = {"cpu": "CPUExecutionProvider", "gpu": "CUDAExecutionProvider"}


class OnnxRuntimeModel:
    """One session for the outputs alone, and one that also returns the taps."""

    def __init__(self, onnx: Any, ort: Any, graph: Graph, weights: Copies, device: str = "cpu", tf32: bool = False):
        self._onnx, self._ort, self._graph, self._device = onnx, ort, graph, device
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

        if device == "gpu":
            options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")

        def session(model: Any) -> Any:
            return _session(ort, model, options, device, tf32)

        self._run = session(self._model)
        same = set(graph.taps) <= set(graph.outputs)
        self._tap = self._run if same else session(with_outputs(onnx, graph, self._model, graph.taps))

    def read(self) -> Copies:
        """The initializers of the model."""
        return read_back(self._onnx, self._model, self._graph, self._constants)

    def run(self, inputs: Arrays) -> Arrays:
        """The outputs of a session without taps."""
        return self.fetch(self._run.run(list(self._graph.outputs), inputs))

    def tap(self, inputs: Arrays) -> Arrays:
        """The taps, from a session of their own."""
        return dict(zip(self._graph.taps, self._tap.run(list(self._graph.taps), inputs), strict=True))

    def ready(self, inputs: Arrays) -> Callable[[], Any]:
        """One call of the session without taps."""
        names, feed, run = list(self._graph.outputs), {k: np.array(v) for k, v in inputs.items()}, self._run.run
        return self._bound(feed) if self._device == "gpu" else lambda: run(names, feed)

    def _bound(self, feed: Arrays) -> Callable[[], Any]:
        """Inputs put on the GPU once, outputs left there."""
        binding, session = self._run.io_binding(), self._run
        for name, array in feed.items():
            binding.bind_ortvalue_input(name, self._ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0))
        for name in self._graph.outputs:
            binding.bind_output(name, "cuda", 0)

        def through() -> Any:
            session.run_with_iobinding(binding)
            binding.synchronize_outputs()
            return binding.get_outputs()

        return through

    def fetch(self, made: Any) -> Arrays:
        """The arrays."""
        if self._device == "gpu" and not all(isinstance(m, np.ndarray) for m in made):
            for name, value in zip(self._graph.outputs, made, strict=True):
                must_be_on("gpu", "gpu" if value.device_name() == "cuda" else value.device_name(), name)
            made = [value.numpy() for value in made]
        return dict(zip(self._graph.outputs, made, strict=True))


def _session(ort: Any, model: Any, options: Any, device: str, tf32: bool) -> Any:
    """A session on one provider.

    Raises:
        WrongDevice: onnxruntime chose another one. Unavailable: it has no CUDA kernel for all of the network.
    """
    wanted = PROVIDERS[device]
    settings = {"device_id": "0", "use_tf32": str(int(tf32))} if device == "gpu" else {}
    try:
        made = ort.InferenceSession(model.SerializeToString(), options, providers=[(wanted, settings)])
    except Exception as error:
        if device == "gpu" and "fallback to CPU EP" in str(error):
            raise Unavailable("onnxruntime's CUDA provider lacks a kernel for part of it") from error
        raise
    used = made.get_providers()  # the CPU's is always there at the end, and gets nothing on a GPU: that was forbidden
    if used[0] != wanted or (device == "cpu" and used != [wanted]):
        raise WrongDevice(f"onnxruntime chose {', '.join(used)} instead of {wanted}")
    return made


class OnnxRuntimeEngine:
    """onnxruntime on the provider of the CPU, or of CUDA."""

    dialect = "onnx"
    has_initial_values = False
    full_taps = False

    def __init__(self, device: str):
        import onnx
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        self._onnx, self._ort, self._device, self._tf32 = onnx, onnxruntime, device, False
        if PROVIDERS[device] not in onnxruntime.get_available_providers():
            raise Unavailable(f"this build of onnxruntime {onnxruntime.__version__} has no {PROVIDERS[device]}")
        # Its CPU provider computes float16 in float32, between casts of which it leaves out those that meet.
        self.unrounded = frozenset({"float16"} if device == "cpu" else ())

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        versions = {"onnxruntime": self._ort.__version__, "onnx": self._onnx.__version__, "numpy": np.__version__}
        found = {
            "versions": versions,
            "device": self._device,  # each session is asked for its provider
            "mode": f"all optimisations, opset {OPSET}, IR {IR}",
            "full_taps": self.full_taps,
        }
        return found | (gpu_facts("not asked for") if self._device == "gpu" else {})

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> OnnxRuntimeModel:
        """Build model and sessions."""
        if weights is None:
            raise Unavailable("an ONNX model has no initial values of its own")
        if why := unknown(precision):
            raise Unavailable(why)
        self._tf32 = wants_tf32(PRECISIONS[precision], self._device)
        return OnnxRuntimeModel(self._onnx, self._ort, graph, weights, self._device, self._tf32)

    def tf32(self) -> bool:
        """What the last session was told."""
        return self._tf32

    def peak_memory(self) -> int | None:
        """onnxruntime does not tell."""
        return None
