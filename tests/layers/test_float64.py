"""Every layer alone in float64, on Chainer, whose arithmetic is float64 there: nothing is cut to float32 on the way."""

from __future__ import annotations

import numpy as np
import pytest

from parity.dialects import as_floats
from parity.dialects.chainer import ChainerKit
from parity.dialects.onnx import OnnxKit
from parity.engines.base import to_targets
from parity.engines.chainer import ChainerEngine
from parity.graph import Graph, Node
from parity.judge.bound import Reference
from parity.judge.regimes import inputs_of, weights_of
from parity.judge.verdict import judge
from parity.layers import Layer, Spec
from parity.lower import first_gap, lowered
from parity.precision import PRECISIONS, rounded

FLOAT64 = PRECISIONS["float64"]
REFUSED = {"Bilinear", "Resize", "UpSampling2D"}
"""Layers of which some function in Chainer takes float32 alone."""


@pytest.fixture(scope="module")
def engine(chainer):
    return ChainerEngine("cpu")


def alone(layer, specs):
    names = tuple(f"x{i}" for i in range(len(specs)))
    node = Node("n", layer, names, {})
    return Graph(dict(zip(names, specs, strict=True)), (node,), node.outputs).in_precision("float64")


def verdict(engine, layer, specs, wrong=None):
    """Of a layer alone; ``wrong`` is run in its place."""
    graph, key = alone(layer, specs), str(layer)
    drawn = zip(graph.inputs, inputs_of(layer, specs, "normal", key), strict=True)
    inputs = {k: rounded(v, "float64") for k, v in drawn}
    weights = {f"n/{k}": w.astype(np.float64) for k, w in weights_of(layer, specs, key).items()}
    run = lowered(alone(wrong or layer, specs), "chainer")
    taps = engine.build(run, to_targets(run, "chainer", weights), "float64").tap(inputs)
    return judge(Reference.of(graph, inputs, weights, precision=FLOAT64), taps, {t: taps[t] for t in graph.outputs})


def test_every_layer_is_sound_in_float64(engine, chainer, case_layers):
    bad, seen, refused = {}, set(), set()
    for layer, specs in case_layers:
        if first_gap(alone(layer, specs), "chainer", "chainer"):
            continue
        name = type(layer).__name__
        try:
            made = verdict(engine, layer, specs)
        except chainer.utils.type_check.InvalidType:
            refused.add(name)
            continue
        seen.add(name)
        if made.verdict not in ("equal", "rounding"):
            bad[str(layer), specs] = made.message
    assert bad == {}
    assert refused == REFUSED
    assert len(seen) > 100


@pytest.mark.parametrize("name", ["AddConstant", "MulConstant", "SubFromConstant", "DivFromConstant"])
def test_a_constant_cut_to_float32_is_seen(engine, name):
    specs, kind, exact = (Spec((2, 3, 4)),), Layer.registry[name], (0.1, 0.2, 0.3)
    cut = tuple(float(np.float32(v)) for v in exact)
    assert verdict(engine, kind(value=exact), specs).verdict in ("equal", "rounding")
    assert verdict(engine, kind(value=exact), specs, kind(value=cut)).verdict == "differs"


@pytest.mark.parametrize("value", [0.1, 1 + 2.0**-11 + 2.0**-30])
@pytest.mark.parametrize("floats", ["float16", "float32", "float64"])
def test_a_constant_is_rounded_once(value, floats):
    """1 + 2^-11 + 2^-30 is 1 + 2^-10 in float16, by way of float32 it would be 1."""
    made = ChainerKit(None, None, floats=floats).const(np.float64(value))
    assert (made.dtype.name, float(made)) == (floats, float(np.dtype(floats).type(value)))
    kit = OnnxKit(Graph({"x": Spec((2,), floats)}, (), (), floats=floats))
    assert float(kit.constants[kit.const(np.float64(value))]) == float(made)


def test_only_floats_take_the_networks_dtype():
    for array in (np.array([1, 2]), np.array([True]), np.int64(3)):
        assert as_floats(array, "float16").dtype == array.dtype
    with pytest.raises(TypeError, match=r"constant of float32; float64 is accepted, as np.float64\(0.1\)"):
        as_floats(np.float32(0.1), "float32")
