"""A live framework, asked for its signatures, for what it does unasked, and for its initial values."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from parity.catalogue.arrays import Arrays
from parity.catalogue.carrier import Slot
from parity.catalogue.recording import plain
from parity.dialects.onnx import OPSET, OnnxKit, define, initializers, to_model
from parity.engines import ENGINES, REQUIRES
from parity.engines.base import to_targets
from parity.graph import Graph

PREFERRED = {
    "chainer": ("chainer",),
    "keras": ("keras-tensorflow", "keras-jax"),
    "onnx": ("onnxruntime",),
}
"""Dialect → engines that may be asked; JAX compiles every operation and every initializer, which takes longer."""


class Initial(NamedTuple):
    """A weight as a framework makes it.

    Args:
        name: target name.
        kind: class of its initializer; empty where it is none that can be called.
        made: its values now.
        draw: gives values of another shape.
    """

    name: str
    kind: str
    made: np.ndarray
    draw: Callable[[tuple[int, ...]], np.ndarray] | None


class Omitting:
    """A namespace of a framework in which one function or class never hears of one argument."""

    def __init__(self, whole: Any, name: str, slot: Slot):
        self._whole, self._name, self._slot = whole, name, slot

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        if name != self._name:
            return found

        def without(*args: Any, **kwargs: Any) -> Any:
            slot = self._slot
            if isinstance(slot, int):
                names = list(inspect.signature(found).parameters)
                kwargs |= dict(zip(names[slot + 1 :], args[slot + 1 :], strict=False))
                return found(*args[:slot], **kwargs)
            return found(*args, **{k: v for k, v in kwargs.items() if k != slot})

        return without


def parameters(found: Any) -> dict[str, str | None]:
    """Parameter name → default as text, None where it has to be stated."""
    out: dict[str, str | None] = {}
    for p in inspect.signature(found).parameters.values():
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        out[star + p.name] = "" if star else None if p.default is p.empty else text(p.default)
    return out


def text(value: Any) -> str:
    """Source text of a default, the same in every process."""
    if isinstance(value, np.ndarray | np.generic):
        value = plain(value)
    if inspect.isclass(value) or inspect.isroutine(value):
        return getattr(value, "__qualname__", value.__name__)
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


class Chainer:
    """Chainer, as :mod:`parity.engines.chainer` runs it."""

    spaces: ClassVar[dict[str, str]] = {"L": "links", "F": "functions"}

    def __init__(self, engine: Any, module: Any):
        self._engine, self._chainer = engine, importlib.import_module("chainer")
        self._model = module.ChainerModel

    def parameters(self, name: str) -> dict[str, str | None]:
        """Of a link or function."""
        space, _, own = name.partition(".")
        return parameters(getattr(getattr(self._chainer, self.spaces[space]), own))

    def run(self, graph: Graph, inputs: Arrays, weights: Arrays, callable_: str, slot: Slot) -> np.ndarray:
        """The first output without an argument."""
        space, _, own = callable_.partition(".")
        whole = {v: getattr(self._chainer, v) for v in self.spaces.values()}
        whole[self.spaces[space]] = Omitting(whole[self.spaces[space]], own, slot)
        chainer = SimpleNamespace(
            **whole, Variable=self._chainer.Variable, using_config=self._chainer.using_config
        )
        return self._model(chainer, graph, to_targets(graph, "chainer", weights)).run(inputs)[graph.outputs[0]]

    def initial(self, graph: Graph) -> list[Initial]:
        """Of the one node's link; which initializer filled which array is seen while the link is made."""
        filled: list[tuple[Any, np.ndarray]] = []
        inside = []

        def spied(call: Callable[..., None]) -> Callable[..., None]:
            def fill(rule: Any, array: Any) -> None:
                if not inside:  # many initializers call another one
                    filled.append((rule, array))
                inside.append(rule)
                call(rule, array)
                inside.pop()

            return fill

        kinds = _below(importlib.import_module("chainer.initializer").Initializer)
        calls = {kind: kind.__call__ for kind in kinds if "__call__" in vars(kind)}
        for kind, call in calls.items():
            kind.__call__ = spied(call)
        try:
            held = self._engine.build(graph, None).read().get(graph.nodes[0].name, {})
        finally:
            for kind, call in calls.items():
                kind.__call__ = call
        out = []
        for name, made in held.items():
            rule = next((r for r, a in reversed(filled) if np.shares_memory(a, made)), None)
            out.append(Initial(name, type(rule).__name__ if rule else "", made, self._drawn(rule) if rule else None))
        return out

    def _drawn(self, rule: Any) -> Callable[[tuple[int, ...]], np.ndarray]:
        def draw(shape: tuple[int, ...]) -> np.ndarray:
            np.random.seed(0)  # noqa: NPY002  Chainer's initializers draw from the global state
            return self._chainer.initializers.generate_array(rule, shape, np, np.float32)

        return draw


