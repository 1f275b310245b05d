"""Ill-conditioned spots: each kind is constructed, and nothing is said of what is sound."""

from pathlib import Path

import numpy as np
import pytest

from parity.case.case import load
from parity.draw import Distribution, draw
from parity.graph import Graph
from parity.judge.bound import Reference
from parity.judge.spots import spots
from parity.layers import Spec
from parity.layers.spot import ONE, rivals, spots_of
from tests.judge.conftest import node

CASES = Path(__file__).parents[2] / "cases"


def normal(*shape):
    return draw(Distribution(), shape, "float32", "spots", *shape)


def found(inputs, *nodes, **weights):
    """name → what was said of it; weights by layer and canonical name, those not given are drawn."""
    graph = Graph({k: Spec(v.shape, v.dtype.name) for k, v in inputs.items()}, nodes, (nodes[-1].name,))
    held = {k: np.asarray(v) for k, v in weights.items()}
    for name, w in graph.weights.items():
        key = name.replace("/", "_")
        held[name] = held.pop(key) if key in held else draw(Distribution("uniform", 1, 0.5), w.shape, "float32", name)
    return {(s["layer"], s["name"]): s for s in spots(Reference.of(graph, inputs, held))}


def test_nothing_is_said_of_a_plain_network(net, sequence):
    assert spots(sequence.reference) == []
    assert [s["layer"] for s in spots(net.reference)] == ["tanh"]  # 11 of its 60 inputs are beyond 9
    assert (np.abs(net.reference.tensors["fc1"].value) > 9).sum() == 11


def test_terms_that_cancel():
    x = 100 + 1e-3 * normal(3, 40)
    edge = np.resize([1.0, -1.0], (2, 40))
    said = found({"x": x.astype(np.float32)}, node("fc", "Linear", "x", units=2, bias=False), fc_W=edge)
    one = said["fc", "cancellation"]
    assert (one["count"], one["of"], one["first"], one["tensor"]) == (6, 6, [0, 0], "fc")
    assert one["words"].startswith("6 of 6 outputs of fc keep fewer than 3 of their 7 digits")
    assert found({"x": normal(3, 40)}, node("fc", "Linear", "x", units=2, bias=False)) == {}


def test_one_that_cancels_by_chance_is_not_mentioned():
    x = normal(4, 25)
    x[0] = 0
    x[0, :2] = 1000, -1000.0001
    ones = np.ones((1, 25))
    said = found({"x": x}, node("fc", "Linear", "x", units=1, bias=False), fc_W=ones)
    assert said["fc", "cancellation"]["count"] == 1  # of 4; of 40 it is few
    x = np.concatenate([x, normal(36, 25)])
    assert found({"x": x}, node("fc", "Linear", "x", units=1, bias=False), fc_W=ones) == {}


def test_exact_zeros_do_not_count_as_cancelled():
    assert found({"x": normal(5, 6)}, node("s", "Sparsemax", "x", axis=1)) == {}
    assert found({"x": np.zeros((2, 5), np.float32)}, node("fc", "Linear", "x", units=3, bias=False)) == {}


def test_a_softmax_that_hides():
    x = normal(4, 5)
    x[1, 3] = 40
    one = found({"x": x}, node("p", "Softmax", "x", axis=1))["p", "saturated"]
    assert (one["count"], one["of"], one["first"]) == (1, 4, [1])
    assert found({"x": x}, node("p", "LogSoftmax", "x", axis=0)) == {}


@pytest.mark.parametrize(("layer", "value"), [("Sigmoid", 20), ("Sigmoid", -20), ("Tanh", 10), ("Tanh", -10)])
def test_an_activation_that_hides(layer, value):
    x = normal(4, 5)
    assert found({"x": x}, node("act", layer, "x")) == {}
    x[2, 3] = value
    one = found({"x": x}, node("act", layer, "x"))["act", "saturated"]
    assert (one["count"], one["of"], one["first"]) == (1, 20, [2, 3])


def test_what_is_1_to_the_last_digit():
    assert np.float32(ONE) == 1
    assert np.float32(np.nextafter(ONE, 0)) < 1


POOL = {"kernel": 2, "stride": 2, "cover_all": False}


def test_max_pooling_of_equals():
    x = normal(1, 2, 4, 4)
    assert found({"x": x}, node("pool", "MaxPool2D", "x", **POOL)) == {}
    x[0, 1, 2:, :2] = 3
    one = found({"x": x}, node("pool", "MaxPool2D", "x", **POOL))["pool", "ties"]
    assert (one["count"], one["of"], one["first"]) == (1, 8, [0, 1, 1, 0])
    relu = [node("relu", "ReLU", "x"), node("pool", "MaxPool2D", "relu", **POOL)]
    assert found({"x": -np.abs(x)}, *relu) == {}  # zeros behind a ReLU


def test_max_pooling_of_what_is_nearer_than_its_error():
    x = normal(1, 1, 4, 4)
    x[0, 0, :2, :2] = [[3, 3 + 3e-7], [0, 0]]
    assert found({"x": x}, node("pool", "MaxPool2D", "x", **POOL)) == {}  # exact inputs
    squares = [node("sq", "Square", "x"), node("pool", "MaxPool2D", "sq", **POOL)]
    assert found({"x": x}, *squares)["pool", "ties"]["count"] == 1


