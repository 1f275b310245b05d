from __future__ import annotations

import math
import tracemalloc

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parity.judge.bound import Judged
from parity.judge.distribution import HIGHEST, INSIDE, LEVELS, LOWEST, distribution, level, ratios
from parity.judge.metrics import compare
from parity.judge.verdict import judge_tensor

SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6)
DTYPES = st.sampled_from(["float16", "float32", "float64", "bfloat16", "int32", "int64", "uint8", "bool"])
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, 1e30])


@st.composite
def pairs(draw):
    """Actual, reference, bound: most elements close, some off by all kinds of factors, some not finite."""
    shape, name = draw(SHAPES), draw(DTYPES)
    dtype = np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    if dtype.kind in "iub":
        reference = random.integers(0, 2, shape).astype(dtype)
        actual = np.where(random.random(shape) < 0.8, reference, random.integers(0, 2, shape).astype(dtype))
        bound = None if draw(st.booleans()) else np.asarray(random.random(shape))
        return np.asarray(actual, dtype), np.asarray(reference, dtype), bound
    reference = random.normal(size=shape)
    off = np.where(random.random(shape) < 0.3, 0, 2.0 ** random.integers(-30, 20, shape)) * random.normal(size=shape)
    actual = reference + off * 1e-6
    if draw(st.booleans()):
        actual, reference = (
            np.where(random.random(shape) < 0.2, random.choice(ODD, shape), x) for x in (actual, reference)
        )
    bound = None if draw(st.booleans()) else np.asarray(np.where(random.random(shape) < 0.1, 0.0, 1e-6))
    with np.errstate(over="ignore"):
        actual = np.asarray(actual).astype(dtype)
    return actual, np.asarray(reference), bound


def found(actual, reference, bound, **more):
    return distribution(actual, reference, bound, **more)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pairs())
def test_counts_are_those_of_the_elements(pair):
    actual = pair[0]
    e = np.abs(ratios(*pair)).reshape(-1)
    spread = found(*pair)["spread"]
    counts = spread["counts"]
    assert spread["zero"] == np.count_nonzero(e == 0)
    assert spread["zero"] + sum(counts) == actual.size
    assert not counts or (counts[0] and counts[-1] and spread["from"] >= LOWEST)
    for i, count in enumerate(counts):
        k = spread["from"] + i
        low, high = (0 if k == LOWEST else 2.0**k), (math.inf if k == HIGHEST else 2.0 ** (k + 1))
        assert count == np.count_nonzero((e > 0) & (e >= low) & ((e < high) | (high == math.inf)))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pairs())
def test_the_largest_level_is_that_of_the_ratio(pair):
    actual, reference, bound = pair
    ratio = compare(actual, reference, 0.0 if bound is None else bound).bound_ratio
    assert np.abs(ratios(*pair)).max(initial=0.0) == ratio
    got = found(*pair)
    if not actual.ndim or not actual.size:
        assert set(got) == {"spread"}
        return
    assert max(got["map"]["levels"], key=LEVELS.index) == level(np.array(ratio))
    if actual.ndim >= 3:
        assert max(got["profile"]["levels"], key=LEVELS.index) == level(np.array(ratio))
    assert (ratio > 1) == (LEVELS.index(max(got["map"]["levels"], key=LEVELS.index)) > INSIDE)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(pairs(), st.integers(1, 50))
def test_the_size_of_a_block_changes_nothing(pair, block):
    assert found(*pair) == found(*pair, block=block)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_along_other_axes_changes_no_map(pair, random):
    actual = pair[0]
    if actual.ndim < 3:
        return
    for axis in {3: (0,), 4: (0, 1), 5: (0, 1, 2)}[actual.ndim]:
        order = list(range(actual.shape[axis]))
        random.shuffle(order)
        moved = [x if x is None else np.take(x, order, axis) for x in pair]
        assert found(*moved).get("map") == found(*pair).get("map")


