"""The copy certificate: it holds for a faithful framework, and sees everything that one can do to weights."""

import json
from dataclasses import replace

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.engines.base import assignments, certificate, to_targets
from parity.graph import Graph, Node
from parity.layers import Layer, Spec

DIALECTS = ("chainer", "keras", "onnx")


def layer(name, **parameters):
    return Layer.registry[name](**parameters)


def drawn(graph):
    return {n: draw(Distribution(), w.shape, "float32", "w", n) for n, w in graph.weights.items()}


def net():
    """Convolution, BatchNorm, an LSTM with two biases (Keras adds them), a GRU with one, a shared Linear."""
    nodes = (
        Node("conv", layer("Conv2D", filters=6, kernel=(3, 2)), ("image",), {}),
        Node("bn", layer("BatchNorm", epsilon=1e-5), ("conv",), {}),
        Node("relu", layer("ReLU"), ("bn",), {}),
        Node("lstm", layer("LSTM", units=4, recurrent_bias=True), ("words",), {}),
        Node("gru", layer("GRU", units=4, reset_after=True), ("lstm",), {}),
        Node("one", layer("Linear", units=4), ("gru",), {"W": "shared"}),
        Node("two", layer("Linear", units=4), ("one",), {"W": "shared"}),
    )
    return Graph({"image": Spec((2, 4, 9, 8)), "words": Spec((3, 7, 5))}, nodes, ("relu", "two"))


def faithful(graph, dialect, weights):
    """What a framework holds that took everything as it was sent."""
    return {n: {t: a.copy() for t, a in arrays.items()} for n, arrays in to_targets(graph, dialect, weights).items()}


@pytest.fixture(params=DIALECTS)
def dialect(request):
    return request.param


def test_a_faithful_copy_is_proven(dialect):
    graph = net()
    weights = drawn(graph)
    proof = certificate(graph, dialect, weights, faithful(graph, dialect, weights))
    assert (proof["ok"], proof["problems"]) == (True, [])
    assert all(row["ok"] for row in proof["rows"])
    proven = {(r["node"], r["weight"]) for r in proof["rows"] if r["proof"] != "zeros"}
    used = {(n.name, n.weight_name(w)) for n in graph.nodes for w in graph.node_weights(n)}
    assert proven == used  # every weight at every use, the shared one twice
    json.dumps(proof, allow_nan=False)


def test_rows_tell_where_from_and_where_to():
    graph = net()
    weights = drawn(graph)
    rows = certificate(graph, "keras", weights, faithful(graph, "keras", weights))["rows"]
    row = next(r for r in rows if r["weight"] == "conv/W")
    assert (row["from"], row["to"], row["target"]) == ("o i h w", "h w i o", "kernel")
    assert (row["shape"], row["proof"], len(row["hash"])) == ([3, 2, 4, 6], "inverse", 16)
    assert {r["proof"] for r in rows if r["node"] == "lstm" and r["target"] == "bias"} == {"map"}  # b + rb
    assert {r["proof"] for r in rows if r["node"] == "lstm" and r["target"] != "bias"} == {"inverse"}


def problems(graph, dialect, weights, held):
    proof = certificate(graph, dialect, weights, held)
    assert proof["ok"] is (not proof["problems"])
    return proof["problems"]


