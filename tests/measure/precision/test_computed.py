from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from parity.measure.precision import computed as computed_module
from parity.measure.precision.computed import computed
from parity.measure.precision.format import Format
from parity.precision import PRECISIONS
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
