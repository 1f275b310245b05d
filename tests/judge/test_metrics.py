"""The figures against plain NumPy formulas, and against everything a wrong engine can do to them."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parity.judge.metrics import Metrics, compare

steady = settings(deadline=None, derandomize=True)  # the same examples on every machine, however slow

SUMS = ("mean_abs", "rms", "sum_abs", "rel_l2")
EXACT = (
    *("count", "max_abs", "ulp_max", "ulp_p99", "argmax_agreement", "bound_ratio", "worst", "worst_bound", "bit_equal"),
    *("nonfinite_actual", "nonfinite_reference", "mismatched_nonfinite"),
)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=5)
dtypes = st.sampled_from([np.float16, np.float32, np.float64])


@st.composite
def pairs(draw, finite=False):
    """(actual, float64 reference, bound): anything from equal to unrelated, ties and zeros among it."""
    dtype, shape = draw(dtypes), draw(shapes)
    values = st.floats(-1e4, 1e4, width=16) if finite else st.one_of(st.floats(width=16), st.just(1e5))
    reference = draw(hnp.arrays(np.float64, shape, elements=values))
    other = draw(hnp.arrays(np.float64, shape, elements=values))
    with np.errstate(over="ignore"):
        actual = np.where(draw(hnp.arrays(np.bool_, shape)), reference, other).astype(dtype)
    return actual, reference, draw(hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.5, 2.0, math.inf])))


def same(one: Metrics, two: Metrics):
    for name in EXACT:
        assert getattr(one, name) == getattr(two, name), name
    for name in SUMS:
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-12), name
    assert one.cosine == pytest.approx(two.cosine, abs=1e-12)


@steady
@given(pairs(), st.integers(1, 40))
def test_block_size_does_not_show(pair, block):
    same(compare(*pair, block=block), compare(*pair))


@steady
@given(pairs(), st.randoms(use_true_random=False))
def test_order_of_elements_does_not_show(pair, random):
    order = list(range(pair[0].size))
    random.shuffle(order)
    flat = [x.reshape(-1) for x in pair]
    one, two = compare(*flat), compare(*(x[order] for x in flat))
    same(one, Metrics(**asdict(two) | {"worst": one.worst, "worst_bound": one.worst_bound}))


@steady
@given(pairs(), st.permutations(range(4)))
def test_memory_layout_does_not_show(pair, axes):
    axes = [i for i in axes if i < pair[0].ndim]
    strided = [np.array(x.transpose(axes), order="C").transpose(np.argsort(axes)) for x in pair]
    same(compare(*strided, block=7), compare(*pair))
    swapped = pair[0].astype(pair[0].dtype.newbyteorder())
    same(compare(swapped, *pair[1:]), compare(*pair))


@steady
@given(pairs(finite=True))
def test_plain_formulas(pair):
    a, r, b = pair
    m = compare(a, r, b, block=11)
    x = a.astype(np.float64)
    d = np.abs(x - r)
    assert (m.count, m.max_abs) == (a.size, d.max())
    assert m.mean_abs == pytest.approx(d.mean(), rel=1e-12)
    assert m.sum_abs == pytest.approx(d.sum(), rel=1e-12)
    assert m.rms == pytest.approx(np.sqrt((d**2).mean()), rel=1e-12)
    norms = np.linalg.norm(x), np.linalg.norm(r)
    if norms[1]:
        assert m.rel_l2 == pytest.approx(np.linalg.norm(d) / norms[1], rel=1e-12)
    if norms[0] and norms[1]:
        assert m.cosine == pytest.approx((x * r).sum() / (norms[0] * norms[1]), abs=1e-12)
    rounded = r.astype(a.dtype)
    assert m.bit_equal == np.array_equal(a, rounded)
    ratio = np.array([0 if p == 0 else math.inf if q == 0 else p / q for p, q in zip(d.flat, b.flat, strict=True)])
    assert m.bound_ratio == ratio.max()
    assert m.worst == np.unravel_index(ratio.argmax(), a.shape)
    assert (m.worst_actual, m.worst_reference, m.worst_bound) == (a[m.worst], r[m.worst], b[m.worst])
    assert compare(a, r).worst == np.unravel_index(d.argmax(), a.shape)


def test_one_wrong_element_in_a_million_is_found():
    rng = np.random.default_rng(0)
    r = rng.standard_normal((10, 100, 1000))
    right = r.astype(np.float32)
    assert compare(right, r, np.abs(r) * 2.0**-24).bound_ratio <= 1
    for worst in [(0, 0, 0), (9, 99, 999), (4, 57, 123)]:
        wrong = right.copy()
        wrong[worst] += np.float32(0.01)
        m = compare(wrong, r, np.abs(r) * 2.0**-24 + 1e-9)
        assert m.worst == worst
        assert m.bound_ratio > 100
        assert not m.bit_equal
        assert m.max_abs == pytest.approx(0.01, rel=1e-4)
        assert m.ulp_p99 == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["actual", "reference"])
def test_nonfinite_on_one_side_is_a_mismatch(bad, side):
    r = np.random.default_rng(1).standard_normal((3, 700))
    a = r.astype(np.float32)
    (a if side == "actual" else r)[1, 650] = bad
    m = compare(a, r, 1e30, block=64)
    assert (m.bound_ratio, m.worst, m.mismatched_nonfinite) == (math.inf, (1, 650), 1)
    assert (m.nonfinite_actual, m.nonfinite_reference) == ((1, 0) if side == "actual" else (0, 1))
    assert not m.bit_equal
    assert compare(a, r).worst == (1, 650)
    assert all(math.isfinite(getattr(m, name)) for name in (*SUMS, "max_abs", "cosine"))
    assert m.max_abs < 1e-6, "the other elements keep their figures"
    text = json.dumps(m.to_json(), allow_nan=False)
    assert json.loads(text)["bound_ratio"] == "inf"
    assert json.loads(text)[f"worst_{side}"] == str(float(bad))


def test_mismatched_elements_are_left_out_of_the_shares():
    r = np.ones(200)
    a = r.astype(np.float32)
    a[:101], a[150] = np.nan, 1.5
    m = compare(a, r, block=64)
    assert (m.mean_abs, m.rms, m.ulp_p99) == (0.5 / 99, math.sqrt(0.25 / 99), 1 << 22)


def test_nonfinite_that_match_are_equal():
    r = np.array([np.nan, np.inf, -np.inf, 1e39, 2.0])
    a = np.array([np.nan, np.inf, -np.inf, np.inf, 2.0], np.float32)
    m = compare(a, r, 0)
    assert (m.bit_equal, m.bound_ratio, m.mismatched_nonfinite, m.ulp_max) == (True, 0, 0, 0)
    assert (m.nonfinite_actual, m.nonfinite_reference) == (4, 3)
    for wrong in (-np.inf, np.nan, 3e38):
        assert not compare(np.array([np.nan, wrong, -np.inf, np.inf, 2.0], np.float32), r, 0).bit_equal


def test_sign_of_zero_is_no_difference():
    m = compare(np.array([-0.0, 0.0], np.float32), np.array([0.0, -0.0]), 0)
    assert (m.bit_equal, m.bound_ratio, m.ulp_max) == (True, 0, 0)


def test_bound_of_zero_asks_for_equality():
    r = np.array([1.0, 0.0])
    assert compare(np.float32([1, 0]), r, 0).bound_ratio == 0
    assert compare(np.float32([1, 1e-45]), r, 0).bound_ratio == math.inf
    assert compare(np.nextafter(np.float32([1, 0]), np.float32(2)), r, [1e-6, 0]).worst == (1,)


def test_bound_is_broadcast():
    r = np.zeros((2, 3, 4))
    m = compare(r + 1, r, np.array([4.0, 2, 8]).reshape(3, 1))
    assert (m.bound_ratio, m.worst, m.worst_bound) == (0.5, (0, 1, 0), 2)


def test_cosine_of_zeros():
    zero, one = np.zeros(3), np.ones(3)
    assert [compare(x, y).cosine for x, y in [(zero, zero), (zero, one), (one, zero), (one, one)]] == [1, 0, 0, 1]
    assert compare(-one, one).cosine == -1
    assert [compare(x, y).rel_l2 for x, y in [(zero, zero), (zero, one), (one, zero)]] == [0, 1, math.inf]


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_squares_that_leave_float64_never_look_right(scale):
    r = np.array([1.0, 2.0]) * scale
    assert compare(r, r).rel_l2 == 0
    m = compare(2 * r, r)
    assert (m.rel_l2, m.cosine) == (math.inf, 0)


def test_a_sum_that_leaves_float64_is_infinite():
    r = np.full(100, 1e307)
    assert compare(r / 2, r, block=1).sum_abs == compare(r / 2, r).sum_abs == math.inf


def test_nothing_compared_proves_nothing():
    m = compare(np.zeros((0, 3), np.float32), np.zeros((0, 3)), 1.0)
    assert (m.count, m.bit_equal, m.worst, m.argmax_agreement) == (0, False, None, None)
    json.dumps(m.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((np.ones((2, 3)), np.ones((3, 2))), ValueError, r"\(2, 3\).*\(3, 2\)"),
        ((np.ones(3), np.ones((1, 3))), ValueError, r"\(3,\).*\(1, 3\)"),
        ((np.ones((2, 3)), np.ones((2, 3)), np.ones(2)), ValueError, r"\(2,\).*broadcast to \(2, 3\)"),
        ((np.ones(2), np.ones(2), [1, -1e-9]), ValueError, "bound holds -1e-09"),
        ((np.zeros(2), np.ones(2), np.nan), ValueError, "bound holds nan"),
        ((np.ones(2, complex), np.ones(2)), TypeError, "actual has dtype complex128"),
        ((np.ones(2), np.array(["a", "b"])), TypeError, "reference has dtype"),
    ],
)
def test_misuse(arguments, error, says):
    with pytest.raises(error, match=says):
        compare(*arguments)
