"""One file, many cases: which, under what ids, and with which values."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.case.case import load
from parity.case.model import Sweep
from parity.case.sweep import label, override, variants

BASE = """\
description: d
inputs:
  x: {shape: [2, 6, 9, 7]}
layers:
  - {layer: Conv2D, name: conv, filters: 4, kernel: 3}
  - {layer: ReLU, name: act}
weights: {random: {kernel: {scale: 1.0}}}
"""


def ids(**sweep):
    return [v.id for v in variants(Sweep(**sweep))]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3"),
        (-1, "-1"),
        (1.0e-5, "1e-05"),
        (True, "true"),
        (None, "None"),
        ([2, 1], "2x1"),
        ([[1, 0], [0, 2]], "1_0x0_2"),
        ([[1, 2]], "1_2"),
        ("a b=c::d/e", "a_b_c__d_e"),
        ("größer", "größer"),
    ],
)
def test_label(value, expected):
    assert label(value) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, database=None)
@given(VALUES)
def test_label_suits_expressions(value):
    """pytest takes word characters and : + - . [ ] / in -k; the ids add commas and brackets of their own."""
    assert re.fullmatch(r"[\w.+-]*", label(value))


def test_product():
    assert ids(product={"conv.stride": [1, [2, 1]], "conv.bias": [True, False]}) == [
        "stride-1,bias-true",
        "stride-1,bias-false",
        "stride-2x1,bias-true",
        "stride-2x1,bias-false",
    ]


def test_zip_with_and_without_id():
    steps = {"conv.stride": [1, 2], "conv.pad": [0, [[1, 0], [0, 1]]]}
    assert ids(zip=steps) == ["stride-1,pad-0", "stride-2,pad-1_0x0_1"]
    assert ids(zip={"id": ["plain", "cut off"], **steps}) == ["plain", "cut_off"]


def test_product_times_zip():
    found = ids(zip={"id": ["a", "b"], "conv.pad": [0, 1]}, product={"seed": [1, 2]})
    assert found == ["a,seed-1", "a,seed-2", "b,seed-1", "b,seed-2"]


def test_same_parameter_of_two_layers_is_told_apart():
    assert ids(product={"one.axis": [1], "two.axis": [2]}) == ["one_axis-1,two_axis-2"]


def test_exclude():
    sweep = {"product": {"conv.stride": [1, 2], "seed": [1, 2]}, "exclude": [{"conv.stride": 2, "seed": 1}]}
    assert ids(**sweep) == ["stride-1,seed-1", "stride-1,seed-2", "stride-2,seed-2"]
    sweep["exclude"] = [{"conv.stride": 2}]
    assert ids(**sweep) == ["stride-1,seed-1", "stride-1,seed-2"]
    assert ids(zip={"id": ["a", "b"], "seed": [1, 2]}, exclude=[{"id": "a"}]) == ["b"]


def test_origins_are_the_places_in_the_file():
    [first, second] = variants(Sweep(zip={"id": ["a", "b"], "conv.pad": [0, 1]}, product={"seed": [7]}))
    assert first.values == {"conv.pad": 0, "seed": 7}
    assert second.origins["conv.pad"] == "sweep.zip.conv.pad.1"
    assert second.origins["seed"] == "sweep.product.seed.0"


def test_override_leaves_the_original_alone():
    data = {"layers": [{"layer": "ReLU", "name": "act"}], "inputs": {"x": {"shape": [1]}}, "sweep": {}}
    [variant] = variants(
        Sweep(product={"act.layer": ["ELU"], "inputs.x.shape": [[2]], "seed": [5], "outputs": [["act"]]})
    )
    changed, written = override(data, variant)
    assert changed == {
        "layers": [{"layer": "ELU", "name": "act"}],
        "inputs": {"x": {"shape": [2]}},
        "seed": 5,
        "outputs": ["act"],
    }
    assert written["layers.act.layer"] == "sweep.product.act.layer.0"
    assert written["inputs.x.shape"] == "sweep.product.inputs.x.shape.0"
    assert data["layers"][0]["layer"] == "ReLU"
    assert data["inputs"]["x"]["shape"] == [1]


def test_values_arrive(tmp_path):
    """Every kind of key changes the network, its input or its weights, and nothing else does."""
    keys = {
        "conv.stride": [1, 2],
        "act.layer": ["ReLU", "Tanh"],
        "inputs.x.shape": [[2, 6, 9, 7], [1, 6, 5, 7]],
        "weights.random.kernel.scale": [1.0, 3.0],
        "seed": [0, 1],
        "outputs": [["act"], ["conv"]],
    }
    lines = [f"    {key}: {values}\n".replace("'", "") for key, values in keys.items()]
    file = tmp_path / "case.yaml"
    file.write_text(BASE + "sweep:\n  product:\n" + "".join(lines))
    cases = load(file)
    assert len(cases) == 64
    assert len({c.id for c in cases}) == 64
    first, last = cases[0], cases[-1]
    assert last.variant == "stride-2,layer-Tanh,shape-1x6x5x7,scale-3.0,seed-1,outputs-conv"
    assert first.graph.specs["act"].shape == (2, 4, 7, 5)
    assert last.graph.specs["act"].shape == (1, 4, 2, 3)
    assert [type(n.layer).__name__ for n in last.graph.nodes] == ["Conv2D", "Tanh"]
    assert (first.graph.outputs, last.graph.outputs) == (("act",), ("conv",))
    other_seed = next(c for c in cases if c.variant.endswith("scale-1.0,seed-1,outputs-act"))
    assert (other_seed.inputs()["x"] != first.inputs()["x"]).all()
    wider = next(c for c in cases if c.variant.endswith("scale-3.0,seed-0,outputs-act"))
    assert wider.weights()["conv/W"] == pytest.approx(3 * first.weights()["conv/W"], rel=1e-6)
