from __future__ import annotations

import math

import numpy as np
import pytest

from parity.graph import Graph
from parity.judge.bound import Reference
from parity.layers import Spec
from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import Format
from parity.measure.precision.loss import relative
from parity.measure.precision.sensitivity import Sensitivity
from tests.judge.conftest import Net, node
from tests.measure.precision.conftest import emulator

HALF = Format("float16", "float16", "float16")


def one_bad_layer(scale: float) -> Net:
    """Four Linears, the second of which makes small differences of large numbers."""
    nodes = (
        node("fc0", "Linear", "x", units=32),
        node("fc1", "Linear", "fc0", units=8),
        node("fc2", "Linear", "fc1", units=32),
        node("fc3", "Linear", "fc2", units=4),
    )
    net = Net.of({"x": (4, 32)}, nodes, ("fc3",))
    net.weights["fc1/b"][:] = scale
    weights = net.weights | {"fc2/b": (net.weights["fc2/b"] - net.weights["fc2/W"].sum(1) * scale).astype(np.float32)}
    return Net(net.graph, weights, Reference.of(net.graph, net.reference.inputs, weights))


def test_layers_are_ranked_by_what_they_lose_alone(net):
    e = emulator(net)
    found = Sensitivity(e, HALF).to_json()
    rows = found["layers"]
    assert [r["rel_l2"] for r in rows] == sorted((r["rel_l2"] for r in rows), reverse=True)
    assert {r["node"] for r in rows} == {n.name for n in net.graph.nodes}
    exact = e.exact.tensors["prob"]
    for r in rows:
        alone = e.alone(HALF, r["node"]).tensors["prob"]
        assert r["rel_l2"] == pytest.approx(relative(alone, exact, exact), rel=1e-5)
        assert r["bytes_saved"] == 2 * sum(net.weights[n].size for n in net.weights if n.startswith(f"{r['node']}/"))
    assert found["whole"] == pytest.approx(relative(e.full(HALF).tensors["prob"], exact, exact), rel=1e-5)


def test_the_layer_that_stands_out_is_kept():
    net = one_bad_layer(1000.0)
    found = Sensitivity(emulator(net), HALF).to_json()
    assert {r["node"] for r in found["layers"][:2]} == {"fc1", "fc2"}
    advice = found["advice"]
    assert "fc2" in advice["keep"]
    assert advice["rel_l2"] <= found["whole"] / 2
    assert advice["text"].startswith("keep ")


def test_advice_is_measured_and_its_bytes_are_counted():
    net = one_bad_layer(1000.0)
    found = Sensitivity(emulator(net), HALF).to_json()["advice"]
    kept = found["keep"]
    run, exact = emulator(net).without(HALF, kept), emulator(net).exact.tensors["fc3"]
    assert found["rel_l2"] == pytest.approx(relative(run.tensors["fc3"], exact, exact), rel=1e-5)
    expected = sum(w.size * (4 if name.partition("/")[0] in kept else 2) for name, w in net.weights.items())
    assert found["bytes"] == expected
    assert f"{expected:,} bytes" in found["text"]


def test_no_layer_stands_out_in_a_row_of_equals(deep):
    found = Sensitivity(emulator(deep), HALF).to_json()
    assert found["advice"]["keep"] == []
    assert "no layer stands out" in found["advice"]["text"]
    assert found["advice"]["rel_l2"] == found["whole"]
    assert found["advice"]["bytes"] == sum(w.nbytes for w in deep.weights.values()) // 2


def test_overflow_makes_a_layer_stand_out():
    nodes = (
        node("fc", "Linear", "x", units=8),
        node("up", "MulConstant", "fc", value=1e6),
        node("down", "MulConstant", "up", value=1e-6),
        node("out", "Linear", "down", units=30),
    )
    net = Net.of({"x": (2, 8)}, nodes, ("out",))
    found = Sensitivity(emulator(net), HALF).to_json()
    assert found["whole"] == "inf"
    assert set(found["advice"]["keep"]) >= {"up", "down"}
    assert math.isfinite(found["advice"]["rel_l2"])


def test_what_moves_numbers_loses_nothing():
    graph = Graph({"x": Spec((2, 6))}, (node("relu", "ReLU", "x"),), ("relu",))
    whole = np.arange(12, dtype=np.float32).reshape(2, 6)
    found = Sensitivity(Emulator.of(Reference.of(graph, {"x": whole}, {})), HALF).to_json()
    assert (found["whole"], found["advice"]["keep"]) == (0, [])
    assert "nothing is lost" in found["advice"]["text"]


def test_one_layer_alone_cannot_be_kept():
    net = Net.of({"x": (2, 6)}, (node("fc", "Linear", "x", units=5),), ("fc",))
    found = Sensitivity(emulator(net), HALF).to_json()
    assert found["advice"]["keep"] == []
    assert "most of the network" in found["advice"]["text"]


def test_blocks_are_layers_with_what_follows_them(net, generator):
    assert Sensitivity(emulator(net), HALF).blocks() == [
        ("conv", "bn", "relu", "flat"),
        ("fc1", "tanh"),
        ("fc2", "prob"),
        ("prob",),
    ]
    assert Sensitivity(emulator(generator), HALF).blocks() == [
        ("fc", "image"),
        ("bn", "relu"),
        ("dc", "picture"),
        ("picture",),
    ]


def test_a_block_ends_where_a_tensor_is_read_twice():
    nodes = (
        node("a", "Linear", "x", units=6),
        node("relu", "ReLU", "a"),
        node("b", "Linear", "relu", units=6),
        node("sum", "Add", "relu", "b"),
    )
    net = Net.of({"x": (2, 6)}, nodes, ("sum",))
    assert Sensitivity(emulator(net), HALF).blocks() == [("a", "relu"), ("b",), ("sum",)]
