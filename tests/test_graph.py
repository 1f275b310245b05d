"""Graphs: order, what is refused, where engines are tapped, what is judged together."""

import json
import random
from pathlib import Path

import pytest

from parity.case.case import find, load
from parity.errors import BadInput
from parity.graph import LIMIT, Graph, Node
from parity.layers import Layer, Spec

X = {"x": Spec((2, 4, 9, 8))}


def node(name, layer, *inputs, weights=None, stated=None, **parameters):
    return Node(name, Layer.registry[layer](**parameters), inputs, weights or {}, stated)


def conv(name, source, **more):
    return node(name, "Conv2D", source, filters=4, kernel=3, pad=1, **more)


def bn(name, source):
    return node(name, "BatchNorm", source, epsilon=1e-5)


def names(graph):
    return [n.name for n in graph.nodes]


def stretches(graph):
    return [(tuple(n.name for n in nodes), tapped) for nodes, tapped in graph.stretches()]


# Order.


def chain(n):
    return [node(f"r{i}", "ReLU", f"r{i - 1}" if i else "x") for i in range(n)]


def test_nodes_come_after_what_they_read():
    nodes = [node("sum", "Add", "b", "a"), node("b", "ReLU", "a"), node("a", "ReLU", "x")]
    assert names(Graph(X, tuple(nodes), ("sum",))) == ["a", "b", "sum"]


def test_a_good_order_stays():
    nodes = [node("b", "ReLU", "x"), node("a", "ReLU", "x"), node("d", "Add", "a", "b"), node("c", "ReLU", "x")]
    assert names(Graph(X, tuple(nodes), ("d",))) == ["b", "a", "d", "c"]


@pytest.mark.parametrize("seed", range(5))
def test_any_order_gives_one_that_works(seed):
    nodes = [*chain(30), *(node(f"s{i}", "Add", f"r{i}", f"r{i + 7}") for i in range(20))]
    random.Random(seed).shuffle(nodes)
    graph = Graph(X, tuple(nodes), ("s3",))
    made = set(X)
    for n in graph.nodes:
        assert set(n.inputs) <= made
        made |= set(n.outputs)
    assert len(graph.nodes) == 50


def test_a_net_deeper_than_pythons_stack():
    assert names(Graph(X, tuple(reversed(chain(3000))), ("r2999",)))[:2] == ["r0", "r1"]


# What is refused.


def refused(nodes, outputs=("c",), inputs=X):
    with pytest.raises(BadInput) as error:
        Graph(inputs, tuple(nodes), outputs)
    return error.value


def test_a_cycle_is_named():
    error = refused([node("a", "ReLU", "c"), node("b", "ReLU", "a"), node("c", "ReLU", "b"), node("d", "ReLU", "c")])
    assert "circle" in error.message
    assert all(name in error.message for name in "abc")
    assert "d" not in error.message.partition("circle")[2].replace("reads", "")
    assert error.path.startswith("layers.")


def test_a_node_that_reads_itself():
    assert "circle: c" in refused([node("c", "ReLU", "c")]).message


def test_an_unknown_tensor():
    error = refused([node("c", "ReLU", "lstm")])
    assert error.path == "layers.c.from"
    assert "unknown tensor 'lstm'" in error.message
    assert "x" in error.message.partition("there are")[2]


def test_an_unknown_output():
    error = refused([node("c", "ReLU", "x")], outputs=("c", "d"))
    assert error.path.startswith("outputs")
    assert "unknown tensor 'd'" in error.message


def test_names_that_stand_twice():
    assert "'c' stands twice" in refused([node("c", "ReLU", "x"), node("c", "Tanh", "x")]).message
    assert "'x' stands twice" in refused([node("x", "ReLU", "x")], outputs=("x",)).message
    inputs = {"x": Spec((2, 3, 4)), "c.h": Spec((2, 3))}
    assert "'c.h' stands twice" in refused([node("c", "LSTM", "x", units=2)], inputs=inputs).message


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (node("c", "ReLU", "x", "x"), "ReLU reads 1 tensors, found 2"),
        (node("c", "Sub", "x"), "Sub reads 2 tensors, found 1"),
        (node("c", "Add", "x"), "Add reads two or more tensors, found 1"),
    ],
)
def test_a_wrong_number_of_inputs(made, message):
    error = refused([made])
    assert (error.path, error.message) == ("layers.c.from", message)


