"""What people get wrong about activations and attention."""

from __future__ import annotations

import math

import numpy as np

from parity.layers.attention import Attention, MultiHeadAttention
from parity.layers.constants import MulConstant
from parity.layers.gated import HardSiLU, SiLU
from parity.layers.learned import PReLU, Swish
from parity.layers.rectifier import ELU, SELU


@PReLU.mistake("slope axis", advice="A slope per channel: shared_axes [2, 3] in N C H W, [1, 2] in N H W C.")
def _(p, seen):
    x, slope = seen.inputs[0], seen.weights["slope"]
    own = [a for a in range(1, x.ndim) if slope.shape[a - 1] > 1]
    if len(own) == 1:
        for axis in range(1, x.ndim):
            if axis != own[0] and x.shape[axis] == slope.size:
                shape = tuple(slope.size if a == axis else 1 for a in range(1, x.ndim))
                shared = tuple(a for a in range(1, x.ndim) if a != axis)
                yield f"slopes along axis {axis} instead of {own[0]}", (PReLU(shared), {"slope": slope.reshape(shape)})
    if own:
        yield "the first slope for all", {"slope": np.full_like(slope, slope.flat[0])}
        yield "the mean of the slopes for all", {"slope": np.full_like(slope, slope.mean())}


@Swish.mistake("beta dropped", advice="Swish with beta 1 is SiLU: copy beta.")
def _(p, seen):
    yield "beta 1, which is SiLU", {"beta": np.ones_like(seen.weights["beta"])}


@SELU.mistake("ELU", advice="SELU is ELU with alpha 1.6733 and a factor of 1.0507.")
def _(p, seen):
    yield "ELU with alpha 1 in its place", ELU(alpha=1.0)
    yield "its factor left out", SELU(alpha=p.alpha, gamma=1.0)


@SiLU.mistake("hard SiLU", advice="x·sigmoid(x), not its approximation by straight lines.")
def _(p, seen):
    yield "hard_silu in its place", HardSiLU()


@HardSiLU.mistake("SiLU", advice="x·clip(x/6 + 1/2, 0, 1), not x·sigmoid(x).")
def _(p, seen):
    yield "silu in its place", SiLU()


# Attention.


@Attention.mistake("scale", advice="keras.layers.Attention does not divide by √d, most others do.")
def _(p, seen):
    root = math.sqrt(seen.inputs[0].shape[-1])
    yield f"scores divided by √d, {root:.4g}", [MulConstant(1 / root), p]


@MultiHeadAttention.mistake("scale", advice="Scores are divided by √key_dim, once.")
def _(p, seen):
    for words, factor in (("not divided", math.sqrt(p.key_dim)), ("divided twice", 1 / math.sqrt(p.key_dim))):
        own = {k: seen.weights[k] * factor for k in ("query_W", "query_b") if k in seen.weights}
        yield f"scores {words} by √key_dim, {math.sqrt(p.key_dim):.4g}", own


@MultiHeadAttention.mistake(
    "heads order", when=lambda p: p.heads > 1, advice="The head is the slower axis: (heads, size)."
)
def _(p, seen):
    def taken(name: str) -> np.ndarray:
        w = seen.weights[name]
        return w.reshape(w.shape[1], w.shape[0], *w.shape[2:]).swapaxes(0, 1)

    all_ = [n for n in ("query_W", "query_b", "key_W", "key_b", "value_W", "value_b") if n in seen.weights]
    yield "(heads, size) of query, key and value read as (size, heads)", {n: taken(n) for n in all_}
    for part in ("query", "key", "value"):
        mine = {n: taken(n) for n in all_ if n.startswith(part)}
        yield f"(heads, size) of {part} read as (size, heads)", mine
