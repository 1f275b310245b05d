"""Numbers that leave the range of a type inside a layer."""

from __future__ import annotations

import numpy as np
import pytest

from parity.graph import Graph
from parity.judge.bound import Reference
from parity.judge.diagnose import diagnose_all
from parity.judge.ranges import Steps, Stepwise
from parity.judge.verdict import judge
from parity.layers import Spec
from parity.precision import PRECISIONS, SMALLEST, rounded
from tests.judge.conftest import node

EXTREMES = [0.0, 1.0, -1e-3, 3e-5, 1e-7, 2e-8, 1e-9, -6e4, 65519.0, 65521.0, 1e6, np.inf, -np.inf, np.nan]


@pytest.fixture
def half():
    """Small numbers in float16, and what a layer makes of them in an arithmetic of the test's."""

    def found(layer, size, engine, dtype="float16", **parameters):
        x = rounded(np.random.default_rng(3).standard_normal((4, 24)) * size, dtype)
        graph = Graph({"x": Spec(x.shape)}, (node("n", layer, "x", **parameters),), ("n",)).in_precision(dtype)
        weights = {k: np.ones(w.shape) for k, w in graph.weights.items()}
        reference = Reference.of(graph, {"x": x}, weights, precision=PRECISIONS[dtype])
        with np.errstate(all="ignore"):
            taps = {"n": engine(x).astype(x.dtype)}
        made = judge(reference, taps, taps)
        return made.verdict, [c for d in diagnose_all(reference, made, taps) for c in d.causes]

    return found


def normed(epsilon, kind):
    """LayerNorm, every step in the dtype of x; epsilon in a type of its own."""

    def engine(x):
        apart = x - x.mean(1, keepdims=True)
        variance = (apart * apart).mean(1, keepdims=True).astype(np.result_type(x.dtype, kind))  # NumPy 1 would not
        return apart / np.sqrt(variance + kind(epsilon)).astype(x.dtype)

    return engine


@pytest.mark.parametrize(("kind", "verdict"), [(np.float16, "nonfinite"), (np.float32, "differs")])
def test_an_underflow_is_named(half, kind, verdict):
    """As in Chainer, where epsilon is 0 too, and in onnx.reference, whose epsilon is a number of float32."""
    found, causes = half("LayerNorm", 1e-4, normed(1e-12, kind), epsilon=1e-12)
    assert found == verdict
    assert [c.name for c in causes] == ["range"]
    assert causes[0].words.startswith("underflow inside the layer")
    assert "6.1e-05, the smallest normal one of float16" in causes[0].words


def test_an_overflow_is_named(half):
    def engine(x):
        return x / np.sqrt((x * x).mean(1, keepdims=True))

    found, causes = half("RMSNorm", 1e3, engine, epsilon=1e-5, scale=False)
    assert found == "differs"
    assert [c.words[:25] for c in causes] == ["overflow inside the layer"]


def test_numbers_flushed_to_zero_are_named(half):
    """As on processors that compute in float16 and flush: zeros divided by an epsilon of 1e-5."""

    def engine(x):
        return np.full_like(x, np.nan)

    found, causes = half("LpNormalization", 0.0, engine, axis=1, epsilon=1e-5, mode="add")
    assert found == "nonfinite"
    assert [c.name for c in causes] == ["range"]


@pytest.mark.parametrize("wrong", [
    lambda x: normed(1e-12, np.float64)(x.astype(np.float64)) * 1.7,  # another mistake, of a network in range
    lambda x: np.where(np.arange(24) == 3, np.nan, normed(1e-12, np.float64)(x.astype(np.float64))),
    lambda x: -normed(1e-12, np.float32)(x),  # as far off, the other way
])  # fmt: skip
def test_another_mistake_is_not_taken_for_it(half, wrong):
    found, causes = half("LayerNorm", 1e-4, wrong, epsilon=1e-12)
    assert found in ("differs", "nonfinite")
    assert all(c.name != "range" for c in causes)


def test_lost_digits_are_no_range(half):
    """Sums in float16 of numbers that it has lose digits with or without an end of range."""

    def engine(x):
        total = np.zeros_like(x[:, 0])
        for column in x.T:
            total = total + column + x.dtype.type(1024) - x.dtype.type(1024)
        return (total / x.dtype.type(24))[:, None]

    found, causes = half("ReduceMean", 1.0, engine, axes=(1,), keepdims=True)
    assert found == "differs"
    assert all(c.name != "range" for c in causes)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_steps_are_those_of_the_type(dtype):
    x = np.array(EXTREMES)
    both = Steps(dtype, "gradual", above=True).fit(x)
    np.testing.assert_array_equal(both[np.abs(x) != 65519], rounded(x, dtype).astype(np.float64)[np.abs(x) != 65519])
    flushed = Steps(dtype, "flushed", above=True).fit(x)
    np.testing.assert_array_equal(flushed[~(np.abs(x) < SMALLEST[dtype])], both[~(np.abs(x) < SMALLEST[dtype])])
    assert (flushed[np.abs(x) < SMALLEST[dtype]] == 0).all()
    kept = Steps(dtype).fit(x)
    assert (np.isfinite(kept) == np.isfinite(x)).all()
    assert (kept[np.isfinite(x) & (x != 0)] != 0).all()


def test_a_rule_in_steps_is_a_rule_in_the_type():
    """What NumPy does with arrays of float16, but for a mean, which it adds up in float32."""
    x = np.random.default_rng(1).standard_normal((3, 5)).astype(np.float16) / 50
    steps = Stepwise.of(x, Steps("float16", "gradual", above=True))
    for made in (lambda v: v * v, lambda v: np.sqrt(v * v + 1e-5), lambda v: np.where(v > 0, v, v * 0.1) / 3,
                 lambda v: np.concatenate([v, v * v], 1).max(1), lambda v: np.exp(v.reshape(5, 3)) - 1):  # fmt: skip
        np.testing.assert_array_equal(np.asarray(made(steps)), made(x).astype(np.float64))


@pytest.mark.parametrize(
    ("layer", "engine"),
    [
        ("Acosh", lambda x: np.log1p(x - 1 + np.sqrt((x - 1) * (x + 1)))),
        ("Asinh", lambda x: np.sign(x) * np.log1p(np.abs(x) + x * x / (1 + np.sqrt(x * x + 1)))),
    ],
)
def test_what_a_framework_composes_overflows_in_its_squares(half, layer, engine):
    found, causes = half(layer, 300.0, engine)
    assert found == "nonfinite"
    assert [c.words[:25] for c in causes] == ["overflow inside the layer"]


@pytest.mark.parametrize("number", [np.float64(1 / 3), np.array(1 / 3), np.array([1 / 3])[0]])
def test_numbers_without_axes_are_steps_too(number):
    made = Stepwise.of(number, Steps("float16"))
    assert made.shape == ()
    assert float(made) == float(np.float16(1 / 3))
    assert isinstance(made * 2.0, Stepwise)
