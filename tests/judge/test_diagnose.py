"""The cause of a difference: named, estimated, one of several, or said to be none."""

import dataclasses
import json

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.graph import Graph
from parity.judge.bound import Judged, Reference
from parity.judge.diagnose import diagnose, diagnose_all
from parity.judge.trial import Impossible, Stretch, ratio
from parity.layers import Layer, Spec
from parity.mistakes.wrong import Wrong
from parity.node import Node
from tests.judge.conftest import Net, node


def causes(net, tensors):
    """The diagnosis of what a run gave, by the first node of each stretch."""
    found = diagnose_all(net.reference, net.judged(tensors), {t: tensors[t] for t in net.graph.taps})
    json.dumps([d.to_json() for d in found], allow_nan=False)
    return {d.nodes: d for d in found}


def other(net, name, **parameters):
    node = next(n for n in net.graph.nodes if n.name == name)
    return {name: dataclasses.replace(node.layer, **parameters)}


def first(found):
    [diagnosis] = found.values()
    return diagnosis.causes[0]


def test_nothing_to_say_where_all_is_well(net):
    assert causes(net, net.run()) == {}


@pytest.mark.parametrize(("epsilon", "told"), [(0.0, "0"), (1e-3, "0.001"), (3.7e-4, "0.00037")])
def test_an_epsilon_is_named_known_or_estimated(net, epsilon, told):
    cause = first(causes(net, net.run(layers=other(net, "bn", epsilon=epsilon))))
    assert (cause.node, cause.name) == ("bn", "epsilon")
    assert cause.value == pytest.approx(epsilon, rel=1e-3)
    assert f"{cause.value:.2g}" == told or told in cause.words
    assert cause.ratio <= 1


def test_axis(net):
    cause = first(causes(net, net.run(layers=other(net, "prob", axis=0))))
    assert (cause.node, cause.words) == ("prob", "axis 0 instead of 1")


def test_weights_of_a_folded_pair(net):
    wrong = {"conv/W": net.weights["conv/W"][..., ::-1, ::-1]}
    cause = first(causes(net, net.run(weights=wrong)))
    assert (cause.node, cause.name) == ("conv", "kernel flipped")


def test_every_layer_that_is_wrong_is_diagnosed(net):
    both = other(net, "bn", epsilon=1e-3) | other(net, "prob", axis=0)
    found = causes(net, net.run(layers=both))
    assert {d.causes[0].node for d in found.values()} == {"bn", "prob"}


def test_gates(sequence):
    order = [1, 0, 2, 3]
    wrong = {k: v[order] for k, v in sequence.weights.items() if k.startswith("lstm/")}
    cause = first(causes(sequence, sequence.run(weights=wrong)))
    assert cause.name == "gate order"
    assert "f i c o" in cause.words


def test_transposed_and_reshaped_cannot_be_told_apart_where_they_are_the_same(square):
    wrong = {"fc/W": square.weights["fc/W"].T}
    [diagnosis] = causes(square, square.run(weights=wrong)).values()
    assert diagnosis.causes[0].name == "weight transposed"
    assert all(c.ratio <= 1 for c in diagnosis.causes)


@pytest.mark.parametrize(("weight", "index"), [("fc1/W", (3, 17)), ("fc1/b", (5,)), ("fc2/W", (6, 19))])
def test_one_wrong_element_is_found(net, weight, index):
    wrong = net.weights[weight].copy()
    wrong[index] *= 1.05
    cause = first(causes(net, net.run(weights={weight: wrong})))
    assert cause.name == "one wrong element"
    assert cause.words.startswith(f"{weight.partition('/')[2]}[{', '.join(map(str, index))}] is ")
    assert cause.value == pytest.approx(float(wrong[index]), rel=1e-4)


def test_one_wrong_element_of_a_recurrent_layer(sequence):
    wrong = sequence.weights["lstm/R"].copy()
    wrong[2, 1, 3] += 0.1
    cause = first(causes(sequence, sequence.run(weights={"lstm/R": wrong})))
    assert cause.words.startswith("R[2, 1, 3] is ")


