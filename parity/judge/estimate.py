"""A number that a mistake leaves open, estimated from what the engine returned."""

from __future__ import annotations

import math
from collections.abc import Callable

GRID = 25
"""Values between the limits that are looked at first, evenly spaced in their logarithm."""
STEPS = 45
"""Of the golden section behind it: 0.618^45 is 4e-10."""
GOLDEN = (math.sqrt(5) - 1) / 2


def minimum(cost: Callable[[float], float], low: float, high: float, sign: float = 1.0) -> tuple[float, float]:
    """Where a function of one positive number is smallest, and how small.

    A grid in the logarithm, and a golden section between the neighbours of its best point (Kiefer, "Sequential minimax
    search for a maximum", Proceedings of the AMS 4, 1953).

    Args:
        cost: of sign · value.
        low: smallest magnitude, > 0.
        high: largest magnitude.
    """

    def at(t: float) -> float:
        found = cost(sign * math.exp(t))
        return found if found == found else math.inf

    a, b = math.log(low), math.log(high)
    width = (b - a) / (GRID - 1)
    points = [a + i * width for i in range(GRID)]
    costs = [at(t) for t in points]
    best = min(range(GRID), key=costs.__getitem__)
    if not math.isfinite(costs[best]):
        return sign * math.exp(points[best]), math.inf
    left, right = max(a, points[best] - width), min(b, points[best] + width)
    x, y = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
    fx, fy = at(x), at(y)
    for _ in range(STEPS):
        if fx <= fy:
            right, y, fy = y, x, fx
            x = right - GOLDEN * (right - left)
            fx = at(x)
        else:
            left, x, fx = x, y, fy
            y = left + GOLDEN * (right - left)
            fy = at(y)
    t, lowest = min(((x, fx), (y, fy), (points[best], costs[best])), key=lambda p: p[1])
    return sign * math.exp(t), lowest
