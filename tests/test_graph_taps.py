"""Where engines are tapped, and what is judged together."""

import pytest

from parity.graph import Graph, Node
from parity.layers import Layer, Spec

X = {"x": Spec((2, 4, 9, 8))}


def node(name, layer, *inputs, weights=None, stated=None, **parameters):
    return Node(name, Layer.registry[layer](**parameters), inputs, weights or {}, stated)


def conv(name, source, **more):
    return node(name, "Conv2D", source, filters=4, kernel=3, pad=1, **more)


def bn(name, source):
    return node(name, "BatchNorm", source, epsilon=1e-5)


def stretches(graph):
    return [(tuple(n.name for n in nodes), tapped) for nodes, tapped in graph.stretches()]


def test_a_batch_norm_behind_a_convolution_is_judged_with_it():
    graph = Graph(X, (conv("c", "x"), bn("n", "c"), node("r", "ReLU", "n")), ("r",))
    assert graph.taps == ("n", "r")
    assert stretches(graph) == [(("c", "n"), ("n",)), (("r",), ("r",))]


@pytest.mark.parametrize("name", ["Linear", "ConvTranspose2D", "DepthwiseConv2D"])
def test_other_linear_layers_are_folded_too(name):
    parameters = {"Linear": {"units": 3}, "ConvTranspose2D": {"filters": 3, "kernel": 2}}
    first = node("c", name, "x", **parameters.get(name, {"multiplier": 2, "kernel": 2}))
    assert Graph(X, (first, bn("n", "c")), ("n",)).taps == ("n",)


def test_a_convolution_with_two_readers_is_tapped():
    graph = Graph(X, (conv("c", "x"), bn("n", "c"), node("s", "Add", "n", "c")), ("s",))
    assert graph.taps == ("c", "n", "s")
    assert stretches(graph) == [(("c",), ("c",)), (("n",), ("n",)), (("s",), ("s",))]


def test_a_convolution_read_by_two_norms_is_tapped():
    graph = Graph(X, (conv("c", "x"), bn("n", "c"), bn("m", "c"), node("s", "Add", "n", "m")), ("s",))
    assert "c" in graph.taps


def test_a_convolution_that_is_an_output_is_tapped():
    graph = Graph(X, (conv("c", "x"), bn("n", "c")), ("n", "c"))
    assert graph.taps == ("c", "n")
    assert stretches(graph) == [(("c",), ("c",)), (("n",), ("n",))]


def test_a_norm_that_follows_anything_else_stands_alone():
    graph = Graph(X, (conv("c", "x"), node("r", "ReLU", "c"), bn("n", "r"), bn("m", "n")), ("m",))
    assert graph.taps == ("c", "r", "n", "m")
    assert [n for n, _ in stretches(graph)] == [("c",), ("r",), ("n",), ("m",)]


def test_two_branches_keep_their_own_convolution():
    nodes = (conv("a", "x"), conv("b", "x"), bn("bn_b", "b"), bn("bn_a", "a"), node("s", "Add", "bn_a", "bn_b"))
    graph = Graph(X, nodes, ("s",))
    assert stretches(graph) == [(("b", "bn_b"), ("bn_b",)), (("a", "bn_a"), ("bn_a",)), (("s",), ("s",))]


def test_all_outputs_of_a_layer_are_tapped():
    graph = Graph({"x": Spec((2, 3, 4))}, (node("l", "LSTM", "x", units=5),), ("l.c",))
    assert graph.taps == ("l", "l.h", "l.c")
    assert stretches(graph) == [(("l",), ("l", "l.h", "l.c"))]
    assert graph.specs["l.c"] == Spec((2, 5))
