"""Layers as parameters of layers: what a file may write, what it is told, and the way through JSON."""

import json

import numpy as np
import pytest

from parity.case.build import make_layer
from parity.case.schema import schema
from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.layers.bidirectional import Bidirectional
from parity.layers.conv import Conv2D
from parity.layers.dense import Linear
from parity.layers.lstm import LSTM
from parity.layers.nested import nested_fields
from parity.layers.softmax import Softmax
from parity.layers.time_distributed import TimeDistributed
from parity.lower import first_gap, lowered

CONV = {"layer": "Conv2D", "filters": 4, "kernel": 3}


def test_a_layer_within_a_layer():
    made = make_layer({"layer": "TimeDistributed", "name": "td", "inner": {**CONV, "pad": [[0, 1], 2]}})
    assert made == TimeDistributed(Conv2D(filters=4, kernel=3, pad=((0, 1), 2)))
    assert len({made, TimeDistributed(Conv2D(filters=4, kernel=3, pad=((0, 1), 2)))}) == 1
    twice = make_layer({"layer": "TimeDistributed", "inner": {"layer": "TimeDistributed", "inner": CONV}})
    assert twice.inner.inner == Conv2D(filters=4, kernel=3)


@pytest.mark.parametrize(("item", "path", "message"), [
    ({**CONV, "kernle": 3}, "inner.kernle", "Conv2D has no 'kernle' (did you mean 'kernel'?)"),
    ({**CONV, "name": "conv"}, "inner.name", "Conv2D has no 'name'"),
    ({"layer": "Conv2D", "filters": 4}, "inner", "Conv2D needs kernel"),
    ({**CONV, "kernel": 0}, "inner.kernel", "found 0"),
    ({"layer": "Conv9D"}, "inner.layer", "unknown layer 'Conv9D'"),
    ({"filters": 4}, "inner", "needs the key layer"),
    (3, "inner", "found 3, accepted: a mapping"),
    ({"layer": "LSTM", "units": 3}, "inner", "found LSTM with x → y, h, c, accepted: a layer with one input"),
    ({"layer": "TimeDistributed", "inner": {**CONV, "stride": [1, 0]}}, "inner.inner.stride", "found [1, 0]"),
])  # fmt: skip
def test_errors_name_the_path(item, path, message):
    with pytest.raises(BadInput) as error:
        make_layer({"layer": "TimeDistributed", "inner": item})
    assert message in error.value.message
    assert error.value.path == path


def test_other_layers_than_may_stand_there():
    with pytest.raises(BadInput, match="found Conv2D, accepted: GRU, LSTM, RNN") as error:
        make_layer({"layer": "Bidirectional", "inner": CONV})
    assert error.value.path == "inner"
    with pytest.raises(BadInput, match="Bidirectional needs inner"):
        make_layer({"layer": "Bidirectional"})


def test_a_shape_that_does_not_fit_is_said_of_the_inner_layer():
    with pytest.raises(BadInput, match="no window fits") as error:
        TimeDistributed(Conv2D(filters=4, kernel=9)).infer(Spec((2, 3, 4, 5, 6)))
    assert error.value.path == "inner.kernel"
    with pytest.raises(BadInput, match="at least one axis more"):
        TimeDistributed(Linear(units=3)).infer(Spec((2, 3)))


def test_there_and_back_through_json():
    layer = Bidirectional(LSTM(units=3, lengths=True), merge="ave")
    inputs = {"x": Spec((2, 4, 5)), "n": Spec((2,), "int32")}
    graph = Graph(inputs, (Node("both", layer, ("x", "n"), {}),), ("both",))
    back = Graph.from_json(json.loads(json.dumps(graph.to_json())))
    assert back.nodes[0].layer == layer
    assert back.weights.keys() == graph.weights.keys()


def test_the_schema_offers_the_same():
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema())

    def accepted(inner, layer="TimeDistributed"):
        item = {"layer": layer, "inner": inner}
        return validator.is_valid({"description": "A", "inputs": {"x": {"shape": [2, 3]}}, "layers": [item]})

    assert accepted(CONV)
    assert accepted({"layer": "TimeDistributed", "inner": CONV})
    assert accepted({"layer": "LSTM", "units": 3}, "Bidirectional")
    wrong = [{**CONV, "kernle": 3}, {**CONV, "name": "a"}, {"filters": 4}, 3, {"layer": "TimeDistributed", "inner": 3}]
    assert [w for w in wrong if accepted(w)] == []
    assert not accepted(CONV, "Bidirectional")


def test_all_layers_that_have_one():
    assert {n for n, c in Layer.registry.items() if nested_fields(c)} == {"Bidirectional", "NStep", "TimeDistributed"}


@pytest.mark.parametrize("inner", [Conv2D(filters=4, kernel=3), Linear(units=3), Softmax(axis=1)], ids=str)
def test_every_step_is_the_layer_alone(inner, numbers, rule, close):
    layer = TimeDistributed(inner)
    x = numbers(2, 3, 4, 5, 6)
    w = {k: numbers(*d.shape) for k, d in layer.weights(Spec(x.shape)).items()}
    close(rule(layer, x, **w), np.stack([rule(inner, x[:, t], **w) for t in range(3)], 1))


def test_keras_has_the_wrapper_for_layers_of_its_own():
    def names(inner):
        graph = Graph({"x": Spec((2, 3, 4, 5, 6))}, (Node("td", TimeDistributed(inner), ("x",), {}),), ("td",))
        return [n.name for n in lowered(graph, "keras").nodes]

    assert names(Linear(units=3)) == ["td"]
    assert names(Softmax(axis=1)) == ["td/joined", "td/inner", "td/split"]


def test_a_gap_of_the_inner_layer_is_one_of_the_whole():
    layer = Bidirectional(LSTM(units=3, peepholes="diagonal"))
    graph = Graph({"x": Spec((2, 4, 5))}, (Node("both", layer, ("x",), {}),), ("both",))
    assert first_gap(graph, "keras", "keras-jax")[1] == "Keras 3 has no LSTM with peepholes"
    assert first_gap(graph, "chainer", "chainer") is None
