"""Comparisons, logic and choice: element by element, ONNX's examples, and what errors turn over."""

import itertools
import operator

import numpy as np
import pytest

from parity.errors import BadInput
from parity.judge.bound import KIT
from parity.layers import Layer, Spec
from parity.layers.compare import And, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Not, Or, Where

RELATIONS = {
    Equal: operator.eq,
    Less: operator.lt,
    LessOrEqual: operator.le,
    Greater: operator.gt,
    GreaterOrEqual: operator.ge,
}


def apply(layer, *x):
    y = layer.rule("numpy").fn(layer, KIT, *x)
    (spec,) = layer.infer(*(Spec(v.shape, v.dtype.name) for v in x))
    assert (y.shape, y.dtype.name) == spec
    return y


@pytest.mark.parametrize("layer", RELATIONS)
def test_relations(layer, numbers):
    a, b = np.rint(numbers(2, 3, 4)), np.rint(numbers(3, 1))
    y = apply(layer(), a, b)
    assert 0 < y.sum() < y.size
    for i, j, k in np.ndindex(2, 3, 4):
        assert y[i, j, k] == RELATIONS[layer](a[i, j, k], b[j, 0])
    np.testing.assert_array_equal(apply(layer(), a.astype(np.int32), b.astype(np.int32)), y)


@pytest.mark.parametrize(
    ("module", "layer", "names"),
    [
        ("equal", Equal, "equal equal_bcast"),
        ("less", Less, "less less_bcast"),
        ("less_or_equal", LessOrEqual, "less_equal less_equal_bcast"),
        ("greater", Greater, "greater greater_bcast"),
        ("greater_or_equal", GreaterOrEqual, "greater_equal greater_equal_bcast"),
        ("and_", And, "and2d and3d and_bcast3v1d and_bcast4v2d and_bcast4v4d"),
        ("or_", Or, "or2d or3d or_bcast3v1d or_bcast4v2d or_bcast4v4d"),
        ("not_", Not, "not_2d not_3d not_4d"),
        ("where", Where, "where_example"),
    ],
)
def test_onnx_examples(module, layer, names, examples):
    for name in names.split():
        _, _, inputs, (expected,) = examples(module)[name]
        np.testing.assert_array_equal(apply(layer(), *inputs), expected)


def test_where(numbers, F):
    condition, a, b = numbers(2, 3, 4) > 0, numbers(2, 3, 4), numbers(3, 1)
    y = apply(Where(), condition, a, b)
    np.testing.assert_array_equal(y, F.where(condition, a, b).array)
    for i, j, k in np.ndindex(2, 3, 4):
        assert y[i, j, k] == (a[i, j, k] if condition[i, j, k] else b[j, 0])


@pytest.mark.parametrize("layer", RELATIONS)
def test_a_truth_turns_where_errors_meet(layer):
    a, b = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, 1.1, 1.3, 1.1])
    e = [np.array([0.1, 0.1, 0.1, 0.0]), np.array([0.1, 0.1, 0.1, 0.0])]
    y = apply(layer(), a, b)
    assert layer().rule("carry").fn(layer(), KIT, y, e, a, b).tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("layer", [And(), Or()])
def test_logic_turns_only_where_it_can(layer):
    for a, b, ea, eb in itertools.product([False, True], [False, True], [0.0, 1.0], [0.0, 1.0]):
        args = [np.array([v]) for v in (a, b)]
        y = apply(layer, *args)
        others = [
            apply(layer, np.array([p]), np.array([q]))[0]
            for p in ({a, not a} if ea else {a})
            for q in ({b, not b} if eb else {b})
        ]
        carried = layer.rule("carry").fn(layer, KIT, y, [np.array([ea]), np.array([eb])], *args)
        assert carried[0] == float(any(o != y[0] for o in others))


def test_a_turned_condition_takes_the_other_value():
    t, a, b = np.array([True, True, False]), np.array([1.0, 1.0, 1.0]), np.array([3.0, 3.0, 3.0])
    e = [np.array([0.0, 1.0, 1.0]), np.array([0.1, 0.1, 0.1]), np.array([0.2, 0.2, 0.2])]
    y = apply(Where(), t, a, b)
    np.testing.assert_allclose(Where().rule("carry").fn(Where(), KIT, y, e, t, a, b), [0.1, 2.2, 2.2])


@pytest.mark.parametrize(
    ("name", "types", "message"),
    [
        ("Less", ("float32", "int32"), "expected tensors of one type, found float32 and int32"),
        ("Where", ("bool", "float32", "int32"), "expected tensors of one type, found float32 and int32"),
    ],
)
def test_types_do_not_mix(name, types, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name]().infer(*(Spec((2, 3), t) for t in types))
