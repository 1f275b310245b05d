"""Tables of vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import Positive


@dataclass(frozen=True)
class Embedding(Layer):
    """A row of the table for each index. y[…, :] = W[x[…], :].

    Args:
        vocabulary: number of rows; indices are 0 … vocabulary − 1.
        units: length of a row.
    """

    vocabulary: Positive
    units: Positive
    kinds: ClassVar[tuple[str, ...]] = ("i",)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(…) of int32 → (…, units) of float32."""
        return (Spec((*x[0].shape, self.units), "float32"),)

    def indices(self, *x: Spec) -> dict[int, int]:
        """Rows of the table."""
        return {0: self.vocabulary}

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (vocabulary, units)."""
        return {"W": Weight("v e", (self.vocabulary, self.units), "table")}


@Embedding.on("numpy")
def _(p, n, x, W):
    return W[x]


@Embedding.on("magnitude")
def _(p, n, y, x, W):
    return None


@Embedding.on("carry")
def _(p, n, y, e, x, W):
    return np.zeros_like(y)


@Embedding.on("effect")
def _(p, n, g, x, W):
    found = np.zeros(W.shape)
    np.maximum.at(found, x.reshape(-1), g.reshape(-1, W.shape[1]))
    return {"W": found}


@Embedding.on("probe")
def _(p, d, specs, weights):
    shape = specs[0].shape
    rows = max(shape[0], -(-p.vocabulary // math.prod(shape[1:])))
    return (d.indices((rows, *shape[1:]), range(p.vocabulary)),)


@Embedding.on("chainer", W="W: v e")
def _(p, c, x):
    link = c.link(c.L.EmbedID(p.vocabulary, p.units))
    return lambda v: link(v)


@Embedding.on("keras", x="=", y="=", W="embeddings: v e")
def _(p, k, x):
    return k.weighted(k.layers.Embedding(p.vocabulary, p.units))(x)


@Embedding.on("onnx", W="W: v e")
def _(p, o, x, W):
    return o.node("Gather", W, x, axis=0)
