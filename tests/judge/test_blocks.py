"""What single dtypes and shapes ask of the pass over blocks: distances, integers, argmax, memory."""

import json
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parity.judge.blocks import places
from parity.judge.metrics import compare

steady = settings(deadline=None, derandomize=True)  # the same examples on every machine, however slow


@steady
@given(st.lists(st.integers(0, 9), max_size=4), st.integers(1, 50), st.booleans())
def test_places_cover_everything_once(shape, block, whole_rows):
    whole_rows = whole_rows and len(shape) > 1 and shape[1] <= block
    seen = np.zeros(shape, int)
    for place in places(tuple(shape), block, whole_rows):
        assert 0 < seen[place].size <= block
        assert not whole_rows or seen[place].shape[1] == shape[1]
        seen[place] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_ulp_counts_representable_numbers(dtype):
    start = np.array([1, -1, 3.7, -0.25, 0, 6e-8], dtype)
    x = start
    for steps in range(1, 6):
        x = np.nextafter(x, dtype(np.inf))
        assert compare(x, start).ulp_max == steps
        assert compare(x[:1], start[:1]).ulp_p99 == steps
    tiny = np.nextafter(dtype(0), dtype(1))
    assert compare(np.array([-tiny]), np.array([tiny])).ulp_max == 2
    most = np.array([np.finfo(dtype).max])
    assert compare(-most, most).ulp_max == 2 * int(most.view(f"u{most.itemsize}")[0])


def test_ulp_percentile():
    distances = np.random.default_rng(2).integers(0, 59, 5000)
    distances[0] = 63
    r = np.ones(5000, np.float32)
    a = (r.view(np.int32) + distances.astype(np.int32)).view(np.float32)
    assert compare(a, r, block=512).ulp_p99 == np.percentile(distances, 99, method="inverted_cdf")
    a = (r.view(np.int32) + (distances**2 * 50).astype(np.int32)).view(np.float32)
    exact = np.percentile(distances**2 * 50, 99, method="inverted_cdf")
    assert exact <= compare(a, r).ulp_p99 <= exact * (1 + 1 / 32)
    a = r.copy()
    a[:50] = 2
    assert compare(a, r).ulp_p99 == 0, "1 % may be anything"
    a[:51] = 2
    assert compare(a, r).ulp_p99 == compare(a, r).ulp_max == 1 << 23


def test_bfloat16():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    r = np.random.default_rng(3).standard_normal((5, 7, 3))
    a = r.astype(ml_dtypes.bfloat16)
    m = compare(a, r, np.abs(r) * 2.0**-8)
    assert m.bit_equal
    assert 0 < m.bound_ratio <= 1
    assert m.argmax_agreement == 1
    a[4, 6, 2] = a[4, 6, 2] * ml_dtypes.bfloat16(1.0625)
    m = compare(a, r, np.abs(r) * 2.0**-8)
    assert m.worst == (4, 6, 2)
    assert 8 <= m.ulp_max <= 16
    assert m.bound_ratio > 1
    json.dumps(m.to_json(), allow_nan=False)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int32, np.int64, np.uint64])
def test_integers(dtype):
    r = np.array([[0, 1, 1], [1, 0, 1]], dtype)
    m = compare(r, r.astype(np.float64), 0)
    assert (m.bit_equal, m.bound_ratio, m.ulp_max, m.ulp_p99, m.argmax_agreement) == (True, 0, None, None, None)
    a = r.copy()
    a[1, 1] = 1
    for reference in (r, r.astype(np.float64)):
        m = compare(a, reference, 0)
        assert (m.bit_equal, m.bound_ratio, m.worst, m.max_abs) == (False, math.inf, (1, 1), 1)


@pytest.mark.parametrize(("a", "r"), [(2**60, 2**60 + 1), (2**63 - 1, -(2**63)), (-5, 7)])
def test_long_integers_are_told_apart(a, r):
    m = compare(np.array([a]), np.array([r]), 0)
    assert (m.bit_equal, m.bound_ratio, m.max_abs) == (False, math.inf, float(abs(a - r)))


@pytest.mark.parametrize("shape", [(64, 10), (8, 30, 6), (2, 3, 5, 7), (3, 1), (2, 600)])
def test_argmax_agreement(shape):
    r = np.random.default_rng(4).standard_normal(shape)
    a = r.astype(np.float32)
    assert compare(a, r, block=256).argmax_agreement == 1
    last = (-1, slice(None), *[-1] * (len(shape) - 2))
    a[last][r[last].argmin()] = 100
    rows = a.size // shape[1]
    expected = (rows - (shape[1] > 1)) / rows
    assert compare(a, r, block=256).argmax_agreement == compare(a, r).argmax_agreement == expected


@steady
@given(
    hnp.arrays(np.float16, (2, 120), elements=st.sampled_from([0, 1, 2, -np.inf, np.inf, np.nan])),
    st.sampled_from([(2, 3, 20), (2, 30, 2), (4, 15, 2, 1), (3, 40), (120,)]),
    st.integers(1, 99),
)
def test_argmax_is_that_of_numpy(both, shape, block):
    a, r = both.reshape(2, *shape)
    expected = np.mean(a.argmax(1) == r.argmax(1)) if len(shape) > 1 else None
    assert compare(a, r.astype(float), block=block).argmax_agreement == expected


@pytest.mark.parametrize("shape", [(4000, 3), (2, 5, 40, 50), (1500, 16), (3000, 1)])
def test_argmax_over_few_classes_and_many_positions(shape):
    a, r = np.random.default_rng(5).integers(0, 3, (2, *shape)).astype(np.float32)
    assert compare(a, r).argmax_agreement == np.mean(a.argmax(1) == r.argmax(1))
    a[:, -1] = np.nan
    assert compare(a, r).argmax_agreement == np.mean(a.argmax(1) == r.argmax(1))


@pytest.mark.parametrize("layout", ["contiguous", "channels last", "one row"])
def test_extra_memory_does_not_grow_with_the_arrays(layout):
    a = np.ones((8, 500, 16, 32), np.float32)
    if layout == "channels last":
        a = np.ones((8, 16, 32, 500), np.float32).transpose(0, 3, 1, 2)
    elif layout == "one row":
        a = a.reshape(1, -1)
    r, b = a + np.float32(1e-6), np.float32(1e-6)
    tracemalloc.start()
    try:
        compare(a, r, b)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20 < a.nbytes
