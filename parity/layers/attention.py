"""Attention: sums of values, weighted by how well their keys fit a query (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.activation import Tanh
from parity.layers.arithmetic import Add
from parity.layers.base import Layer, Spec
from parity.layers.composite import Composite
from parity.layers.constants import MulConstant
from parity.layers.dense import Linear
from parity.layers.einsum import EinsumDense
from parity.layers.matmul import MatMul
from parity.layers.scale import Scale
from parity.layers.shape import Reshape
from parity.layers.sizes import Positive
from parity.layers.softmax import Softmax
from parity.layers.transpose import Transpose

HIDDEN = -1e9
"""A score that no softmax sees; exact in float32, −∞ in float16."""


@dataclass(frozen=True)
class CausalMask(Layer):
    """Scores (…, queries, keys), those of keys behind the query set to −10^9: no query sees what comes after it."""

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Two axes or more."""
        if len(x[0].shape) < 2:
            raise BadInput(f"expected axes of queries and keys, found {list(x[0].shape)}", path="from")
        return (x[0],)


def _seen(shape):
    return np.tri(*shape[-2:], dtype=bool)


@CausalMask.on("numpy")
def _(p, n, x):
    return np.where(_seen(x.shape), x, x.dtype.type(HIDDEN))


@CausalMask.on("magnitude")
def _(p, n, y, x):
    return None


@CausalMask.on("half", c=1.0)
def _(p, n, y, x):  # what is hidden is a number that 16 bits do not have
    return np.where(_seen(x.shape), 0.0, np.abs(y))


@CausalMask.on("carry")
def _(p, n, y, e, x):
    return np.where(_seen(x.shape), e, 0.0)


@CausalMask.on("chainer")
def _(p, c, x):
    return lambda v: c.F.where(c.const(_seen(x.shape)), v, c.const(np.float64(HIDDEN)))


@CausalMask.on("keras", x="=", y="=")
def _(p, k, x):
    return k.ops.where(k.const(_seen(k.shape(x))), x, HIDDEN)


@CausalMask.on("onnx")
def _(p, o, x):
    return o.node("Where", o.const(_seen(o.shape(x))), x, o.const(np.float64(HIDDEN)))


@dataclass(frozen=True)
class _Attention(Composite, abstract=True):
    """Queries (N, Tq, F), keys (N, Tk, F), values (N, Tk, G) → (N, Tq, G)."""

    inputs: ClassVar[tuple[str, ...]] = ("query", "key", "value")
    independent: ClassVar[bool] = True


# The parts' bounds add, as if all errors met in one element: 0.27 of that is the most that was measured.
_Attention.on("magnitude", c=0.6)(Composite.rules["magnitude"][0].fn)


def _checked(b, x, same_features=True):
    """The inputs, which fit each other."""
    q, k, v = (b.specs[i].shape for i in x)
    fits = len(q) == len(k) == len(v) == 3 and q[0] == k[0] == v[0] and k[1] == v[1]
    if not fits or (same_features and q[2] != k[2]):
        wanted = "[N, Tq, F], [N, Tk, F] and [N, Tk, G]" if same_features else "[N, Tq, F], [N, Tk, G] and [N, Tk, H]"
        found = f"{list(q)}, {list(k)} and {list(v)}"
        raise BadInput(f"expected query, key and value of shapes {wanted}, found {found}", path="from")
    return x


def _weighted(b, scores, value, causal):
    """Softmax of the scores, then the weighted sums of values."""
    scores = b.add("mask", CausalMask(), scores) if causal else scores
    return b.add("sums", MatMul(), b.add("softmax", Softmax(axis=-1), scores), value)


@dataclass(frozen=True)
class Attention(_Attention):
    """softmax(scale·q·kᵀ)·v, as keras.layers.Attention has it; no division by √F. Keras reads query, value, key.

    Args:
        use_scale: whether the scores are multiplied by a weight.
        causal: whether a query sees only keys at its own place and before (Keras's ``use_causal_mask``).
    """

    use_scale: bool = False
    causal: bool = False

    def parts(self, b, *x):
        """Scores (N, Tq, Tk), their softmax, the weighted sums (N, Tq, G)."""
        query, key, value = _checked(b, x)
        scores = b.add("scores", MatMul(transpose_b=True), query, key)
        scores = b.add("scaled", Scale(axis=None), scores, W="scale") if self.use_scale else scores
        return _weighted(b, scores, value, self.causal)


