"""Keras 3 on one backend a process."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from parity.dialects.keras import KerasKit, Stored, define, input_orders
from parity.engines.base import Arrays, Copies, assignments
from parity.graph import Graph


class WithoutInitialValues:
    """``keras.layers``, weights zero at first: they are assigned at once, and JAX compiles an initializer a shape."""

    def __init__(self, layers: Any):
        self._layers = layers

    def __getattr__(self, name: str) -> Any:
        layer = getattr(self._layers, name)
        accepted = inspect.signature(layer.__init__).parameters
        zeros = {k: _Zeros() for k in accepted if k in INITIALIZERS}
        return functools.partial(layer, **zeros) if zeros else layer


def variable_names(variables: Sequence[Any]) -> list[str]:
    """Their names; ``query/kernel``, with the part of the layer before it, where several have one name."""
    names = [v.name for v in variables]
    return [
        n if names.count(n) == 1 else "/".join(v.path.split("/")[-2:]) for n, v in zip(names, variables, strict=True)
    ]


INITIALIZERS = tuple(f"{what}_initializer" for what in ("kernel", "depthwise", "pointwise", "recurrent", "embeddings"))


class _Zeros:
    """What Keras takes for an initializer; MultiHeadAttention makes copies of it."""

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        return np.zeros(shape, dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> _Zeros:
        """Another."""
        return cls()


class Compiled(Protocol):
    """A model as its backend runs it; arrays as the model stores them, in the order of its inputs."""

    def __call__(self, feed: list[np.ndarray]) -> Any:
        """One forward pass, of arrays as they come."""

    def ready(self, feed: list[np.ndarray]) -> Callable[[], Any]:
        """The same of arrays that the backend has already; returns when it is through."""


class KerasModel:
    """A functional model of all tapped tensors, and one of the outputs alone."""

    def __init__(self, keras: Any, graph: Graph, weights: Copies | None, compiled: Callable[[Any], Compiled]):
        self._graph, self._orders = graph, input_orders(graph)
        layers = keras.layers if weights is None else WithoutInitialValues(keras.layers)
        kit = KerasKit(layers, keras.ops)
        stored = {}
        for name, spec in graph.inputs.items():
            order = self._orders[name]
            shape = tuple(spec.shape[a] for a in order)
            stored[name] = Stored(keras.Input(batch_shape=shape, dtype=spec.dtype), order)
        tensors = define(graph, kit, stored)
        self._holders = kit.holders
        self._layouts = {name: tensors[name].order for name in (*graph.taps, *graph.outputs)}
        inputs = [stored[n].tensor for n in graph.inputs]
        self._run = compiled(keras.Model(inputs, [tensors[n].tensor for n in graph.outputs]))
        same = set(graph.taps) <= set(graph.outputs)
        self._tap = None if same else compiled(keras.Model(inputs, [tensors[n].tensor for n in graph.taps]))
        if weights is not None:
            self._assign(weights)

    def _variables(self, node: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for prefix, layer in self._holders[node]:
            own = [v for v in layer.weights if "seed_generator" not in v.path]
            found |= {prefix + name: v for name, v in zip(variable_names(own), own, strict=True)}
        return found

    def read(self) -> Copies:
        """All variables of the layers that hold weights."""
        return {n: {k: np.asarray(v.value) for k, v in self._variables(n).items()} for n in self._holders}

    def _assign(self, weights: Copies) -> None:
        for node in self._graph.nodes:
            if node.name not in self._holders:
                continue
            variables = self._variables(node.name)
            shapes = {t: tuple(v.shape) for t, v in variables.items()}
            for target, array in assignments(self._graph, "keras", node, weights, shapes).items():
                variables[target].assign(array)

    def _feed(self, inputs: Arrays) -> list[np.ndarray]:
        return [np.ascontiguousarray(np.transpose(inputs[n], self._orders[n])) for n in self._graph.inputs]

    def _canonical(self, names: tuple[str, ...], out: Any) -> Arrays:
        out = out if isinstance(out, list | tuple) else [out]  # Keras unwraps a list of one
        canonical = {}
        for name, value in zip(names, out, strict=True):
            array = np.asarray(value)
            # not ascontiguousarray, which gives a scalar an axis
            canonical[name] = np.asarray(np.transpose(array, np.argsort(self._layouts[name])), order="C")
        return canonical

    def run(self, inputs: Arrays) -> Arrays:
        """The outputs alone, compiled as they are."""
        return self.fetch(self._run(self._feed(inputs)))

    def tap(self, inputs: Arrays) -> Arrays:
        """All tapped tensors, from a model compiled for them."""
        if self._tap is None:
            out = self.run(inputs)
            return {n: out[n] for n in self._graph.taps}
        return self._canonical(self._graph.taps, self._tap(self._feed(inputs)))

    def ready(self, inputs: Arrays) -> Callable[[], Any]:
        """The compiled model of the outputs alone, on the backend's own tensors."""
        return self._run.ready(self._feed(inputs))

    def fetch(self, made: Any) -> Arrays:
        """The outputs."""
        return self._canonical(self._graph.outputs, made)


