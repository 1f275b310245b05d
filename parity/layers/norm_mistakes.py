"""What people get wrong about normalisations: epsilon, the variance's divisor, whose statistics, and alpha / n."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from parity.layers.axes import ascending
from parity.layers.base import Layer
from parity.layers.batch_norm import BatchNorm
from parity.layers.by_element import by_element
from parity.layers.group_norm import GroupNorm, InstanceNorm
from parity.layers.layer_norm import LayerNorm, RMSNorm
from parity.layers.lp_norm import LpNormalization
from parity.layers.lrn import LocalResponseNorm
from parity.layers.mistake import Free, instead, shortly

EPSILON = Free(1e-12, 1.0, (0.0, 1e-3, 1e-5, 2e-5, 1e-6, 1.001e-5, 1e-7, 1e-8, 1e-12))
DEFAULTS: dict[type[Layer], str] = {
    BatchNorm: "Chainer 2e-5, Keras 1e-3, ONNX 1e-5",
    LayerNorm: "Chainer 1e-6, Keras 1e-3, ONNX 1e-5",
    GroupNorm: "Chainer 1e-5, Keras 1e-3, ONNX 1e-5",
    InstanceNorm: "Chainer 1e-5, Keras 1e-3, ONNX 1e-5",
    RMSNorm: "Keras 1e-6, ONNX 1e-5",
    LpNormalization: "Chainer 1e-5, Keras 1e-12 for a layer and 1e-7 for keras.ops, ONNX none",
}


def _advice(p: Any, value: float | None) -> str:
    if value == 0 or p.epsilon == 0:
        old = " Chainer up to 1.19 adds none at test time." if isinstance(p, BatchNorm) else ""
        return f"Epsilon is missing on one side, {shortly(p.epsilon or value)} on the other: add it.{old}"
    return f"State one epsilon on both sides; by default it is: {DEFAULTS[type(p)]}."


for _layer in DEFAULTS:

    @_layer.mistake("epsilon", free=EPSILON, advice=_advice)
    def _(p, seen, value):
        return replace(p, epsilon=value)


# BatchNorm.


def _rows(x: np.ndarray) -> int:
    """Numbers that a channel's statistics were taken of."""
    return x.size // x.shape[1]


def _divisor(p: Any, var: np.ndarray, n: float) -> Iterator[tuple[str, Any]]:
    if n > 1:
        told = f"with N = {round(n)}"
        yield f"unbiased variance, N/(N − 1) times as large, {told}", {"var": var * (n / (n - 1))}
        yield f"biased variance, (N − 1)/N times as large, {told}", {"var": var * ((n - 1) / n)}


SAME_VARIANCE = (
    "Copy the variance as it is: while training Chainer and PyTorch keep the unbiased one, N/(N − 1) times as large, "
    "Keras 3 the biased one."
)


@BatchNorm.mistake("variance divisor", advice=SAME_VARIANCE)
def _(p, seen):
    yield from _divisor(p, seen.weights["var"], _rows(seen.inputs[0]))


@BatchNorm.mistake("variance divisor", free=Free(2, 1e6, (32.0, 64.0, 128.0, 256.0), whole=True), advice=SAME_VARIANCE)
def _(p, seen, value):
    yield from _divisor(p, seen.weights["var"], value)


@BatchNorm.mistake(
    "train mode",
    advice="Run it at test time: chainer.config.train False, training=False in Keras, model.eval() in PyTorch.",
)
def _(p, seen):
    x = seen.inputs[0]
    zeros = np.zeros(x.shape[1])
    batch = LayerNorm(epsilon=p.epsilon, axis=(0, *range(2, x.ndim)), scale=False, center=False)
    yield (
        "the batch's own mean and variance, as while training",
        ([batch, replace(p, epsilon=0.0)], {"mean": zeros, "var": zeros + 1}),
    )


@BatchNorm.mistake("statistics not copied", advice="Copy the running mean and variance too: they are no parameters.")
def _(p, seen):
    mean, var = np.zeros_like(seen.weights["mean"]), np.ones_like(seen.weights["var"])
    yield "mean 0 and variance 1, as before any training", {"mean": mean, "var": var}
    yield "mean 0, as before any training", {"mean": mean}
    yield "variance 1, as before any training", {"var": var}