def test_one_wrong_element_of_an_exact_layer():
    graph = Graph({"i": Spec((2, 5), "int32")}, (node("table", "Embedding", "i", vocabulary=6, units=3),), ("table",))
    weights = {"table/W": draw(Distribution(), (6, 3), "float32", "w")}
    indices = np.array([[0, 1, 2, 3, 4], [5, 4, 3, 2, 1]], np.int32)
    net = Net(graph, weights, Reference.of(graph, {"i": indices}, weights))
    wrong = weights["table/W"].copy()
    wrong[4, 1] *= np.float32(1.01)
    cause = first(causes(net, net.run(weights={"table/W": wrong})))
    assert cause.words.startswith("W[4, 1] is ")
    assert cause.ratio == 0


def test_noise_has_no_cause(net):
    def noise(name, array):
        return (
            array + np.float32(0.01) * np.sin(np.arange(array.size), dtype=np.float32).reshape(array.shape)
            if name == "fc1"
            else array
        )

    [diagnosis] = causes(net, net.run(change=noise)).values()
    assert diagnosis.causes == ()
    assert diagnosis.closest is None
    assert diagnosis.complete
    assert diagnosis.tried >= 5


def test_what_takes_most_of_it_away_is_told(net):
    def noise(name, array):
        return (
            array + np.float32(1e-4) * np.sin(np.arange(array.size), dtype=np.float32).reshape(array.shape)
            if name == "fc1"
            else array
        )

    dropped = {"fc1/b": np.zeros_like(net.weights["fc1/b"])}
    [diagnosis] = causes(net, net.run(weights=dropped, change=noise)).values()
    assert diagnosis.causes == ()
    assert diagnosis.closest is not None
    assert diagnosis.closest.name in ("bias dropped", "bias")
    assert 1 < diagnosis.closest.ratio < 0.1 * diagnosis.ratio


def test_patience(net):
    tensors = net.run(layers=other(net, "prob", axis=0))
    [(nodes, tapped)] = [s for s in net.graph.stretches() if s[0][-1].name == "prob"]
    given = {**tensors, **net.reference.inputs}
    stretch = Stretch(net.graph, nodes, given, net.reference.weights, {t: tensors[t] for t in tapped})
    late = diagnose(stretch, "prob", patience=-1.0)
    assert (late.causes, late.complete) == ((), False)


def test_a_shape_is_explained_too(net):
    def cut(name, array):
        return array[:, :, :-1] if name == "relu" else array

    found = causes(net, net.run(change=lambda n, a: a))  # taps alone are cut: the layers behind still run
    assert found == {}
    tensors = {n: cut(n, a) for n, a in net.run().items()}
    [diagnosis] = causes(net, tensors).values()
    assert diagnosis.ratio == np.inf
    assert diagnosis.to_json()["ratio"] == "inf"


def test_ratio():
    value = np.array([1.0, np.nan, 3.0])
    bound = np.full(3, 0.5)
    assert ratio(np.array([1.25, np.nan, 3.0], np.float32), Judged(value, bound)) == 0.5
    assert ratio(np.array([1.25, 2.0, 3.0], np.float32), Judged(value, bound)) == np.inf
    assert ratio(np.array([1.0, np.nan], np.float32), Judged(value, bound)) == np.inf
    assert ratio(np.array([1.0, np.nan, 3.5], np.float32), Judged(value, None)) == np.inf
    assert ratio(np.array([1.0, np.nan, 3.0], np.float32), Judged(value, None)) == 0.0
    assert ratio(np.array([1, 2], np.int32), Judged(np.array([1, 2]), None)) == 0.0


def test_a_mistake_that_cannot_be_evaluated(net):
    node = net.graph.nodes[0]
    stretch = Stretch.alone(net.reference, node)
    lost = Wrong("lost", "conv", "reads nothing", (dataclasses.replace(node, inputs=("nowhere",)),), {})
    with pytest.raises(Impossible):
        stretch.wrong(lost)
    gather = Node("conv", Layer.registry["Gather"](axis=0), ("x", "far"), {})
    far = Stretch.alone(net.reference, node)
    far.given["far"] = np.array([99])
    with pytest.raises(Impossible):
        far.wrong(Wrong("far", "conv", "reads row 99", (gather,), {}))
