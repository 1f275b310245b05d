"""The engines that are here, in the precisions that they have."""

from __future__ import annotations

import numpy as np
import pytest

from parity.case.case import load
from parity.session import Session
from parity.targets import Target, missing
from parity.workers.pool import Pool

CASE = """
description: A convolution, its normalisation, and a class.
inputs: {x: {shape: [2, 3, 7, 8]}}
layers:
  - {layer: Conv2D, name: conv, filters: 5, kernel: [3, 2]}
  - {layer: BatchNorm, name: bn, epsilon: 1.0e-3}
  - {layer: ReLU, name: relu}
  - {layer: Flatten, name: flat}
  - {layer: Linear, name: fc, units: 6}
  - {layer: Softmax, name: prob, axis: 1}
"""
DENSE = """
description: Nothing but a product.
inputs: {x: {shape: [3, 40]}}
layers: [{layer: Linear, name: fc, units: 6}, {layer: Tanh, name: act}]
"""

SAYS = {
    "chainer": {"float16": "", "mixed_float16": "", "float64": "", "bfloat16": "no bfloat16", "tf32": "GPU"},
    "keras-jax": {"float16": "", "mixed_float16": "", "bfloat16": "", "mixed_bfloat16": ""},
    "keras-tensorflow": {"float16": "", "mixed_float16": "", "bfloat16": "", "mixed_bfloat16": "", "float64": ""},
    "onnxruntime": {
        "float16": "",
        "mixed_float16": "defines no mixed precision",
        "bfloat16": "in bfloat16 it does not",
    },
    "onnx-reference": {"float16": "", "float64": "", "storage_bfloat16": ""},
}
ALL = [(engine, precision) for engine, known in SAYS.items() for precision in (*known, "storage_float16")]


@pytest.fixture(scope="module")
def session():
    with Session(Pool()) as made:
        yield made


@pytest.fixture(scope="module")
def prepared(session, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    found = {}
    for name, text in (("net", CASE), ("dense", DENSE)):
        (folder / f"{name}.yaml").write_text(text)
        [case] = load(folder / f"{name}.yaml")
        found[name] = session.prepare(case)
    return found


@pytest.mark.parametrize(("engine", "precision"), ALL)
def test_an_engine_has_a_precision_or_says_that_it_has_not(session, prepared, engine, precision):
    target = Target(engine, "cpu", precision)
    if why := missing(target):
        pytest.skip(why)
    cell = session.cell(prepared["dense" if precision == "float64" else "net"], target)
    if why := SAYS[engine].get(precision, ""):
        assert cell["verdict"] == "unsupported"
        assert why in cell["message"]
        return
    if sums_in_half(target, cell):
        assert (cell["verdict"], cell["blame"]) == ("differs", ["conv", "bn"])
        return
    assert cell["verdict"] in ("equal", "rounding"), cell["message"]
    assert cell["certificate"]["ok"]
    assert cell["ok"]


def sums_in_half(target, cell):
    """Whether a convolution is known to round each partial sum to float16, as JAX below 0.8 does on a CPU."""
    release = tuple(map(int, cell["facts"]["versions"].get("jax", "99.0").split(".")[:2]))
    return release < (0, 8) and target.precision in ("float16", "mixed_float16")


def test_float32_in_silence_is_named(session, prepared):
    """Keras 3.15 asks ``result_type("float64", "float32")`` in BatchNorm and tanh, and takes its answer, float32."""
    target = Target("keras-jax", "cpu", "float64")
    if why := missing(target):
        pytest.skip(why)
    cell = session.cell(prepared["net"], target)
    assert cell["verdict"] == "differs"
    [diagnosis] = cell["diagnosis"]
    assert diagnosis["causes"][0]["words"] == "computes in float32, not in float64 as it was asked"
    cell = session.cell(prepared["dense"], target)
    assert (cell["verdict"], cell["message"]) == ("differs", "act was computed in float32, asked for float64")


def test_what_onnx_keeps_in_float32_shows_in_float64(session, prepared):
    """An attribute of ONNX is a float32 whatever the tensors are, and 0.001 is none."""
    target = Target("onnx-reference", "cpu", "float64")
    if why := missing(target):
        pytest.skip(why)
    cell = session.cell(prepared["net"], target)
    assert (cell["verdict"], cell["blame"]) == ("differs", ["conv", "bn"])
    assert cell["diagnosis"][0]["closest"]["name"] == "epsilon"


@pytest.mark.parametrize("engine", ["chainer", "onnx-reference"])
def test_what_is_lost_is_that_of_the_precision(session, prepared, engine):
    """An engine that computed in float32 what it was asked for in float16 would be far nearer."""
    if why := missing(Target(engine)):
        pytest.skip(why)
    lost = {}
    for precision in ("float64", "float32", "float16"):
        outputs = []
        target = Target(engine, "cpu", precision)
        session.cell(prepared["dense"], target, on_answer=lambda answer, kept=outputs: kept.append(answer.outputs))
        exact = prepared["dense"].at(target.computes).reference.tensors["act"].value
        lost[precision] = np.abs(outputs[0]["act"].astype(np.float64) - exact).max()
    assert lost["float64"] < 1e-14 < lost["float32"] < 1e-6 < 1e-5 < lost["float16"] < 1e-3


def test_a_wrong_layer_is_blamed_in_half_precision_too(session, prepared, tmp_path):
    target = Target("chainer", "cpu", "float16")
    if why := missing(target):
        pytest.skip(why)
    wrong = "mistakes: [{target: 'chainer:float16', layer: bn, mistake: epsilon, value: 0.5}]\n"
    (tmp_path / "wrong.yaml").write_text(CASE + wrong)
    [case] = load(tmp_path / "wrong.yaml")
    cell = session.cell(session.prepare(case), target)
    assert cell["verdict"] == "differs"
    assert "bn" in cell["blame"]
    assert cell["diagnosis"][0]["causes"][0]["name"] == "epsilon"


@pytest.mark.parametrize("engine", ["chainer", "keras-jax"])
def test_initial_values_are_in_the_precision_too(session, tmp_path, engine):
    target = Target(engine, "cpu", "float16")
    if why := missing(target):
        pytest.skip(why)
    (tmp_path / "before.yaml").write_text(CASE + "before: true\n")
    [case] = load(tmp_path / "before.yaml")
    cell = session.cell(session.prepare(case), target)
    assert cell["verdict"] in ("equal", "rounding") or sums_in_half(target, cell), cell["message"]
    assert cell["before"]["prob"]["rel_l2"] > 0.01, "its own weights are others"
