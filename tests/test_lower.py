"""Layers made of others: in dialects without a rule for them their parts are built, and nothing else changes."""

from dataclasses import dataclass

import numpy as np
import pytest

from parity.dialects.numpy import NumpyKit
from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.judge.bound import Reference
from parity.layers import Composite, Layer, Spec
from parity.layers.activation import Sigmoid
from parity.layers.batch_norm import BatchNorm
from parity.layers.dense import Linear
from parity.layers.separable import SeparableConv2D
from parity.lower import first_gap, lowered

SEPARABLE = SeparableConv2D(filters=4, kernel=(3, 2), multiplier=2)


@dataclass(frozen=True)
class Twice(Composite, abstract=True):
    """Two matrices, one after the other, the same weights in both."""

    def parts(self, b, *x):
        first = b.add("first", Linear(3), *x, W="W", b="b")
        return b.add("act", Sigmoid(), b.add("second", Linear(3), first, W="W", b="b"))


@dataclass(frozen=True)
class Odd(Composite, abstract=True):
    """Two parts that want one weight in two shapes."""

    def parts(self, b, *x):
        return b.add("second", Linear(2), b.add("first", Linear(3), *x, W="W"), W="W")


def graph_of(layer: Layer, *shape: int, then: tuple[Node, ...] = (), outputs=("net",)) -> Graph:
    return Graph({"x": Spec(shape)}, (Node("net", layer, ("x",), {"b": "shared/b"}), *then), outputs)


def test_parts_take_the_place_of_the_whole():
    whole = graph_of(SEPARABLE, 2, 3, 5, 6)
    parts = lowered(whole, "onnx")
    assert [(n.name, n.inputs, n.outputs) for n in parts.nodes] == [
        ("net/depthwise", ("x",), ("net/depthwise",)),
        ("net/pointwise", ("net/depthwise",), ("net",)),
    ]
    assert parts.taps == whole.taps == ("net",)
    assert parts.specs["net"] == whole.specs["net"] == Spec((2, 4, 3, 5))
    assert {k: w.shape for k, w in parts.weights.items()} == {k: w.shape for k, w in whole.weights.items()}
    assert set(whole.weights) == {"net/D", "net/W", "shared/b"}


def test_a_dialect_that_has_the_layer_keeps_it():
    whole = graph_of(SEPARABLE, 2, 3, 5, 6)
    assert lowered(whole, "keras") is whole


def test_no_tap_between_the_last_part_and_what_is_folded_into_it():
    norm = Node("bn", BatchNorm(1e-3), ("net",), {})
    assert lowered(graph_of(SEPARABLE, 2, 3, 5, 6, then=(norm,), outputs=("bn",)), "onnx").taps == ("bn",)


def test_numbers_are_those_of_the_parts():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((4, 3))
    w = {"W": rng.standard_normal((3, 3)), "b": rng.standard_normal(3)}
    y = Twice().rule("numpy").fn(Twice(), NumpyKit(), x, **w)
    first = x @ w["W"].T + w["b"]
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-(first @ w["W"].T + w["b"]))), rtol=1e-14)
    assert Twice().weights(Spec((4, 3))).keys() == {"W", "b"}


def test_the_bound_is_that_of_the_parts_one_after_the_other():
    rng = np.random.default_rng(6)
    x = rng.standard_normal((4, 3)).astype(np.float32)
    whole = graph_of(Twice(), 4, 3)
    weights = {"net/W": rng.standard_normal((3, 3)), "shared/b": rng.standard_normal(3)}
    one = Reference.of(whole, {"x": x}, weights).tensors["net"]
    many = Reference.of(lowered(whole, "numpy-parts"), {"x": x}, weights).tensors["net"]
    np.testing.assert_array_equal(one.value, many.value)
    np.testing.assert_allclose(one.bound, many.bound, rtol=1e-6)
    assert (one.bound > 5 * 2.0**-24).all()  # more than the last part's own


def test_a_carried_error_goes_through_all_parts():
    x, w = np.ones((1, 3)), {"W": np.eye(3), "b": np.zeros(3)}
    y = Twice().rule("numpy").fn(Twice(), NumpyKit(), x, **w)
    e = Twice().rule("carry").fn(Twice(), NumpyKit(), y, np.full((1, 3), 1e-3), x, **w)
    np.testing.assert_allclose(e, 1e-3 / 4)


def test_gaps_of_parts_are_gaps_of_the_whole():
    strided = graph_of(SeparableConv2D(filters=4, kernel=(3, 2), stride=(1, 2)), 2, 3, 5, 6)
    node, why = first_gap(strided, "keras", "keras-tensorflow")
    assert (node.name, "equal strides" in why) == ("net", True)
    assert first_gap(strided, "keras", "keras-jax") is None
    assert first_gap(strided, "onnx", "onnxruntime") is None


def test_the_gap_of_a_part_says_which(monkeypatch):
    monkeypatch.setattr(Sigmoid, "gaps", {})
    Sigmoid.unsupported("onnx", why="it is left out here")
    node, why = first_gap(graph_of(Twice(), 4, 3), "onnx", "onnxruntime")
    assert (node.name, why) == ("net", "it is made of Sigmoid there: it is left out here")


def test_parts_that_disagree_on_a_weight_are_refused():
    with pytest.raises(ValueError, match=r"W has shape \(3, 5\) and, in second, \(2, 3\)"):
        Odd().infer(Spec((4, 5)))


def test_shapes_that_do_not_fit_a_part_are_bad_input():
    with pytest.raises(BadInput, match="no window fits"):
        graph_of(SeparableConv2D(filters=4, kernel=9), 2, 3, 5, 6)
