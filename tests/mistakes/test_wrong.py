"""Networks that are rewritten in one place, and the names under which a case asks for that."""

from __future__ import annotations

import numpy as np
import pytest

from parity.case.case import load
from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.judge.bound import Reference
from parity.judge.trial import Stretch
from parity.layers import Layer, Spec
from parity.layers.mistake import Change, difference
from parity.mistakes.catalogue import suspects
from parity.mistakes.named import makings, wrong_named
from parity.mistakes.wrong import commit, replaced
from parity.prepare import prepare


def node(name, kind, *inputs, shared=None, **parameters):
    return Node(name, Layer.registry[kind](**parameters), inputs, shared or {})


class Net:
    """Inputs and weights that are drawn, and the reference."""

    def __init__(self, shape, *nodes, outputs=None):
        self.graph = Graph({"x": Spec(shape)}, nodes, outputs or (nodes[-1].name,))
        rng = np.random.default_rng(0)
        self.weights = {
            n: np.float32(np.abs(rng.standard_normal(w.shape)) + 0.5) for n, w in self.graph.weights.items()
        }
        self.inputs = {"x": rng.standard_normal(shape).astype(np.float32)}
        self.reference = Reference.of(self.graph, self.inputs, self.weights)

    def named(self, layer, mistake, value=None, words=""):
        found = next(n for n in self.graph.nodes if n.name == layer)
        seen = Stretch.alone(self.reference, found).seen(found)
        return wrong_named(self.graph, found, seen, self.reference.weights, mistake, value, words)

    def run(self, *wrongs):
        """The tensors of the network with mistakes."""
        graph, weights = commit(self.graph, self.weights, *wrongs)
        assert graph.taps == self.graph.taps
        return Reference.of(Graph.from_json(graph.to_json()), self.inputs, weights).tensors

    def all_names(self, layer):
        found = next(n for n in self.graph.nodes if n.name == layer)
        seen = Stretch.alone(self.reference, found).seen(found)
        names = {}
        for suspect in suspects(self.graph, found, seen, self.reference.weights):
            names.setdefault(suspect.name, []).extend(makings(suspect))
        return names


@pytest.fixture
def tied():
    """Two Linears with one weight."""
    return Net(
        (4, 5),
        node("a", "Linear", "x", units=5),
        node("act", "Tanh", "a"),
        node("b", "Linear", "act", units=5, shared={"W": "a/W"}),
        outputs=("a", "b"),
    )


def test_a_shared_weight_is_wrong_in_one_place_alone(tied):
    found = tied.run(tied.named("b", "weight transposed"))
    right = tied.reference.tensors
    np.testing.assert_allclose(found["a"].value, right["a"].value, rtol=1e-6)
    W, b = tied.weights["a/W"], tied.weights["b/b"]
    np.testing.assert_allclose(found["b"].value, right["act"].value @ W + b, rtol=1e-5)


def test_two_mistakes_at_once(tied):
    found = tied.run(tied.named("a", "bias dropped"), tied.named("b", "weight transposed"))
    a = tied.inputs["x"] @ tied.weights["a/W"].T
    np.testing.assert_allclose(found["a"].value, a, rtol=1e-5)
    np.testing.assert_allclose(found["b"].value, np.tanh(a) @ tied.weights["a/W"] + tied.weights["b/b"], rtol=1e-5)


def test_what_is_tapped_stays_so_whatever_takes_a_place():
    """A factor behind a Linear would be folded into it; the case has a tap there, which the verdict wants."""
    net = Net(
        (4, 5), node("a", "Linear", "x", units=6), node("drop", "Dropout", "a", ratio=0.25), node("b", "ReLU", "drop")
    )
    found = net.run(net.named("drop", "dropout scaling"))
    np.testing.assert_allclose(found["drop"].value, 0.75 * net.reference.tensors["a"].value, rtol=1e-6)


def test_layers_in_sequence_read_what_is_left_of_the_inputs():
    inputs = {"x": Spec((4, 3)), "t": Spec((4, 3))}
    graph = Graph(inputs, (node("it", "MeanSquaredError", "x", "t"),), ("it",))
    layers = (Layer.registry["Tanh"](), graph.nodes[0].layer)
    wrong = replaced(graph, graph.nodes[0], Change(layers, {}, "tanh before"), {}, "before")
    x, t = np.random.default_rng(0).standard_normal((2, 4, 3))
    tensors = Reference.of(*commit(graph, {}, wrong)[:1], {"x": x, "t": t}, {}).tensors
    np.testing.assert_allclose(tensors["it"].value, ((np.tanh(x) - t) ** 2).mean(), rtol=1e-12)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((("Add", {}),), "reads 2 tensors, there are 1"),
        ((("Linear", {"units": 7}),), "wants W of shape"),
        ((("Not", {}),), "does not read float32"),
        ((("GlobalMaxPool", {"keepdims": True}),), "expected N C and spatial axes"),
        ((("Split", {"axis": 1, "sections": 5}),), "makes 5 tensors in place of 1"),
    ],
)
def test_what_does_not_fit_is_said(layers, message):
    graph = Graph({"x": Spec((4, 5))}, (node("it", "ReLU", "x"),), ("it",))
    made = tuple(Layer.registry[kind](**p) for kind, p in layers)
    with pytest.raises(BadInput, match=message):
        replaced(graph, graph.nodes[0], Change(made, {}, ""), {}, "")


