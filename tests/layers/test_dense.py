"""Linear and Embedding, one output at a time, and against Chainer."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.layers import Spec
from parity.layers.dense import Linear
from parity.layers.embed import Embedding


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 5), (2, 4, 5), (2, 3, 4, 6)])
def test_linear(bias, shape, numbers, weights, rule, close, F):
    layer = Linear(units=7, bias=bias)
    x = numbers(*shape)
    w = weights(layer, x)
    y = rule(layer, x, **w)
    close(y, F.linear(x, w["W"], w.get("b"), n_batch_axes=len(shape) - 1))
    for at in np.ndindex(*shape[:-1]):
        for o in range(7):
            total = math.fsum([*(x[at] * w["W"][o]), w["b"][o] if bias else 0.0])
            assert y[(*at, o)] == pytest.approx(total, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("shape", [(6,), (3, 4), (2, 3, 4)])
def test_embedding(shape, numbers, weights, rule, F):
    layer = Embedding(vocabulary=11, units=5)
    x = np.abs(10 * numbers(*shape)).astype(np.int32) % 11
    W = numbers(11, 5)
    y = layer.rule("numpy").fn(layer, None, x, W)
    assert layer.infer(Spec(shape, "int32")) == (Spec((*shape, 5), "float32"),)
    for at in np.ndindex(*shape):
        np.testing.assert_array_equal(y[at], W[x[at]])
    np.testing.assert_array_equal(y, F.embed_id(x, W).array)


def test_embedding_reads_indices():
    node = Node("embed", Embedding(vocabulary=3, units=2), ("x",), {})
    with pytest.raises(BadInput, match="Embedding reads integers, 'x' is float32"):
        Graph({"x": Spec((2, 3))}, (node,), ("embed",))
