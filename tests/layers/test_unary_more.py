"""Shrinkage, rectifiers' smooth stand-ins, inverse hyperbolic functions, roundings: against math, Chainer and ONNX."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import KIT, Judged, evaluate
from parity.judge.regimes import folded
from parity.layers import Layer, Spec


def shrink(x, lambd, bias):
    return x + bias if x < -lambd else x - bias if x > lambd else 0.0


def asinh(x):
    """By the series where 1 + x rounds."""
    series = x - x**3 / 6 + 3 * x**5 / 40 - 15 * x**7 / 336
    return math.copysign(math.log(abs(x) + math.hypot(x, 1)), x) if abs(x) > 0.005 else series


def erf_of_inverse(x):
    """The inverse found by halving an interval."""
    low, high = 0.0, 6.0
    for _ in range(70):
        mid = (low + high) / 2
        low, high = (mid, high) if math.erf(mid) < abs(x) else (low, mid)
    return math.copysign(low, x)


# name, parameters, one number, Chainer in float64 where it can say it
CASES = [
    ("Shrink", {}, lambda x: shrink(x, 0.5, 0), None),
    ("Shrink", {"lambd": 0.7, "bias": 0.7}, lambda x: shrink(x, 0.7, 0.7), lambda F, x: x - F.clip(x, -0.7, 0.7)),
    ("Shrink", {"lambd": 1, "bias": -0.3}, lambda x: shrink(x, 1, -0.3), None),
    ("Threshold", {"threshold": 0.3, "default_value": -2}, lambda x: x if x > 0.3 else -2.0, None),
    ("Threshold", {"threshold": 0, "default_value": 0}, lambda x: max(x, 0.0), lambda F, x: F.relu(x)),
    ("TanhShrink", {}, lambda x: x - math.tanh(x), lambda F, x: x - F.tanh(x)),
    ("CELU", {}, lambda x: x if x > 0 else math.expm1(x), lambda F, x: F.elu(x)),
    ("CELU", {"alpha": 2.5}, lambda x: x if x > 0 else 2.5 * math.expm1(x / 2.5), lambda F, x: 2.5 * F.elu(x / 2.5)),
    ("Squareplus", {}, lambda x: (x + math.hypot(x, 2)) / 2, lambda F, x: (x + F.sqrt(F.square(x) + 4)) / 2),
    ("Squareplus", {"b": 0.25}, lambda x: (x + math.hypot(x, 0.5)) / 2, None),
    ("SparsePlus", {}, lambda x: 0.0 if x <= -1 else x if x >= 1 else (x + 1) ** 2 / 4, None),
    ("Asinh", {}, asinh, None),
    ("Acosh", {}, lambda x: 2 * math.asinh(math.sqrt((x - 1) / 2)), None),
    ("Atanh", {}, lambda x: (math.log1p(x) - math.log1p(-x)) / 2, lambda F, x: F.arctanh(x)),
    ("Erfc", {}, lambda x: 1 - math.erf(x), lambda F, x: F.erfc(x)),
    ("Erfinv", {}, erf_of_inverse, lambda F, x: F.erfinv(x)),
    ("Trunc", {}, lambda x: math.floor(x) if x > 0 else math.ceil(x), lambda F, x: F.fix(x)),
    ("Round", {}, round, None),
]
CANCELS = ("Squareplus", "TanhShrink", "Erfc")  # in float64 as well
each = pytest.mark.parametrize(("name", "parameters", "one", "chainers"), CASES)


@pytest.fixture
def x(numbers):
    rows = [numbers(100), 6 * numbers(100), 40 * numbers(50), 1e-4 * numbers(43), [0, -0.0, 0.5, 1, -1, 2.5, -1.5]]
    return np.concatenate(rows).reshape(2, 150)


def agree(name, actual, expected, x):
    atol = 1e-15 * np.maximum(np.abs(x), 1) if name in CANCELS else 1e-300
    rtol = 1e-9 if name == "Erfinv" else 4e-13  # near ±1 the slope multiplies what float64 rounds
    assert (np.abs(actual - expected) <= rtol * np.abs(expected) + atol).all()


@each
def test_against_math(name, parameters, one, chainers, x, rule):
    layer = Layer.registry[name](**parameters)
    x = folded(x, layer.domain)
    agree(name, rule(layer, x), np.array([one(float(v)) for v in x.ravel()]).reshape(x.shape), x)


@pytest.mark.parametrize(("name", "parameters", "chainers"), [(n, p, c) for n, p, _, c in CASES if c])
def test_against_chainer(name, parameters, chainers, x, rule, F):
    layer = Layer.registry[name](**parameters)
    x = folded(x, layer.domain)
    y = chainers(F, x)
    agree(name, rule(layer, x), getattr(y, "array", y), x)


@each
def test_float32_stays_float32(name, parameters, one, chainers, x, rule):
    layer = Layer.registry[name](**parameters)
    assert rule(layer, folded(x.astype(np.float32), layer.domain)).dtype == np.float32


EXAMPLES = {
    "shrink": ("Shrink", "shrink_hard shrink_soft"),
    "celu": ("CELU", "celu"),
    "asinh": ("Asinh", "asinh asinh_example"),
    "acosh": ("Acosh", "acosh acosh_example"),
    "atanh": ("Atanh", "atanh atanh_example"),
    "round": ("Round", "round"),
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, (_, names) in EXAMPLES.items() for n in names.split()])
def test_onnx_example(module, name, examples, rule):
    _, attributes, (x,), (y,) = examples(module)[name]
    layer = Layer.registry[EXAMPLES[module][0]](**attributes)
    np.testing.assert_allclose(rule(layer, x.astype(np.float64)), y, rtol=1e-6)


SOFT = {"lambd": 0.5, "bias": 0.5}
WRONG = [
    ("Shrink", {}, lambda x: np.where(np.abs(x) > 0.45, x, 0)),
    ("Shrink", {}, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
    ("Shrink", SOFT, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.50001, 0)),
    ("Shrink", {"lambd": 0.7, "bias": 0.7}, lambda x: np.where(np.abs(x) > 0.7, x, 0)),
    ("Threshold", {"threshold": 0.3, "default_value": -2}, lambda x: np.maximum(x, -2)),
    ("Threshold", {"threshold": 0.3, "default_value": -2}, lambda x: np.where(x > 0.3, x, -2.00001)),
    ("TanhShrink", {}, lambda x: x - np.tanh(1.00001 * x)),
    ("CELU", {"alpha": 2.5}, lambda x: np.where(x > 0, x, 2.5 * np.expm1(x))),
    ("CELU", {"alpha": 2.5}, lambda x: np.where(x > 0, x, 2.5 * np.expm1(x / 2.5001))),
    ("Squareplus", {}, lambda x: (x + np.hypot(x, 2.00001)) / 2),
    ("SparsePlus", {}, lambda x: np.logaddexp(0, x)),
    ("SparsePlus", {}, lambda x: np.where(x > -1, np.where(x < 1, (x + 1) ** 2 / 2, x), 0)),
    ("Asinh", {}, lambda x: np.log(np.float32(1) * (x + np.sqrt(x * x + 1)).astype(np.float32))),
    ("Acosh", {}, lambda x: np.log(2 * x)),
    ("Atanh", {}, np.tanh),
    ("Atanh", {}, lambda x: np.log((1 + x) / (1 - x))),
    ("Erfc", {}, lambda x: 1 - np.tanh(1.2 * x)),
    ("Erfinv", {}, lambda x: np.arctanh(x) / 1.2),
    ("Trunc", {}, np.floor),
    ("Trunc", {}, np.rint),
    ("Round", {}, lambda x: np.floor(x + 0.5)),
    ("Round", {}, lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5)),
]


@pytest.mark.parametrize(("name", "parameters", "wrong"), WRONG)
def test_what_is_wrong_is_outside_the_bound(name, parameters, wrong, x):
    layer = Layer.registry[name](**parameters)
    x = np.clip(folded(x, layer.domain), -30, 30).astype(np.float32).astype(np.float64)
    judged = evaluate(Node("n", layer, ("x",), {}), [Judged(x, None)], {})[0]
    bound = 0.0 if judged.bound is None else judged.bound
    assert (np.abs(judged.value.astype(np.float32) - judged.value) <= bound).all()
    with np.errstate(all="ignore"):
        assert (np.abs(wrong(x) - judged.value) > bound).any()


@pytest.mark.parametrize("size", [1e-6, 0.1, 3.0])
@pytest.mark.parametrize(("name", "parameters"), [(n, p) for n, p, _, _ in CASES])
def test_errors_of_any_size_stay_inside(name, parameters, size, x, numbers):
    layer = Layer.registry[name](**parameters)
    apply, x = layer.rule("numpy").fn, folded(x, layer.domain)
    e = size * np.abs(numbers(*x.shape))
    with np.errstate(all="ignore"):
        y = apply(layer, KIT, x)
        carried = layer.rule("carry").fn(layer, KIT, y, e, x)
        for step in np.linspace(-1, 1, 41):
            moved = x + step * e
            inside = (moved > layer.domain[0]) & (moved < layer.domain[1])
            change = np.abs(apply(layer, KIT, np.where(inside, moved, x)) - y)
            assert (change <= carried * (1 + 1e-9) + 1e-14).all()


@pytest.mark.parametrize(
    ("name", "parameters", "x", "e", "jump"),
    [
        ("Trunc", {}, 1e-6, 1e-5, 0),
        ("Trunc", {}, 2 - 1e-6, 1e-5, 1),
        ("Round", {}, 0.5 - 1e-6, 1e-5, 1),
        ("Round", {}, 2.2, 1e-5, 0),
        ("Acosh", {}, 1 + 1e-6, 1e-5, math.inf),
        ("Atanh", {}, 1 - 1e-6, 1e-5, math.inf),
        ("Shrink", {}, 0.5 - 1e-6, 1e-5, 0.5 + 9e-6),
        ("Shrink", {}, 0.2, 1e-5, 0),
        ("Shrink", {"lambd": 0.5, "bias": 0.5}, 0.5 + 1e-6, 1e-5, 1e-5),
        ("Threshold", {"threshold": 1, "default_value": -2}, 1 + 1e-6, 1e-5, 3 + 1e-6),
    ],
)
def test_jumps_and_ends_of_domains_within_an_error(name, parameters, x, e, jump):
    layer = Layer.registry[name](**parameters)
    x, e = np.array([x]), np.array([e])
    y = layer.rule("numpy").fn(layer, KIT, x)
    assert layer.rule("carry").fn(layer, KIT, y, e, x)[0] == pytest.approx(jump, abs=1e-12)


@pytest.mark.parametrize("lambd", [0.3, 0.7])
def test_a_number_on_an_edge_that_float32_moves_may_fall_on_either_side(lambd):
    x = np.array([np.float32(lambd)], np.float64)
    for layer in (Layer.registry["Shrink"](lambd=lambd), Layer.registry["Threshold"](threshold=lambd, default_value=0)):
        judged = evaluate(Node("n", layer, ("x",), {}), [Judged(x, None)], {})[0]
        assert (np.abs(judged.value - [0.0]) <= judged.bound).all()
        assert (np.abs(judged.value - x) <= judged.bound).all()


@pytest.mark.parametrize(("shape", "axis"), [((4, 6, 3), 1), ((4, 6, 2), -1), ((5, 8), 1)])
def test_glu(shape, axis, numbers, rule, close, F):
    x = numbers(*shape)
    a, b = F.split_axis(x, 2, axis)
    close(rule(Layer.registry["GLU"](axis=axis), x), a * F.sigmoid(b))


def test_glu_wants_two_halves():
    with pytest.raises(BadInput, match="found 2, the axis has size 7, which it must divide"):
        Layer.registry["GLU"](axis=1).infer(Spec((3, 7)))
