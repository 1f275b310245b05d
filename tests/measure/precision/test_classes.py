"""Over which axis the argmax of an output is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.case.case import load
from parity.graph import Graph
from parity.layers import Spec
from parity.measure.precision.classes import class_axis
from tests.judge.conftest import node

CASES = Path(__file__).parents[3] / "cases"
LAST = {"layer": "Softmax", "axis": -1}


def axis(shape, *layers, output=""):
    """Of the last tensor of a chain of layers."""
    nodes, before = [], "x"
    for i, layer in enumerate(layers):
        nodes.append(node(f"n{i}", layer["layer"], before, **{k: v for k, v in layer.items() if k != "layer"}))
        before = f"n{i}"
    name = before + output
    return class_axis(Graph({"x": Spec(shape)}, tuple(nodes), (name,)), name)


LINEAR = {"layer": "Linear", "units": 5}
CONV = {"layer": "Conv1D", "filters": 4, "kernel": 3, "pad": 1}


@pytest.mark.parametrize(
    ("shape", "layers", "expected"),
    [
        ((2, 7), [LINEAR], 1),
        ((2, 6, 7), [LINEAR], 2),
        ((2, 6, 7), [LINEAR, {"layer": "ReLU"}], 2),
        ((2, 6, 7), [CONV, {"layer": "ReLU"}], 1),
        ((2, 6, 7), [CONV, {"layer": "BatchNorm", "epsilon": 1e-3}, {"layer": "Sigmoid"}], 1),
        ((2, 4, 7), [CONV, {"layer": "Transpose", "axes": [0, 2, 1]}], 2),
        ((2, 6, 7), [{"layer": "CumSum", "axis": 1}], 2),
        ((2, 6, 8, 8), [{"layer": "ReLU"}], 1),
        ((2, 3, 8, 8), [{"layer": "ReLU"}], None),
        ((2, 3, 8, 8), [{"layer": "Softmax", "axis": 1}], 1),
        ((2, 6, 7), [{"layer": "LogSoftmax", "axis": 1}], 1),
        ((4, 6, 7), [{"layer": "LSTM", "units": 3}], None),
        ((4,), [{"layer": "ReLU"}], None),
    ],
)
def test_axes_of_layers(shape, layers, expected):
    assert axis(shape, *layers) == expected


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([{"layer": "Transpose", "axes": [0, 2, 1]}], 1),
        ([{"layer": "Reshape", "shape": [2, 3, 7]}], 3),
        ([{"layer": "Unsqueeze", "axes": [1]}, {"layer": "Transpose", "axes": [0, 3, 1, 2]}], 1),
        ([{"layer": "Flatten"}], 1),  # no axis of the classes is left: as of any N C
    ],
)
def test_layers_that_move_a_softmax_take_its_axis_with_them(moves, expected):
    assert axis((2, 6, 7), LAST, *moves) == expected


def test_states_are_no_classes_and_what_a_softmax_makes_is():
    (case,) = load(CASES / "networks/char_lstm.yaml")
    found = {t: class_axis(case.graph, t) for t in case.graph.outputs}
    assert found == {"log_prob": 2, "lstm2.h": None, "lstm2.c": None}


def test_an_axis_of_another_layer_is_not_of_classes():
    nodes = (node("y", "Concat", "x", "z", axis=0),)
    graph = Graph({"x": Spec((2, 5)), "z": Spec((3, 5))}, nodes, ("y",))
    assert class_axis(graph, "y") == 1


def test_an_input_that_goes_through_is_no_decision():
    graph = Graph({"x": Spec((2, 5))}, (node("y", "ReLU", "x"),), ("y", "x"))
    assert (class_axis(graph, "y"), class_axis(graph, "x")) == (1, None)
