"""One input element, one output element: against Python's own math, one number at a time, and against Chainer."""

import math

import numpy as np
import pytest

from parity.graph import Node
from parity.judge.bound import KIT, Judged, evaluate
from parity.judge.regimes import folded
from parity.layers import Layer

ROOT = math.sqrt(2 / math.pi)


def clip(x, low, high):
    return max(low, min(high, x))


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def selu(x, alpha=1.6732632423543772, gamma=1.0507009873554805):
    return gamma * (x if x > 0 else alpha * math.expm1(x))


def log1p(x):
    """By the series where 1 + x rounds."""
    return math.log(1 + x) if abs(x) > 0.1 else math.fsum((-1) ** (k + 1) * x**k / k for k in range(1, 18))


def expm1(x):
    return math.exp(x) - 1 if abs(x) > 0.5 else math.fsum(x**k / math.factorial(k) for k in range(1, 20))


# name, parameters, one number, Chainer in float64 where it has the function
CASES = [
    ("ClippedReLU", {"max": 20}, lambda x: clip(x, 0, 20), lambda F, x: F.clipped_relu(x, 20.0)),
    ("ClippedReLU", {"max": 0.7}, lambda x: clip(x, 0, 0.7), lambda F, x: F.clipped_relu(x, 0.7)),
    ("Clip", {"min": -0.5, "max": 3}, lambda x: clip(x, -0.5, 3), lambda F, x: F.clip(x, -0.5, 3.0)),
    ("ThresholdedReLU", {"alpha": 0.3}, lambda x: x if x > 0.3 else 0.0, None),
    ("HardSigmoid", {"alpha": 0.2}, lambda x: clip(x / 5 + 0.5, 0, 1), lambda F, x: F.hard_sigmoid(x)),
    ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}, lambda x: clip(0.3 * x + 0.4, 0, 1), None),
    ("HardSiLU", {}, lambda x: x * clip(x + 3, 0, 6) / 6, None),
    ("SiLU", {}, lambda x: x * sigmoid(x), lambda F, x: F.swish(x, np.array(1.0))),
    ("GELU", {"approximate": False}, lambda x: x * math.erfc(-x / math.sqrt(2)) / 2, lambda F, x: x * F.ndtr(x)),
    (
        *("GELU", {"approximate": True}, lambda x: x * sigmoid(2 * ROOT * (x + 0.044715 * x**3))),
        lambda F, x: x * F.sigmoid(2 * ROOT * (x + 0.044715 * x**3)),
    ),
    ("Mish", {}, lambda x: x * math.tanh(softplus(x)), lambda F, x: x * F.tanh(F.softplus(x))),
    ("SELU", {}, selu, lambda F, x: F.selu(x)),
    ("SELU", {"alpha": 0.7, "gamma": 1.3}, lambda x: selu(x, 0.7, 1.3), lambda F, x: F.selu(x, 0.7, 1.3)),
    ("Softsign", {}, lambda x: x / (1 + abs(x)), None),
    ("LogSigmoid", {}, lambda x: -softplus(-x), lambda F, x: -F.softplus(-x)),
    ("Identity", {}, lambda x: x, lambda F, x: F.identity(x)),
    ("Abs", {}, abs, lambda F, x: F.absolute(x)),
    ("Neg", {}, lambda x: 0 - x, lambda F, x: 0 - x),
    ("Sign", {}, lambda x: (x > 0) - (x < 0), lambda F, x: F.sign(x)),
    ("Floor", {}, math.floor, lambda F, x: F.floor(x)),
    ("Ceil", {}, math.ceil, lambda F, x: F.ceil(x)),
    ("Square", {}, lambda x: x**2, lambda F, x: F.square(x)),
    ("Sqrt", {}, lambda x: x**0.5, lambda F, x: F.sqrt(x)),
    ("Rsqrt", {}, lambda x: x**-0.5, lambda F, x: F.rsqrt(x)),
    ("Reciprocal", {}, lambda x: x**-1, lambda F, x: x**-1),
    ("Exp", {}, math.exp, lambda F, x: F.exp(x)),
    ("Expm1", {}, expm1, lambda F, x: F.expm1(x)),
    ("Log", {}, math.log, lambda F, x: F.log(x)),
    ("Log1p", {}, log1p, lambda F, x: F.log1p(x)),
    ("Log2", {}, math.log2, lambda F, x: F.log2(x)),
    ("Log10", {}, math.log10, lambda F, x: F.log10(x)),
    ("Sinh", {}, lambda x: (expm1(x) - expm1(-x)) / 2, lambda F, x: F.sinh(x)),
    ("Cosh", {}, lambda x: (math.exp(x) + math.exp(-x)) / 2, lambda F, x: F.cosh(x)),
    ("Erf", {}, lambda x: 1 - math.erfc(x) if x > 0 else math.erfc(-x) - 1, lambda F, x: F.erf(x)),
    ("Sin", {}, math.sin, lambda F, x: F.sin(x)),
    ("Cos", {}, math.cos, lambda F, x: F.cos(x)),
    ("Tan", {}, lambda x: math.sin(x) / math.cos(x), lambda F, x: F.tan(x)),
    ("Asin", {}, lambda x: math.atan2(x, math.sqrt((1 - x) * (1 + x))), lambda F, x: F.arcsin(x)),
    ("Acos", {}, lambda x: math.atan2(math.sqrt((1 - x) * (1 + x)), x), lambda F, x: F.arccos(x)),
    ("Atan", {}, math.atan, lambda F, x: F.arctan(x)),
]
GATED = ("SiLU", "HardSiLU", "GELU", "Mish", "Erf", "LogSigmoid", "HardSigmoid")  # where float64 cancels as well
each = pytest.mark.parametrize(("name", "parameters", "one", "chainers"), CASES)


