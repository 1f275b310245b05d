"""A factor and a summand for every single element, for mistakes that no layer's parameters say."""

from __future__ import annotations

import math

import numpy as np

from parity.layers.base import Layer
from parity.layers.scale import Scale
from parity.layers.shape import Reshape


def by_element(factor: np.ndarray, summand: np.ndarray | None = None) -> tuple[list[Layer], dict[str, np.ndarray]]:
    """Layers, one after the other, and their weights: y = x·factor + summand, all of one shape."""
    shape = factor.shape
    weights = {"W": factor.ravel()} | ({} if summand is None else {"b": summand.ravel()})
    scale = Scale(axis=1, bias=summand is not None)
    return [Reshape((1, math.prod(shape)), whole=True), scale, Reshape(shape, whole=True)], weights