def test_a_size_that_does_not_fit_names_the_layer_and_the_parameter():
    error = refused([node("c", "Conv2D", "x", filters=3, kernel=10)])
    assert error.path == "layers.c.kernel"
    assert error.message.startswith("Conv2D: ")
    assert "(9 + 0 − 10) / 1 + 1" in error.message


def test_a_stated_shape_that_is_not_so():
    graph = Graph(X, (conv("c", "x", stated=(2, 4, 9, 8)),), ("c",))
    assert graph.specs["c"].shape == (2, 4, 9, 8)
    error = refused([conv("c", "x", stated=(2, 4, 9, 9))])
    assert error.path == "layers.c.output_shape"
    assert "gives [2, 4, 9, 8], the case states [2, 4, 9, 9]" in error.message


@pytest.mark.parametrize(
    ("inputs", "made", "path"),
    [
        ({"x": Spec((10**6, 10**6))}, node("c", "ReLU", "x"), "inputs.x.shape"),
        ({"x": Spec((2, 3))}, node("c", "Linear", "x", units=LIMIT), "layers.c"),
        ({"x": Spec((2, 46341, 1, 1))}, node("c", "Conv2D", "x", filters=46341, kernel=1), "layers.c"),
        (
            {"x": Spec((2, 1, 30000, 2))},
            node("c", "ConvTranspose2D", "x", filters=9, kernel=(1, 99999), stride=9),
            "layers.c",
        ),
    ],
)
def test_tensors_that_would_not_fit(inputs, made, path):
    error = refused([made], inputs=inputs)
    assert error.path == path
    assert "elements, at most 2,147,483,648 are accepted" in error.message


def test_the_largest_that_fits():
    assert Graph({"x": Spec((2**15, 2**16))}, (node("c", "ReLU", "x"),), ("c",)).specs["c"].shape == (2**15, 2**16)


# Weights.


def test_shared_weights_are_one():
    nodes = (
        node("a", "Linear", "x", units=5, weights={"W": "table", "b": "a/b"}),
        node("b", "Linear", "a", units=5, weights={"W": "table"}),
    )
    graph = Graph({"x": Spec((2, 5))}, nodes, ("b",))
    assert list(graph.weights) == ["table", "a/b", "b/b"]
    assert graph.parameter_count == 25 + 5 + 5


def test_shared_weights_of_different_shape():
    nodes = [
        node("a", "Linear", "x", units=5, weights={"W": "table"}),
        node("c", "Linear", "a", units=4, weights={"W": "table"}),
    ]
    error = refused(nodes, inputs={"x": Spec((2, 3))})
    assert error.path == "layers.c.weights.W"
    assert error.message == "table has shape [5, 3] elsewhere and [4, 5] here"


def test_a_weight_that_the_layer_does_not_have():
    error = refused([node("c", "Linear", "x", units=5, bias=False, weights={"b": "other"})])
    assert error.path == "layers.c.weights.b"
    assert "Linear has no weight 'b' here; it has W" in error.message
    assert "it has none" in refused([node("c", "ReLU", "x", weights={"W": "other"})]).message


# Taps and stretches.


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


# What is shipped.


@pytest.fixture(scope="module")
def shipped():
    root = Path(__file__).resolve().parents[1] / "cases"
    return [case for file, base in find([root]) for case in load(file, base)]


def test_every_graph_survives_json(shipped):
    assert len(shipped) > 150
    for case in shipped:
        text = json.dumps(case.graph.to_json(), allow_nan=False)
        back = Graph.from_json(json.loads(text))
        assert back.to_json() == case.graph.to_json()
        assert (back.specs, back.weights, back.taps) == (case.graph.specs, case.graph.weights, case.graph.taps)
        assert [n.layer for n in back.nodes] == [n.layer for n in case.graph.nodes]


def test_every_tapped_tensor_is_judged_once(shipped):
    for case in shipped:
        judged = [t for _, tapped in case.graph.stretches() for t in tapped]
        assert sorted(judged) == sorted(case.graph.taps)
        nodes = [n.name for stretch, _ in case.graph.stretches() for n in stretch]
        assert sorted(nodes) == sorted(names(case.graph))


@pytest.mark.parametrize(
    ("case", "count"), [("seeds/mnist_mlp", 669_706), ("seeds/dcgan_generator", 3_587_267), ("seeds/two_linears", 23)]
)
def test_parameter_counts_that_are_known(case, count, shipped):
    (found,) = [c for c in shipped if c.id == case]
    assert found.graph.parameter_count == count
