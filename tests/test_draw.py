"""Drawn numbers: the same everywhere and for good, and distributed as they say."""

import math
import statistics

import numpy as np
import pytest

from parity import draw as module
from parity.draw import (
    WEIGHTS,
    Distribution,
    Stream,
    _exp2_wide,
    _ln,
    digest,
    draw,
    kernel_distribution,
    normal_quantile,
)

# These numbers never change: recorded results carry hashes of what was drawn.
GOLDEN = [
    (Distribution(), [0.6978079676628113, 0.11343429237604141, -0.6367047429084778], "5aa93561981aa6d0"),
    (Distribution("normal", 3.0, 0.5), [3.3489038944244385, 3.0567171573638916, 2.681647539138794], "e9a6a054db182d76"),
    (
        Distribution("uniform", 1.0, 2.0),
        [2.029405355453491, 1.180627465248108, 0.048634398728609085],
        "204208eb928ee164",
    ),
    (Distribution("wide"), [7.0495219230651855, 3.0888071060180664, -0.083162322640419], "5cedf14c2b4f9a1d"),
    (Distribution("ties"), [1.0, 0.5, 0.0], "65b2d4c779af584e"),
    (Distribution("integers", high=50), [37, 27, 13], "638bb5567c7ab3b8"),
    (Distribution("constant", 0.1), [0.10000000149011612] * 3, "7634d6a525c53b58"),
]
LARGE = 70_000  # more than one block


@pytest.mark.parametrize(("distribution", "first", "hashed"), GOLDEN)
def test_golden_values(distribution, first, hashed):
    dtype = "int32" if distribution.kind == "integers" else "float32"
    drawn = draw(distribution, (LARGE,), dtype, "golden", 7, "x")
    assert drawn[:3].tolist() == first
    assert digest(drawn) == hashed


def test_golden_stream():
    assert Stream("a", 1).uniform(3).tolist() == [0.6165626127864302, 0.9271223425404919, 0.6857100641774984]
    assert Stream("a", 1).normal(3).tolist() == [0.2964652851146811, 1.454689232187319, 0.4837266578291885]


def test_every_kind_has_golden_values():
    from parity.case.model import Kind

    assert {d.kind for d, *_ in GOLDEN} == set(Kind.__args__)


@pytest.mark.parametrize("kind", ["normal", "uniform", "integers"])
def test_numbers_do_not_depend_on_how_many_are_drawn(kind):
    long, short = (draw(Distribution(kind, high=9), (n,), "float64", "k") for n in (LARGE, 100))
    np.testing.assert_array_equal(long[:100], short)


@pytest.mark.parametrize("kind", ["normal", "uniform", "integers", "constant"])
def test_blocks_do_not_show(kind, monkeypatch):
    whole = draw(Distribution(kind, high=9), (1000,), "float64", "k")
    monkeypatch.setattr(module, "_BLOCK", 77)
    np.testing.assert_array_equal(draw(Distribution(kind, high=9), (1000,), "float64", "k"), whole)


def test_shape_does_not_show():
    flat = draw(Distribution(), (60,), "float32", "k")
    np.testing.assert_array_equal(draw(Distribution(), (3, 4, 5), "float32", "k"), flat.reshape(3, 4, 5))
    assert draw(Distribution(), (), "float32", "k") == flat[0]
    assert draw(Distribution(), (0, 3), "float32", "k").shape == (0, 3)


def test_float32_is_the_float64_rounded():
    exact = draw(Distribution("wide"), (500,), "float64", "k")
    np.testing.assert_array_equal(draw(Distribution("wide"), (500,), "float32", "k"), exact.astype(np.float32))


@pytest.mark.parametrize(
    "other", [("input", 1, "x"), ("input", 0, "y"), ("weight", 0, "x"), ("input", 0, "x", ""), ("0",)]
)
def test_other_keys_give_other_numbers(other):
    one, two = (draw(Distribution(), (1000,), "float64", *key) for key in (("input", 0, "x"), other))
    assert not np.intersect1d(one, two).size
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.15


def test_an_unknown_kind():
    with pytest.raises(KeyError, match="cauchy"):
        draw(Distribution("cauchy"), (3,), "float32", "k")


# The arithmetic, against the platform's.


def test_uniform_stays_off_its_ends(monkeypatch):
    stream = Stream("k")

    class Bits:
        def random_raw(self, n):
            return np.array([0, 2**64 - 1], np.uint64)

    monkeypatch.setattr(stream, "_bits", Bits())
    low, high = stream.uniform(2)
    assert low == 2.0**-53
    assert high == 1 - 2.0**-53
    np.testing.assert_allclose(stream.normal(2), [-8.209536151601387, 8.209536151601387], rtol=1e-14)


def test_quantile_against_the_standard_library():
    p = np.concatenate(
        [Stream("p").uniform(2000), 2.0 ** -np.arange(1.0, 53), 1 - 2.0 ** -np.arange(2.0, 53), [0.075, 0.925]]
    )
    exact = np.array([statistics.NormalDist().inv_cdf(v) for v in p])
    np.testing.assert_allclose(normal_quantile(p), exact, rtol=1e-13, atol=1e-15)


