from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.judge.bound import KIT, Reference
from parity.layers.evaluate import values
from parity.measure.precision import emulate
from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import Counts, Format, as_type
from tests.judge.conftest import Net, node
from tests.measure.precision.conftest import emulator

HALF = Format("float16", "float16", "float16")


def test_two_layers_by_hand():
    net = Net.of({"x": (4, 5)}, (node("fc", "Linear", "x", units=3), node("relu", "ReLU", "fc")), ("relu",))
    W, b, x = (v.astype(np.float64) for v in (net.weights["fc/W"], net.weights["fc/b"], net.reference.inputs["x"]))
    half = lambda a: a.astype(np.float16).astype(np.float64)  # noqa: E731
    run = emulator(net).full(HALF)
    expected = np.maximum(half(half(x) @ half(W).T + half(b)), 0)
    np.testing.assert_array_equal(run.tensors["relu"], expected)
    np.testing.assert_array_equal(emulator(net).full(Format("float16")).tensors["fc"], x @ half(W).T + half(b))
    assert run.counts["fc"].count == 12


def test_exact_is_the_reference(net, generator):
    for one in (net, generator):
        exact = emulator(one).exact.tensors
        for name, judged in one.reference.tensors.items():
            np.testing.assert_array_equal(exact[name], judged.value)


def composite() -> Net:
    inner = {"layer": "Linear", "units": 4}
    nodes = (
        node("steps", "TimeDistributed", "x", inner=inner),
        node("both", "Bidirectional", "steps", inner={"layer": "RNN", "units": 3, "activation": "tanh"}),
    )
    return Net.of({"x": (2, 5, 3)}, nodes, ("both",))


def test_composite_layers_are_rounded_inside():
    net = composite()
    run = emulator(net).full(HALF)
    np.testing.assert_allclose(emulator(net).exact.tensors["both"], net.reference.tensors["both"].value, rtol=1e-14)
    inside = [k for k in run.tensors if k.startswith("both/")]
    assert inside
    for name in ("both", "steps", *inside):
        np.testing.assert_array_equal(as_type(run.tensors[name], "float16"), run.tensors[name])
    alone = emulator(net).alone(HALF, "both")
    assert alone.tensors["steps"] is emulator(net).exact.tensors["steps"] or np.array_equal(
        alone.tensors["steps"], emulator(net).exact.tensors["steps"]
    )
    assert not np.array_equal(alone.tensors["both"], net.reference.tensors["both"].value)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_restart_gives_what_a_run_from_the_start_gives(net, data):
    names = [n.name for n in net.graph.nodes]
    kept = data.draw(st.sets(st.sampled_from(names), min_size=1, max_size=len(names) - 1))
    found = emulator(net).without(HALF, kept).tensors
    tensors = {k: v.astype(np.float64) for k, v in net.reference.inputs.items()}
    for n in net.graph.nodes:
        inside = n.name not in kept
        read = [as_type(tensors[i], "float16") if inside else tensors[i] for i in n.inputs]
        held = {c: net.weights[n.weight_name(c)].astype(np.float64) for c in net.graph.node_weights(n)}
        held = {c: as_type(w, "float16") if inside else w for c, w in held.items()}
        out = values(n.layer, KIT, read, held)
        tensors |= {o: as_type(v, "float16") if inside else v for o, v in zip(n.outputs, out, strict=True)}
    for name in net.graph.outputs:
        np.testing.assert_array_equal(found[name], tensors[name])


def test_one_layer_alone_begins_where_it_stands(net, monkeypatch):
    ran = []
    real = emulate.values
    monkeypatch.setattr(emulate, "values", lambda layer, *a: ran.append(type(layer).__name__) or real(layer, *a))
    emulator(net).alone(HALF, "fc2")
    assert ran == ["Linear", "Softmax"]


@pytest.mark.parametrize("name", ["conv", "bn", "fc1", "prob"])
def test_alone_rounds_that_layer_and_nothing_else(net, name):
    run, exact = emulator(net).alone(HALF, name), emulator(net).exact
    order = [n.name for n in net.graph.nodes]
    for before in order[: order.index(name)]:
        assert run.tensors[before] is exact.tensors[before]
    assert not np.array_equal(run.tensors[name], exact.tensors[name])
    np.testing.assert_array_equal(as_type(run.tensors[name], "float16"), run.tensors[name])


def test_overflow_is_counted_and_goes_on():
    net = Net.of(
        {"x": (2, 3)}, (node("big", "MulConstant", "x", value=1e6), node("out", "Softmax", "big", axis=1)), ("out",)
    )
    reference = Reference.of(net.graph, {"x": np.ones((2, 3), np.float32)}, {})
    run = Emulator.of(reference).full(HALF)
    assert np.isinf(run.tensors["big"]).all()
    assert run.counts["big"] == Counts(6, infinite=6)
    assert np.isnan(run.tensors["out"]).all()
    assert run.counts["out"].infinite == 0  # NaN before it was rounded: what is counted is what rounding does
