from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from parity.graph import Graph
from parity.layers import Spec
from parity.measure.precision.format import Formats
from parity.measure.precision.loss import Split, decibels, in_users_terms, layers, number, outputs, relative
from parity.precision import PRECISIONS
from tests.judge.conftest import node
from tests.measure.precision.conftest import emulator, half_engine

FLOAT16 = PRECISIONS["float16"]
finite = arrays(np.float64, (3, 4), elements=st.floats(-1e6, 1e6))


def graph(shape, layer="ReLU", **parameters):
    return Graph({"x": Spec(shape)}, (node("y", layer, "x", **parameters),), ("y",))


@pytest.mark.parametrize("name", ["float16", "bfloat16", "storage_float16", "mixed_bfloat16"])
def test_parts_add_up_as_vectors(net, name):
    precision = PRECISIONS[name]
    e, actual = emulator(net), half_engine(net, precision.weights)
    formats = Formats.of(precision)
    split = Split(e, formats, actual)
    exact, w, a = (r.tensors for r in (e.exact, e.full(formats.weights), e.full(formats.all)))
    for t in ("bn", "fc1", "prob"):
        parts = split.parts(t)
        vectors = {"weights": w[t] - exact[t], "activations": a[t] - w[t], "arithmetic": actual[t] - a[t]}
        size = np.linalg.norm(exact[t])
        for part, vector in vectors.items():
            assert parts[part] == pytest.approx(np.linalg.norm(vector) / size, rel=1e-5)
        assert split.total(t) == pytest.approx(np.linalg.norm(sum(vectors.values())) / size, rel=1e-9)
    assert (name != "storage_float16") or split.parts("fc1")["activations"] < 1e-6


def test_without_an_engine_the_emulation_stands_in(net):
    e, formats = emulator(net), Formats.of(FLOAT16)
    split = Split(e, formats, {})
    assert split.parts("prob")["arithmetic"] is None
    np.testing.assert_array_equal(split.value("prob"), e.full(formats.all).tensors["prob"])
    assert Split(e, formats, {"prob": e.exact.tensors["prob"]}).total("prob") == 0


@given(finite, finite)
def test_relative_is_that_of_numpy(a, b):
    exact = np.arange(1.0, 13).reshape(3, 4)
    assert relative(a, b, exact) == pytest.approx(np.linalg.norm(a - b) / np.linalg.norm(exact), rel=1e-12)


def test_what_is_finite_on_one_side_only_is_infinite():
    x = np.array([1.0, 2.0])
    assert relative(np.array([1, math.inf]), x, x) == math.inf
    assert relative(np.array([1, math.nan]), x, x) == math.inf
    both = np.array([math.inf, math.nan])
    assert relative(both, both, x) == 0
    assert relative(x, x * 0, x * 0) == math.inf


def test_figures_by_hand():
    exact = np.zeros((1, 3, 2, 2))
    exact[0, 0] = 4.0
    actual = exact.copy()
    actual[0, 1, 0, 0] = 0.5
    found = in_users_terms(graph(exact.shape), "y", actual.astype(np.float16), exact)
    assert found["rel_l2"] == 0.0625  # 0.5 / √(4·16)
    assert found["snr_db"] == pytest.approx(24.0824, abs=1e-4)
    assert found["psnr_db"] == pytest.approx(20 * math.log10(4 / math.sqrt(0.25 / 12)), abs=1e-3)
    assert (found["max_abs"], found["argmax_of"], found["nonfinite"]) == (0.5, None, 0)


def test_equal_outputs_have_an_infinite_ratio():
    exact = np.arange(12.0).reshape(1, 3, 2, 2)
    found = in_users_terms(graph(exact.shape), "y", exact.astype(np.float16), exact)
    assert (found["rel_l2"], found["snr_db"], found["psnr_db"]) == (0, "inf", "inf")
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    flat = in_users_terms(graph(exact.shape), "y", np.ones(exact.shape), np.ones(exact.shape))
    assert flat["psnr_db"] is None  # no range, no peak


