"""Verdicts: a sound engine passes, and what cannot be compared or lies outside its bound does not."""

import json

import numpy as np
import pytest

from parity.graph import Graph, Node
from parity.judge.bound import Judged, Reference
from parity.judge.verdict import FAILED, NEUTRAL, ORDER, judge, judge_tensor, worst
from parity.layers import Layer, Spec


def verdicts(found):
    return {f.tensor: f.verdict for f in found.layers}


def test_a_sound_engine(net):
    found = net.judged(net.run())
    assert found.verdict == "rounding"
    assert (found.blame, found.message) == ((), "")
    assert list(verdicts(found)) == ["bn", "relu", "flat", "fc1", "tanh", "fc2", "prob"]
    assert {verdicts(found)[t] for t in ("relu", "flat")} == {"equal"}
    assert [f.nodes for f in found.layers][:2] == [("conv", "bn"), ("relu",)]
    assert [f.tensor for f in found.final] == ["prob"]
    assert all(f.metrics.bound_ratio < 0.7 for f in found.layers)


def test_the_rounded_reference_itself_is_equal(net):
    taps, x = {}, net.reference.inputs
    for nodes, tapped in net.graph.stretches():  # each layer rounds once, on what came before
        expected = net.reference.stretch(nodes, {**x, **taps})
        taps |= {t: expected[t].value.astype(np.float32) for t in tapped}
    outputs = {"prob": net.reference.tensors["prob"].value.astype(np.float32)}
    found = judge(net.reference, taps, outputs)
    assert set(verdicts(found).values()) == {"equal"}
    assert found.verdict == "equal"


def test_sequences_and_states(sequence):
    tensors = sequence.run()
    found = sequence.judged(tensors)
    assert found.verdict == "rounding"
    assert list(verdicts(found)) == ["lstm", "lstm.h", "lstm.c", "fc"]
    assert [f.tensor for f in found.final] == ["fc", "lstm.c"]


def test_what_both_sides_make_infinite_is_no_error():
    graph = Graph({"x": Spec((1, 2))}, (Node("mul", Layer.registry["Mul"](), ("x", "x"), {}),), ("mul",))
    x = np.array([[1e30, 2.0]], np.float32)
    reference = Reference.of(graph, {"x": x}, {})
    with np.errstate(over="ignore"):
        y = x * x
    assert np.isinf(y[0, 0])
    assert judge(reference, {"mul": y}, {"mul": y}).verdict == "equal"


def test_a_wrong_shape(net):
    tensors = net.run()
    found = net.judged(tensors | {"relu": tensors["relu"].transpose(0, 2, 3, 1)})
    assert (found.verdict, found.blame) == ("shape", ("relu",))
    assert found.message == "relu has shape [3, 7, 7, 6], expected [3, 6, 7, 7]"


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, np.bool_])
def test_a_wrong_dtype(net, dtype):
    tensors = net.run()
    found = net.judged(tensors | {"fc2": tensors["fc2"].astype(dtype)})
    assert found.verdict == "differs"
    assert found.blame[0] == "fc2"
    assert found.message.startswith(f"fc2 was computed in {np.dtype(dtype).name}, asked for float32")


def test_an_exact_layer_may_not_be_off_by_one_ulp(net):
    def change(name, array):
        if name == "flat":
            array = array.copy()
            array[1, 2] = np.nextafter(array[1, 2], np.float32(9))
        return array

    found = net.judged(net.run(change=change))
    assert (found.verdict, found.blame) == ("differs", ("flat",))
    assert found.message.startswith("flat (Flatten): the layer is exact, no error is allowed; worst at [1, 2]: ")


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
    tensors = net.run()
    del tensors["tanh"]
    for finding in (*(found := net.judged(tensors)).layers, *found.final):
        data = json.loads(json.dumps(finding.to_json(), allow_nan=False))
        keys = {"tensor", "nodes", "verdict", "metrics", "message"}
        if finding.metrics:
            keys |= {"spread", "map"} | ({"profile"} if len(finding.metrics.worst) > 2 else set())
        assert set(data) == keys | ({"carried", "bits", "sample"} if finding in found.final else set())
        assert (data["metrics"] is None) == (finding.metrics is None)
