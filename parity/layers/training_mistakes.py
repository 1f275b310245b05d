"""What people get wrong about layers that matter while training: dropout, noise and losses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from parity.layers.activation import Sigmoid
from parity.layers.base import Layer
from parity.layers.by_element import by_element
from parity.layers.constants import MulConstant
from parity.layers.cross_entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from parity.layers.dropout import Dropout, GaussianDropout, GaussianNoise, SpatialDropout
from parity.layers.loss import MeanAbsoluteError, MeanSquaredError
from parity.layers.reduce_sum import ReduceSum
from parity.layers.softmax import Softmax

TEST_TIME = "Run it at test time: chainer.config.train False, training=False in Keras, model.eval() in PyTorch."


def _kept(p: Any, seen: Any) -> np.ndarray:
    """Which elements stay: those that are there, or, before anything ran, a fixed draw."""
    x = seen.inputs[0]
    if seen.outputs is not None:
        y = seen.outputs[0]
        return (y != 0) | (x == 0) if y.shape == x.shape else np.ones(x.shape, bool)
    shape = (*x.shape[:2], *(1,) * (x.ndim - 2)) if isinstance(p, SpatialDropout) else x.shape
    return np.broadcast_to(np.random.default_rng(0).random(shape) >= p.ratio, x.shape)


_layer: type[Layer]
for _layer in (Dropout, SpatialDropout):

    @_layer.mistake("train mode", when=lambda p: p.ratio > 0, advice=TEST_TIME)
    def _(p, seen):
        kept = _kept(p, seen)
        if not kept.all():
            share = f"{100 * (1 - kept.mean()):.3g} % of the elements dropped"
            yield f"{share}, as while training", by_element(kept / (1 - p.ratio))
            yield f"{share}, the others not scaled", by_element(kept.astype(float))

    @_layer.mistake(
        "dropout scaling",
        when=lambda p: p.ratio > 0,
        advice="Scale while training alone (inverted dropout): at test time nothing is to be done.",
    )
    def _(p, seen):
        yield f"scaled by 1 − ratio at test time: {1 - p.ratio:.6g}", MulConstant(1 - p.ratio)
        yield f"scaled by 1 / (1 − ratio) at test time: {1 / (1 - p.ratio):.6g}", MulConstant(1 / (1 - p.ratio))


SIGMAS = 5.0
"""A sample's deviation is believed within so many of its own standard errors, σ/√(2n)."""


def _noise(found: np.ndarray, mean: float, sigma: float) -> bool:
    n = found.size
    off = abs(float(found.std()) - sigma) / (sigma / math.sqrt(2 * n)), abs(float(found.mean()) - mean) / sigma * n**0.5
    return max(off) < SIGMAS


@GaussianNoise.mistake("train mode", when=lambda p: p.stddev > 0, advice=TEST_TIME)
def _(p, seen):
    x = seen.inputs[0]
    noise = np.random.default_rng(0).standard_normal(x.shape) * p.stddev
    if seen.outputs is not None:
        noise = seen.outputs[0] - x if seen.outputs[0].shape == x.shape else np.zeros(x.shape)
    if _noise(noise, 0.0, p.stddev):
        yield f"noise of deviation {noise.std():.3g} added, as while training", by_element(np.ones(x.shape), noise)


@GaussianDropout.mistake("train mode", when=lambda p: p.ratio > 0, advice=TEST_TIME)
def _(p, seen):
    x, sigma = seen.inputs[0], math.sqrt(p.ratio / (1 - p.ratio))
    factor = 1 + np.random.default_rng(0).standard_normal(x.shape) * sigma
    if seen.outputs is not None and seen.outputs[0].shape == x.shape:
        factor = np.divide(seen.outputs[0], x, out=np.ones(x.shape), where=x != 0)
    if _noise(factor, 1.0, sigma):
        yield f"multiplied by noise of deviation {factor.std():.3g}, as while training", by_element(factor)


# Losses.

SUM = "Divide the sum by the number of terms, or say so on both sides."


@SoftmaxCrossEntropy.mistake("reduction sum", advice=SUM)
@SigmoidCrossEntropy.mistake("reduction sum", advice=SUM)
def _(p, seen) -> Iterator[tuple[str, Any]]:
    labels = seen.inputs[1]
    count = int(p.kept(labels).sum()) if isinstance(p, SoftmaxCrossEntropy) else labels.size
    if p.reduction == "mean":
        yield f"the sum of {count} terms instead of their mean", [p, MulConstant(float(count))]
    else:
        yield "the sum of all terms instead of each", [p, ReduceSum(keepdims=False)]


for _layer in (MeanSquaredError, MeanAbsoluteError):

    @_layer.mistake("reduction sum", advice=SUM)
    def _(p, seen):
        size = seen.inputs[0].size
        yield f"the sum of {size} terms instead of their mean", [p, MulConstant(float(size))]
        yield "half of it", [p, MulConstant(0.5)]


LOGITS = "It takes scores, as they are before {}: leave that out, or say from_logits=False."


@SoftmaxCrossEntropy.mistake("probabilities for logits", advice=LOGITS.format("Softmax"))
def _(p, seen):
    yield "Softmax applied twice: given probabilities, not scores", [Softmax(axis=1), p]


@SigmoidCrossEntropy.mistake("probabilities for logits", advice=LOGITS.format("Sigmoid"))
def _(p, seen):
    yield "Sigmoid applied twice: given probabilities, not scores", [Sigmoid(), p]
