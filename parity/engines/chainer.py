"""Chainer on NumPy, and on CuPy."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.dialects.chainer import ChainerKit, define
from parity.engines.base import Arrays, Copies, Unavailable, assignments, gpu_facts, must_be_on, wants_tf32
from parity.engines.straight import straight
from parity.graph import Graph
from parity.precision import PRECISIONS

DEVICES = {"cpu": "@numpy", "gpu": "@cupy:0"}
"""Device → Chainer's name of it."""


def _array(value: Any) -> Any:
    """The array of a parameter, or a persistent array itself."""
    return getattr(value, "array", value)


class ChainerModel:
    """Links and callables of one network.

    Attributes:
        links: node name → the link that holds its weights.
    """

    def __init__(
        self, chainer: Any, graph: Graph, weights: Copies | None, dtype: Any = np.float32, device: str = "cpu"
    ):
        self._chainer, self._graph, self._dtype, self._asked = chainer, graph, dtype, device
        self._device, self._host = chainer.get_device(DEVICES[device]), chainer.get_device(DEVICES["cpu"])
        kit = ChainerKit(chainer.links, chainer.functions, self._device.xp, floats=graph.floats)
        with chainer.using_config("dtype", dtype):
            self._calls = define(graph, kit)
        self.links = kit.links
        if weights is not None:
            self._assign(weights)
        for link in self.links.values():
            link.to_device(self._device)

    def _params(self, link: Any) -> dict[str, Any]:
        """Name → owner and attribute of every parameter and every stored array of floats."""
        found = {}
        for path, sub in link.namedlinks():
            base = path.strip("/")
            for name in (*sub._params, *sub._persistent):
                value = getattr(sub, name)
                array = _array(value)
                if isinstance(array, self._chainer.get_array_types()) and array.dtype.kind == "f":
                    found[f"{base}/{name}".strip("/")] = (sub, name)
        return found

    def read(self) -> Copies:
        """All parameters, and persistent arrays such as avg_mean."""
        out: Copies = {}
        for node, link in self.links.items():
            held = {k: _array(getattr(sub, name)) for k, (sub, name) in self._params(link).items()}
            out[node] = {k: self._host.send(array) for k, array in held.items()}
        return out

    def _assign(self, weights: Copies) -> None:
        for node in self._graph.nodes:
            if node.name not in self.links:
                continue
            places = {t: _array(getattr(sub, name)) for t, (sub, name) in self._params(self.links[node.name]).items()}
            shapes = {t: a.shape for t, a in places.items()}
            for target, array in assignments(self._graph, "chainer", node, weights, shapes).items():
                places[target][...] = self._chainer.backend.get_array_module(places[target]).asarray(array)

    def forward(self, inputs: Arrays) -> dict[str, Any]:
        """Every tensor as a variable, in the mode that Chainer's configuration says."""
        values: dict[str, Any] = {k: self._chainer.Variable(self._device.send(v)) for k, v in inputs.items()}
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
        return {name: self._returned(name, values[name]) for name in self._graph.outputs}

    def tap(self, inputs: Arrays) -> Arrays:
        """The same pass: define-by-run keeps every intermediate."""
        values = self._infer(inputs)
        return {name: self._returned(name, values[name]) for name in self._graph.taps}

    def _returned(self, name: str, variable: Any) -> np.ndarray:
        """The variable's array as one of NumPy, from the device that the network is to run on."""
        lies_on = self._chainer.backend.get_device_from_array(variable.array)
        must_be_on(self._asked, "cpu" if lies_on.xp is np else "gpu", f"{name} of Chainer")
        return np.asarray(self._host.send(variable.array))

    def ready(self, inputs: Arrays) -> Callable[[], Any]:
        """Variables made once; configured once, for this thread."""
        self._chainer.config.train = self._chainer.config.enable_backprop = False
        given = {k: self._chainer.Variable(self._device.send(np.array(v))) for k, v in inputs.items()}
        forward = straight(self._graph, self._calls, given)
        if self._asked == "cpu":
            return forward
        wait = self._device.xp.cuda.Stream.null.synchronize

        def through() -> Any:
            made = forward()
            wait()
            return made

        return through

    def fetch(self, made: Any) -> Arrays:
        """The arrays of the variables."""
        return {name: self._returned(name, v) for name, v in zip(self._graph.outputs, made, strict=True)}


