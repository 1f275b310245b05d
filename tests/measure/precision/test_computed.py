from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from parity.judge.bound import Reference
from parity.measure.precision import computed as computed_module
from parity.measure.precision.computed import computed
from parity.measure.precision.folded import folded
from parity.measure.precision.format import Format
from parity.precision import PRECISIONS, numpy_dtype
from tests.judge.conftest import Net, node
from tests.measure.precision.conftest import emulator, float32_engine, half_engine

HALVES = ("float16", "bfloat16")


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("prefix", ["", "mixed_"])
def test_an_engine_that_computes_in_float32_is_caught(deep, half, prefix):
    found = computed(emulator(deep), PRECISIONS[prefix + half], float32_engine(deep, half, half))
    assert (found["asked"], found["seen"]) == (half, "float32")
    assert "are not rounded" in found["why"]


@pytest.mark.parametrize("half", HALVES)
def test_an_engine_that_rounds_every_tensor_is_believed(deep, half):
    out = {t: half_engine(deep, half)[t] for t in deep.graph.outputs}
    found = computed(emulator(deep), PRECISIONS[half], out)
    assert (found["asked"], found["seen"]) == (half, half)


@pytest.mark.parametrize("half", HALVES)
def test_a_runtime_that_folds_in_half_precision_is_caught(half):
    nodes = (
        node("c1", "Conv2D", "x", filters=6, kernel=3),
        node("bn1", "BatchNorm", "c1", epsilon=2e-5),
        node("c2", "ConvTranspose2D", "bn1", filters=5, kernel=3),
        node("bn2", "BatchNorm", "c2", epsilon=1e-3),
    )
    net = Net.of({"x": (2, 4, 7, 6)}, nodes, ("bn2",))
    short = numpy_dtype(half).type
    held = {k: w.astype(short) for k, w in net.weights.items()}
    for layer, norm, epsilon, shape in (("c1", "bn1", 2e-5, (-1, 1, 1, 1)), ("c2", "bn2", 1e-3, (1, -1, 1, 1))):
        # NumPy's own arithmetic in half precision: every operation rounds.
        scale = held[f"{norm}/gamma"] / np.sqrt(held[f"{norm}/var"] + short(epsilon))
        held[f"{layer}/W"] = held[f"{layer}/W"] * scale.reshape(shape)
        held[f"{layer}/b"] = (held[f"{layer}/b"] - held[f"{norm}/mean"]) * scale + held[f"{norm}/beta"]
        ones, zeros = (np.full(scale.shape, v, np.float32) for v in (1, 0))
        held |= {
            f"{norm}/gamma": ones,
            f"{norm}/beta": zeros,
            f"{norm}/mean": zeros,
            f"{norm}/var": ones - short(epsilon),
        }
    wide = {k: w.astype(np.float32) for k, w in held.items()}
    x = {"x": net.reference.inputs["x"].astype(short).astype(np.float32)}
    out = Net(net.graph, wide, Reference.of(net.graph, x, wide)).run()["bn2"].astype(short)
    found = computed(emulator(net), PRECISIONS[half], {"bn2": out})
    assert found["seen"] == "float32"
    assert "BatchNorm folded" in found["why"]


def test_nothing_is_folded_where_a_tensor_is_read_twice_or_given_out():
    nodes = (node("c", "Conv2D", "x", filters=3, kernel=2), node("bn", "BatchNorm", "c", epsilon=2e-5))
    inside = Format("float16", "float16")
    assert folded(emulator(Net.of({"x": (1, 2, 4, 4)}, nodes, ("bn",))), inside, "float16") is not None
    assert folded(emulator(Net.of({"x": (1, 2, 4, 4)}, nodes, ("bn", "c"))), inside, "float16") is None
    twice = (*nodes, node("sum", "Add", "c", "bn"))
    assert folded(emulator(Net.of({"x": (1, 2, 4, 4)}, twice, ("sum",))), inside, "float16") is None
    without = (node("c", "Conv2D", "x", filters=3, kernel=2, bias=False), nodes[1])
    assert folded(emulator(Net.of({"x": (1, 2, 4, 4)}, without, ("bn",))), inside, "float16") is None


def test_storage_that_computes_in_half_precision_is_caught(deep):
    ask = PRECISIONS["storage_float16"]
    right = float32_engine(deep, "float16", "float32")
    assert computed(emulator(deep), ask, right)["seen"] == "float32"
    wrong = {t: half_engine(deep)[t] for t in deep.graph.outputs}
    found = computed(emulator(deep), ask, wrong)
    assert (found["asked"], found["seen"]) == ("float32", "float16")


def test_one_layer_tells_nothing():
    net = Net.of({"x": (2, 3)}, (node("relu", "ReLU", "x"),), ("relu",))
    found = computed(emulator(net), PRECISIONS["float16"], float32_engine(net))
    assert found["seen"] is None
    assert "changes 0 numbers" in found["why"]


@pytest.mark.parametrize("other", [0.01, 0.5])
def test_an_engine_with_errors_of_its_own_tells_nothing(deep, other):
    out = {k: v + np.float16(other) for k, v in float32_engine(deep).items()}
    found = computed(emulator(deep), PRECISIONS["float16"], out)
    assert found["seen"] is None
    assert "rounds elsewhere" in found["why"]


@pytest.mark.parametrize(("share", "seen"), [(0.1, "float32"), (0.4, None), (0.9, "float16")])
def test_between_the_two_there_is_a_gap(deep, share, seen):
    e = emulator(deep)
    half = Format("float16", "float16", "float16")
    inside, outside = (e.full(f).tensors["tanh5"] for f in (half, replace(half, tensors="float64")))
    found = computed(e, PRECISIONS["float16"], {"tanh5": share * inside + (1 - share) * outside})
    assert found["seen"] == seen


def test_a_change_that_float32_would_make_tells_nothing(deep, monkeypatch):
    monkeypatch.setattr(computed_module, "SEEN", 0.1)
    found = computed(emulator(deep), PRECISIONS["float16"], float32_engine(deep))
    assert found["seen"] is None
    assert "nothing can be told" in found["why"]


@pytest.mark.parametrize("name", ["float32", "float64", "tf32"])
def test_other_precisions_are_the_verdicts(deep, name):
    assert computed(emulator(deep), PRECISIONS[name], float32_engine(deep))["seen"] is None
