"""Numbers and lists as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.story.words import exactly, figure, percent, plural, sentence, some, times


@given(st.floats(min_value=0, allow_nan=False))
def test_a_ratio_never_crosses_the_bound_in_words(ratio):
    text = times(ratio)
    if 0 < ratio <= 1:
        assert text.endswith(" of what rounding allows")
        assert float(text.split()[0]) <= 1
    elif ratio > 1 and math.isfinite(ratio):
        assert text.endswith("times what rounding allows")
        assert float(text.split()[0].replace(",", "")) >= 1


@given(st.floats(0, 1))
def test_all_and_none_are_said_only_where_it_is_so(share):
    text = percent(share)
    assert (text == "100%") == (share == 1)
    assert (text == "0%") == (share == 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00033, "0.00033"), (-1.9e-6, "−1.9e-6"), (12345.6, "12,300"), ("inf", "∞"), ("nan", "no number"),
     (None, "no number"),     (0.0, "0"), (-0.5, "−0.5"), (1e30, "1e30"), (1.0, "1")],
)  # fmt: skip
def test_figures(value, text):
    assert figure(value) == text


def test_words():
    assert (plural(1, "case"), plural(2000, "case")) == ("1 case", "2,000 cases")
    assert some(list("abcdefgh"), most=3) == "a, b, c and 5 more"
    assert (sentence("a"), sentence("a."), sentence("")) == ("a.", "a.", "")
    assert (exactly("nan"), exactly(1.70549262), exactly("-inf")) == ("NaN", "1.70549262", "−∞")
    assert (times(1.0), times(1.0001), times(1e6), times(1520.4), times("inf")) == (
        "1 of what rounding allows", "1.01 times what rounding allows", "1 million times what rounding allows",
        "1,520 times what rounding allows", "more than any rounding allows")  # fmt: skip
