"""References and bounds: layer by layer, over stretches, and what they let through."""

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.graph import Graph, Node
from parity.judge.bound import KIT, Judged, Reference, as_exact, evaluate, node_weights
from parity.layers import Layer, Spec
from parity.precision import FLOAT32

U = FLOAT32.u


def layer(name, **parameters):
    return Layer.registry[name](**parameters)


def drawn(graph, key="w"):
    """Network weight name → float32; variances between 0.5 and 2."""
    kinds = {"variance": Distribution("uniform", 1.25, 0.75), "gamma": Distribution("uniform", 1.0, 0.5)}
    default = Distribution("normal", 0.0, 0.3)
    return {n: draw(kinds.get(w.role, default), w.shape, "float32", key, n) for n, w in graph.weights.items()}


def conv_bn(epsilon=2e-5):
    """Convolution, BatchNorm, ReLU: the first two are one stretch."""
    nodes = (
        Node("conv", layer("Conv2D", filters=6, kernel=(3, 2)), ("x",), {}),
        Node("bn", layer("BatchNorm", epsilon=epsilon), ("conv",), {}),
        Node("relu", layer("ReLU"), ("bn",), {}),
    )
    return Graph({"x": Spec((3, 4, 9, 8))}, nodes, ("relu",))


def test_bound_is_c_u_m():
    node = Node("tanh", layer("Tanh"), ("x",), {})
    x = np.array([[0.5, -2.0]])
    (found,) = evaluate(node, [Judged(x, None)], {})
    np.testing.assert_array_equal(found.value, np.tanh(x))
    np.testing.assert_allclose(found.bound, 9.5 * U * np.abs(np.tanh(x)) + FLOAT32.tiny, rtol=1e-15)


def test_errors_that_come_in_are_added():
    node = Node("tanh", layer("Tanh"), ("x",), {})
    x, e = np.array([[0.5, -2.0]]), np.array([[1e-6, 0.0]])
    (alone,), (fed,) = evaluate(node, [Judged(x, None)], {}), evaluate(node, [Judged(x, e)], {})
    assert fed.bound[0, 1] == alone.bound[0, 1]
    assert fed.bound[0, 0] - alone.bound[0, 0] == pytest.approx(1e-6 * (1 - np.tanh(0.5) ** 2), rel=1e-5)


def test_an_exact_layer_has_no_bound_until_something_comes_in():
    node = Node("relu", layer("ReLU"), ("x",), {})
    x = np.array([[0.5, -2.0]])
    assert evaluate(node, [Judged(x, None)], {})[0].bound is None
    assert evaluate(node, [Judged(x, np.full((1, 2), 1e-3))], {})[0].bound.tolist() == [[1e-3, 0.0]]


def test_one_exact_input_of_two():
    node = Node("add", layer("Add"), ("a", "b"), {})
    a, b = np.array([[1.0]]), np.array([[2.0]])
    (found,) = evaluate(node, [Judged(a, None), Judged(b, np.array([[0.25]]))], {})
    assert found.bound.item() == pytest.approx(2 * U * 3 + 0.25, rel=1e-12)


def test_several_outputs_have_bounds_of_their_own():
    node = Node("lstm", layer("LSTM", units=3), ("x",), {})
    graph = Graph({"x": Spec((2, 4, 5))}, (node,), ("lstm",))
    weights = {k.split("/")[1]: w.astype(np.float64) for k, w in drawn(graph).items()}
    x = draw(Distribution(), (2, 4, 5), "float64", "x")
    y, h, c = evaluate(node, [Judged(x, None)], weights)
    np.testing.assert_array_equal(y.bound[:, -1], h.bound)
    assert c.bound.shape == (2, 3)
    assert (y.bound[:, 1:] > 0).all()


def test_a_bound_that_is_no_number_allows_nothing():
    node = Node("bn", layer("BatchNorm", epsilon=0), ("x",), {})
    zero, one = np.zeros(1), np.ones(1)
    weights = {"mean": one, "var": zero, "gamma": zero, "beta": zero}  # 0·inf
    (found,) = evaluate(node, [Judged(np.array([[1.0]]), None)], weights)
    assert np.isnan(found.value).all()
    assert found.bound.tolist() == [[0.0]]


def test_floats_become_float64_and_indices_stay():
    assert as_exact(np.ones(2, np.float32)).dtype == np.float64
    assert as_exact(np.ones(2, np.int32)).dtype == np.int32


