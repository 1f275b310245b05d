"""(x − μ) / √(σ² + epsilon) over some axes of an array: what LayerNorm, GroupNorm and InstanceNorm have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Array = np.ndarray


def _moments(x: Array, axes: Sequence[int], epsilon: float) -> tuple[Array, Array]:
    mu = x.mean(tuple(axes), keepdims=True)
    return mu, np.sqrt(((x - mu) ** 2).mean(tuple(axes), keepdims=True) + epsilon)


def _terms(x: Array, axes: Sequence[int]) -> int:
    return math.prod(x.shape[a] for a in axes)


def standardize(x: Array, axes: Sequence[int], epsilon: float, gamma: Array | None, beta: Array | None) -> Array:
    """gamma·(x − μ) / √(σ² + epsilon) + beta, both weights shaped to broadcast."""
    mu, sigma = _moments(x, axes, epsilon)
    return (1 if gamma is None else gamma) * (x - mu) / sigma + (0 if beta is None else beta)


def standardize_magnitude(
    x: Array, axes: Sequence[int], epsilon: float, gamma: Array | None, beta: Array | None
) -> Array:
    """m = |γ|(|x| + mean|x|)/σ + |β| + √F·|γ|(|μ| + |x − μ|)/σ, F the number of elements.

    Frameworks compute x·s − μ·s (Keras) as well as (x − μ)·s, hence |x| + mean|x|; μ and σ² come with √F·u from sums of
    F terms added one by one.
    """
    mu, sigma = _moments(x, axes, epsilon)
    gamma = 1 if gamma is None else np.abs(gamma)
    first = gamma * (np.abs(x) + np.abs(x).mean(tuple(axes), keepdims=True)) / sigma
    first = first + (0 if beta is None else np.abs(beta))
    return first + math.sqrt(_terms(x, axes)) * gamma * (np.abs(mu) + np.abs(x - mu)) / sigma


def standardize_carry(x: Array, axes: Sequence[int], epsilon: float, gamma: Array | None, e: Array) -> Array:
    """What errors e of x become: through itself, μ and σ, in the latter two independent of each other."""
    mu, sigma = _moments(x, axes, epsilon)
    terms = _terms(x, axes)
    own = np.sqrt((e * e).sum(tuple(axes), keepdims=True)) / terms
    unit = np.abs(x - mu) / sigma
    shared = unit * np.sqrt((unit * unit * e * e).sum(tuple(axes), keepdims=True)) / terms
    return (1 if gamma is None else np.abs(gamma)) / sigma * (e + own + shared)
