"""A live Keras, asked for its signatures, for what it does unasked, and for its initial values."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from parity.catalogue.arrays import Arrays
from parity.catalogue.asking import Initial, Omitting, parameters, said
from parity.catalogue.carrier import Slot
from parity.engines.base import to_targets
from parity.graph import Graph


class Keras:
    """Keras on the backend of its engine, eagerly."""

    def __init__(self, engine: Any, module: Any):
        self._keras, self._engine = importlib.import_module("keras"), engine
        self._model = engine.model

    def aliases(self, name: str) -> list[tuple[str, str]]:
        """The functions that an activation's name stands for, and the activation of an operation's name."""
        own = name.partition('("')[2].rstrip('")')
        spaces = [space for space in ("activations", "ops") if own and hasattr(getattr(self._keras, space), own)]
        if name.startswith("keras.ops.") and hasattr(self._keras.activations, own := name.rpartition(".")[2]):
            spaces = ["activations"]
        return [(f"keras.{space}.{own}", "") for space in spaces]

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

        made = self._model(keras, graph, to_targets(graph, "keras", weights), eager, lambda value, name: None)
        return made.run(inputs)[graph.outputs[0]]

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
            kind = said(type(rule), rule.get_config()) if rule is not None and known else ""
            out.append(Initial(name, kind, made, self._drawn(rule) if known else None))
        return out

    def _drawn(self, rule: Any) -> Callable[[tuple[int, ...]], np.ndarray]:
        def draw(shape: tuple[int, ...]) -> np.ndarray:
            fresh = rule.__class__.from_config(rule.get_config() | ({"seed": 0} if "seed" in rule.get_config() else {}))
            return np.asarray(fresh(shape, dtype="float32"))

        return draw