class ChainerEngine:
    """Chainer 7.8.1, made to run on a current Python by :mod:`parity.compat.chainer`."""

    dialect = "chainer"
    has_initial_values = True
    full_taps = True
    unrounded: frozenset[str] = frozenset()

    def __init__(self, device: str):
        from parity.compat.chainer import import_chainer

        self._cupy = _cupy() if device == "gpu" else None
        self._chainer = import_chainer()
        self._device = device

    def facts(self) -> dict[str, Any]:
        """Versions, device, mode."""
        versions = {"chainer": self._chainer.__version__, "numpy": np.__version__}
        found = {"versions": versions, "device": "cpu", "mode": "define-by-run", "full_taps": self.full_taps}
        if self._cupy is None:
            return found
        ones = self._chainer.get_device(DEVICES["gpu"]).send(np.ones(2, np.float32)) + 1
        where = "gpu" if isinstance(ones, self._cupy.ndarray) and float(ones.sum()) == 4 else "cpu"
        own = {"versions": versions | {"cupy": self._cupy.__version__}, "device": where}
        return found | own | {"mode": "define-by-run, CuPy without cuDNN"} | gpu_facts("not asked for")

    def build(self, graph: Graph, weights: Copies | None, precision: str = "float32") -> ChainerModel:
        """Build the network, links in the dtype that Chainer's configuration would give them."""
        computes = PRECISIONS[precision]
        tf32 = wants_tf32(computes, self._device)
        if computes.tensors == "bfloat16":
            raise Unavailable("Chainer has no bfloat16")
        dtype = self._chainer.mixed16 if computes.mixed else np.dtype(computes.tensors)
        if weights is None:
            np.random.seed(0)  # noqa: NPY002  Chainer's initializers draw from the global state
        if self._cupy is not None:
            self._use_tf32(tf32)
        return ChainerModel(self._chainer, graph, weights, dtype, self._device)

    def train(self, graph: Graph, inputs: Arrays, steps: int, seed: int) -> tuple[Arrays, list[float]]:
        """Weights after some steps of training and the loss before each: :func:`parity.engines.chainer_train.train`."""
        from parity.engines.chainer_train import train

        np.random.seed(seed % 2**32)  # noqa: NPY002  as in build
        return train(self._chainer, ChainerModel(self._chainer, graph, None), graph, inputs, steps)

    def tf32(self) -> bool:
        """What CuPy computes products of float32 in; it has TensorFloat-32 off unless told otherwise."""
        return self._cupy is not None and self._cupy._core.get_compute_type(np.float32) == _tf32_of(self._cupy)

    def _use_tf32(self, on: bool) -> None:
        """For all products from now on; the choice is CuPy's, and global."""
        assert self._cupy is not None
        usual = self._cupy._core._routines_linalg.COMPUTE_TYPE_DEFAULT
        self._cupy._core.set_compute_type(np.float32, _tf32_of(self._cupy) if on else usual)

    def product(self, side: int) -> Callable[[], Any]:
        """CuPy's, without TensorFloat-32."""
        assert self._cupy is not None
        self._use_tf32(False)
        a, cupy = self._cupy.ones((side, side), np.float32), self._cupy

        def call() -> Any:
            made = cupy.matmul(a, a)
            cupy.cuda.Stream.null.synchronize()
            return made

        return call

    def peak_memory(self) -> int | None:
        """What CuPy's pool has taken; it gives nothing back by itself."""
        return None if self._cupy is None else int(self._cupy.get_default_memory_pool().total_bytes())


def _tf32_of(cupy: Any) -> int:
    return cupy._core._routines_linalg.COMPUTE_TYPE_TF32


def _cupy() -> Any:
    """CuPy, if it can use a device.

    Raises:
        ImportError: it is not installed. Unavailable: it finds no device.
    """
    os.environ["CHAINER_CUDNN"] = "0"  # CuPy 14 has no cupy.cudnn; Chainer would say at every import that it misses it
    import cupy

    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise Unavailable(f"CuPy {cupy.__version__} finds no device: {error}") from None
    return cupy
