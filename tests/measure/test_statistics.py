"""Intervals hold what they promise, on made-up noise of which the truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.measure.statistics import (
    CONFIDENCE,
    LEAST,
    LEVEL,
    Interval,
    interval,
    is_reached,
    quartiles,
    says,
    t_quantile,
)


@pytest.mark.parametrize(
    ("level", "freedom", "expected"),
    [
        (0.95, 1, 12.706205),
        (0.95, 2, 4.302653),
        (0.95, 4, 2.776445),
        (0.95, 9, 2.262157),
        (0.95, 30, 2.042272),
        (0.99, 5, 4.032143),
        (0.9, 120, 1.657651),
    ],
)
def test_students_distribution_by_the_tables(level, freedom, expected):
    assert t_quantile(level, freedom) == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.floats(1e-6, 1e3), min_size=2, max_size=20), st.floats(1e-3, 1e3))
def test_an_interval_contains_its_value_and_goes_with_the_unit(values, unit):
    a, b = interval(values), interval([v * unit for v in values])
    assert a.low <= a.value * (1 + 1e-9)
    assert a.value <= a.high * (1 + 1e-9)
    for x, y in zip(a, b, strict=True):
        assert y == pytest.approx(x * unit, rel=1e-6)


def test_an_interval_of_one_value_has_no_ends():
    assert interval([2.0]) == (2.0, None, None)
    assert math.isinf(interval([2.0]).half_width)
    with pytest.raises(ValueError, match="no values"):
        interval([])


def test_the_reciprocal_ratio_has_the_reciprocal_interval():
    values = [1.1, 1.2, 0.9, 1.05, 1.3]
    a, b = interval(values), interval([1 / v for v in values])
    assert b.value == pytest.approx(1 / a.value)
    assert b.low == pytest.approx(1 / a.high)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.8, 0.99, "faster"), (1.01, 1.2, "slower"), (0.99, 1.01, "undecided"), (1.0, 1.2, "undecided")],
)
def test_nothing_is_faster_unless_the_whole_interval_says_so(low, high, expected):
    assert says(Interval(math.sqrt(low * high), low, high)) == expected


def test_one_round_says_nothing():
    assert says(interval([0.1])) == "undecided"


def test_enough_is_narrow_and_not_before_the_fifth_round():
    narrow, wide = Interval(1.0, 0.99, 1.01), Interval(1.0, 0.9, 1.1)
    assert is_reached(narrow, LEAST, 0.02)
    assert not is_reached(narrow, LEAST - 1, 0.02)
    assert not is_reached(wide, 1000, 0.02)


def test_quartiles():
    assert quartiles([4, 1, 3, 2, 5]) == (2, 3, 4)


def coverage(level, between, *, heavy=False, within=0.02, asked=0.02, most=40, trials=3000, true=1.3):
    """How often an interval contains the true ratio, measured until it is as narrow as asked.

    Each round has an error of its own (a process's), and several turns in it that share it and have errors of their
    own; errors of size 1 per round are drawn at once for all trials.
    """
    draws = np.random.default_rng(5)
    shape = (trials, most)
    processes = draws.standard_t(3, shape) / math.sqrt(3) if heavy else draws.normal(size=shape)
    turns = np.median(draws.normal(size=(*shape, 6)) * within, axis=-1)
    logs = math.log(true) + between * processes + turns
    count = np.arange(1, most + 1)
    mean = np.cumsum(logs, 1) / count
    spread = np.sqrt(np.maximum((np.cumsum(logs**2, 1) - count * mean**2) / np.maximum(count - 1, 1), 0))
    half = np.full(shape, np.inf)
    half[:, 1:] = [t_quantile(level, int(n)) for n in count[:-1]] * spread[:, 1:] / np.sqrt(count[1:])
    enough = (np.exp(half) - 1 <= asked) & (count >= LEAST)
    enough[:, -1] = True
    at = enough.argmax(1)
    rows = np.arange(trials)
    return float(np.mean(np.abs(mean[rows, at] - math.log(true)) <= half[rows, at]))


def test_the_simulation_computes_what_interval_computes():
    values = [1.1, 1.2, 0.9, 1.05, 1.3]
    logs, n = np.log(values), len(values)
    half = t_quantile(LEVEL, n - 1) * logs.std(ddof=1) / math.sqrt(n)
    assert interval(values).high == pytest.approx(math.exp(logs.mean() + half))


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("between", [0.005, 0.02, 0.03, 0.04, 0.06, 0.1])
def test_what_is_promised_holds_with_the_rule_that_ends_it(between, heavy):
    """Spreads that end at once, after some rounds, and never; normal, and with outliers (Student's t of 3)."""
    assert coverage(LEVEL, between, heavy=heavy) >= CONFIDENCE - 0.012, "three standard deviations of 3000 trials"


def test_without_the_stricter_level_the_rule_would_break_the_promise():
    assert min(coverage(CONFIDENCE, b) for b in (0.03, 0.04)) < CONFIDENCE - 0.012


def test_an_interval_from_calls_instead_of_rounds_would_be_wrong():
    """What makes rounds necessary: calls of one process share its error, and so say nothing of it."""
    draws = np.random.default_rng(6)
    hits = 0
    for _ in range(300):
        calls = np.exp(0.03 * draws.normal() + 0.03 * draws.normal(size=200))
        found = interval(list(calls))
        hits += found.low <= 1 <= found.high
    assert hits < 150
