"""Chainer on NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parity.dialects.chainer import ChainerKit, define
from parity.engines.base import Arrays, Copies, assignments
from parity.engines.straight import straight
from parity.graph import Graph


def _array(value: Any) -> Any:
    """The array of a parameter, or a persistent array itself."""
    return getattr(value, "array", value)


class ChainerModel:
    """Links and callables of one network.

    Attributes:
        links: node name → the link that holds its weights.
    """

    def __init__(self, chainer: Any, graph: Graph, weights: Copies | None):
        self._chainer, self._graph = chainer, graph
        kit = ChainerKit(chainer.links, chainer.functions)
        self._calls = define(graph, kit)
        self.links = kit.links
        if weights is not None:
            self._assign(weights)

    def _params(self, link: Any) -> dict[str, Any]:
        """Name → owner and attribute of every parameter and every stored array of floats."""
        found = {}
        for path, sub in link.namedlinks():
            base = path.strip("/")
            for name in (*sub._params, *sub._persistent):
                value = getattr(sub, name)
                array = _array(value)
                if isinstance(array, np.ndarray) and array.dtype.kind == "f":
                    found[f"{base}/{name}".strip("/")] = (sub, name)
        return found

    def read(self) -> Copies:
        """All parameters, and persistent arrays such as avg_mean."""
        out: Copies = {}
        for node, link in self.links.items():
            out[node] = {k: _array(getattr(sub, name)) for k, (sub, name) in self._params(link).items()}
        return out

    def _assign(self, weights: Copies) -> None:
        for node in self._graph.nodes:
            if node.name not in self.links:
                continue
            places = {t: _array(getattr(sub, name)) for t, (sub, name) in self._params(self.links[node.name]).items()}
            shapes = {t: a.shape for t, a in places.items()}
            for target, array in assignments(self._graph, "chainer", node, weights, shapes).items():
                places[target][...] = array

    def forward(self, inputs: Arrays) -> dict[str, Any]:
        """Every tensor as a variable, in the mode that Chainer's configuration says."""
        values: dict[str, Any] = {k: self._chainer.Variable(v) for k, v in inputs.items()}
        for node in self._graph.nodes:
            out = self._calls[node.name](*(values[i] for i in node.inputs))
            out = out if isinstance(out, tuple) else (out,)
            values.update(zip(node.outputs, out, strict=True))
        return values

    def _infer(self, inputs: Arrays) -> dict[str, Any]:
        chainer = self._chainer
        with chainer.using_config("train", False), chainer.using_config("enable_backprop", False):
            return self.forward(inputs)

    def run(self, inputs: Arrays) -> Arrays:
        """A forward pass."""
        values = self._infer(inputs)
        return {name: np.asarray(values[name].array) for name in self._graph.outputs}

    def tap(self, inputs: Arrays) -> Arrays:
        """The same pass: define-by-run keeps every intermediate."""
        values = self._infer(inputs)
        return {name: np.asarray(values[name].array) for name in self._graph.taps}

    def ready(self, inputs: Arrays) -> Callable[[], Any]:
        """Variables made once; configured once, for this thread."""
        self._chainer.config.train = self._chainer.config.enable_backprop = False
        return straight(self._graph, self._calls, {k: self._chainer.Variable(np.array(v)) for k, v in inputs.items()})

    def fetch(self, made: Any) -> Arrays:
        """The arrays of the variables."""
        return {name: np.asarray(v.array) for name, v in zip(self._graph.outputs, made, strict=True)}


class ChainerEngine:
    """Chainer 7.8.1, made to run on a current Python by :mod:`parity.compat.chainer`."""

    dialect = "chainer"
    has_initial_values = True
    full_taps = True

    def __init__(self, device: str):
        from parity.compat.chainer import import_chainer

        self._chainer = import_chainer()
        self._device = device

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        return {
            "versions": {"chainer": self._chainer.__version__, "numpy": np.__version__},
            "device": "cpu",
            "mode": "define-by-run",
            "full_taps": self.full_taps,
        }

    def build(self, graph: Graph, weights: Copies | None) -> ChainerModel:
        """Build the network."""
        if weights is None:
            np.random.seed(0)  # noqa: NPY002  Chainer's initializers draw from the global state
        return ChainerModel(self._chainer, graph, weights)

    def train(self, graph: Graph, inputs: Arrays, steps: int, seed: int) -> tuple[Arrays, list[float]]:
        """Weights after some steps of training and the loss before each: :func:`parity.engines.chainer_train.train`."""
        from parity.engines.chainer_train import train

        np.random.seed(seed % 2**32)  # noqa: NPY002  as in build
        return train(self._chainer, ChainerModel(self._chainer, graph, None), graph, inputs, steps)
