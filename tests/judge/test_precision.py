"""What a precision does to arrays, and how the bounds of another one look."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.graph import Graph
from parity.judge.bound import Judged, Reference, as_exact, evaluate, kit_of
from parity.judge.verdict import judge
from parity.layers import Layer, Spec, Weight
from parity.precision import FLOAT32, PRECISIONS, ROUNDOFF, SMALLEST, numpy_dtype, rounded, significant
from tests.judge.conftest import Net, node

HALF = ("float16", "bfloat16")


def judged(layer, *inputs, precision="float32"):
    parameters = layer[1] if isinstance(layer, tuple) else {}
    made = node("n", layer[0] if isinstance(layer, tuple) else layer, "x", **parameters)
    (found,) = evaluate(made, [Judged(as_exact(x), None) for x in inputs], {}, PRECISIONS[precision])
    return found


@pytest.mark.parametrize("dtype", HALF)
def test_the_constants_are_those_of_the_types(dtype):
    import ml_dtypes

    info = ml_dtypes.finfo(numpy_dtype(dtype))
    assert ROUNDOFF[dtype] == float(info.eps) / 2
    assert SMALLEST[dtype] == float(info.smallest_normal)


@given(st.floats(-1e4, 1e4), st.sampled_from(HALF))
def test_rounding_is_to_the_nearest(value, dtype):
    x = np.array([value])
    got = rounded(x, dtype).astype(np.float64)
    assert abs(got - x) <= ROUNDOFF[dtype] * abs(x) + SMALLEST[dtype] * ROUNDOFF[dtype]
    assert rounded(got, dtype).astype(np.float64) == got


@given(st.floats(1e-30, 1e30), st.integers(2, 24))
def test_significant_bits(value, bits):
    x = np.array([value])
    near, cut = significant(x, bits), significant(x, bits, np.trunc)
    assert abs(near - x) <= abs(x) * 2.0**-bits
    assert abs(cut) <= abs(x)
    assert significant(near, bits) == near
    if bits == 24:
        assert near == x.astype(np.float32)


def test_what_is_sent_and_what_layers_see():
    weights = {"k": np.float32([1 / 3]), "g": np.float32([1 / 3])}
    declared = {"k": Weight("o", (1,)), "g": Weight("c", (1,), "gamma")}
    half = np.float64(np.float16(1 / 3))
    for name, sent, dtype, k, g in [
        ("float32", np.float32(1 / 3), "float32", np.float32(1 / 3), np.float32(1 / 3)),
        ("float64", np.float32(1 / 3), "float64", np.float32(1 / 3), np.float32(1 / 3)),
        ("float16", half, "float16", half, half),
        ("storage_float16", half, "float32", half, half),
        ("mixed_float16", np.float32(1 / 3), "float32", half, np.float32(1 / 3)),
    ]:
        precision = PRECISIONS[name]
        arrays, seen = precision.sent(weights), precision.effective(weights, declared)
        assert arrays["k"].dtype == dtype
        assert float(arrays["k"][0]) == float(sent)
        assert (float(seen["k"][0]), float(seen["g"][0])) == (float(k), float(g))


def test_a_graph_in_another_precision():
    nodes = (
        node("fc", "Linear", "x", units=3),
        node("number", "Cast", "fc", dtype="int32"),
        node("back", "Cast", "number", dtype="float32"),
        node("emb", "Embedding", "i", vocabulary=4, units=3),
    )
    graph = Graph({"x": Spec((2, 5)), "i": Spec((2, 2), "int32")}, nodes, ("back", "emb"))
    half = graph.in_precision("bfloat16")
    assert {k: s.dtype for k, s in half.specs.items()} == {
        **{"x": "bfloat16", "i": "int32", "fc": "bfloat16", "number": "int32", "back": "bfloat16", "emb": "bfloat16"}
    }
    assert Graph.from_json(half.to_json()).specs == half.specs
    assert half.in_precision("float32").specs == graph.specs
    assert half.weights == graph.weights


def test_bounds_have_the_precisions_unit():
    x = np.array([[0.5, -2.0, 1.25]])
    single, double = judged("Tanh", x), judged("Tanh", x, precision="float64")
    np.testing.assert_allclose(double.bound / single.bound, 2.0**-52 / 2.0**-24, rtol=1e-9)
    for name in HALF:
        np.testing.assert_allclose(
            (judged("Tanh", x, precision=name).bound - PRECISIONS[name].tiny) / (single.bound - FLOAT32.tiny),
            ROUNDOFF[name] / 2.0**-24,
        )


def test_what_float32_has_exactly_half_may_not_have():
    x = np.array([[0.2, 0.3, 5.0]])
    limit = float(np.float32(0.3))
    assert judged(("ClippedReLU", {"max": limit}), x).bound is None
    assert judged(("ClippedReLU", {"max": limit}), x, precision="float16").bound[0, 2] > abs(np.float16(0.3) - limit)
    assert judged("ReLU", x, precision="float16").bound is None


def half_run(net: Net, name: str, sums_in_half: bool = False):
    """Tensors of an engine that computes in 64 bits and rounds what comes out; or one that rounds every partial sum."""
    precision, graph = PRECISIONS[name], net.graph.in_precision(PRECISIONS[name].tensors)
    inputs = {k: rounded(v, precision.tensors) for k, v in net.reference.inputs.items()}
    weights = precision.effective(net.weights, graph.weights)
    reference = Reference.of(graph, inputs, weights, precision=precision)

    def change(tensor, array):
        if sums_in_half and tensor == "fc1":
            x, w = as_exact(flat["flat"]), weights["fc1/W"]
            array = np.zeros((x.shape[0], w.shape[0]))
            for i in range(x.shape[1]):
                array = rounded(array + rounded(np.outer(x[:, i], w[:, i]), name).astype(float), name).astype(float)
            array = array + weights["fc1/b"]
        flat[tensor] = rounded(np.asarray(array, np.float64), precision.tensors)
        return flat[tensor].astype(np.float64)

    flat: dict = {}
    exact = dataclasses.replace(net, reference=reference, weights=weights)
    start = {k: as_exact(v) for k, v in inputs.items()}
    dataclasses.replace(exact, reference=dataclasses.replace(reference, inputs=start)).run(change=change)
    return reference, {t: flat[t] for t in graph.taps}


@pytest.mark.parametrize("name", HALF)
def test_a_sound_engine_passes_in_half_precision(net, name):
    reference, taps = half_run(net, name)
    found = judge(reference, taps, {"prob": taps["prob"]})
    assert found.verdict in ("equal", "rounding")
    assert max(f.metrics.bound_ratio for f in found.layers) > 0.05


@pytest.mark.parametrize("name", HALF)
def test_sums_kept_in_16_bits_are_seen(net, name):
    reference, taps = half_run(net, name, sums_in_half=True)
    found = judge(reference, taps, {"prob": taps["prob"]})
    assert (found.verdict, found.blame[0]) == ("differs", "fc1")


def test_a_tensor_in_another_type_is_not_what_was_asked_for(net):
    reference, taps = half_run(net, "float16")
    taps["tanh"] = taps["tanh"].astype(np.float32)
    found = judge(reference, taps, {"prob": taps["prob"]})
    assert found.verdict == "differs"
    assert "tanh was computed in float32, asked for float16" in found.message


def test_what_was_rounded_for_the_return_alone():
    nodes = (
        node("a", "Linear", "x", units=600),
        node("a2", "Linear", "x", units=600),
        node("b", "Less", "a", "a2"),
    )
    net = Net.of({"x": (4, 5)}, nodes, ("b",))
    close = net.weights | {"a2/W": net.weights["a/W"], "a2/b": net.weights["a/b"] + np.float32(2e-4)}
    weights = {k: v.astype(np.float64) for k, v in close.items()}
    graph = net.graph.in_precision("float16")
    x = rounded(net.reference.inputs["x"], "float16")
    reference = Reference.of(graph, {"x": x}, weights, precision=PRECISIONS["float16"])
    exact = {k: v.value for k, v in reference.tensors.items()}
    taps = {t: rounded(exact[t], "float16") for t in graph.taps}
    outputs = {"b": taps["b"]}
    assert judge(reference, taps, outputs).verdict == "differs"  # its inputs were not those that it returned
    assert judge(dataclasses.replace(reference, unrounded=True), taps, outputs).verdict in ("equal", "rounding")
    wrong = taps | {"b": ~taps["b"]}
    assert judge(dataclasses.replace(reference, unrounded=True), wrong, outputs).verdict == "differs"


def test_a_threshold_that_half_precision_does_not_have():
    """An x that is the nearest number to it may fall on either side. All layers: tests/layers/test_precisions.py."""
    half = PRECISIONS["float16"]
    for kind in ("Shrink", "Threshold", "ThresholdedReLU"):
        made = {"Shrink": {"lambd": 0.3}, "Threshold": {"threshold": 0.3, "default_value": 0.0},
                "ThresholdedReLU": {"alpha": 0.3}}[kind]  # fmt: skip
        edge = float(np.float16(0.3))
        x = np.array([edge, 1.0])
        layer = Layer.registry[kind](**made)
        (found,) = evaluate(node("n", kind, "x", **made), [Judged(x, None)], {}, half)
        assert found.bound[0] >= abs(layer.rule("numpy").fn(layer, None, x)[0] - edge) or found.bound[0] >= edge


def test_every_precision_has_infinity():
    x = np.array([0.5, 2.0])
    assert judged(("Clip", {"min": -1.0, "max": np.inf}), x).bound is None
    assert judged(("Clip", {"min": -0.3, "max": np.inf}), x, precision="float16").bound is not None
    np.testing.assert_array_equal(kit_of(FLOAT32).off([np.inf, -np.inf, 0.5]), 0)
    assert kit_of(PRECISIONS["float16"]).off(1e6) == np.inf


@pytest.mark.parametrize("behind", ["MulConstant", "AddConstant"])
def test_weights_that_a_constant_is_folded_into_are_rounded_once_more(behind):
    """As onnxruntime does it in float16; a constant that is only added leaves them as they are."""
    nodes = (node("a", "Linear", "x", units=600), node("b", behind, "a", value=0.3))
    net = Net.of({"x": (4, 5)}, nodes, ("b",))
    half = PRECISIONS["float16"]
    graph, x = net.graph.in_precision("float16"), rounded(net.reference.inputs["x"], "float16")
    weights = {k: rounded(w, "float16").astype(np.float64) for k, w in net.weights.items()}
    reference = Reference.of(graph, {"x": x}, weights, precision=half)
    W, b = (rounded(rounded(np.array(0.3), "float16") * weights[k], "float16") for k in ("a/W", "a/b"))
    y = rounded(as_exact(x) @ as_exact(W).T + as_exact(b), "float16")
    other = reference.as_unrounded()
    if behind == "AddConstant":
        np.testing.assert_array_equal(other.tensors["b"].bound, reference.tensors["b"].bound)
        return
    assert judge(reference, {"b": y}, {"b": y}).verdict == "differs"
    found = judge(other, {"b": y}, {"b": y})
    assert found.verdict == "rounding", found.message
    assert found.layers[0].metrics.bound_ratio > 0.3
    off = rounded(as_exact(x) @ as_exact(W).T * 1.02 + as_exact(b), "float16")
    assert judge(other, {"b": off}, {"b": off}).verdict == "differs"
