"""Kinds of numbers at which bounds are calibrated and tested: each brings out another way in which rounding goes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from parity.draw import WEIGHTS, Distribution, draw, kernel_distribution
from parity.layers import Layer, Spec

REGIMES = {
    "normal": Distribution(),
    "unit": Distribution("uniform", 0.5, 0.5),
    "wide": Distribution("wide"),
    "ties": Distribution("ties"),
    "offset": Distribution("normal", 100.0, 1.0),
    "tiny": Distribution("normal", 0.0, 1e-4),
    "near": Distribution("normal", 0.7, 1e-6),
}


def folded(x: np.ndarray, domain: tuple[float, float]) -> np.ndarray:
    """The numbers moved into an open interval, each half line by |x|, a bounded one by x / (1 + |x|).

    They stay spread over many magnitudes at its ends. The dtype is kept.
    """
    low, high = domain
    if math.isinf(low) and math.isinf(high):
        return x
    v = x.astype(np.float64)
    v = np.where(v == 0, 0.5, v)
    if math.isinf(high):
        v = low + np.abs(v)
    elif math.isinf(low):
        v = high - np.abs(v)
    else:
        v = low + (high - low) * (v / (1 + np.abs(v)) + 1) / 2
    edge = np.asarray([low, high], x.dtype)
    return np.clip(v.astype(x.dtype), np.nextafter(edge[0], edge[1]), np.nextafter(edge[1], edge[0]))


def inputs_of(
    layer: Layer, specs: Sequence[Spec], regime: str, *key: object, dtype: str = "float32"
) -> list[np.ndarray]:
    """Inputs that the layer takes: floats of the regime in the layer's domain, indices, booleans.

    Args:
        specs: of the inputs.
        key: what else the numbers depend on.
        dtype: of the floats.
    """
    accepted = layer.indices(*specs)
    made = []
    for i, spec in enumerate(specs):
        kind = np.dtype(spec.dtype).kind
        if kind == "f":
            made.append(folded(draw(REGIMES[regime], spec.shape, dtype, *key, regime, i), layer.domain))
        else:
            found = accepted.get(i, 7) if kind == "i" else 2
            choice = found if isinstance(found, range) else range(found)
            integers = Distribution("integers", low=choice.start, high=choice.stop)
            made.append(draw(integers, spec.shape, "int32", *key, i).astype(spec.dtype))
    return made


def weights_of(layer: Layer, specs: Sequence[Spec], *key: object, dtype: str = "float32") -> dict[str, np.ndarray]:
    """Weights as a case draws them by default."""
    made = {}
    for name, w in layer.weights(*specs).items():
        made[name] = draw(WEIGHTS.get(w.role) or kernel_distribution(w.fan_in), w.shape, dtype, *key, name)
    return made
