"""What samples of time allow to be said.

Calls within a process are not independent: where its memory lies, and what a build of the network chose, stay the same
from call to call and differ from process to process. So an interval is built from one number a round, each round having
processes of its own (Georges, Buytaert, Eeckhout: Statistically Rigorous Java Performance Evaluation, OOPSLA 2007;
Kalibera, Jones: Rigorous Benchmarking in Reasonable Time, ISMM 2013).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
"""What an interval promises, the rule that ends the measurement included."""
LEVEL = 0.97
"""Level at which it is computed. Stopping as soon as an interval is narrow prefers those that are so by chance; at this
level 95 % hold all the same, by simulation over spreads and tails (tests/measure/test_statistics.py)."""
LEAST = 5
"""Rounds before the first look."""


class Interval(NamedTuple):
    """A value above 0 and how far it may be off; the ends are None where there is but one round."""

    value: float
    low: float | None
    high: float | None

    @property
    def half_width(self) -> float:
        """Relative to the value; inf where there are no ends."""
        return math.inf if self.high is None else self.high / self.value - 1


def interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """The geometric mean of independent values, with Student's interval of the mean of their logarithms.

    Args:
        values: one a round: seconds, or a ratio of two targets' seconds.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("an interval of no values")
    logs = [math.log(v) for v in values]
    mean, count = statistics.fmean(logs), len(logs)
    if count == 1:
        return Interval(math.exp(mean), None, None)
    half = t_quantile(level, count - 1) * statistics.stdev(logs) / math.sqrt(count)
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half))


def is_reached(found: Interval, rounds: int, asked: float) -> bool:
    """Whether so many rounds are enough for a half-width of at most so much."""
    return rounds >= LEAST and found.half_width <= asked


def says(ratio: Interval) -> str:
    """Of a target's time over the baseline's: faster or slower, if the whole interval is on one side of 1."""
    if ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high:
        return "undecided"
    return "faster" if ratio.high < 1 else "slower"


def t_quantile(level: float, freedom: int) -> float:
    """t such that a variable of Student's distribution lies in −t … t with this probability.

    By bisection of the finite sums for whole degrees of freedom (Abramowitz, Stegun: Handbook, 26.7.3 and 26.7.4).
    """
    low, high = 0.0, 1.0
    while _within(high, freedom) < level:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    angle = math.atan(t / math.sqrt(freedom))
    cos = math.cos(angle)
    odd = freedom % 2
    term, total = (cos, 0.0) if odd else (1.0, 0.0)
    for k in range(odd, freedom - 1, 2):
        total += term
        term *= cos * cos * (k + 1) / (k + 2)
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total


def quartiles(samples: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """First quartile, median, third quartile."""
    low, middle, high = np.quantile(np.asarray(samples), (0.25, 0.5, 0.75))
    return float(low), float(middle), float(high)
