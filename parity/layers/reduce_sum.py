"""Reductions that add: sums, means, norms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.reduce_axes import ARGS, Reduce


@dataclass(frozen=True)
class ReduceSum(Reduce):
    __doc__ = "Σ x along some axes." + ARGS
    functions: ClassVar[tuple[str, str]] = ("sum", "sum")
    independent: ClassVar[bool] = True


@dataclass(frozen=True)
class ReduceMean(Reduce):
    __doc__ = "Σ x / n along some axes, n elements each." + ARGS
    functions: ClassVar[tuple[str, str]] = ("average", "mean")
    independent: ClassVar[bool] = True


@dataclass(frozen=True)
class ReduceSumSquare(Reduce):
    __doc__ = "Σ x² along some axes." + ARGS
    independent: ClassVar[bool] = True

    def in_chainer(self, c, v, x):
        """There is no such function."""
        return c.F.sum(c.F.square(v), axis=self.axes, keepdims=self.keepdims)

    def in_keras(self, k, x, axis):
        """There is no such function."""
        return k.ops.sum(k.ops.square(x), axis=axis, keepdims=self.keepdims)


@dataclass(frozen=True)
class ReduceL2(Reduce):
    __doc__ = (
        """√(Σ x²) along some axes. Squares below float32's smallest number are lost; the bound allows for that."""
        + ARGS
    )

    def in_chainer(self, c, v, x):
        """There is no such function."""
        return c.F.sqrt(c.F.sum(c.F.square(v), axis=self.axes, keepdims=self.keepdims))

    def in_keras(self, k, x, axis):
        """``ops.norm`` takes two axes at most."""
        return k.ops.sqrt(k.ops.sum(k.ops.square(x), axis=axis, keepdims=self.keepdims))


@dataclass(frozen=True)
class ReduceLogSumExp(Reduce):
    __doc__ = "log Σ e^x along some axes." + ARGS
    functions: ClassVar[tuple[str, str]] = ("logsumexp", "logsumexp")

    def in_chainer(self, c, v, x):
        """``F.logsumexp`` drops the axes."""
        y = c.F.logsumexp(v, axis=self.axes)
        return c.F.reshape(y, self.infer(x)[0].shape) if self.keepdims else y


def _sum(p, x):
    return np.asarray(x.sum(p.axes, keepdims=p.keepdims))


def _count(p, x):
    return p.rows(x).shape[-1]


@ReduceSum.on("numpy")
def _(p, n, x):
    return _sum(p, x)


@ReduceMean.on("numpy")
def _(p, n, x):
    return np.asarray(x.mean(p.axes, keepdims=p.keepdims))


@ReduceSumSquare.on("numpy")
def _(p, n, x):
    return _sum(p, x * x)


@ReduceL2.on("numpy")
def _(p, n, x):
    return np.sqrt(_sum(p, x * x))


@ReduceLogSumExp.on("numpy")
def _(p, n, x):
    top = x.max(p.axes, keepdims=True)
    total = np.asarray(np.exp(x - top).sum(p.axes, keepdims=p.keepdims))
    return np.log(total) + top.reshape(total.shape)


@ReduceSum.on("magnitude", c=2.9)
def _(p, n, y, x):
    return p.summed(n, x)


@ReduceMean.on("magnitude", c=2.9)
def _(p, n, y, x):
    return p.summed(n, x) / _count(p, x)


@ReduceSumSquare.on("magnitude", c=3.4)
def _(p, n, y, x):
    return p.summed(n, x * x, extra=2)  # one more for the squaring


@ReduceL2.on("magnitude", c=3.4)
def _(p, n, y, x):
    # √(s + d) − √s ≈ d / 2√s, and the root's own rounding; squares below 2^-126 may count as zero, in all n·2^-126 at
    # most, which changes a root by √ of that where s is smaller still.
    count = _count(p, x)
    half = p.summed(n, x * x, extra=2) / np.maximum(2 * y, 2.0**-149)
    lost = np.minimum(count * 2.0**-126 / np.maximum(y, 2.0**-149), np.sqrt(count) * 2.0**-63)
    return half + y + lost / n.u


@ReduceLogSumExp.on("magnitude", c=2.5)
def _(p, n, y, x):
    # The relative error of Σ e^(x − max), as in Softmax, becomes absolute; then the roundings of log and addition.
    rows = p.rows(x)
    top = rows.max(-1)
    below = top[..., None] - rows
    terms = np.exp(-below)
    error = (terms * below).sum(-1) + n.lost(terms)
    m = 1 + np.log2(rows.shape[-1]) + error / terms.sum(-1) + np.abs(top)
    return p.placed(m, x) + np.abs(y)


@ReduceSum.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_sum(p, e * e))


@ReduceMean.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_sum(p, e * e)) / _count(p, x)


@ReduceSumSquare.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_sum(p, (e * (2 * np.abs(x) + e)) ** 2))


@ReduceL2.on("carry")
def _(p, n, y, e, x):
    return np.sqrt(_sum(p, e * e))  # |‖x + d‖ − ‖x‖| ≤ ‖d‖, whatever the signs


@ReduceLogSumExp.on("carry")
def _(p, n, y, e, x):
    # Its slopes, e^(x − y), sum to 1; e^e for errors that are not small.
    whole = p.placed(y, x) if p.keepdims or p.axes is None else np.expand_dims(y, p.reduced(x.ndim))
    share = np.exp(x - whole)
    return np.minimum(_sum(p, share * np.expm1(e)), np.asarray(e.max(p.axes, keepdims=p.keepdims)))
