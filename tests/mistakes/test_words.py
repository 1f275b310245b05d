"""Numbers in the words of a mistake: as short as they can be told apart."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.judge.diagnose import Cause, _first
from parity.layers import Layer
from parity.layers.mistake import difference, instead, shortly


@pytest.mark.parametrize(
    ("new", "old", "words"),
    [
        (0.0, 2e-5, "0 instead of 2e-05"),
        (9.999999747378752e-06, 1e-5, "9.9999997e-06 instead of 1e-05"),
        (1.0000001, 1.0, "1.0000001 instead of 1"),
        ((1, 0.1), (1, 0.10000000149011612), "[1, 0.1] instead of [1, 0.100000001]"),
        (True, False, "true instead of false"),
    ],
)
def test_two_numbers_never_look_the_same(new, old, words):
    assert instead(new, old) == words


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_what_differs_differs_in_words(new, old):
    first, second = instead(new, old).split(" instead of ")
    assert (first == second) == (shortly(new, 17) == shortly(old, 17))
    if new != old:
        assert first != second


def test_a_float32_of_an_epsilon_is_told_from_it():
    layer = Layer.registry["BatchNorm"](epsilon=1e-5)
    assert difference(layer, [replace(layer, epsilon=9.999999747378752e-06)]) == (
        "epsilon 9.9999997e-06 instead of 1e-05"
    )


def test_values_that_look_the_same_are_told_once():
    values = (1e-5, 9.9999999e-06, 1e-7, 1.0000000001e-7, 1e-8)
    fits = [
        Cause("bn", "BatchNorm", "epsilon", "epsilon 1e-05 instead of 0.001", 0.5, "", v, "parameter") for v in values
    ]
    (found,) = _first(fits)
    assert found.words == "epsilon 1e-05 instead of 0.001, or 1e-07, or 1e-08"
