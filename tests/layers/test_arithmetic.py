"""Arithmetic of several inputs and with constants: element by element, against Chainer and ONNX's examples."""

import math
import operator
from functools import reduce

import numpy as np
import pytest

from parity.errors import BadInput
from parity.judge.bound import KIT
from parity.layers import Layer, Spec
from parity.layers.arithmetic import Add, Div, Mul, Sub
from parity.layers.between import Average, LinearInterpolate, Maximum, Minimum
from parity.layers.constants import AddConstant, DivFromConstant, MulConstant, SubFromConstant
from parity.layers.power import Pow, PowConstVar, PowVarConst

SHAPES = [[(2, 3, 4), (2, 3, 4)], [(2, 3, 4), (4,)], [(3, 1), (2, 3, 4)], [(2, 1, 4), (3, 1)]]


def at(x, index):
    """The element of a broadcast array, looked up by hand."""
    index = index[len(index) - x.ndim :]
    return x[tuple(i if n > 1 else 0 for i, n in zip(index, x.shape, strict=True))]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize(
    ("layer", "count", "one"),
    [
        (Add(), 2, operator.add),
        (Add(), 4, operator.add),
        (Sub(), 2, operator.sub),
        (Mul(), 2, operator.mul),
        (Div(), 2, operator.truediv),
        (Pow(), 2, math.pow),
        (Maximum(), 3, max),
        (Minimum(), 3, min),
    ],
)
def test_element_by_element(layer, count, one, shapes, numbers, rule):
    xs = [np.abs(numbers(*shapes[i % 2])) for i in range(count)]
    y = rule(layer, *xs)
    for index in np.ndindex(2, 3, 4):
        assert y[index] == pytest.approx(reduce(one, [at(x, index) for x in xs]), rel=1e-14)


@pytest.mark.parametrize("shapes", SHAPES)
def test_against_chainer(shapes, numbers, rule, close, F):
    a, b = (np.abs(numbers(*s)) for s in shapes)
    va, vb = (F.identity(x) for x in (a, b))
    close(rule(Add(), a, b, a), F.add(va, vb, va))
    close(rule(Sub(), a, b), va - vb)
    close(rule(Mul(), a, b), va * vb)
    close(rule(Div(), a, b), va / vb)
    close(rule(Pow(), a, b), va**vb)
    close(rule(Maximum(), a, b), F.maximum(va, vb))
    close(rule(Minimum(), a, b), F.minimum(va, vb))


def test_average_and_interpolation(numbers, rule, close, F):
    p, x, y = numbers(2, 3, 4), numbers(2, 3, 4), numbers(2, 3, 4)
    close(rule(Average(), p, x, y), np.mean([p, x, y], 0))
    close(rule(LinearInterpolate(), p, x, y), F.linear_interpolate(p, x, y))
    row = numbers(3, 1)
    close(rule(LinearInterpolate(), row, x, y), F.linear_interpolate(*F.broadcast(row, x, y)))


EXAMPLES = {
    "add": (Add, "add add_bcast"),
    "sub": (Sub, "sub sub_example sub_bcast"),
    "mul": (Mul, "mul mul_example mul_bcast"),
    "div": (Div, "div div_example div_bcast"),
    "pow": (Pow, "pow pow_example pow_bcast_array"),
    "max": (Maximum, "max_example max_two_inputs"),
    "min": (Minimum, "min_example min_two_inputs"),
    "mean": (Average, "mean_example mean_two_inputs"),
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, (_, names) in EXAMPLES.items() for n in names.split()])
def test_onnx_example(module, name, examples, rule):
    _, _, inputs, outputs = examples(module)[name]
    made = rule(EXAMPLES[module][0](), *(x.astype(np.float64) for x in inputs))
    np.testing.assert_allclose(made, outputs[0], rtol=1e-5)


CONSTANTS = [
    (AddConstant, operator.add),
    (MulConstant, operator.mul),
    (SubFromConstant, lambda x, c: c - x),
    (DivFromConstant, lambda x, c: c / x),
]


@pytest.mark.parametrize(("layer", "one"), CONSTANTS)
def test_constants(layer, one, numbers, rule, close, F):
    x = np.abs(numbers(2, 3, 4)) + 0.1
    close(rule(layer(value=0.7), x), one(F.identity(x), 0.7))
    y = rule(layer(value=[0.5, -1, 3]), x)
    close(rule(layer(value=[0.5, -1, 3], axis=-2), x), y)
    for index in np.ndindex(2, 3, 4):
        assert y[index] == pytest.approx(one(x[index], [0.5, -1, 3][index[1]]), rel=1e-15)


def test_powers_of_constants(numbers, rule, close, F):
    x = np.abs(numbers(2, 3, 4))
    close(rule(PowVarConst(exponent=1.7), x), F.identity(x) ** 1.7)
    close(rule(PowConstVar(base=0.3), x), 0.3 ** F.identity(x))
    close(rule(PowVarConst(exponent=3), -x), -(x * x * x))


@pytest.mark.parametrize(
    ("x", "exponent"),
    [(x, b) for x in (-2.0, -1e-3, 0.0, 1e-3, 3.0) for b in (-2.0, 0.0, 0.5, 1.0, 2.0, 3.0) if x >= 0 or b != 0.5],
)
def test_errors_of_any_size_stay_inside_a_power(x, exponent):
    layer, x = PowVarConst(exponent=exponent), np.array([x])
    for e in (1e-6, 0.1, 5.0):
        with np.errstate(all="ignore"):
            y = x**exponent
            carried = layer.rule("carry").fn(layer, KIT, y, np.array([e]), x)
            moved = np.abs((x + e * np.linspace(-1, 1, 101)) ** exponent - y)
        assert np.nan_to_num(moved, nan=0.0, posinf=0.0).max() <= carried[0] * (1 + 1e-9)


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "message"),
    [
        ("Sub", {}, [(2, 3), (2, 4)], r"from: found \[2, 3\] and \[2, 4\]; counted from the last axis, sizes must be"),
        ("Add", {}, [(2, 3), (3,), (2,)], r"found \[2, 3\] and \[3\] and \[2\]"),
        ("AddConstant", {"value": (1.0, 2.0)}, [(2, 3)], "value: found 2 numbers, the input has 3 places along axis 1"),
        ("MulConstant", {"value": (1.0, 2.0), "axis": 2}, [(2, 3)], "axis: found 2, the input has 2 axes"),
    ],
)
def test_what_does_not_fit(name, parameters, shapes, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(*map(Spec, shapes))
