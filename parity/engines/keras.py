"""Keras 3 on one backend a process: what all backends share. Each has its engine in a file of its own."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from parity.dialects.keras import KerasKit, Stored, define, input_orders
from parity.engines.base import Arrays, Copies, assignments, gpu_facts, must_be_on, wants_tf32
from parity.graph import Graph
from parity.precision import PRECISIONS, Precision


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
        return np.zeros(shape, dtype or "float32")  # every layer states it

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
    """A functional model of all tapped tensors, and one of the outputs alone.

    Args:
        compiled: makes a function of the input arrays, as users of the backend run a model.
        check: called with each result and its name, raises if it lies on another device than it should.
    """

    def __init__(
        self,
        keras: Any,
        graph: Graph,
        weights: Copies | None,
        compiled: Callable[[Any], Compiled],
        check: Callable[[Any, str], None],
    ):
        self._graph, self._orders = graph, input_orders(graph)
        self._to_numpy, self._check = keras.ops.convert_to_numpy, check
        layers = keras.layers if weights is None else WithoutInitialValues(keras.layers)
        kit = KerasKit(layers, keras.ops, floats=graph.floats)
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
        return {n: {k: self._to_numpy(v.value) for k, v in self._variables(n).items()} for n in self._holders}

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
            self._check(value, name)
            array = self._to_numpy(value)
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


class KerasEngine:
    """A backend's engine names the backend, prepares it, and says how a model is compiled and where it runs."""

    dialect = "keras"
    has_initial_values = True
    full_taps = False
    model = KerasModel
    unrounded: frozenset[str] = frozenset()
    backend: str
    mode: str
    deterministic: str

    def __init__(self, device: str):
        os.environ["KERAS_BACKEND"] = self.backend
        self._asked = device
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

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> KerasModel:
        """Build the network as a functional model, under Keras's policy for the precision."""
        computes = PRECISIONS[precision]
        tf32 = wants_tf32(computes, self._asked)
        self._keras.backend.clear_session()  # it forgets the policy too
        self._use(computes)
        if self._asked == "gpu":
            self._use_tf32(tf32)
        if weights is None:
            self._keras.utils.set_random_seed(0)
        return KerasModel(self._keras, graph, weights, self._compiled, self._check)

    def _use(self, precision: Precision) -> None:
        """Set what is global: the policy of layers, and the type of numbers that have none."""
        policy = precision.name if precision.mixed else precision.tensors
        self._keras.config.set_dtype_policy(policy)
        # Not for half precision, as hardly anybody sets it: with bfloat16 there, JAX's bfloat16 + 0.5 is a float32.
        self._keras.config.set_floatx("float64" if precision.tensors == "float64" else "float32")

    def _check(self, value: Any, name: str) -> None:
        must_be_on(self._asked, self._place(value), f"{name} of Keras on {self.backend}")

    def _place(self, value: Any) -> str:
        """``cpu`` or ``gpu``, where a tensor of the backend lies."""
        raise NotImplementedError

    def _compiled(self, model: Any) -> Compiled:
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        found = {"versions": self._versions(), "device": self._device(), "mode": self.mode, "full_taps": self.full_taps}
        return found | (gpu_facts(self.deterministic) if found["device"] == "gpu" else {})

    def tf32(self) -> bool:
        """What the backend says."""
        raise NotImplementedError

    def _use_tf32(self, on: bool) -> None:
        """For what is built from now on."""
        raise NotImplementedError

    def peak_memory(self) -> int | None:
        """What the backend says."""
        raise NotImplementedError

    def _device(self) -> str:
        raise NotImplementedError