@pytest.mark.parametrize("odd", [math.inf, math.nan])
def test_overflow_is_an_infinite_loss_in_strict_json(odd):
    exact = np.full((2, 3), 1e5)
    actual = exact.copy()
    actual[0, 1] = odd
    found = in_users_terms(graph(exact.shape), "y", actual.astype(np.float32), exact)
    assert (found["rel_l2"], found["snr_db"], found["max_abs"], found["nonfinite"]) == ("inf", "-inf", "inf", 1)
    json.dumps(found, allow_nan=False)
    # Exact and rounded alike beyond float16: the verdict lets that pass, a loss is one all the same.
    with np.errstate(over="ignore"):
        half = in_users_terms(graph(exact.shape), "y", exact.astype(np.float16), exact)
    assert (half["rel_l2"], half["nonfinite"]) == ("inf", 6)


def test_argmax_is_taken_over_the_softmax_axis():
    exact = np.zeros((2, 5, 3))
    exact[..., 0] = 1.0
    actual = exact.copy()
    actual[0, 1] = [0, 1, 0]
    found = in_users_terms(graph(exact.shape, "Softmax", axis=-1), "y", actual, exact)
    assert (found["argmax_changed"], found["argmax_of"]) == (1, 10)
    found = in_users_terms(graph((4, 3)), "y", actual[0, :4], exact[0, :4])
    assert (found["argmax_changed"], found["argmax_of"]) == (1, 4)


def test_integers_have_no_argmax():
    exact = np.arange(6).reshape(2, 3)
    cast = graph((2, 3), "Cast", dtype="int32")
    found = in_users_terms(cast, "y", exact + 1, exact)
    assert found["argmax_of"] is None
    assert found["max_abs"] == 1
    truth = in_users_terms(graph((1, 1, 2, 2), "Cast", dtype="bool"), "y", *[np.ones((1, 1, 2, 2), bool)] * 2)
    assert (truth["rel_l2"], truth["psnr_db"]) == (0, None)


def test_rows_of_layers(net):
    e, formats = emulator(net), Formats.of(FLOAT16)
    rows = layers(e, formats, Split(e, formats, {}))
    assert [r["tensor"] for r in rows] == [o for n in net.graph.nodes for o in n.outputs]
    by_name = {r["node"]: r for r in rows}
    count = sum(net.weights[k].size for k in ("conv/W", "conv/b"))
    assert by_name["conv"]["weights"] == {"count": count, "zero": 0, "subnormal": 0, "infinite": 0}
    assert by_name["conv"]["bytes"] == [4 * count, 2 * count]
    assert by_name["relu"]["bytes"] == [0, 0]
    assert by_name["fc1"]["tensor_counts"]["count"] == 60
    total = sum(w.nbytes for w in net.weights.values())
    assert [sum(r["bytes"][i] for r in rows) for i in (0, 1)] == [total, total // 2]


def test_states_of_a_recurrent_layer_have_rows_and_its_weights_count_once(net):
    from tests.judge.conftest import Net

    lstm = Net.of({"x": (3, 4, 5)}, (node("lstm", "LSTM", "x", units=4),), ("lstm", "lstm.c"))
    e, formats = emulator(lstm), Formats.of(FLOAT16)
    rows = layers(e, formats, Split(e, formats, {}))
    assert [r["tensor"] for r in rows] == ["lstm", "lstm.h", "lstm.c"]
    assert [r["weights"]["count"] > 0 for r in rows] == [True, False, False]
    assert [o["tensor"] for o in outputs(e, Split(e, formats, {}))] == ["lstm", "lstm.c"]


def test_numbers_of_strict_json():
    assert [number(x) for x in (None, 1 / 3, math.inf, -math.inf, math.nan)] == [None, 0.333333, "inf", "-inf", "nan"]
    assert [decibels(x) for x in (0.0, 1.0, 0.1, math.inf)] == [math.inf, 0, pytest.approx(20), -math.inf]
