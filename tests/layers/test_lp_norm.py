"""Unit length against its definition, Chainer and ONNX's examples."""

import math

import numpy as np
import pytest

from parity.dialects.chainer import ChainerKit
from parity.dialects.keras import KerasKit
from parity.dialects.onnx import OnnxKit
from parity.engines.chainer import ChainerEngine
from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.layers import Spec
from parity.layers.lp_norm import LpNormalization
from parity.layers.spec import FLOATS
from parity.precision import PRECISIONS, SMALLEST, rounded


@pytest.mark.parametrize("axis", [0, 1, -1, (1, 2)])
@pytest.mark.parametrize("epsilon", [1e-5, 0.5])
def test_added_epsilon_is_chainers(axis, epsilon, numbers, rule, close, F):
    x = numbers(4, 6, 5) * 0.3
    y = rule(LpNormalization(axis=axis, epsilon=epsilon, mode="add"), x)
    close(y, F.normalize(x, eps=epsilon, axis=axis))


@pytest.mark.parametrize("mode", ["add", "max"])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("epsilon", [0, 1e-3, 0.8])
def test_one_at_a_time(mode, p, epsilon, numbers, rule):
    x = numbers(4, 6) * 0.3
    y = rule(LpNormalization(axis=1, epsilon=epsilon, mode=mode, p=p), x)
    for i, row in enumerate(x):
        norm = math.fsum(map(abs, row)) if p == 1 else math.hypot(*row)
        np.testing.assert_allclose(y[i], row / (norm + epsilon if mode == "add" else max(norm, epsilon)), rtol=1e-12)


@pytest.mark.parametrize("mode", ["add", "max"])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("epsilon", [0, 1e-12])
def test_zeros_stay_zeros(mode, p, epsilon, rule):
    x = np.array([[0.0, 0.0], [3.0, -4.0]])
    y = rule(LpNormalization(axis=1, epsilon=epsilon, mode=mode, p=p), x)
    np.testing.assert_allclose(y, [[0, 0], [3 / 7, -4 / 7] if p == 1 else [0.6, -0.8]], rtol=1e-11)


@pytest.mark.parametrize("precision", ["float16", "mixed_float16", "float32", "float64"])
@pytest.mark.parametrize("p", [1, 2])
def test_zeros_stay_zeros_in_a_framework(chainer, p, precision):
    """In place of epsilon 0 stands a number that the type has: float16 has 2^-126 as 0, and 0/0 is NaN."""
    tensors = PRECISIONS[precision].tensors
    nodes = (Node("n", LpNormalization(axis=1, epsilon=0, mode="max", p=p), ("x",), {}),)
    graph = Graph({"x": Spec((2, 2))}, nodes, ("n",)).in_precision(tensors)
    x = np.array([[0.0, 0.0], [3.0, -4.0]], tensors)
    y = ChainerEngine("cpu").build(graph, {}, precision).run({"x": x})["n"]
    assert y.dtype == tensors
    np.testing.assert_allclose(y, [[0, 0], [3 / 7, -4 / 7] if p == 1 else [0.6, -0.8]], rtol=1e-3)


@pytest.mark.parametrize("floats", sorted(FLOATS))
def test_the_least_divisor_is_a_normal_number(floats):
    layer = LpNormalization(axis=1, epsilon=0, mode="max")
    kits = (
        ChainerKit(None, None, floats=floats),
        KerasKit(None, None, floats=floats),
        OnnxKit(Graph({}, (), (), floats=floats)),
    )
    for kit in kits:
        assert layer.least(kit) == SMALLEST[floats] == float(rounded(np.array(layer.least(kit)), floats))
    assert LpNormalization(axis=1, epsilon=0.5, mode="max").least(kits[0]) == 0.5


def test_a_large_vector_cannot_tell_the_two_modes_apart_but_a_small_one_can(numbers, rule):
    x = numbers(3, 8)
    modes = [LpNormalization(axis=1, epsilon=1e-5, mode=m) for m in ("add", "max")]
    one, other = (rule(layer, 1e3 * x) for layer in modes)
    np.testing.assert_allclose(one, other, rtol=1e-7)
    one, other = (rule(layer, 1e-6 * x) for layer in modes)
    assert np.abs(one - other).max() > 0.05


def test_onnx_examples(examples, rule, close):
    seen = 0
    for _, a, (x,), (y,) in examples("lpnormalization").values():
        layer = LpNormalization(axis=a.get("axis", -1), epsilon=0, mode="max", p=a.get("p", 2))
        close(rule(layer, x.astype(np.float64)), y, 1e-6)
        seen += 1
    assert seen > 4


def test_what_does_not_fit():
    with pytest.raises(BadInput, match="axis: found 2, the input has 2 axes"):
        LpNormalization(axis=2, epsilon=0, mode="max").infer(Spec((2, 6)))
