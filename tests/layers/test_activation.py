"""Elementwise layers against Python's own math, one number at a time, and against Chainer."""

import math

import numpy as np
import pytest

from parity.layers.activation import Sigmoid, Softplus, Tanh
from parity.layers.dropout import Dropout
from parity.layers.rectifier import ELU, LeakyReLU, ReLU


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)


def softplus(x, beta):
    z = beta * x
    return (z if z > 40 else math.log1p(math.exp(z))) / beta


CASES = [
    (Sigmoid(), sigmoid, lambda F, x: F.sigmoid(x)),
    (Tanh(), math.tanh, lambda F, x: F.tanh(x)),
    (Softplus(), lambda x: softplus(x, 1), lambda F, x: F.softplus(x)),
    (Softplus(beta=2.5), lambda x: softplus(x, 2.5), lambda F, x: F.softplus(x, beta=2.5)),
    (ReLU(), lambda x: max(x, 0.0), lambda F, x: F.relu(x)),
    (LeakyReLU(alpha=0.0), lambda x: max(x, 0.0), lambda F, x: F.leaky_relu(x, 0)),
    (LeakyReLU(alpha=0.3), lambda x: x if x >= 0 else 0.3 * x, lambda F, x: F.leaky_relu(x, 0.3)),
    (LeakyReLU(alpha=1.5), lambda x: x if x >= 0 else 1.5 * x, lambda F, x: F.leaky_relu(x, 1.5)),
    (ELU(), lambda x: x if x >= 0 else math.expm1(x), lambda F, x: F.elu(x)),
    (ELU(alpha=0.7), lambda x: x if x >= 0 else 0.7 * math.expm1(x), lambda F, x: F.elu(x, 0.7)),
    (Dropout(ratio=0.4), lambda x: x, lambda F, x: F.dropout(x, 0.4)),
]
each = pytest.mark.parametrize(("layer", "one", "chainers"), CASES)


@each
def test_against_math(layer, one, chainers, numbers, rule):
    x = np.concatenate([numbers(200), 30 * numbers(100), 1e-4 * numbers(50), [0, -0.0, 800, -800, 1e-300]])
    expected = np.array([one(v) for v in x])
    np.testing.assert_allclose(rule(layer, x.reshape(5, 71)).ravel(), expected, rtol=1e-12, atol=1e-300)


@each
def test_against_chainer(layer, one, chainers, numbers, rule, close, chainer, F):
    x = np.concatenate([numbers(60), 20 * numbers(60)]).reshape(2, 3, 4, 5)
    with chainer.using_config("train", False):
        close(rule(layer, x), chainers(F, x))


@each
def test_float32_stays_float32(layer, one, chainers, numbers, rule):
    assert rule(layer, numbers(2, 3).astype(np.float32)).dtype == np.float32


def test_dropout_gives_its_input_back(numbers, rule):
    x = numbers(3, 4)
    assert rule(Dropout(ratio=0.9), x) is x
