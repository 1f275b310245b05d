"""Kinds of numbers at which bounds are calibrated and tested: each brings out another way in which rounding goes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from parity.draw import WEIGHTS, Distribution, draw, kernel_distribution
from parity.layers import Layer, Spec, Weight

REGIMES = {
    "normal": Distribution(),
    "unit": Distribution("uniform", 0.5, 0.5),
    "wide": Distribution("wide"),
    "ties": Distribution("ties"),
    "offset": Distribution("normal", 100.0, 1.0),
    "tiny": Distribution("normal", 0.0, 1e-4),
    "near": Distribution("normal", 0.7, 1e-6),
}

"""Of inputs."""
WEIGHT_REGIMES = ("drawn", "positive", "sorted", "edge", "wide")
"""Of kernels and tables: as the case has them; without signs; along what is summed first all positive, then all
negative; an edge filter, +s … −s, whose sum is next to nothing; a wide lognormal of the same scale."""
SPREAD = frozenset({"kernel", "table"})
"""Roles of weights that have regimes. All others are drawn as they always are: a bias is one addend, a variance a
divisor."""
KEPT = frozenset("opmguve")
"""Axes of a kernel that its output has too; over the others products are summed."""


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


def summed(weight: Weight) -> tuple[int, ...]:
    """The axes of a weight over which its products are summed: input channels, rows, columns of a kernel.

    A depthwise kernel (i m h w) keeps its channels; a table is read, and nothing is summed.
    """
    names = weight.axes.partition("@")[0].split()
    kept = KEPT | ({"i"} if "m" in names else set())
    return () if weight.role == "table" else tuple(i for i, name in enumerate(names) if name not in kept)


def affects(weight: Weight, regime: str) -> bool:
    """Whether a regime makes other numbers of such a weight."""
    many = math.prod(weight.shape[i] for i in summed(weight)) > 1
    return regime != "drawn" and weight.role in SPREAD and (many or regime in ("positive", "wide"))


def in_regime(weight: Weight, array: np.ndarray, regime: str, *key: object) -> np.ndarray:
    """A weight as one of :data:`WEIGHT_REGIMES` has it, at the scale of the drawn one, shape and dtype kept.

    Args:
        array: as drawn.
        key: what the numbers of ``wide`` depend on.
    """
    if not affects(weight, regime):
        return array
    scale = math.sqrt(np.square(array, dtype=np.float64).mean()) or 1.0
    if regime == "positive":
        return np.abs(array)
    if regime == "wide":
        return draw(Distribution("wide", 0.0, scale), array.shape, array.dtype.name, *key, regime)
    axes = summed(weight)
    ends = tuple(range(array.ndim - len(axes), array.ndim))
    moved = np.moveaxis(array, axes, ends)
    rows = moved.reshape(-1, math.prod(moved.shape[i] for i in ends))
    if regime == "sorted":
        made = np.take_along_axis(rows, np.argsort(rows < 0, axis=1, kind="stable"), 1)
    else:
        at = np.arange(rows.shape[1])
        side = np.sign((rows.shape[1] - 1) / 2 - at)  # 0 in the middle of an odd number
        made = (scale * side + 1e-3 * rows).astype(array.dtype)
    return np.ascontiguousarray(np.moveaxis(made.reshape(moved.shape), ends, axes))
