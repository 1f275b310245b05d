"""Attention: query by query, against ONNX's examples and, with heads, by einsum."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Layer, Spec
from parity.layers.attention import AdditiveAttention, Attention, CausalMask, MultiHeadAttention


def one_by_one(score, k, v, causal):
    """Of each query the mean of the values it sees, weighted by e^score."""
    made = []
    for i in range(score.shape[0]):
        seen = range(min(i + 1, len(k)) if causal else len(k))
        weights = [math.exp(score[i, j]) for j in seen]
        made.append(sum(w * v[j] for w, j in zip(weights, seen, strict=True)) / math.fsum(weights))
    return np.array(made)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_attention(causal, scale, numbers, rule, close):
    q, k, v = numbers(2, 4, 6), numbers(2, 5, 6), numbers(2, 5, 7)
    given = {} if scale is None else {"scale": np.array(scale)}
    y = rule(Attention(use_scale=scale is not None, causal=causal), q, k, v, **given)
    for n in range(2):
        close(y[n], one_by_one((scale or 1) * q[n] @ k[n].T, k[n], v[n], causal))


@pytest.mark.parametrize("causal", [False, True])
def test_additive_attention(causal, numbers, rule, close):
    q, k, v, scale = numbers(2, 4, 6), numbers(2, 5, 6), numbers(2, 5, 7), numbers(6)
    y = rule(AdditiveAttention(causal=causal), q, k, v, scale=scale[None])
    for n in range(2):
        score = np.array([[math.fsum(scale * np.tanh(a + b)) for b in k[n]] for a in q[n]])
        close(y[n], one_by_one(score, k[n], v[n], causal))


@pytest.mark.parametrize(
    "name", ["attention_4d", "attention_4d_causal", "attention_4d_scaled", "attention_4d_diff_heads_sizes"]
)
def test_onnx_example(name, examples, rule):
    """ONNX divides scores by √F, or scales them as said, and has an axis of heads, which here are more samples."""
    _, attributes, inputs, outputs = examples("attention")[name]
    q, k, v = (x.reshape(-1, *x.shape[2:]).astype(np.float64) for x in inputs)
    scale = np.array(attributes.get("scale", 1 / math.sqrt(q.shape[-1])))
    layer = Attention(use_scale=True, causal=bool(attributes.get("is_causal")))
    made = rule(layer, q, k, v, scale=scale)
    np.testing.assert_allclose(made, outputs[0].reshape(made.shape), rtol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_multi_head_attention(causal, bias, numbers, weights, rule, close):
    layer = MultiHeadAttention(heads=3, key_dim=6, value_dim=8, units=10, bias=bias, causal=causal)
    q, k, v = numbers(2, 4, 7), numbers(2, 5, 9), numbers(2, 5, 11)
    w = weights(layer, q, k, v)

    def head(x, name):
        return np.einsum("nti,hdi->nhtd", x, w[f"{name}_W"]) + (w[f"{name}_b"][None, :, None] if bias else 0)

    score = np.einsum("nhid,nhjd->nhij", head(q, "query"), head(k, "key")) / math.sqrt(6)
    score = np.where(np.arange(5) <= np.arange(4)[:, None], score, -np.inf) if causal else score
    share = np.exp(score) / np.exp(score).sum(-1, keepdims=True)
    expected = np.einsum("nhij,nhjd,ohd->nio", share, head(v, "value"), w["output_W"])
    close(rule(layer, q, k, v, **w), expected + w["output_b"] if bias else expected)


def test_causal_mask(numbers, rule):
    x = numbers(2, 3, 4)
    y = rule(CausalMask(), x)
    hidden = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]], bool)
    np.testing.assert_array_equal(y, np.where(hidden, -1e9, x))


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "message"),
    [
        ("Attention", {}, [(2, 4, 6), (2, 5, 7), (2, 5, 6)], r"expected query, key and value of shapes \[N, Tq, F\]"),
        ("Attention", {}, [(2, 4, 6), (2, 5, 6), (2, 4, 6)], r"found \[2, 4, 6\], \[2, 5, 6\] and \[2, 4, 6\]"),
        ("MultiHeadAttention", {"heads": 2, "key_dim": 3}, [(2, 4), (2, 5), (2, 5)], r"found \[2, 4\], \[2, 5\] and"),
        ("CausalMask", {}, [(3,)], r"expected axes of queries and keys, found \[3\]"),
    ],
)
def test_shapes_that_do_not_fit(name, parameters, shapes, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(*map(Spec, shapes))
