"""Verdicts and blame. The engine is the numpy rules on float32 arrays; each test breaks one thing of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.graph import Graph, Node
from parity.judge.bound import KIT, Judged, Reference, node_weights
from parity.judge.verdict import FAILED, NEUTRAL, ORDER, judge, judge_tensor, worst
from parity.layers import Layer, Spec

KINDS = {"variance": Distribution("uniform", 1.25, 0.75), "gamma": Distribution("uniform", 1.0, 0.5)}


def layer(name, **parameters):
    return Layer.registry[name](**parameters)


def node(name, made, *inputs):
    return Node(name, made, inputs, {})


GRAPH = Graph(
    {"x": Spec((3, 4, 9, 8))},
    (
        node("conv", layer("Conv2D", filters=6, kernel=(3, 2)), "x"),
        node("bn", layer("BatchNorm", epsilon=2e-5), "conv"),
        node("relu", layer("ReLU"), "bn"),
        node("flat", layer("Flatten"), "relu"),
        node("fc1", layer("Linear", units=20), "flat"),
        node("tanh", layer("Tanh"), "fc1"),
        node("fc2", layer("Linear", units=7), "tanh"),
        node("prob", layer("Softmax", axis=1), "fc2"),
    ),
    ("prob",),
)
SEQUENCE = Graph(
    {"x": Spec((3, 6, 5))},
    (
        node("lstm", layer("LSTM", units=4), "x"),
        node("fc", layer("Linear", units=3), "lstm.h"),
    ),
    ("fc", "lstm.c"),
)


def prepared(graph):
    weights = {}
    for name, w in graph.weights.items():
        weights[name] = draw(KINDS.get(w.role, Distribution("normal", 0.0, 0.3)), w.shape, "float32", "w", name)
    inputs = {n: draw(Distribution(), s.shape, "float32", "x", n) for n, s in graph.inputs.items()}
    return Reference.of(graph, inputs, weights), weights


def engine(graph, reference, weights, layers=None, change=None):
    """All tensors in float32.

    Args:
        layers: node name → another layer in its place.
        change: called with each tensor's name and array, gives the array.
    """
    tensors = dict(reference.inputs)
    for n in graph.nodes:
        made = (layers or {}).get(n.name, n.layer)
        with np.errstate(all="ignore"):
            out = made.rule("numpy").fn(made, KIT, *(tensors[i] for i in n.inputs), **node_weights(graph, n, weights))
        out = out if isinstance(out, tuple) else (out,)
        for name, array in zip(n.outputs, out, strict=True):
            tensors[name] = change(name, array) if change else array
    return tensors


def judged(graph, tensors, reference, outputs=None, copied=""):
    """As the session does it: taps, and the outputs of a run without."""
    taps = {t: tensors[t] for t in graph.taps if t in tensors}
    final = {t: tensors[t] for t in graph.outputs if t in tensors}
    return judge(reference, taps, final if outputs is None else outputs, copied)


@pytest.fixture(scope="module")
def net():
    return prepared(GRAPH)


def verdicts(found):
    return {f.tensor: f.verdict for f in found.layers}


def test_a_sound_engine(net):
    found = judged(GRAPH, engine(GRAPH, *net), net[0])
    assert found.verdict == "rounding"
    assert (found.blame, found.message) == ((), "")
    assert list(verdicts(found)) == ["bn", "relu", "flat", "fc1", "tanh", "fc2", "prob"]
    assert {verdicts(found)[t] for t in ("relu", "flat")} == {"equal"}
    assert [f.nodes for f in found.layers][:2] == [("conv", "bn"), ("relu",)]
    assert [f.tensor for f in found.final] == ["prob"]
    assert all(f.metrics.bound_ratio < 0.7 for f in found.layers)


def test_the_rounded_reference_itself_is_equal(net):
    reference, _ = net
    taps, x = {}, reference.inputs
    for nodes, tapped in GRAPH.stretches():  # each layer rounds once, on what came before
        expected = reference.stretch(nodes, {**x, **taps})
        taps |= {t: expected[t].value.astype(np.float32) for t in tapped}
    outputs = {"prob": reference.tensors["prob"].value.astype(np.float32)}
    found = judge(reference, taps, outputs)
    assert set(verdicts(found).values()) == {"equal"}
    assert found.verdict == "equal"


def test_sequences_and_states():
    reference, weights = prepared(SEQUENCE)
    tensors = engine(SEQUENCE, reference, weights)
    found = judged(SEQUENCE, tensors, reference)
    assert found.verdict == "rounding"
    assert list(verdicts(found)) == ["lstm", "lstm.h", "lstm.c", "fc"]
    assert [f.tensor for f in found.final] == ["fc", "lstm.c"]


@pytest.mark.parametrize(
    ("weight", "blamed"),
    [
        ("conv/W", ("conv", "bn")),
        ("conv/b", ("conv", "bn")),
        ("bn/gamma", ("conv", "bn")),
        ("bn/mean", ("conv", "bn")),
        ("bn/var", ("conv", "bn")),
        ("fc1/W", ("fc1",)),
        ("fc2/b", ("fc2",)),
    ],
)
def test_one_weight_off_by_a_percent(net, weight, blamed):
    reference, weights = net
    changed = weights[weight].copy()
    changed[np.unravel_index(np.argmax(np.abs(changed)), changed.shape)] *= np.float32(1.01)
    found = judged(GRAPH, engine(GRAPH, reference, weights | {weight: changed}), reference)
    assert found.verdict == "differs"
    assert found.blame == blamed
    assert [t for t, v in verdicts(found).items() if v == "differs"] == [blamed[-1]]  # none below it
    assert "times what rounding allows; worst at [" in found.message


def test_a_transposed_weight_is_seen(net):
    graph = Graph({"x": Spec((3, 5))}, (node("fc", layer("Linear", units=5), "x"),), ("fc",))
    reference, weights = prepared(graph)
    wrong = weights | {"fc/W": weights["fc/W"].T}
    assert judged(graph, engine(graph, reference, wrong), reference).blame == ("fc",)


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2), (3, 1, 2, 0)])
def test_swapped_gates(order):
    reference, weights = prepared(SEQUENCE)
    for name in ("lstm/W", "lstm/R", "lstm/b"):
        wrong = weights | {name: weights[name][list(order)]}
        found = judged(SEQUENCE, engine(SEQUENCE, reference, wrong), reference)
        assert found.verdict == "differs"
        assert found.blame == ("lstm",)


@pytest.mark.parametrize(
    ("name", "wrong", "blamed"),
    [
        ("bn", layer("BatchNorm", epsilon=1e-3), ("conv", "bn")),
        ("relu", layer("LeakyReLU", alpha=0.01), ("relu",)),
        ("tanh", layer("Sigmoid"), ("tanh",)),
        ("prob", layer("Softmax", axis=0), ("prob",)),
        ("conv", layer("Conv2D", filters=6, kernel=(3, 2), pad=[[1, 0], [0, 1]], stride=1, dilation=1), None),
    ],
)
def test_another_layer_in_its_place(net, name, wrong, blamed):
    reference, weights = net

    def cut(tensor, array):
        return array[:, :, :7, :7] if tensor == "conv" else array

    found = judged(GRAPH, engine(GRAPH, reference, weights, {name: wrong}, cut), reference)
    assert found.verdict == "differs"
    assert found.blame == (blamed or ("conv", "bn"))


def test_two_layers_are_both_blamed_and_counted(net):
    reference, weights = net

    def change(tensor, array):
        return array + np.float32(0.01) if tensor in ("fc1", "tanh") else array

    found = judged(GRAPH, engine(GRAPH, reference, weights, change=change), reference)
    assert found.blame == ("fc1", "tanh")
    assert found.message.startswith("fc1 (Linear): ")
    assert found.message.endswith("(and 1 more)")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("tensor", ["bn", "tanh", "prob"])
def test_one_element_that_is_not_finite(net, tensor, value):
    reference, weights = net

    def change(name, array):
        if name == tensor:
            array = array.copy()
            array.flat[3] = value
        return array

    found = judged(GRAPH, engine(GRAPH, reference, weights, change=change), reference)
    assert found.verdict == "nonfinite"
    assert found.blame == (("conv", "bn") if tensor == "bn" else (tensor,))
    assert "1 of" in found.message
    assert "finite on one side only" in found.message
    assert json.loads(json.dumps(found.layers[0].to_json(), allow_nan=False))


def test_what_both_sides_make_infinite_is_no_error():
    graph = Graph({"x": Spec((1, 2))}, (node("mul", layer("Mul"), "x", "x"),), ("mul",))
    x = np.array([[1e30, 2.0]], np.float32)
    reference = Reference.of(graph, {"x": x}, {})
    with np.errstate(over="ignore"):
        y = x * x
    assert np.isinf(y[0, 0])
    assert judge(reference, {"mul": y}, {"mul": y}).verdict == "equal"


def test_a_tap_that_is_missing_blames_its_layer_alone(net):
    reference, weights = net
    tensors = engine(GRAPH, reference, weights)
    outputs = {"prob": tensors["prob"]}
    del tensors["flat"]
    found = judged(GRAPH, tensors, reference, outputs)
    assert found.verdict == "missing"
    assert found.blame == ("flat",)
    assert found.message == "flat was not returned"
    by_name = {f.tensor: f for f in found.layers}
    assert (by_name["fc1"].verdict, by_name["fc1"].message) == ("missing", "fc1: its inputs are not there")
    assert by_name["tanh"].verdict == "rounding"


def test_a_missing_output_is_no_fusion(net):
    reference, weights = net
    found = judged(GRAPH, engine(GRAPH, reference, weights), reference, outputs={})
    assert (found.verdict, found.blame) == ("missing", ())
    assert found.message == "without taps, prob was not returned"


def test_nothing_returned(net):
    found = judge(net[0], {}, {})
    assert found.verdict == "missing"
    assert found.blame == ("conv", "bn")  # the rest has nothing to start from


def test_a_wrong_shape(net):
    reference, weights = net
    tensors = engine(GRAPH, reference, weights)
    found = judged(GRAPH, tensors | {"relu": tensors["relu"].transpose(0, 2, 3, 1)}, reference)
    assert (found.verdict, found.blame) == ("shape", ("relu",))
    assert found.message == "relu has shape [3, 7, 7, 6], expected [3, 6, 7, 7]"


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, np.bool_])
def test_a_wrong_dtype(net, dtype):
    reference, weights = net
    tensors = engine(GRAPH, reference, weights)
    found = judged(GRAPH, tensors | {"fc2": tensors["fc2"].astype(dtype)}, reference)
    assert found.verdict == "differs"
    assert found.blame[0] == "fc2"
    assert found.message.startswith(f"fc2 was computed in {np.dtype(dtype).name}, asked for float32")


def test_an_exact_layer_may_not_be_off_by_one_ulp(net):
    reference, weights = net

    def change(name, array):
        if name == "flat":
            array = array.copy()
            array[1, 2] = np.nextafter(array[1, 2], np.float32(9))
        return array

    found = judged(GRAPH, engine(GRAPH, reference, weights, change=change), reference)
    assert (found.verdict, found.blame) == ("differs", ("flat",))
    assert found.message.startswith("flat (Flatten): the layer is exact, no error is allowed; worst at [1, 2]: ")


def test_an_error_in_the_untapped_output_alone_is_fusions(net):
    reference, weights = net
    tensors = engine(GRAPH, reference, weights)
    found = judged(GRAPH, tensors, reference, {"prob": tensors["prob"] + np.float32(1e-3)})
    assert (found.verdict, found.blame) == ("differs", ("fusion",))
    assert {f.verdict for f in found.layers} <= {"equal", "rounding"}
    assert "every layer passes by itself" in found.message
    assert "prob (output): " in found.message


def test_an_untapped_output_that_is_not_finite_is_fusions(net):
    reference, weights = net
    tensors = engine(GRAPH, reference, weights)
    found = judged(GRAPH, tensors, reference, {"prob": tensors["prob"] * np.float32(np.nan)})
    assert (found.verdict, found.blame) == ("nonfinite", ("fusion",))


def test_a_bad_copy_is_to_blame_before_anything_else(net):
    reference, weights = net
    found = judged(GRAPH, engine(GRAPH, reference, weights), reference, copied="conv: W does not hold what was sent")
    assert (found.verdict, found.blame) == ("differs", ("copy",))
    assert found.message == "conv: W does not hold what was sent"
    tensors = engine(GRAPH, reference, weights, change=lambda n, a: a * np.float32(np.nan))
    assert judged(GRAPH, tensors, reference, copied="conv: …").verdict == "nonfinite"


def test_a_tensor_between_a_convolution_and_its_norm_is_not_judged(net):
    reference, weights = net
    tensors = engine(GRAPH, reference, weights)
    found = judged(GRAPH, tensors | {"conv": np.zeros(3, np.float32)}, reference)
    assert "conv" not in verdicts(found)
    assert found.verdict == "rounding"


def test_empty_tensors_prove_nothing():
    empty = Judged(np.zeros((0, 3)), np.zeros((0, 3)))
    found = judge_tensor("y", ("fc",), np.zeros((0, 3), np.float32), empty, "float32")
    assert (found.verdict, found.message) == ("missing", "y is empty: nothing was compared")


@pytest.mark.parametrize(
    ("error", "verdict"), [(0.0, "equal"), (0.9e-6, "rounding"), (1.0e-6, "rounding"), (1.1e-6, "differs")]
)
def test_the_bound_decides(error, verdict):
    expected = Judged(np.array([[0.25, 0.5]]), np.array([[1e-6 * (1 + 1e-7), 1e-3]]))
    actual = np.array([[0.25 + error, 0.5]])
    assert judge_tensor("y", (), actual, expected, "float64").verdict == verdict


def test_worst_of_several():
    assert worst(["equal", "rounding", "equal"]) == "rounding"
    assert worst({"a": "differs", "b": "nonfinite"}) == "nonfinite"
    assert worst([]) == "missing"
    assert set(ORDER) == FAILED | NEUTRAL | {"equal", "rounding"}
    assert next(v for v in ORDER if v in FAILED) == "differs"


def test_findings_are_strict_json(net):
    reference, weights = net
    tensors = engine(GRAPH, reference, weights)
    del tensors["tanh"]
    for finding in (*(found := judged(GRAPH, tensors, reference)).layers, *found.final):
        data = json.loads(json.dumps(finding.to_json(), allow_nan=False))
        assert set(data) == {"tensor", "nodes", "verdict", "metrics", "message"}
        assert (data["metrics"] is None) == (finding.metrics is None)