def test_what_does_not_fit_its_inputs_is_left_out():
    """A kernel's weight has one shape, and five groups do not divide three channels."""
    names = Net((2, 3, 4, 4), node("it", "Conv2D", "x", filters=3, kernel=[3, 2])).all_names("it")
    assert names["kernel"] == []
    assert names["groups"] == []
    assert "pad" not in names  # nothing is padded, so nothing on the wrong side
    assert "stride [3, 2], the kernel's, instead of [1, 1]" in [w.words for w in names["strides from the kernel"]]


def test_a_shape_that_does_not_fit_what_comes_behind_is_refused():
    conv = node("it", "Conv2D", "x", filters=3, kernel=3, pad=1)
    net = Net((2, 3, 6, 6), conv, node("sum", "Sub", "it", "x"))
    with pytest.raises(BadInput, match="Sub"):
        net.run(net.named("it", "pad", words="[[0, 0], [0, 0]]"))


def test_what_changes_nothing_is_no_mistake():
    names = Net((4, 3, 8, 8), node("it", "MaxPool2D", "x", kernel=2, stride=2, cover_all=False)).all_names("it")
    assert names["SAME padding"] == []  # there is nothing to pad
    assert names["strides from the kernel"] == []
    assert names["padded with 0"] == []
    names = Net((4, 3), node("it", "BatchNorm", "x", epsilon=1e-3)).all_names("it")
    assert all(w.value != 1e-3 for w in names["epsilon"])


def test_a_declared_mistake_stands_for_the_parameter_of_its_name():
    net = Net((4, 3), node("it", "BatchNorm", "x", epsilon=1e-3))
    seen = Stretch.alone(net.reference, net.graph.nodes[0]).seen(net.graph.nodes[0])
    kinds = [
        s.kind for s in suspects(net.graph, net.graph.nodes[0], seen, net.reference.weights) if s.name == "epsilon"
    ]
    assert kinds == ["declared"]


def test_two_that_are_one_function():
    net = Net((4, 5), node("it", "Linear", "x", units=5))
    transposed, reshaped = net.named("it", "weight transposed"), net.named("it", "weight reshaped")
    assert transposed.function == reshaped.function
    assert transposed.function != net.named("it", "bias dropped").function
    hash(transposed.function)


def test_one_of_several_by_its_words():
    net = Net((4, 3), node("it", "BatchNorm", "x", epsilon=1e-3))
    assert net.named("it", "weights exchanged", words="mean and var").words == "mean and var exchanged"
    with pytest.raises(BadInput, match="no weights exchanged with the words 'mean and sum'; it has gamma and beta"):
        net.named("it", "weights exchanged", words="mean and sum")


def test_an_unknown_name_is_answered_with_those_that_there_are():
    net = Net((4, 3), node("it", "BatchNorm", "x", epsilon=1e-3))
    with pytest.raises(BadInput, match=r"no mistake 'epsilom'.*did you mean 'epsilon'.*train mode"):
        net.named("it", "epsilom")


CASE = """
description: One layer.
inputs: {x: {shape: [2, 3]}}
layers:
  - {layer: Linear, name: fc, units: 4}
mistakes:
  - {target: chainer, layer: fc, mistake: bias dropped}
  - %s
"""


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("{target: chainer, layer: fc, mistake: no bias}", "Linear fc has no mistake 'no bias'.*it has.*bias dropped"),
        ("{target: chainer, layer: fx, mistake: bias dropped}", "unknown layer 'fx'; there are fc"),
        ("{target: chainer, layer: fc, mistake: bias dropped, words: W}", "no bias dropped with the words 'W'"),
    ],
)
def test_a_case_that_asks_for_what_there_is_not(tmp_path, second, message):
    file = tmp_path / "case.yaml"
    file.write_text(CASE % second, "utf-8")
    (case,) = load(file, tmp_path)
    with pytest.raises(BadInput, match=message) as caught:
        prepare(case, tmp_path)
    assert "mistakes.1" in str(caught.value)
    assert f"{file.name}:8" in str(caught.value)


def test_what_changed_reads_well():
    conv = Layer.registry["Conv2D"](filters=2, kernel=3, pad=1)
    other = Layer.registry["Conv2D"](filters=2, kernel=3, stride=2)
    assert (
        difference(conv, [other])
        == "stride [2, 2] instead of [1, 1] and pad [[0, 0], [0, 0]] instead of [[1, 1], [1, 1]]"
    )
    assert difference(conv, [conv]) == ""
    assert difference(conv, [conv, conv]) == ""
    wrapped = [Layer.registry["Bidirectional"]({"layer": "LSTM", "units": u}) for u in (3, 4)]
    assert difference(wrapped[0], [wrapped[1]]) == "inner.units 4 instead of 3"
