"""What a change of one weight does, by structure and by changing one after the other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.draw import Distribution, draw
from parity.errors import BadInput
from parity.judge.bound import KIT
from parity.judge.effects import STEP, changed, chosen
from parity.judge.regimes import inputs_of, weights_of
from parity.judge.stacked import Stacked
from parity.layers import Layer, Spec
from parity.layers.effect import Products
from parity.layers.evaluate import values


def prepared(layer, specs):
    """Inputs, float64 weights, outputs, and one over some bound for each output."""
    inputs = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in inputs_of(layer, specs, "normal", str(layer))]
    weights = weights_of(layer, specs, str(layer), dtype="float64")
    ys = values(layer, KIT, inputs, weights)
    units = [draw(Distribution("uniform", 2.0, 1.0), y.shape, "float64", "g", i) for i, y in enumerate(ys)]
    return inputs, weights, ys, units


def structured(layer, inputs, weights, g):
    """|w·∂y/∂w|·g by the layer's rule, weight by weight."""
    found = layer.rule("effect").fn(layer, KIT, g[0] if len(g) == 1 else tuple(g), *inputs, **weights)
    full = {k: v.all() if isinstance(v, Products) else v for k, v in found.items()}
    for name, w in weights.items():
        assert full[name].shape == w.shape, name
    return {name: (np.abs(w) * full[name]).reshape(-1) for name, w in weights.items()}


def one_by_one(layer, inputs, weights, ys, g, name):
    """The same without any cleverness."""
    out = []
    for i in range(weights[name].size):
        w = weights[name].copy()
        w.reshape(-1)[i] *= 1 + STEP
        new = values(layer, KIT, inputs, {**weights, name: w})
        out.append(max(float((np.abs(a - b) * u).max()) for a, b, u in zip(new, ys, g, strict=True)))
    return np.array(out) / STEP


def with_weights(case_layers, effect):
    """Instances of layers that have weights; those that have a rule, or those that have none."""
    return [(la, s) for la, s in case_layers if la.weights(*s) and la.has("effect") == effect]


def test_rules_agree_with_changing_each_weight(case_layers):
    seen = set()
    for layer, specs in with_weights(case_layers, effect=True):
        inputs, weights, ys, g = prepared(layer, specs)
        by_rule = structured(layer, inputs, weights, g)
        for name in weights:
            at = chosen(name, weights[name].size, 24)
            changes = changed(layer, ys, g, inputs, weights, name, at)
            # a BatchNorm's variance is the one weight that is no factor and no summand
            tolerance = 1.5 * STEP if name == "var" else 1e-8
            np.testing.assert_allclose(by_rule[name][slice(None) if at is None else at], changes, tolerance, 1e-9)
        seen.add(type(layer).__name__)
    assert seen == {n for n, c in Layer.registry.items() if c._lookup("rules", "effect")}


def test_many_at_once_is_as_one_by_one(case_layers):
    """Recurrent layers, attention, norms, wrappers: whatever has weights and no rule of its own."""
    seen = set()
    for layer, specs in with_weights(case_layers, effect=False):
        inputs, weights, ys, g = prepared(layer, specs)
        for name, w in weights.items():
            stack = Stacked(np.stack([w, w]))
            made = values(layer, KIT, inputs, {**weights, name: stack})  # no rule falls back to one after the other
            assert all(isinstance(y, Stacked | np.ndarray) for y in made)
            if w.size <= 12:
                changes = changed(layer, ys, g, inputs, weights, name, None)
                expected = one_by_one(layer, inputs, weights, ys, g, name)
                np.testing.assert_allclose(changes, expected, rtol=1e-9, atol=1e-9)
        seen.add(type(layer).__name__)
    assert {"LSTM", "GRU", "RNN", "NStep", "Bidirectional", "MultiHeadAttention", "LayerNorm", "Highway"} <= seen


SIZES = st.integers(1, 3)


@st.composite
def sums_of_products(draw_):
    """A convolution of some kind, or a Linear, on a small input."""
    kind = draw_(st.sampled_from(["Conv", "ConvTranspose", "DepthwiseConv", "Linear"]))
    if kind == "Linear":
        lead = draw_(st.lists(SIZES, min_size=1, max_size=3))
        return Layer.registry[kind](units=draw_(SIZES)), Spec((*lead, draw_(SIZES)))
    nd = draw_(st.integers(1, 2))
    more = {} if kind == "DepthwiseConv" else {"groups": draw_(st.integers(1, 2))}
    groups = more.get("groups", 1)
    per_axis = {
        "kernel": tuple(draw_(SIZES) for _ in range(nd)),
        "stride": tuple(draw_(SIZES) for _ in range(nd)),
        "dilation": tuple(draw_(SIZES) for _ in range(nd)),
        "pad": tuple((draw_(st.integers(0, 1)), draw_(st.integers(0, 1))) for _ in range(nd)),
    }
    amount = {"multiplier": draw_(SIZES)} if kind == "DepthwiseConv" else {"filters": groups * draw_(SIZES)}
    layer = Layer.registry[f"{kind}{nd}D"](**amount, **per_axis, **more)
    shape = (draw_(SIZES), groups * draw_(SIZES), *(draw_(st.integers(3, 7)) for _ in range(nd)))
    return layer, Spec(shape)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(sums_of_products())
def test_products(instance):
    layer, spec = instance
    try:
        layer.infer(spec)
    except BadInput:
        return  # no window fits
    inputs, weights, ys, g = prepared(layer, (spec,))
    by_rule = structured(layer, inputs, weights, g)
    for name in weights:
        expected = one_by_one(layer, inputs, weights, ys, g, name)
        np.testing.assert_allclose(by_rule[name], expected, rtol=1e-8, atol=1e-9)
    found = layer.rule("effect").fn(layer, KIT, g[0], *inputs, **weights)["W"]
    at = np.arange(weights["W"].size)[::-2]
    np.testing.assert_array_equal(found.at(at), found.all().reshape(-1)[at])


@pytest.mark.parametrize("columns", [1, 64, 65, 300])
def test_products_of_any_length(columns):
    rng = np.random.default_rng(columns)
    cols, g = rng.normal(size=(2, 5, columns)), rng.uniform(1, 2, size=(2, 3, columns))
    expected = (np.abs(cols)[:, None] * g[:, :, None]).max(-1)
    found = Products(cols, g, (6, 5))
    np.testing.assert_array_equal(found.all(), expected.reshape(6, 5))
    assert found.work == math.prod((2, 5, 3, columns))
    order = rng.permutation(30)
    moved = Products(cols, g, (30,), order)
    np.testing.assert_array_equal(moved.all()[order], expected.reshape(-1))
    np.testing.assert_array_equal(moved.at(order[:7]), expected.reshape(-1)[:7])
