"""Bounds of every layer in other precisions, against an engine that computes in 64 bits and rounds what comes out."""

from __future__ import annotations

import numpy as np
import pytest

from parity.graph import Node
from parity.judge.bound import KIT, Judged, as_exact, evaluate
from parity.judge.regimes import folded, inputs_of, weights_of
from parity.layers import Layer
from parity.layers.evaluate import values
from parity.precision import PRECISIONS, rounded, significant

OTHERS = ("float64", "float16", "bfloat16", "mixed_float16", "tf32")


def inside(layer, x, dtype):
    """Rounded; what that brings to an end of the layer's domain is moved back in."""
    if x.dtype.kind != "f":
        return x
    y, (low, high) = rounded(x, dtype), layer.domain
    middle = rounded(folded(np.full_like(x, 0.5), layer.domain), dtype)
    return np.where((low < as_exact(y)) & (as_exact(y) < high), y, middle)


class Seen:
    """A layer in a precision: what it is given, what is expected, and what a sound engine makes of it."""

    def __init__(self, layer, specs, name):
        precision, key = PRECISIONS[name], str(layer)
        inputs = [inside(layer, x, precision.tensors) for x in inputs_of(layer, specs, "normal", key)]
        weights = precision.effective(weights_of(layer, specs, key), layer.weights(*specs))
        given = [Judged(as_exact(x), None) for x in inputs]
        self.judged = evaluate(Node("n", layer, ("x",) * len(given), {}), given, weights, precision)
        self.exact = [as_exact(y) for y in values(layer, KIT, [g.value for g in given], weights)]
        self.engine = [rounded(y, precision.tensors) for y in self.exact]
        self.tensors = precision.tensors


@pytest.fixture(scope="module", params=OTHERS)
def seen(request, case_layers):
    return [(layer, Seen(layer, specs, request.param)) for layer, specs in case_layers]


def test_bounds_are_finite_and_have_the_outputs_shape(seen):
    assert {type(layer).__name__ for layer, _ in seen} == set(Layer.registry)
    for layer, s in seen:
        for y, j in zip(s.exact, s.judged, strict=True):
            assert j.value.shape == y.shape, layer
            if j.bound is not None:
                assert j.bound.shape in (y.shape, ()), layer
                assert (np.isfinite(j.bound) & (j.bound > 0)).all(), layer


def test_a_sound_engine_is_inside(seen):
    beyond = {}
    for layer, s in seen:
        for y, j in zip(s.engine, s.judged, strict=True):
            bound = 0.0 if j.bound is None else j.bound
            with np.errstate(invalid="ignore"):
                far = np.abs(np.subtract(y, j.value, dtype=np.float64)) > bound
            if (far & np.isfinite(as_exact(y))).any():  # 70,000 is infinite in float16, as it should be
                beyond[str(layer)] = y
    assert beyond == {}


def test_a_result_rounded_to_half_the_digits_is_outside(seen):
    """Of what tanh gives, whose bound is a few roundings wide."""
    for layer, s in seen:
        if type(layer).__name__ == "Tanh" and s.tensors != "bfloat16":
            coarse = significant(s.exact[0], {"float64": 26, "float32": 12, "float16": 6}[s.tensors])
            assert (np.abs(coarse - s.judged[0].value) > s.judged[0].bound).mean() > 0.5