@Attention.on("keras", x="=", y="=", scale="scale:")
def _(p, k, query, key, value):
    layer = k.layers.Attention(use_scale=p.use_scale)
    layer = k.weighted(layer) if p.use_scale else layer
    return layer([query, value, key], use_causal_mask=p.causal)


@dataclass(frozen=True)
class AdditiveAttention(_Attention):
    """softmax(Σ_f scale[f]·tanh(q[f] + k[f]))·v (Bahdanau et al. 2015), as keras.layers.AdditiveAttention has it.

    Args:
        causal: whether a query sees only keys at its own place and before (Keras's ``use_causal_mask``).
    """

    causal: bool = False

    def parts(self, b, *x):
        """All sums (N, Tq, Tk, F), scores (N, Tq, Tk), their softmax, the weighted sums (N, Tq, G)."""
        query, key, value = _checked(b, x)
        (_, tq, f), tk = b.specs[query].shape, b.specs[key].shape[1]
        rows = b.add("rows", Reshape((tq, 1, f)), query)
        columns = b.add("columns", Reshape((1, tk, f)), key)
        fits = b.add("tanh", Tanh(), b.add("both", Add(), rows, columns))
        scores = b.add("scores", Linear(1, bias=False), fits, W="scale")
        return _weighted(b, b.add("flat", Reshape((tq, tk)), scores), value, self.causal)


@AdditiveAttention.on("keras", x="=", y="=", scale="scale: (o i)")
def _(p, k, query, key, value):
    return k.weighted(k.layers.AdditiveAttention())([query, value, key], use_causal_mask=p.causal)


@dataclass(frozen=True)
class MultiHeadAttention(_Attention):
    """Attention in several subspaces at once: softmax(q_h·k_hᵀ / √key_dim)·v_h for each head h, then Linear.

    q, k, v of each head come from a Linear of the inputs, which may have different numbers of features. As
    keras.layers.MultiHeadAttention has it, which is called with query, value, key.

    Args:
        heads: number of heads.
        key_dim: size of a head's queries and keys.
        value_dim: size of a head's values; key_dim if not stated.
        units: size of the output; the query's if not stated.
        bias: whether all four have a bias.
        causal: whether a query sees only keys at its own place and before.
    """

    heads: Positive
    key_dim: Positive
    value_dim: Positive | None = None
    units: Positive | None = None
    bias: bool = True
    causal: bool = False

    def parts(self, b, *x):
        """Heads (N, T, heads, size) → (N, heads, T, size); scores (N, heads, Tq, Tk); sums (N, Tq, heads, size)."""
        query, key, value = _checked(b, x, same_features=False)
        features = b.specs[query].shape[-1]
        heads = {}
        for name, x, size in (("query", query, self.key_dim), ("key", key, self.key_dim), ("value", value, self._size)):
            made = b.add(name, EinsumDense((self.heads, size), axes=1, bias=self.bias), x)
            heads[name] = b.add(f"{name}_heads", Transpose((0, 2, 1, 3)), made)
        scaled = b.add("scaled", MulConstant(1 / math.sqrt(self.key_dim)), heads["query"])
        scores = b.add("scores", MatMul(transpose_b=True), scaled, heads["key"])
        sums = b.add("joined", Transpose((0, 2, 1, 3)), _weighted(b, scores, heads["value"], self.causal))
        return b.add("output", EinsumDense((self.units or features,), axes=2, bias=self.bias), sums)

    @property
    def _size(self):
        return self.value_dim or self.key_dim


@MultiHeadAttention.on(
    "keras",
    x="=",
    y="=",
    query_W="query/kernel: i o p",
    query_b="query/bias: o p",
    key_W="key/kernel: i o p",
    key_b="key/bias: o p",
    value_W="value/kernel: i o p",
    value_b="value/bias: o p",
    output_W="attention_output/kernel: i j o",
    output_b="attention_output/bias: o",
)
def _(p, k, query, key, value):
    layer = k.layers.MultiHeadAttention(
        p.heads, p.key_dim, value_dim=p.value_dim, use_bias=p.bias, output_shape=p.units
    )
    return k.weighted(layer)(query, value, key=key, use_causal_mask=p.causal)


MultiHeadAttention.unsupported(
    "keras-jax",
    when=lambda p: p.value_dim not in (None, p.key_dim),
    why="Keras hands over to JAX's attention, which takes keys and values of one size only",
)
