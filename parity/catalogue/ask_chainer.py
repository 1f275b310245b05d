"""A live Chainer, asked for its signatures, for what it does unasked, and for its initial values."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from parity.catalogue.arrays import Arrays
from parity.catalogue.asking import Initial, Omitting, parameters, said
from parity.catalogue.carrier import Slot
from parity.engines.base import to_targets
from parity.graph import Graph


class Chainer:
    """Chainer, as :mod:`parity.engines.chainer` runs it."""

    spaces: ClassVar[dict[str, str]] = {"L": "links", "F": "functions"}

    def __init__(self, engine: Any, module: Any):
        self._engine, self._chainer = engine, importlib.import_module("chainer")
        self._model = module.ChainerModel

    def aliases(self, name: str) -> list[tuple[str, str]]:
        """Other names of a link or function, and the part of a layer's name that must be there for it."""
        space, _, own = name.partition(".")
        whole = getattr(self._chainer, self.spaces[space])
        found = [(own.replace("Stateless", ""), "")]
        for n in "123":
            found.append((re.sub("_nd$", f"_{n}d", re.sub("ND$", f"{n}D", own)), f"{n}D"))
        return [(f"{space}.{other}", part) for other, part in found if other != own and hasattr(whole, other)]

    def parameters(self, name: str) -> dict[str, str | None]:
        """Of a link or function."""
        space, _, own = name.partition(".")
        return parameters(getattr(getattr(self._chainer, self.spaces[space]), own))

    def run(self, graph: Graph, inputs: Arrays, weights: Arrays, callable_: str, slot: Slot) -> np.ndarray:
        """The first output without an argument."""
        space, _, own = callable_.partition(".")
        whole = {v: getattr(self._chainer, v) for v in self.spaces.values()}
        whole[self.spaces[space]] = Omitting(whole[self.spaces[space]], own, slot)
        others = ("Variable", "using_config", "get_device", "get_array_types", "backend")
        chainer = SimpleNamespace(**whole, **{name: getattr(self._chainer, name) for name in others})
        return self._model(chainer, graph, to_targets(graph, "chainer", weights)).run(inputs)[graph.outputs[0]]

    def initial(self, graph: Graph) -> list[Initial]:
        """Of the one node's link; which initializer filled which array is seen while the link is made."""
        filled: list[tuple[Any, np.ndarray]] = []
        inside: list[Any] = []

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
        for cls, call in calls.items():
            cls.__call__ = spied(call)
        try:
            held = self._engine.build(graph, None).read().get(graph.nodes[0].name, {})
        finally:
            for cls, call in calls.items():
                cls.__call__ = call
        out = []
        for name, made in held.items():
            rule = next((r for r, a in reversed(filled) if np.shares_memory(a, made)), None)
            kind = said(type(rule), vars(rule)) if rule else ""
            out.append(Initial(name, kind, made, self._drawn(rule) if rule else None))
        return out

    def _drawn(self, rule: Any) -> Callable[[tuple[int, ...]], np.ndarray]:
        def draw(shape: tuple[int, ...]) -> np.ndarray:
            np.random.seed(0)  # noqa: NPY002  Chainer's initializers draw from the global state
            return self._chainer.initializers.generate_array(rule, shape, np, np.float32)

        return draw


def _below(cls: Any) -> list[Any]:
    return [cls, *(k for sub in cls.__subclasses__() for k in _below(sub))]