def _settle_without_tensorflow(keras: Any) -> None:
    """Let Keras find, once and for all, that TensorFlow is not needed.

    It looks for it when a layer is serialised, as Bidirectional does: 5 s, and 0.6 s more for every network after,
    since garbage collection then goes over all of TensorFlow.
    """
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        keras.saving.serialize_keras_object(keras.layers.Bidirectional(keras.layers.LSTM(1)))
    finally:
        del sys.modules["tensorflow"]


class _KerasEngine:
    dialect = "keras"
    has_initial_values = True
    full_taps = False
    backend: str
    mode: str

    def __init__(self, device: str):
        os.environ["KERAS_BACKEND"] = self.backend
        self._prepare(device)
        import keras

        if keras.backend.backend() != self.backend:
            raise RuntimeError(f"Keras came up on {keras.backend.backend()} instead of {self.backend}")
        self._keras = keras
        if "tensorflow" not in sys.modules:
            _settle_without_tensorflow(keras)
        keras.saving.register_keras_serializable("parity")(_Zeros)  # Bidirectional makes its layers from their JSON

    def _prepare(self, device: str) -> None:
        """Import the backend, quietly, with the threads it may use and no other device in sight."""

    def _versions(self) -> dict[str, str]:
        return {"keras": self._keras.__version__, "numpy": np.__version__}

    def build(self, graph: Graph, weights: Copies | None) -> KerasModel:
        """Build the network as a functional model."""
        self._keras.backend.clear_session()
        if weights is None:
            self._keras.utils.set_random_seed(0)
        return KerasModel(self._keras, graph, weights, self._compiled)

    def _compiled(self, model: Any) -> Compiled:
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        return {"versions": self._versions(), "device": self._device(), "mode": self.mode, "full_taps": self.full_taps}

    def _device(self) -> str:
        raise NotImplementedError


class _Traced:
    """A ``tf.function`` of a model; on a CPU it returns when all is computed."""

    def __init__(self, tf: Any, model: Any):
        self._tf = tf
        self._traced = tf.function(lambda *x: model(list(x), training=False), jit_compile=False)

    def __call__(self, feed: list[np.ndarray]) -> Any:
        return self._traced(*map(self._tf.constant, feed))

    def ready(self, feed: list[np.ndarray]) -> Callable[[], Any]:
        return functools.partial(self._traced, *map(self._tf.constant, feed))


class _Jitted:
    """A jitted function of a model's variables and inputs."""

    def __init__(self, jax: Any, model: Any):
        def forward(trainable: Any, fixed: Any, x: Any) -> Any:
            return model.stateless_call(trainable, fixed, x, training=False)[0]

        self._jax, self._model, self._jitted = jax, model, jax.jit(forward)

    def _variables(self) -> tuple[list[Any], list[Any]]:
        of = self._model
        return [v.value for v in of.trainable_variables], [v.value for v in of.non_trainable_variables]

    def __call__(self, feed: list[np.ndarray]) -> Any:
        return self._jitted(*self._variables(), feed)

    def ready(self, feed: list[np.ndarray]) -> Callable[[], Any]:
        trainable, fixed = self._variables()
        x, jitted, wait = [self._jax.device_put(a) for a in feed], self._jitted, self._jax.block_until_ready

        def call() -> Any:
            made = jitted(trainable, fixed, x)
            # of one array its own method, as a person would: going through a tree takes microseconds
            return wait(made) if isinstance(made, list | tuple) else made.block_until_ready()

        return call


class TensorFlowEngine(_KerasEngine):
    """Keras on TensorFlow, traced as a SavedModel would be."""

    backend, mode = "tensorflow", "tf.function, no XLA"

    def _prepare(self, device: str) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf

        threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        self._tf = tf

    def _compiled(self, model: Any) -> Compiled:
        return _Traced(self._tf, model)

    def _versions(self) -> dict[str, str]:
        return super()._versions() | {"tensorflow": self._tf.__version__}

    def _device(self) -> str:
        return "gpu" if self._tf.config.get_visible_devices("GPU") else "cpu"


class JaxEngine(_KerasEngine):
    """Keras on JAX, jitted."""

    backend, mode = "jax", "jax.jit"

    def _prepare(self, device: str) -> None:
        if device == "cpu":
            os.environ["JAX_PLATFORMS"] = "cpu"
        import jax

        self._jax = jax

    def _compiled(self, model: Any) -> Compiled:
        return _Jitted(self._jax, model)

    def _versions(self) -> dict[str, str]:
        return super()._versions() | {"jax": self._jax.__version__}

    def _device(self) -> str:
        return self._jax.devices()[0].platform