@pytest.mark.parametrize(("layer", "sign"), [("ArgMax", 1), ("ArgMin", -1)])
def test_the_place_of_one_of_two(layer, sign):
    x = np.abs(normal(3, 6)) + 1
    arg = {"axis": 1, "keepdims": False}
    assert found({"x": sign * x}, node("arg", layer, "x", **arg)) == {}
    x[1, 2] = x[1, 5] = 9
    one = found({"x": sign * x}, node("arg", layer, "x", **arg))["arg", "ties"]
    assert (one["count"], one["of"], one["first"]) == (1, 3, [1])
    x[1, 5] = np.nextafter(np.float32(9), np.float32(10))
    assert found({"x": sign * x}, node("arg", layer, "x", **arg)) == {}
    behind = [node("act", "Sigmoid", "x"), node("arg", layer, "act", **arg)]
    assert found({"x": sign * x}, *behind)["arg", "ties"]["count"] == 1
    whole = node("arg", layer, "x", axis=None, keepdims=True)
    x[2, 0] = x[1, 5]
    one = found({"x": sign * x}, whole)["arg", "ties"]
    assert (one["count"], one["of"], one["first"]) == (1, 1, [0, 0])


def test_rivals():
    assert rivals(np.array([[1.0, 1, 0], [2, 1, 0]]), 0.0).tolist() == [True, False]
    assert rivals(np.array([[2.0, 1, 0]]), np.array([[0.6, 0.4, 0]])).tolist() == [True]
    assert rivals(np.array([[2.0, 1, 0]]), np.array([[0.4, 0.4, 9]])).tolist() == [True]
    assert rivals(np.array([[2.0, 1, 0]]), np.array([[0.4, 0.4, 0.4]])).tolist() == [False]


@pytest.mark.parametrize("layer", ["Div", "Reciprocal", "DivFromConstant"])
def test_a_divisor_that_is_nearly_0(layer):
    x = 1 + np.abs(normal(2, 8))
    inputs = {"x": x, "b": -x.astype(np.float32)}
    inputs["b"][1, 3] += np.float32(1e-6)
    divide = {
        "Div": node("q", "Div", "x", "sum"),
        "Reciprocal": node("q", "Reciprocal", "sum"),
        "DivFromConstant": node("q", "DivFromConstant", "sum", value=2.0),
    }[layer]
    assert found(inputs | {"b": x}, node("sum", "Add", "x", "b"), divide) == {}
    x[1] = [*x[1, :3], 1, *x[1, 4:]]
    inputs = {"x": x, "b": (x * 0.5).astype(np.float32)}
    inputs["b"][1, 3] = -1 + 1e-6
    one = found(inputs, node("sum", "Add", "x", "b"), divide)["q", "division"]
    assert (one["count"], one["first"]) == (1, [1, 3])


def test_a_divisor_that_a_runtime_may_flush_to_0():
    x = np.array([[1, 1e-39, 2]], np.float32)
    assert found({"x": x}, node("q", "Reciprocal", "x"))["q", "division"]["first"] == [0, 1]


@pytest.mark.parametrize(
    ("layer", "more", "count", "of"),
    [
        ("LayerNorm", {}, 1, 6),
        ("RMSNorm", {}, 1, 6),
        ("GroupNorm", {"groups": 1}, 1, 2),
        ("InstanceNorm", {}, 1, 6),
    ],
)
def test_a_variance_far_below_epsilon(layer, more, count, of):
    x = normal(2, 3, 8)
    assert found({"x": x}, node("norm", layer, "x", epsilon=1e-5, **more)) == {}
    flat = slice(0, 3) if layer == "GroupNorm" else 2
    x[1, flat] *= np.float32(1e-6)
    one = found({"x": x}, node("norm", layer, "x", epsilon=1e-5, **more))["norm", "epsilon"]
    assert (one["count"], one["of"]) == (count, of)
    assert "far below epsilon" in one["words"]


def test_a_batch_norm_whose_variance_is_far_below_epsilon():
    bn = node("bn", "BatchNorm", "x", epsilon=1e-3)
    assert found({"x": normal(2, 3, 4)}, bn, bn_var=[1.0, 1e-3, 2.0]) == {}
    one = found({"x": normal(2, 3, 4)}, bn, bn_var=[1.0, 1e-7, 2.0])["bn", "epsilon"]
    assert (one["count"], one["of"], one["first"]) == (1, 3, [1])


def test_every_sentence_can_be_said():
    from parity.layers import Layer

    kinds = {spot for cls in Layer.registry.values() for spot in spots_of(object.__new__(cls))}
    assert len(kinds) >= 9
    for spot in kinds:
        said = spot.words.format(count=1, of=2, layer="fc")
        assert "1 of 2" in said
        assert "fc" in said


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("layers/conv2d", set()),
        ("layers/batch_norm", set()),
        ("layers/max_pool2d", set()),
        ("layers/lstm", set()),
        ("layers/softmax", {"saturated"}),
        ("networks/residual", set()),
        ("networks/transformer_encoder", set()),
        ("networks/nearly_flat", {"cancellation", "epsilon"}),
    ],
)
def test_shipped_cases(file, names):
    said = set()
    for case in load(CASES / f"{file}.yaml", CASES):
        said |= {s["name"] for s in spots(Reference.of(case.graph, case.inputs(), case.weights()))}
    assert said == names
