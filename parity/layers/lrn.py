"""Normalisation by neighbouring channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import Positive, need_rank


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """Krizhevsky et al. 2012, section 3.3. y[c] = x[c] / (k + alpha·Σ_{|j − c| ≤ n // 2} x[j]²)^beta.

    alpha multiplies the sum itself, as in Chainer and in the paper; ONNX divides it by n.

    Args:
        n: number of neighbouring channels, odd. For even ones Chainer sums n + 1 of them, n // 2 on either side,
            and ONNX n, one more behind than before.
        k: additive constant.
        alpha: factor of the sum.
        beta: exponent.
    """

    n: Positive
    k: Annotated[float, Gt(0)]
    alpha: Annotated[float, Ge(0)]
    beta: Annotated[float, Ge(0)]

    def __post_init__(self):
        if self.n % 2 == 0:
            raise BadInput(
                f"found {self.n}, must be odd: for even ones the frameworks disagree on the window", path="n"
            )

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, …) → the same."""
        need_rank(x[0], 3, 4, 5, what="N C …")
        return (x[0],)


def _lrn_base(p, x):
    half = p.n // 2
    squares = np.pad(x * x, [(0, 0), (half, half)] + [(0, 0)] * (x.ndim - 2))
    return p.k + p.alpha * sum(squares[:, j : j + x.shape[1]] for j in range(p.n))


@LocalResponseNorm.on("numpy")
def _(p, n, x):
    return x / _lrn_base(p, x) ** p.beta


@LocalResponseNorm.on("magnitude", c=9.0)
def _(p, n, y, x):
    # Runtimes take the power through a logarithm, and the sum through a sliding one over all channels.
    base = _lrn_base(p, x)
    everything = (x * x).sum(1, keepdims=True)
    return np.abs(y) * (1 + p.beta * np.abs(np.log(base)) + p.beta * p.alpha * everything / base)


@LocalResponseNorm.on("carry")
def _(p, n, y, e, x):
    base = _lrn_base(p, x)
    half = p.n // 2
    spread = np.pad(((np.abs(x) + e) * e) ** 2, [(0, 0), (half, half)] + [(0, 0)] * (x.ndim - 2))
    window = np.sqrt(sum(spread[:, j : j + x.shape[1]] for j in range(p.n)))
    return e / base**p.beta + np.abs(y) * 2 * p.alpha * p.beta / base * window


@LocalResponseNorm.on("probe")
def _(p, d, specs, weights):
    return (d.normal(d.few(specs[0].shape), 30),)  # so large that alpha counts beside k


@LocalResponseNorm.on("chainer")
def _(p, c, x):
    return lambda v: c.F.local_response_normalization(v, n=p.n, k=p.k, alpha=p.alpha, beta=p.beta)


@LocalResponseNorm.on("keras", x="n ... c")
def _(p, k, x):
    half, channels = p.n // 2, k.shape(x)[-1]
    rank = len(k.shape(x))
    squares = k.ops.pad(k.ops.square(x), [[0, 0]] * (rank - 1) + [[half, half]])
    total = squares[..., 0:channels]
    for j in range(1, p.n):
        total = total + squares[..., j : j + channels]
    return x / k.ops.power(p.k + p.alpha * total, p.beta)


@LocalResponseNorm.on("onnx")
def _(p, o, x):
    return o.node("LRN", x, size=p.n, bias=p.k, alpha=p.alpha * p.n, beta=p.beta)