def test_any_changed_element_is_seen(dialect):
    graph = net()
    weights = drawn(graph)
    for node, arrays in to_targets(graph, dialect, weights).items():
        for target, array in arrays.items():
            for at in {0, array.size // 2, array.size - 1}:
                held = faithful(graph, dialect, weights)
                held[node][target].flat[at] += 1
                (problem, *_) = problems(graph, dialect, weights, held)
                assert problem.startswith(f"{node}: {target} does not hold what was sent (")


def test_a_weight_that_was_not_copied(dialect):
    graph = net()
    weights = drawn(graph)
    held = faithful(graph, dialect, weights)
    target = next(iter(held["one"]))
    held["one"][target] = np.zeros_like(held["one"][target])
    assert problems(graph, dialect, weights, held) == [f"one: {target} does not hold what was sent (inverse)"]


def test_a_weight_that_is_not_there(dialect):
    graph = net()
    weights = drawn(graph)
    held = faithful(graph, dialect, weights)
    target = next(iter(held["conv"]))
    del held["conv"][target]
    assert problems(graph, dialect, weights, held) == [f"conv: {target} is not there to be copied to"]
    del held["bn"]
    assert len(problems(graph, dialect, weights, held)) == 5


def test_a_weight_copied_to_the_wrong_place(dialect):
    graph = net()
    weights = drawn(graph)
    held = faithful(graph, dialect, weights)
    held["one"], held["two"] = held["two"], held["one"]  # the shared W is the same, the biases are not
    assert len(problems(graph, dialect, weights, held)) == 2
    held = faithful(graph, dialect, weights)
    first, second = list(held["bn"])[:2]
    held["bn"][first], held["bn"][second] = held["bn"][second], held["bn"][first]
    assert len(problems(graph, dialect, weights, held)) == 2


def test_a_transposed_weight(dialect):
    graph = net()
    weights = drawn(graph)
    held = faithful(graph, dialect, weights)
    target = next(t for t, a in held["one"].items() if a.ndim == 2)
    held["one"][target] = held["one"][target].T  # square: the shape says nothing
    assert problems(graph, dialect, weights, held) == [f"one: {target} does not hold what was sent (inverse)"]


def test_a_wrong_shape_is_a_problem_and_no_crash(dialect):
    graph = net()
    weights = drawn(graph)
    held = faithful(graph, dialect, weights)
    target = next(t for t, a in held["conv"].items() if a.ndim == 4)
    held["conv"][target] = held["conv"][target].transpose(3, 2, 1, 0)
    (problem,) = problems(graph, dialect, weights, held)
    assert problem.startswith(f"conv: {target} has shape [")
    assert "what was sent has [" in problem


def test_swapped_gates():
    graph = net()
    weights = drawn(graph)
    held = faithful(graph, "keras", weights)
    i, f, c, o = np.split(held["lstm"]["kernel"], 4, 1)
    held["lstm"]["kernel"] = np.concatenate([i, c, f, o], 1)
    assert problems(graph, "keras", weights, held) == ["lstm: kernel does not hold what was sent (inverse)"]


def test_values_that_nobody_sent(dialect):
    graph = net()
    weights = drawn(graph)
    held = faithful(graph, dialect, weights)
    held["conv"]["extra"] = np.ones(3, np.float32)
    held["relu"] = {"alpha": np.ones(1, np.float32)}
    held["stranger"] = {"W": np.ones(1, np.float32)}
    assert problems(graph, dialect, weights, held) == [
        "stranger holds weights and is no layer of the network",
        "conv: extra holds values that nothing was copied to",
        "relu: alpha holds values that nothing was copied to",
    ]


def test_a_place_that_the_layer_lacks_must_hold_zeros():
    """Chainer's StatelessLSTM has a bias even where the layer has none."""
    node = Node("lstm", layer("LSTM", units=4, bias=False), ("x",), {})
    graph = Graph({"x": Spec((3, 7, 5))}, (node,), ("lstm",))
    weights = drawn(graph)
    held = faithful(graph, "chainer", weights)
    held["lstm"]["upward/b"] = np.zeros(16, np.float32)
    proof = certificate(graph, "chainer", weights, held)
    assert proof["ok"]
    assert [r["target"] for r in proof["rows"] if r["proof"] == "zeros"] == ["upward/b"]
    held["lstm"]["upward/b"][5] = 1
    assert problems(graph, "chainer", weights, held) == ["lstm: upward/b does not hold what was sent (zeros)"]


@pytest.mark.parametrize(("dialect", "target"), [("onnx", "B"), ("keras", "bias")])
def test_the_half_that_nothing_fills_must_hold_zeros(dialect, target):
    """ONNX keeps both biases of a GRU in one array, Keras as two rows; this layer has the first alone."""
    node = Node("gru", layer("GRU", units=4, reset_after=True), ("x",), {})
    graph = Graph({"x": Spec((3, 7, 5))}, (node,), ("gru",))
    weights = drawn(graph)
    held = faithful(graph, dialect, weights)
    assert certificate(graph, dialect, weights, held)["ok"]
    assert not held["gru"][target].reshape(2, 12)[1].any()
    held["gru"][target].reshape(2, 12)[1, 3] = 1
    assert problems(graph, dialect, weights, held) == [f"gru: {target} does not hold what was sent (inverse)"]


def test_summed_biases_are_proven_by_their_sum():
    node = Node("lstm", layer("LSTM", units=4, recurrent_bias=True), ("x",), {})
    graph = Graph({"x": Spec((3, 7, 5))}, (node,), ("lstm",))
    weights = drawn(graph)
    held = faithful(graph, "keras", weights)
    both = (weights["lstm/b"] + weights["lstm/rb"]).ravel()
    np.testing.assert_array_equal(held["lstm"]["bias"], both)
    held["lstm"]["bias"] = weights["lstm/b"].ravel()  # one of the two was lost
    assert problems(graph, "keras", weights, held) == ["lstm: bias does not hold what was sent (map)"]


def test_a_layout_that_loses_a_gate_is_seen(monkeypatch):
    """The target holds just what the layout sends; only reading back shows that this is not all."""
    rule = replace(layer("GRU", units=4, reset_after=False).rule("onnx"), layouts={"W": "W: 1 (g u) i @zr"})
    monkeypatch.setattr(Layer.registry["GRU"], "rules", {"onnx": [rule]})
    node = Node("gru", layer("GRU", units=4, reset_after=False, bias=False), ("x",), {"R": "gru/W"})
    graph = Graph({"x": Spec((3, 7, 4))}, (node,), ("gru",))
    weights = drawn(graph)
    assert problems(graph, "onnx", weights, faithful(graph, "onnx", weights)) == [
        "gru: R has no place",
        "gru: W cannot be read back from where its layout puts it",
    ]


def test_assignments_fill_with_zeros_what_the_layer_lacks():
    node = Node("lstm", layer("LSTM", units=4, bias=False), ("x",), {})
    graph = Graph({"x": Spec((3, 7, 5))}, (node,), ("lstm",))
    sent = to_targets(graph, "chainer", drawn(graph))
    shapes = {"upward/W": (16, 5), "lateral/W": (16, 4), "upward/b": (16,)}
    made = assignments(graph, "chainer", node, sent, shapes)
    assert {t: a.shape for t, a in made.items()} == shapes
    assert not made["upward/b"].any()
    assert set(assignments(graph, "chainer", node, sent, {"upward/W": (16, 5)})) == {"upward/W"}


def test_layers_without_weights_send_nothing(dialect):
    graph = Graph({"x": Spec((2, 3))}, (Node("relu", layer("ReLU"), ("x",), {}),), ("relu",))
    assert to_targets(graph, dialect, {}) == {}
    assert certificate(graph, dialect, {}, {}) == {"ok": True, "problems": [], "rows": []}
