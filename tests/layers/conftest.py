"""What the tests of layers share: numbers by the test's name, and a layer's numpy rule with its shapes checked."""

from __future__ import annotations

import functools
import importlib.util
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from parity.case.case import find, load
from parity.compat.chainer import import_chainer
from parity.dialects.numpy import NumpyKit
from parity.layers import Layer, Spec


@pytest.fixture(scope="session")
def chainer():
    if importlib.util.find_spec("chainer") is None:
        pytest.skip("Chainer is not installed")
    return import_chainer()


@pytest.fixture(scope="session")
def F(chainer):
    """Chainer's functions; they take and give float64."""
    return chainer.functions


@pytest.fixture
def numbers(request):
    """Standard normal float64 arrays, the same in every run."""
    rng = np.random.default_rng(zlib.crc32(request.node.name.encode()))
    return lambda *shape: rng.standard_normal(shape)


@pytest.fixture
def weights(numbers):
    """Random arrays for a layer's weights; variances are positive."""

    def make(layer: Layer, *inputs: np.ndarray) -> dict[str, np.ndarray]:
        declared = layer.weights(*(Spec(x.shape) for x in inputs))
        drawn = {name: numbers(*w.shape) for name, w in declared.items()}
        return {name: np.abs(a) + 0.1 if declared[name].role == "variance" else a for name, a in drawn.items()}

    return make


@pytest.fixture
def rule():
    """A layer's numpy rule. Shapes and dtypes must be what the layer infers."""

    def apply(layer: Layer, *inputs: np.ndarray, **weights: np.ndarray):
        specs = layer.infer(*(Spec(x.shape, x.dtype.name) for x in inputs))
        made = layer.rule("numpy").fn(layer, NumpyKit(), *inputs, **weights)
        outputs = made if isinstance(made, tuple) else (made,)
        assert [y.shape for y in outputs] == [s.shape for s in specs]
        if inputs[0].dtype.kind == "f":
            floats = {True: inputs[0].dtype.name}  # of whatever precision they come
            assert [y.dtype.name for y in outputs] == [floats.get(s.dtype[:5] == "float", s.dtype) for s in specs]
        return made

    return apply


@pytest.fixture
def close():
    """Equal but for the rounding of float64, relative to the largest element of the tensor."""

    def check(actual, expected, tolerance=1e-12):
        actual, expected = (np.asarray(getattr(a, "array", a)) for a in (actual, expected))
        scale = np.abs(expected).max(initial=0.0)
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)

    return check


@pytest.fixture(scope="session")
def case_layers() -> list[tuple[Layer, tuple[Spec, ...]]]:
    """Every layer with its inputs' specs, as the layer cases have it."""
    root = Path(__file__).resolve().parents[2] / "cases" / "layers"
    graphs = [case.graph for file, base in find([root]) for case in load(file, base)]
    return list(dict.fromkeys((node.layer, graph.input_specs(node)) for graph in graphs for node in graph.nodes))


@pytest.fixture(scope="session")
def examples():
    """A function: name of a module of ONNX's node tests → name of an example → operator, attributes, inputs, outputs.

    The modules hand each example to ``expect`` when imported.
    """
    onnx = pytest.importorskip("onnx")
    node = pytest.importorskip("onnx.backend.test.case.node")

    @functools.cache
    def of(module: str) -> dict[str, tuple]:
        found = {}

        def record(made, inputs, outputs, name, **_):
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in made.attribute}
            found[name.removeprefix("test_")] = (made.op_type, attributes, inputs, outputs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(node, "expect", record)
            patch.delitem(sys.modules, f"{node.__name__}.{module}", raising=False)
            importlib.import_module(f"{node.__name__}.{module}")
        return found

    return of
