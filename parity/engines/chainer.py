"""Chainer on NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity.dialects.chainer import ChainerKit, define
from parity.engines.base import Arrays, Copies, Unavailable, assignments
from parity.graph import Graph
from parity.precision import PRECISIONS


def _array(value: Any) -> Any:
    """The array of a parameter, or a persistent array itself."""
    return getattr(value, "array", value)


class ChainerModel:
    """Links and callables of one network.

    Attributes:
        links: node name → the link that holds its weights.
    """

    def __init__(self, chainer: Any, graph: Graph, weights: Copies | None, dtype: Any = np.float32):
        self._chainer, self._graph, self._dtype = chainer, graph, dtype
        kit = ChainerKit(chainer.links, chainer.functions, floats=graph.floats)
        with chainer.using_config("dtype", dtype):
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
        using = chainer.using_config
        with using("train", False), using("enable_backprop", False), using("dtype", self._dtype):
            return self.forward(inputs)

    def run(self, inputs: Arrays) -> Arrays:
        """A forward pass."""
        values = self._infer(inputs)
        return {name: np.asarray(values[name].array) for name in self._graph.outputs}

    def tap(self, inputs: Arrays) -> Arrays:
        """The same pass: define-by-run keeps every intermediate."""
        values = self._infer(inputs)
        return {name: np.asarray(values[name].array) for name in self._graph.taps}


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

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> ChainerModel:
        """Build the network, links in the dtype that Chainer's configuration would give them."""
        computes = PRECISIONS[precision]
        if computes.products:
            raise Unavailable(f"{precision} is of NVIDIA's GPUs")
        if computes.tensors == "bfloat16":
            raise Unavailable("Chainer on NumPy has no bfloat16")
        dtype = self._chainer.mixed16 if computes.mixed else np.dtype(computes.tensors)
        if weights is None:
            np.random.seed(0)  # noqa: NPY002  Chainer's initializers draw from the global state
        return ChainerModel(self._chainer, graph, weights, dtype)

    def train(self, graph: Graph, inputs: Arrays, steps: int, seed: int) -> tuple[Arrays, list[float]]:
        """Weights after some steps of training and the loss before each: :func:`parity.engines.chainer_train.train`."""
        from parity.engines.chainer_train import train

        np.random.seed(seed % 2**32)  # noqa: NPY002  as in build
        return train(self._chainer, ChainerModel(self._chainer, graph, None), graph, inputs, steps)
