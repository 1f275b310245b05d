"""Unit probes: each layer by itself, on inputs that show its mistakes."""

from itertools import pairwise

import numpy as np
import pytest

from parity.graph import Graph
from parity.judge.bound import Reference
from parity.judge.effects import joined, reaches
from parity.judge.power import power
from parity.judge.probe import Drawing, grown, probe_of
from parity.judge.regimes import weights_of
from parity.layers import Layer, Spec
from parity.node import Node
from tests.judge.conftest import Net, node


def probed(layer, *specs, seed=1):
    """Inputs of the probe of one layer."""
    names = tuple(f"i{k}" for k in range(len(specs)))
    graph = Graph(dict(zip(names, specs, strict=True)), (Node("n", layer, names, {}),), ("n",))
    weights = {f"n/{k}": w for k, w in weights_of(layer, specs, "w").items()}
    found = probe_of(graph, weights, seed)
    assert found is not None
    assert list(found[0].weights.items()) == list(graph.weights.items())
    return list(found[1].values())


def layer(name, **parameters):
    return Layer.registry[name](**parameters)


def test_pieces_keep_names_and_weights(net):
    graph, inputs = probe_of(net.graph, net.weights, 3)
    assert [n.name for n in graph.nodes] == ["conv", "bn", "fc1", "fc2"]  # those with weights
    assert list(inputs) == ["conv_x", "bn_x", "fc1_x", "fc2_x"]
    assert graph.outputs == graph.taps == ("conv", "bn", "fc1", "fc2")
    assert {k: w.shape for k, w in graph.weights.items()} == {k: w.shape for k, w in net.graph.weights.items()}
    assert all(len(s) == 1 for s, _ in graph.stretches())
    assert {k: len(v) for k, v in inputs.items()} == dict.fromkeys(inputs, 4)


def test_shared_weights_stay_shared():
    nodes = (
        Node("a", layer("Linear", units=5), ("x",), {"W": "table"}),
        Node("b", layer("Linear", units=5), ("a",), {"W": "table"}),
    )
    graph = Graph({"x": Spec((2, 5))}, nodes, ("b",))
    weights = {k: np.ones(w.shape, np.float32) for k, w in graph.weights.items()}
    assert set(probe_of(graph, weights, 1)[0].weights) == {"table", "a/b", "b/b"}


def test_names_that_are_taken_are_left_alone():
    nodes = (node("a", "Linear", "a_x", units=5), node("a_x_", "ReLU", "a"))
    made = Net.of({"a_x": (2, 3)}, nodes, ("a_x_",))
    assert list(probe_of(made.graph, made.weights, 1)[1]) == ["a_x__"]


def test_a_network_without_anything_to_probe():
    made = Net.of({"x": (2, 3)}, (node("r", "ReLU", "x"),), ("r",))
    assert probe_of(made.graph, {}, 1) is None


def test_the_same_seed_the_same_numbers():
    linear = layer("Linear", units=3)
    one, two, three = (probed(linear, Spec((2, 5)), seed=s)[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != three).all()


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "batch"),
    [
        ("Linear", {"units": 3}, [(1, 7)], 4),
        ("Linear", {"units": 3}, [(6, 7)], 6),
        ("PReLU", {"shared_axes": ()}, [(1, 7)], 4),
        ("Scale", {"axis": 0}, [(2, 7)], 2),  # the first axis is no batch
        ("Bilinear", {"units": 3}, [(2, 4), (2, 5)], 4),
    ],
)
def test_more_samples_where_the_first_axis_is_the_batch(name, parameters, shapes, batch):
    found = grown(layer(name, **parameters), tuple(map(Spec, shapes)))
    assert [s.shape for s in found] == [(batch, *shape[1:]) for shape in shapes]


def test_batch_norm_is_far_from_its_mean():
    bn, spec = layer("BatchNorm", epsilon=1e-5), Spec((2, 3, 5, 4))
    (x,) = probed(bn, spec)
    w = weights_of(bn, (spec,), "w")
    away = np.abs(x - w["mean"].reshape(1, 3, 1, 1)).mean((0, 2, 3))
    assert (away > 3 * np.abs(w["mean"])).all()


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm"])
def test_norms_see_small_samples_beside_normal_ones(name):
    more = {"groups": 2} if name == "GroupNorm" else {}
    (x,) = probed(layer(name, epsilon=1e-5, **more), Spec((2, 4, 6, 5)))
    assert np.abs(x[::2]).max() > 1
    assert np.abs(x[1::2]).max() < 0.1


@pytest.mark.parametrize(
    ("name", "parameters", "points"),
    [
        ("ClippedReLU", {"max": 20.0}, (0, 20)),
        ("Clip", {"min": -3.0, "max": 90.0}, (-3, 90)),
        ("ThresholdedReLU", {"alpha": 5.0}, (5,)),
        ("HardSigmoid", {"alpha": 0.01}, (-50, 50)),
        ("HardSiLU", {}, (-3, 3)),
        ("Shrink", {"lambd": 4.0}, (-4, 4)),
        ("Threshold", {"threshold": 7.0, "default_value": 1.0}, (7,)),
        ("SparsePlus", {}, (-1, 1)),
        ("LeakyReLU", {"alpha": 0.1}, (0,)),
        ("ELU", {}, (0,)),
        ("SELU", {}, (0,)),
        ("CELU", {}, (0,)),
    ],
)
def test_beyond_every_point_at_which_a_function_bends(name, parameters, points):
    (x,) = probed(layer(name, **parameters), Spec((3, 4, 5, 6)))
    edges = [-np.inf, *points, np.inf]
    counts = [int(((x > a) & (x < b)).sum()) for a, b in pairwise(edges)]
    assert min(counts) > 10


