"""Normalisations against their definition, an element at a time, and against Chainer."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.batch_norm import BatchNorm
from parity.layers.layer_norm import LayerNorm
from parity.layers.lrn import LocalResponseNorm

BATCH = [
    (BatchNorm(epsilon=2e-5), (3, 5, 4, 6)),
    (BatchNorm(epsilon=1e-3, scale=False), (3, 5, 4)),
    (BatchNorm(epsilon=1e-5, center=False), (2, 5, 3, 4, 6)),
    (BatchNorm(epsilon=0.5, scale=False, center=False), (7, 5)),
]
LRN = [
    (LocalResponseNorm(n=5, k=2, alpha=1e-4, beta=0.75), (2, 9, 4, 5), 20),
    (LocalResponseNorm(n=3, k=1, alpha=0.1, beta=0.6), (2, 7, 5), 1),
    (LocalResponseNorm(n=7, k=0.5, alpha=0.3, beta=1.5), (2, 4, 3, 5, 6), 1),  # a window beyond all channels
    (LocalResponseNorm(n=1, k=1.5, alpha=1, beta=0.5), (2, 4, 3), 1),
]


@pytest.mark.parametrize(("layer", "shape"), BATCH)
def test_batch_norm(layer, shape, numbers, weights, rule, close, F):
    x = numbers(*shape) + 1
    w = weights(layer, x)
    assert set(w) == {"mean", "var"} | ({"gamma"} if layer.scale else set()) | ({"beta"} if layer.center else set())
    gamma, beta = w.get("gamma", np.ones(5)), w.get("beta", np.zeros(5))
    y = rule(layer, x, **w)
    close(y, F.fixed_batch_normalization(x, gamma, beta, w["mean"], w["var"], eps=layer.epsilon))
    for at in np.ndindex(*shape):
        c = at[1]
        one = gamma[c] * (x[at] - w["mean"][c]) / math.sqrt(w["var"][c] + layer.epsilon) + beta[c]
        assert y[at] == pytest.approx(one, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(("layer", "shape", "scale"), LRN)
def test_local_response_norm(layer, shape, scale, numbers, rule, close, F):
    x = scale * numbers(*shape)
    y = rule(layer, x)
    close(y, F.local_response_normalization(x, layer.n, layer.k, layer.alpha, layer.beta))
    for at in np.ndindex(*shape):
        near = [(at[0], c, *at[2:]) for c in range(at[1] - layer.n // 2, at[1] + layer.n // 2 + 1)]
        total = math.fsum(x[i] ** 2 for i in near if 0 <= i[1] < shape[1])
        assert y[at] == pytest.approx(x[at] / (layer.k + layer.alpha * total) ** layer.beta, rel=1e-12)


def test_local_response_norm_needs_an_odd_window():
    with pytest.raises(BadInput, match="n: found 4, must be odd"):
        LocalResponseNorm(n=4, k=2, alpha=1e-4, beta=0.75)


@pytest.mark.parametrize("epsilon", [1e-6, 0.3])
@pytest.mark.parametrize("shape", [(4, 6), (2, 5, 24), (2, 3, 4, 1)])
@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_layer_norm(epsilon, shape, scale, numbers, weights, rule, close, F):
    layer = LayerNorm(epsilon=epsilon)
    x = scale * (numbers(*shape) + 1)
    w = weights(layer, x)
    y = rule(layer, x, **w)
    rows = F.layer_normalization(x.reshape(-1, shape[-1]), w["gamma"], w["beta"], eps=epsilon)
    close(y, rows.array.reshape(shape), 1e-11)  # Chainer takes the power −0.5
    for at in np.ndindex(*shape[:-1]):
        row = [float(v) for v in x[at]]
        mean = math.fsum(row) / len(row)
        sigma = math.sqrt(math.fsum((v - mean) ** 2 for v in row) / len(row) + epsilon)
        expected = [g * (v - mean) / sigma + b for g, v, b in zip(w["gamma"], row, w["beta"], strict=True)]
        np.testing.assert_allclose(y[at], expected, rtol=1e-12, atol=1e-13)


def test_wrong_ranks():
    with pytest.raises(BadInput, match=r"expected N C …, found shape \[3\]"):
        BatchNorm(epsilon=1e-5).infer(Spec((3,)))
    with pytest.raises(BadInput, match=r"expected N C …, found shape \[2, 3\]"):
        LocalResponseNorm(n=3, k=1, alpha=1, beta=1).infer(Spec((2, 3)))
