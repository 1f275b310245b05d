"""Traps: found where defaults differ, as large as they are, and gone where they agree."""

import copy
import math

import numpy as np
import pytest

from parity.catalogue.arrays import apart, meaning, sample_arrays
from parity.catalogue.defaults import UNKNOWN, defaults, fitted
from parity.catalogue.traps import traps
from parity.layers import Layer


def found(surveys, facts, layer):
    return {t.parameter: t for t in traps({layer: surveys[layer]}, facts)}


def pair(trap, source, target):
    return next(p for p in trap.pairs if (p.source.dialect, p.target.dialect) == (source, target))


def test_an_epsilon(surveys, kept):
    trap = found(surveys, kept, "BatchNorm")["epsilon"]
    between = pair(trap, "chainer", "onnx")
    assert (between.source.value, between.target.value) == (2e-5, 1e-5)
    sample = next(s for s in surveys["BatchNorm"].own if s.case.id == between.case)
    graph, inputs, weights = sample_arrays(sample.case, sample.node.name)
    options = {k: v for k, v in sample.layer.parameters().items() if k != "epsilon"}
    a, b = (meaning(graph, Layer.registry["BatchNorm"](epsilon=e, **options), inputs, weights) for e in (2e-5, 1e-5))
    assert between.distance == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a))
    assert 1e-6 < between.distance < 1e-3
    assert pair(trap, "chainer", "keras").distance > 10 * between.distance


def test_equal_defaults_are_no_trap(surveys, kept):
    facts = copy.deepcopy(kept)
    for dialect in facts:
        for answer in facts[dialect]["unasked"]["BatchNorm"]["epsilon"]:
            answer["value"] = 1e-5
    assert found(surveys, kept, "BatchNorm").keys() == {"epsilon"}
    assert found(surveys, facts, "BatchNorm") == {}


def test_alpha_that_onnx_divides(surveys, kept):
    between = pair(found(surveys, kept, "LocalResponseNorm")["alpha"], "chainer", "onnx")
    assert between.source.text == between.target.text == "0.0001"
    n = {s.case.id: s.layer.n for s in surveys["LocalResponseNorm"].own}
    values = [between.target.at(surveys["LocalResponseNorm"], i, "alpha") for i in range(len(n))]
    assert values == pytest.approx([1e-4 / size for size in n.values()])


def test_other_shapes(surveys, kept):
    known = found(surveys, kept, "MaxPool2D")
    stride = pair(known["stride"], "chainer", "onnx")
    assert stride.source.source == "kernel"
    assert stride.target.value == (1, 1)
    assert stride.shapes[0] != stride.shapes[1]
    cover = pair(known["cover_all"], "chainer", "keras")
    assert (cover.source.value, cover.target.value) == (True, False)
    assert known["cover_all"].shapes
    assert not known["cover_all"].silent


def test_a_declared_default_counts(surveys, kept):
    known = {d.dialect: d.value for d in defaults(surveys["AveragePool2D"], "count_include_pad", kept)}
    assert known == {"chainer": True, "keras": False, "onnx": False}


def test_what_says_nothing_is_no_trap(surveys, kept):
    assert "bias" not in found(surveys, kept, "Linear")
    assert found(surveys, kept, "ReLU") == {}
    assert found(surveys, {}, "BatchNorm") == {}


def test_fitted():
    assert fitted((1, 1), (3, 3)) == (1, 1)
    assert fitted((1,), (3, 3)) == (1, 1)
    assert fitted(((0, 0),), ((1, 2), (3, 4))) == ((0, 0), (0, 0))
    assert fitted((1, 2), (3, 3, 3)) is UNKNOWN
    assert fitted(0.5, 0.1) == 0.5


def test_apart():
    a = np.array([3.0, 4.0])
    assert apart(a, a) == 0
    assert apart(a, a * 1.1) == pytest.approx(0.1)
    assert math.isinf(apart(np.zeros(2), a))
    with pytest.raises(ValueError, match=r"\[2\] and \[3\]"):
        apart(a, np.zeros(3))