@pytest.mark.parametrize("shape", [(1,), (40,), (17, 3), (3, 100), (2, 65, 17), (2, 70, 33, 16), (2, 3, 4, 5, 31)])
def test_every_place_shows_in_its_own_cell(shape):
    """One element off by 8 bounds: its cell alone is lit, by the rule that readers go by."""
    random = np.random.default_rng(3)
    reference, bound = np.zeros(shape), np.ones(shape)
    for _ in range(20):
        at = tuple(int(random.integers(s)) for s in shape)
        actual = np.zeros(shape, np.float32)
        actual[at] = 8
        got = found(actual, reference, bound)
        cells = np.array(list(got["map"]["levels"])).reshape(got["map"]["shape"])
        spot = [0 if axis is None else at[axis] for axis in got["map"]["axes"]]
        assert (cells != "0").sum() == 1
        for i, (of, n) in enumerate(zip(got["map"]["of"], got["map"]["shape"], strict=True)):
            k = np.argwhere(cells != "0")[0][i]
            assert k * of // n <= spot[i] < (k + 1) * of // n
        assert set(cells.ravel()) <= {"0", LEVELS[INSIDE + 6]}
        if len(shape) >= 3:
            profile = got["profile"]
            (k,), n = np.flatnonzero(np.array(list(profile["levels"])) != "0"), len(profile["levels"])
            assert k * profile["of"] // n <= at[1] < (k + 1) * profile["of"] // n
    assert max(got["map"]["shape"]) <= 16
    assert got["map"]["of"] == [1 if a is None else shape[a] for a in got["map"]["axes"]]


def test_levels():
    e = np.array([0, 1e-300, 2**-20, 0.5, 0.99, 1, np.nextafter(1, 2), 1.4, 2, 1000, 1e300, np.inf])
    assert [LEVELS.index(c) for c in level(e)] == [0, 1, 1, 38, 40, 40, 41, 41, 42, 60, 61, 61]


def test_axes_of_the_ranks():
    axes = {rank: found(np.ones((2,) * rank), np.ones((2,) * rank), None)["map"]["axes"] for rank in range(1, 6)}
    assert axes == {1: [None, 0], 2: [0, 1], 3: [1, 2], 4: [2, 3], 5: [3, 4]}


def test_an_exact_layer_is_equal_or_out():
    actual = np.array([1, 2, 3, 4], np.float32)
    spread = found(actual, np.array([1.0, 2, 3, 4.5]), None)["spread"]
    assert spread == {"zero": 3, "from": HIGHEST, "counts": [1]}


def test_large_integers_keep_their_distance():
    actual, reference = np.array([2**62 + 1, -(2**63)]), np.array([2**62, 2**63 - 1])
    np.testing.assert_array_equal(ratios(actual, reference, np.ones(2)), [1.0, -(2.0**64)])


def test_nothing_is_looked_at_where_nothing_is_off():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert found(x, x, None, zero=True) == found(x, x, None)


def test_memory_does_not_grow_with_the_tensor():
    reference = np.zeros((4, 8, 256, 256))
    actual, bound = reference.astype(np.float32), np.broadcast_to(1e-6, reference.shape)
    actual[1, 2, 3, 4] = 1
    tracemalloc.start()
    found(actual, reference, bound)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e6, "the tensor has 16 MB in float64"


def test_a_finding_says_how_its_errors_are_distributed():
    value = np.arange(12.0).reshape(3, 4)
    judged = Judged(value, np.full((3, 4), 1e-6))
    actual = value.astype(np.float32)
    actual[2, 1] += 1
    said = judge_tensor("y", ("conv",), actual, judged, "float32").to_json()
    assert said["spread"] == {"zero": 11, "from": HIGHEST, "counts": [1]}
    assert said["map"]["levels"] == "0" * 9 + LEVELS[-1] + "00"
    assert not {"bits", "sample"} & set(said)
    output = judge_tensor("y", (), actual, judged, "float32").to_json()
    assert {"spread", "map", "bits", "sample"} <= set(output)
    assert "spread" not in judge_tensor("y", (), actual[:2], judged, "float32").to_json()