@BatchNorm.mistake("standard deviation for variance", advice="Copy the variance: square what the other side holds.")
def _(p, seen):
    var = seen.weights["var"]
    yield "the variance's root in its place", {"var": np.sqrt(np.abs(var))}
    yield "the variance's square in its place", {"var": var * var}


OUTSIDE = "Add epsilon under the root: √(σ² + ε), not √σ² + ε."


@BatchNorm.mistake("epsilon outside the root", when=lambda p: p.epsilon > 0, advice=OUTSIDE)
def _(p, seen):
    root = np.sqrt(np.abs(seen.weights["var"]))
    yield "√var + epsilon instead of √(var + epsilon)", {"var": (root + p.epsilon) ** 2 - p.epsilon}


# Those that take statistics of what they get.


def _groups(p: Any, x: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """The input, shaped so that statistics are taken over some of its axes."""
    if isinstance(p, (LayerNorm, RMSNorm)):
        return x, ascending(p.axis, x.ndim)
    groups = p.split(x)
    return groups, tuple(range(2, groups.ndim))


def _weight(p: Any, w: np.ndarray | None, x: np.ndarray) -> np.ndarray:
    """A weight in the input's shape."""
    if w is None:
        return np.zeros(x.shape)
    shaped = p.spread(w, x.shape) if isinstance(p, LayerNorm) else w.reshape(-1, *(1,) * (x.ndim - 2))
    return np.broadcast_to(shaped, x.shape)


for _layer in (LayerNorm, GroupNorm, InstanceNorm, RMSNorm):

    @_layer.mistake("epsilon outside the root", when=lambda p: p.epsilon > 0, advice=OUTSIDE)
    def _(p, seen):
        x, axes = _groups(p, seen.inputs[0])
        square = (x * x).mean(axes, keepdims=True) if isinstance(p, RMSNorm) else x.var(axes, keepdims=True)
        factor = np.sqrt(square + p.epsilon) / (np.sqrt(square) + p.epsilon)
        factor = np.broadcast_to(factor, x.shape).reshape(seen.inputs[0].shape)
        if isinstance(p, RMSNorm):
            first, beta = p, None
        else:
            first, beta = replace(p, center=False), _weight(p, seen.weights.get("beta"), seen.inputs[0])
        layers, weights = by_element(factor, beta)
        yield "√σ² + epsilon instead of √(σ² + epsilon)", ([first, *layers], weights)


for _layer in (LayerNorm, GroupNorm, InstanceNorm):

    @_layer.mistake(
        "unbiased variance", advice="Divide by the number of elements: Bessel's correction belongs to std() of PyTorch."
    )
    def _(p, seen):
        x, axes = _groups(p, seen.inputs[0])
        n = math.prod(x.shape[a] for a in axes)
        # γ(x − μ) / √(σ²·n/(n − 1) + ε), both sides of the fraction times √((n − 1)/n)
        if n > 1:
            shape = (seen.inputs[0].shape[1],) if hasattr(p, "split") else p.sizes(x.shape)
            gamma = seen.weights.get("gamma", np.ones(shape)) * math.sqrt((n - 1) / n)
            yield (
                f"variance with divisor {n - 1} instead of {n}",
                (replace(p, epsilon=p.epsilon * (n - 1) / n, scale=True), {"gamma": gamma}),
            )


@RMSNorm.mistake("mean subtracted", advice="RMSNorm subtracts no mean; LayerNorm does.")
def _(p, seen):
    yield "LayerNorm in its place", LayerNorm(epsilon=p.epsilon, axis=p.axis, scale=p.scale, center=False)


@LayerNorm.mistake("mean not subtracted", when=lambda p: not p.center, advice="LayerNorm subtracts the mean.")
def _(p, seen):
    yield "RMSNorm in its place", RMSNorm(epsilon=p.epsilon, axis=p.axis, scale=p.scale)


@LocalResponseNorm.mistake(
    "alpha per element", advice="alpha multiplies the sum in Chainer, Caffe and ONNX divide it by n: multiply it by n."
)
def _(p, seen):
    yield f"alpha divided by n: {instead(p.alpha / p.n, p.alpha)}", replace(p, alpha=p.alpha / p.n)
    yield f"alpha times n: {instead(p.alpha * p.n, p.alpha)}", replace(p, alpha=p.alpha * p.n)
