"""A number that is left open is found where the cost is smallest."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.judge.estimate import minimum


@given(st.floats(1e-7, 1e3), st.sampled_from([1.0, -1.0]))
@settings(deadline=None)
def test_found_to_many_digits(value, sign):
    found, lowest = minimum(lambda v: abs(math.log(v / (sign * value))) if v * sign > 0 else math.inf, 1e-8, 1e4, sign)
    assert found == pytest.approx(sign * value, rel=1e-7)
    assert lowest < 1e-7


def test_a_cost_that_is_nowhere_finite():
    assert minimum(lambda _: math.nan, 1e-3, 1.0)[1] == math.inf


def test_at_the_edge():
    assert minimum(lambda v: v, 0.5, 2.0)[0] == pytest.approx(0.5)