@pytest.fixture
def x(numbers):
    rows = [numbers(100), 6 * numbers(100), 40 * numbers(50), 1e-4 * numbers(47), [0, -0.0, 0.5]]
    return np.concatenate(rows).reshape(2, 150)


def agree(name, actual, expected, x):
    atol = 1e-15 * np.maximum(np.abs(x), 1) if name in GATED else 1e-300
    assert (np.abs(actual - expected) <= 2e-13 * np.abs(expected) + atol).all()


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


WRONG = [
    ("ClippedReLU", {"max": 20}, lambda x: np.clip(x, 0, 6)),
    ("ClippedReLU", {"max": 0.7}, lambda x: np.clip(x, 0, 0.7001)),
    ("Clip", {"min": -0.5, "max": 3}, lambda x: np.clip(x, -0.501, 3)),
    ("ThresholdedReLU", {"alpha": 0.3}, lambda x: np.where(x > 0.2, x, 0)),
    ("ThresholdedReLU", {"alpha": 0.3}, lambda x: np.maximum(x - 0.3, 0)),
    ("HardSigmoid", {"alpha": 0.2}, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    ("HardSigmoid", {"alpha": 0.2}, lambda x: np.clip(x / 5 + 0.5001, 0, 1)),
    ("HardSiLU", {}, lambda x: x * np.clip(x / 5 + 0.5, 0, 1)),
    ("SiLU", {}, lambda x: x / (1 + np.exp(-1.001 * x))),
    ("GELU", {"approximate": False}, lambda x: x / (1 + np.exp(-2 * ROOT * (x + 0.044715 * x**3)))),
    ("GELU", {"approximate": True}, lambda x: x / (1 + np.exp(-2 * ROOT * (x + 0.04472 * x**3)))),
    ("Mish", {}, lambda x: x * np.tanh(np.maximum(x, 0))),
    ("SELU", {}, lambda x: 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(x))),
    ("Softsign", {}, np.tanh),
    ("LogSigmoid", {}, lambda x: np.log(np.clip(1 / (1 + np.exp(-x)), 1e-3, 1))),
    ("Abs", {}, lambda x: x),
    ("Floor", {}, np.rint),
    ("Ceil", {}, np.trunc),
    ("Rsqrt", {}, lambda x: 1 / np.sqrt(x + 1e-5)),
    ("Log", {}, lambda x: np.log(x + 1e-6)),
    ("Log10", {}, lambda x: np.log(x) / 2.3026),
    ("Log2", {}, np.log),
    ("Log1p", {}, lambda x: np.log((1 + x.astype(np.float32)).astype(np.float64))),
    ("Expm1", {}, lambda x: (np.exp(x.astype(np.float32)) - np.float32(1)).astype(np.float64)),
    ("Erf", {}, lambda x: np.tanh(1.2027 * x)),
    ("Sin", {}, lambda x: np.sin(x % 6.2831)),
    ("Acos", {}, lambda x: np.arcsin(x)),
]


@pytest.mark.parametrize(("name", "parameters", "wrong"), WRONG)
def test_what_is_wrong_is_outside_the_bound(name, parameters, wrong, x):
    layer = Layer.registry[name](**parameters)
    x = np.clip(folded(x, layer.domain), -30, 30).astype(np.float32).astype(np.float64)
    judged = evaluate(Node("n", layer, ("x",), {}), [Judged(x, None)], {})[0]
    bound = 0.0 if judged.bound is None else judged.bound
    assert (np.abs(judged.value.astype(np.float32) - judged.value) <= bound).all()
    with np.errstate(over="ignore"):
        assert (np.abs(wrong(x) - judged.value) > bound).any()


def carried(name, x, e, **parameters):
    layer = Layer.registry[name](**parameters)
    x, e = np.array([x]), np.array([e])
    y = layer.rule("numpy").fn(layer, KIT, x)
    return layer.rule("carry").fn(layer, KIT, y, e, x)[0]


@pytest.mark.parametrize(
    ("name", "parameters", "x", "e", "jump"),
    [
        ("Sign", {}, 1e-6, 1e-5, 2),
        ("Sign", {}, 1e-4, 1e-5, 0),
        ("Floor", {}, 2 - 1e-6, 1e-5, 1),
        ("Floor", {}, 2.5, 1e-5, 0),
        ("Ceil", {}, 2 + 1e-6, 1e-5, 1),
        ("Ceil", {}, 2.5, 2.0, 2),
        ("ThresholdedReLU", {"alpha": 1.0}, 1 - 1e-6, 1e-5, 1 + 9e-6),
        ("Tan", {}, math.pi / 2 - 1e-6, 1e-5, math.inf),
        ("Reciprocal", {}, 1e-6, 1e-5, math.inf),
        ("Asin", {}, 1 - 1e-6, 1e-5, math.inf),
        ("Log", {}, 1e-6, 1e-5, math.inf),
        ("Sqrt", {}, 1e-6, 1e-5, math.inf),
    ],
)
def test_jumps_and_ends_of_domains_within_an_error(name, parameters, x, e, jump):
    assert carried(name, x, e, **parameters) == pytest.approx(jump, abs=1e-12)


def test_clip_needs_an_interval():
    with pytest.raises(Exception, match="max: found 1, must be above min, which is 1"):
        Layer.registry["Clip"](min=1, max=1)