def test_quantile_against_scipy():
    special = pytest.importorskip("scipy.special")
    p = np.concatenate([Stream("p").uniform(2000), 2.0 ** -np.arange(1.0, 53)])
    np.testing.assert_allclose(normal_quantile(p), special.ndtri(p), rtol=2e-14, atol=1e-15)


def test_quantile_is_odd_and_rises():
    p = np.sort(Stream("p").uniform(5000)) / 2
    z = normal_quantile(p)
    assert (np.diff(z) >= 0).all()
    near = p > 0.01  # further out 1 − p is not exact
    np.testing.assert_allclose(normal_quantile(1 - p[near]), -z[near], rtol=1e-12)


def test_logarithm_against_math():
    x = np.concatenate(
        [Stream("x").uniform(2000), 2.0 ** np.arange(-53.0, 53), [0.5**0.5, 1.0, 1 + 2.0**-52, 1 - 2.0**-53]]
    )
    np.testing.assert_allclose(_ln(x), [math.log(v) for v in x], rtol=2e-15, atol=1e-18)


def test_power_of_two_against_math():
    z = np.concatenate([24 * Stream("z").normal(2000), np.arange(-50.0, 50), [0.0, -0.0, 1 - 2.0**-53]])
    np.testing.assert_allclose(_exp2_wide(z), [2.0**v for v in z], rtol=1e-14)
    np.testing.assert_array_equal(_exp2_wide(np.arange(-50.0, 50)), 2.0 ** np.arange(-50.0, 50))


# The distributions.

N = 40_000


def moments(distribution):
    x = draw(distribution, (N,), "float64", "moments")
    return x, x.mean(), x.std()


def test_normal():
    x, mean, std = moments(Distribution("normal", 2.0, 3.0))
    assert mean == pytest.approx(2, abs=0.06)
    assert std == pytest.approx(3, abs=0.06)
    below = np.mean(x < 2 + 3 * 1.2815515655446004)
    assert below == pytest.approx(0.9, abs=0.007)


def test_uniform():
    x, mean, std = moments(Distribution("uniform", 2.0, 3.0))
    assert -1 < x.min() < -0.99
    assert 4.99 < x.max() < 5
    assert mean == pytest.approx(2, abs=0.04)
    assert std == pytest.approx(3 / math.sqrt(3), abs=0.04)


def test_wide():
    x, *_ = moments(Distribution("wide"))
    assert np.mean(x > 0) == pytest.approx(0.5, abs=0.012)
    log = np.log(np.abs(x))  # 2z
    assert log.mean() == pytest.approx(0, abs=0.05)
    assert log.std() == pytest.approx(2, abs=0.04)


def test_ties():
    x, *_ = moments(Distribution("ties", 1.0, 2.0))
    assert set((x - 1).tolist()) <= {float(k) for k in range(-12, 13)}  # multiples of scale / 2
    assert np.mean(x == 1) == pytest.approx(1 / 3 + 2 / 3 * 0.1974, abs=0.012)  # rounded to zero: |z| < 1/4


def test_integers():
    x = draw(Distribution("integers", high=7), (N,), "int32", "k")
    assert x.dtype == np.int32
    counts = np.bincount(x, minlength=7)
    assert len(counts) == 7
    assert counts.min() > 0.93 * N / 7


def test_weights_are_never_trivial():
    for role in ("mean", "variance", "gamma", "beta", "bias"):
        x = draw(WEIGHTS[role], (1000,), "float32", "w")
        assert np.unique(x).size > 900
        assert not np.isin([0.0, 1.0], x).any()
    assert draw(WEIGHTS["variance"], (10_000,), "float32", "w").min() > 0.49


def test_kernels_keep_the_scale_of_activations():
    assert kernel_distribution(50) == Distribution("normal", 0.0, 0.2)
    assert kernel_distribution(0) == kernel_distribution(1)


# Hashes.


def test_digest_sees_values_shape_and_dtype():
    a = np.arange(6, dtype=np.float32)
    others = [a + 1, a.reshape(2, 3), a.astype(np.float64), a[::-1], a[:5], a.view(np.int32)]
    hashes = {digest(x) for x in (a, *others)}
    assert len(hashes) == 7
    assert all(len(h) == 16 and int(h, 16) >= 0 for h in hashes)


def test_digest_of_several_depends_on_their_order():
    a, b = np.ones(2, np.float32), np.zeros(2, np.float32)
    assert digest(a, b) != digest(b, a)
    assert digest(a, b) != digest(a)
    assert digest(a.reshape(2, 1)[:, 0]) == digest(a)  # memory layout does not show
    assert digest(np.asfortranarray(np.arange(6.0).reshape(2, 3))) == digest(np.arange(6.0).reshape(2, 3))