def test_every_slope_sees_a_negative_number():
    (x,) = probed(layer("PReLU", shared_axes=()), Spec((1, 50)))
    assert (x < 0).any(0).all()
    assert (x > 0).any(0).all()


def test_gelu_and_local_response_norm():
    (x,) = probed(layer("GELU", approximate=True), Spec((1, 3, 4)))
    assert np.abs(x).min() >= 0.1
    assert np.abs(x).max() <= 3
    (x,) = probed(layer("LocalResponseNorm", n=5, k=2, alpha=1e-4, beta=0.75), Spec((1, 7, 30, 30)))
    assert 10 < np.abs(x).mean() < 100


@pytest.mark.parametrize("name", ["MaxPool2D", "AveragePool2D"])
def test_pooling_with_padding_sees_samples_below_zero(name):
    more = {"count_include_pad": True} if name == "AveragePool2D" else {"cover_all": False}
    (x,) = probed(layer(name, kernel=3, stride=2, pad=1, **more), Spec((1, 2, 7, 8)))
    assert (x[::2] <= 0).all()
    assert (x[1::2] >= 0).all()
    graph = Graph({"x": Spec((1, 2, 7, 8))}, (Node("p", layer(name, kernel=3, stride=2, **more), ("x",), {}),), ("p",))
    assert probe_of(graph, {}, 1) is None  # without padding there is nothing to show


@pytest.mark.parametrize("shape", [(1, 2), (3, 7), (30,), (2, 50)])
def test_all_rows_of_a_table_are_read(shape):
    (x,) = probed(layer("Embedding", vocabulary=29, units=2), Spec(shape, "int32"))
    assert set(x.reshape(-1).tolist()) == set(range(29))
    assert x.shape[1:] == shape[1:]


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN", "NStep", "Bidirectional"])
def test_recurrent_layers_run_five_steps(name):
    inner = {"layer": "LSTM", "units": 3, "initial_state": True, "lengths": True}
    if name in ("NStep", "Bidirectional"):
        made = layer(name, inner=inner, **({"layers": 2} if name == "NStep" else {}))
    else:
        more = {"reset_after": True} if name == "GRU" else {}
        made = layer(name, units=3, initial_state=True, lengths=True, **more)
    state = Spec((2, 1, 3) if name == "NStep" else (1, 3))
    states = [state] * sum("0" in i for i in made.inputs)
    x, *first, lengths = probed(made, Spec((1, 2, 4)), *states, Spec((1,), "int32"))
    assert x.shape == (4, 5, 4)
    assert all(f.shape[-2:] == (4, 3) and np.abs(f).min() > 0 for f in first)
    assert lengths.tolist() == [5, 4, 3, 2]


def test_no_product_of_a_long_sum_drowns():
    """9216 = 256·6·6 features, as AlexNet's: dense inputs hide one weight in eight."""
    linear, spec = layer("Linear", units=2), Spec((1, 9216))
    made = Net.of({"x": spec.shape}, (Node("fc", linear, ("x",), {}),), ("fc",))
    graph, inputs = probe_of(made.graph, made.weights, 1)
    alone = power(reaches(made.reference))["0.01"]
    with_probe = power(reaches(Reference.of(graph, inputs, made.weights)))["0.01"]
    assert alone < 0.8
    assert with_probe > 0.95


def test_what_stands_behind_dead_rectifiers_is_seen():
    nodes = (node("fc1", "Linear", "x", units=6), node("relu", "ReLU", "fc1"), node("fc2", "Linear", "relu", units=3))
    made = Net.of({"x": (5, 4)}, nodes, ("fc2",))
    weights = made.weights | {"fc1/b": np.full(6, -100, np.float32)}
    own = reaches(Reference.of(made.graph, made.reference.inputs, weights))
    assert power(own)["dead"]["fc2/W"]["count"] == 18
    graph, inputs = probe_of(made.graph, weights, 1)
    found = power(joined(own, reaches(Reference.of(graph, inputs, weights))))
    assert found["dead"] == {}
    assert found["0.01"] == 1


def test_usual_inputs():
    d = Drawing(layer("Identity"), [Spec((8, 50)), Spec((4, 30), "int32"), Spec((4, 9), "bool")], "k")
    x, i, b = d.usual()
    scales = np.abs(x).mean(1)
    np.testing.assert_allclose(scales[4:], scales[:4], rtol=0.5)
    assert scales[2] > 2 * scales[0] > 4 * scales[3] > 8 * scales[1] / 2
    assert (i.dtype, set(i.reshape(-1).tolist())) == (np.int32, set(range(7)))
    assert b.dtype == bool
    assert 0 < b.sum() < b.size
