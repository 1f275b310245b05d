"""A run that gives other bits each time is seen, and by how much; one that repeats is not accused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.workers.repeats import repeated
from tests.workers.asking import ask

X = {"y": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array([1, 2], np.int32)}


def answering(*results):
    left = list(results)
    return lambda: left.pop(0)


def changed(value, at=(1, 2)):
    y = X["y"].copy()
    y[at] = value
    return X | {"y": y}


def test_the_same_again():
    assert repeated(lambda: {k: v.copy() for k, v in X.items()}, X, 3) == {"runs": 4, "distinct": 1, "max_abs": 0.0}


def test_no_run_more_is_one_result():
    assert repeated(answering(), X, 0) == {"runs": 1, "distinct": 1, "max_abs": 0.0}


def test_the_last_bit_counts():
    last = changed(np.nextafter(np.float32(5), np.float32(6)))
    found = repeated(answering(X, last, last), X, 3)
    assert (found["runs"], found["distinct"]) == (4, 2)
    assert 0 < found["max_abs"] < 1e-6


def test_each_other_result_counts_once():
    found = repeated(answering(changed(6), changed(7), changed(6)), X, 3)
    assert (found["distinct"], found["max_abs"]) == (3, 2.0)


def test_the_sign_of_zero_differs_by_nothing():
    found = repeated(answering(changed(-0.0, (0, 0))), X, 1)
    assert (found["distinct"], found["max_abs"]) == (2, 0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_infinitely_far(value):
    found = repeated(answering(changed(value)), X, 1)
    assert found["max_abs"] == "inf"
    json.dumps(found, allow_nan=False)


def test_nan_in_both_is_the_same():
    bad = changed(np.nan)
    assert repeated(answering(bad), bad, 1) == {"runs": 2, "distinct": 1, "max_abs": 0.0}


def test_another_shape_is_infinitely_far():
    assert repeated(answering(X | {"y": X["y"][:1]}), X, 1)["max_abs"] == "inf"


@given(st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=5))
def test_as_many_as_there_are_values(values):
    found = repeated(answering(*map(changed, values)), changed(values[0]), len(values))
    assert found["distinct"] == len({np.float32(v).tobytes() for v in values})
    assert found["max_abs"] == max(abs(v - values[0]) for v in values)


def test_an_engine_that_gives_something_else_each_time(make):
    found = ask(make(), "restless", repeat=3)[0]["repeats"]
    assert found == {"runs": 4, "distinct": 4, "max_abs": pytest.approx(3.0)}


def test_an_engine_that_gives_the_same(worker):
    assert ask(worker, "echo", repeat=2)[0]["repeats"] == {"runs": 3, "distinct": 1, "max_abs": 0.0}


def test_nothing_is_run_again_unasked(worker):
    assert "repeats" not in ask(worker, "echo")[0]
