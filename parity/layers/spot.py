"""Ill-conditioned spots: elements of which little can be said, by the numbers and not by any engine's fault.

A rule beside a layer marks them. It is handed the layer, the numpy kit, its outputs, bounds of the errors of its inputs
(0.0 where there are none), its inputs and its weights, and gives a mask: of its output, or of whatever it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from parity.layers.base import Layer

FEW = 1e-3
"""Relative error beyond which a number keeps fewer than 3 of the 7 digits of float32."""
ONE = 1 - 2.0**-25
"""From here on a number is 1 in float32."""
NORMAL = 2.0**-126
"""The smallest number of float32 that has all its digits; runtimes may take smaller ones for 0."""


class Spot(NamedTuple):
    """One kind of spot.

    Args:
        name: short.
        words: a sentence with ``{count}``, ``{of}`` and ``{layer}`` in it.
        share: it is mentioned where more than this share of the elements is so.
        fn: the rule, ``(p, n, y, e, *x, **weights)`` → mask.
    """

    name: str
    words: str
    share: float
    fn: Callable[..., np.ndarray]


_table: dict[type[Layer], list[Spot]] = {}


def spot(
    *layers: type[Layer], name: str, words: str, share: float = 0.0
) -> Callable[[Callable[..., np.ndarray]], Callable[..., np.ndarray]]:
    """Register a rule for some layers, and those derived from them."""

    def register(fn: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        for cls in layers:
            _table.setdefault(cls, []).append(Spot(name, words, share, fn))
        return fn

    return register


def spots_of(layer: Layer) -> list[Spot]:
    """All kinds of spots that the layer may have."""
    return [s for base in type(layer).__mro__ for s in _table.get(base, ())]


EPSILON = (
    "the variance of {count} of {of} in {layer} is far below epsilon, which alone decides their scale: what an engine "
    "adds to the variance counts, and what the input was does not"
)
"""Words for a normalisation."""
SATURATED = "{count} of {of} outputs of {layer} are at the end of its range to the last digit: they hide what is before"
"""Words for an activation."""
DIVISOR = (
    "{count} of {of} divisors in {layer} are nearly 0, within 1000 times of what rounding before them allows: the "
    "quotient keeps fewer than 3 of 7 digits"
)
"""Words for a division."""


def below(variance: np.ndarray, epsilon: float) -> np.ndarray:
    """Where a variance is far below epsilon."""
    return variance < FEW * epsilon


def nearly_zero(x: np.ndarray, e: Any) -> np.ndarray:
    """Where a divisor is so near 0 that its error leaves it fewer than 3 digits, or a runtime may take it for 0."""
    return (np.abs(x) * FEW <= e) & (np.asarray(e) > 0) | (np.abs(x) < NORMAL)


def saturated(y: np.ndarray, low: float) -> np.ndarray:
    """Where a number in [0, 1] is 0 or 1 to the last digit."""
    return (y >= ONE) | (y < low)


def rivals(rows: np.ndarray, errors: Any) -> np.ndarray:
    """Where along the last axis another one than the first largest may be the largest, by its error or being equal."""
    errors = np.broadcast_to(errors, rows.shape)
    at = rows.argmax(-1)[..., None]
    top, room = np.take_along_axis(rows, at, -1), np.take_along_axis(errors, at, -1)
    return np.count_nonzero(rows + errors >= top - room, -1) > 1