def _below(cls: type) -> list[type]:
    return [cls, *(k for sub in cls.__subclasses__() for k in _below(sub))]


class Keras:
    """Keras on the backend of its engine, eagerly."""

    def __init__(self, engine: Any, module: Any):
        self._keras, self._engine = importlib.import_module("keras"), engine
        self._model = module.KerasModel

    def parameters(self, name: str) -> dict[str, str | None]:
        """Of a layer or operation."""
        _, space, own = name.partition("(")[0].split(".")
        return parameters(getattr(getattr(self._keras, space), own))

    def run(self, graph: Graph, inputs: Arrays, weights: Arrays, callable_: str, slot: Slot) -> np.ndarray:
        """The first output without an argument."""
        _, space, own = callable_.partition("(")[0].split(".")
        whole = {"layers": self._keras.layers, "ops": self._keras.ops}
        whole[space] = Omitting(whole[space], own, slot)
        keras = SimpleNamespace(**whole, Input=self._keras.Input, Model=self._keras.Model)
        self._keras.backend.clear_session()

        def eager(model: Any) -> Callable[[Any], Any]:
            return lambda feed: model(feed, training=False)

        return self._model(keras, graph, to_targets(graph, "keras", weights), eager).run(inputs)[graph.outputs[0]]

    def initial(self, graph: Graph) -> list[Initial]:
        """Of the one node's layer; which initializer makes what is seen while the layer is built."""
        rules: dict[str, Any] = {}
        base = self._keras.layers.Layer
        add = base.add_weight

        def spied(layer: Any, shape: Any = None, initializer: Any = None, *args: Any, **kwargs: Any) -> Any:
            made = add(layer, shape, initializer, *args, **kwargs)
            rules[made.name] = self._keras.initializers.get(initializer or "glorot_uniform")
            return made

        base.add_weight = spied
        try:
            model = self._engine.build(graph, None)
        finally:
            base.add_weight = add
        out = []
        for name, made in model.read().get(graph.nodes[0].name, {}).items():
            rule = rules.get(name)
            known = isinstance(rule, self._keras.initializers.Initializer)
            kind = type(rule).__name__ if known else ""
            out.append(Initial(name, kind, made, self._drawn(rule) if known else None))
        return out

    def _drawn(self, rule: Any) -> Callable[[tuple[int, ...]], np.ndarray]:
        def draw(shape: tuple[int, ...]) -> np.ndarray:
            fresh = rule.__class__.from_config(rule.get_config() | ({"seed": 0} if "seed" in rule.get_config() else {}))
            return np.asarray(fresh(shape, dtype="float32"))

        return draw


class Onnx:
    """ONNX's operator definitions, and a runtime."""

    def __init__(self, engine: Any, module: Any):
        self._onnx, self._ort = importlib.import_module("onnx"), importlib.import_module("onnxruntime")

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


FRAMEWORKS: dict[str, Any] = {"chainer": Chainer, "keras": Keras, "onnx": Onnx}
"""Dialect → what asks it."""


def start(dialect: str) -> tuple[Any, dict[str, str]]:
    """The framework and its versions.

    Raises:
        ImportError: it is not here.
    """
    name = next((e for e in PREFERRED[dialect] if all(map(importlib.util.find_spec, REQUIRES[e]))), None)
    if name is None:
        raise ImportError(f"{' or '.join(' and '.join(REQUIRES[e]) for e in PREFERRED[dialect])}: not installed")
    path, _, cls = ENGINES[name].partition(":")
    module = importlib.import_module(path)
    engine = getattr(module, cls)("cpu")
    return FRAMEWORKS[dialect](engine, module), engine.facts()["versions"]