def test_reference_of_a_graph():
    graph = conv_bn()
    weights, x = drawn(graph), draw(Distribution(), (3, 4, 9, 8), "float32", "x")
    reference = Reference.of(graph, {"x": x}, weights)
    assert set(reference.tensors) == {"x", "conv", "bn", "relu"}
    exact = {k: w.astype(np.float64) for k, w in weights.items()}
    assert {k: v.dtype.name for k, v in reference.weights.items()} == dict.fromkeys(weights, "float64")
    before = Judged(x.astype(np.float64), None)
    for node in graph.nodes:
        (before,) = evaluate(node, [before], node_weights(graph, node, exact))
        np.testing.assert_array_equal(reference.tensors[node.name].value, before.value)
        np.testing.assert_array_equal(reference.tensors[node.name].bound, before.bound)


def test_stretch_starts_from_what_the_engine_had():
    graph = conv_bn()
    weights, x = drawn(graph), draw(Distribution(), (3, 4, 9, 8), "float32", "x")
    reference = Reference.of(graph, {"x": x}, weights)
    (conv, bn), (relu,) = (nodes for nodes, _ in graph.stretches())
    first = reference.stretch((conv, bn), {})
    assert set(first) == {"conv", "bn"}
    np.testing.assert_array_equal(first["bn"].value, reference.tensors["bn"].value)
    np.testing.assert_array_equal(first["bn"].bound, reference.tensors["bn"].bound)
    tap = np.full((3, 6, 7, 7), -3, np.float32)
    tap[0, 0] = 2
    second = reference.stretch((relu,), {"bn": tap})["relu"]
    np.testing.assert_array_equal(second.value, np.maximum(tap, 0))
    assert second.bound is None  # what the engine had is no error of the next layer


def fold(weights, epsilon, dtype=np.float32):
    """What runtimes make of a convolution and its BatchNorm, in float32 as they do."""
    w = {k: v.astype(dtype) for k, v in weights.items()}
    scale = w["bn/gamma"] / np.sqrt(w["bn/var"] + dtype(epsilon))
    W = w["conv/W"] * scale.reshape(-1, 1, 1, 1)
    return W, (w["conv/b"] - w["bn/mean"]) * scale + w["bn/beta"]


def error_over_bound(reference, x, W, b):
    conv = layer("Conv2D", filters=6, kernel=(3, 2))
    made = conv.rule("numpy").fn(conv, KIT, x, W, b)
    assert made.dtype == np.float32
    expected = reference.tensors["bn"]
    return float((np.abs(made - expected.value) / expected.bound).max())


@pytest.mark.parametrize("regime", ["normal", "uniform", "wide", "ties"])
def test_a_folded_batch_norm_is_inside_the_composed_bound(regime):
    graph = conv_bn()
    weights, x = drawn(graph), draw(Distribution(regime), (3, 4, 9, 8), "float32", "x")
    reference = Reference.of(graph, {"x": x}, weights)
    assert 0.01 < error_over_bound(reference, x, *fold(weights, 2e-5)) < 0.5


def test_a_folded_batch_norm_with_another_epsilon_is_not():
    graph = conv_bn(2e-5)
    weights = drawn(graph)
    weights["bn/var"] *= np.float32(0.1)  # as after a convolution whose outputs are small
    x = draw(Distribution(), (3, 4, 9, 8), "float32", "x")
    reference = Reference.of(graph, {"x": x}, weights)
    assert error_over_bound(reference, x, *fold(weights, 2e-5)) < 0.5
    assert error_over_bound(reference, x, *fold(weights, 1e-5)) > 1
    assert error_over_bound(reference, x, *fold(weights, 1e-3)) > 50


def test_the_carried_bound_of_a_deep_net_holds_and_stays_useful():
    """Ten Linear and Tanh: float32 arithmetic against the bound at the end, which must not explode."""
    nodes, before = [], "x"
    for i in range(10):
        nodes += [
            Node(f"l{i}", layer("Linear", units=30 + i), (before,), {}),
            Node(f"t{i}", layer("Tanh"), (f"l{i}",), {}),
        ]
        before = f"t{i}"
    graph = Graph({"x": Spec((5, 40))}, tuple(nodes), (before,))
    weights, x = drawn(graph), draw(Distribution(), (5, 40), "float32", "x")
    end = Reference.of(graph, {"x": x}, weights).tensors[before]
    y = x
    for i in range(10):
        y = np.tanh(y @ weights[f"l{i}/W"].T + weights[f"l{i}/b"])
    assert (np.abs(y - end.value) <= end.bound).all()
    assert end.bound.max() < 1e-2
    weights["l0/W"][0, 0] *= np.float32(1.01)
    y = x
    for i in range(10):
        y = np.tanh(y @ weights[f"l{i}/W"].T + weights[f"l{i}/b"])
    assert (np.abs(y - end.value) / end.bound).max() > 5
