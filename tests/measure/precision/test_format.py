from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.measure.precision.format import Counts, Format, Formats, as_type, held, itemsize, sizes
from parity.precision import PRECISIONS, SMALLEST

HALVES = ("float16", "bfloat16")
floats = arrays(np.float64, 17, elements=st.floats(width=32, allow_nan=False))


@given(floats, st.sampled_from([*HALVES, "float32"]))
def test_rounding_is_to_nearest_and_once(x, dtype):
    y = as_type(x, dtype)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(as_type(y, dtype), y)
    inside = np.isfinite(x) & np.isfinite(y)
    u = float(ml_dtypes.finfo(dtype).eps) / 2  # not as float16: its square underflows
    limit = u * np.abs(x) + SMALLEST[dtype] * u
    assert np.all(np.abs(y[inside] - x[inside]) <= limit[inside])


def test_what_is_no_half_precision_stays():
    whole = np.arange(3)
    assert as_type(whole, "float16") is whole
    exact = np.array([1 / 3])
    assert as_type(exact, "float64") is exact
    assert as_type(np.array([70000.0]), "float16") == math.inf


@given(floats, st.sampled_from(HALVES))
def test_counts_are_those_of_numpy(x, dtype):
    y = as_type(x, dtype)
    counts = Counts.of(x, y, dtype)
    assert counts.count == x.size
    assert counts.zero == sum(a != 0 and b == 0 for a, b in zip(x, y, strict=True))
    tiny = float(ml_dtypes.finfo(dtype).smallest_normal)
    assert counts.subnormal == sum(0 < abs(b) < tiny for b in y)
    assert counts.infinite == sum(math.isinf(b) and not math.isinf(a) for a, b in zip(x, y, strict=True))


def test_counts_by_hand():
    x = np.array([0.0, 1.0, 1e-9, 3e-6, 1e5, math.inf, math.nan])
    assert Counts.of(x, as_type(x, "float16"), "float16") == Counts(7, zero=1, subnormal=1, infinite=1)
    assert Counts.of(x, as_type(x, "bfloat16"), "bfloat16") == Counts(7)
    assert Counts.of(np.arange(4), np.arange(4), "float16") == Counts(4)
    assert Counts(1, 2, 3, 4) + Counts(10, 20, 30, 40) == Counts(11, 22, 33, 44)


@pytest.mark.parametrize("dtype", [*HALVES, "float32", "float64"])
def test_table_of_types_is_that_of_the_types(dtype):
    info = ml_dtypes.finfo(dtype)
    assert SMALLEST[dtype] == float(info.smallest_normal)
    assert itemsize(dtype) == info.bits // 8


def test_mixed_precision_keeps_normalisations():
    whole, mixed = (Formats.of(PRECISIONS[n]).all for n in ("float16", "mixed_float16"))
    assert [whole.of_role(r) for r in ("kernel", "bias", "gamma", "variance")] == ["float16"] * 4
    assert [mixed.of_role(r) for r in ("kernel", "bias", "gamma", "variance")] == ["float16"] * 2 + ["float32"] * 2


def test_storage_rounds_weights_alone():
    formats = Formats.of(PRECISIONS["storage_bfloat16"])
    assert formats.weights == Format("bfloat16")
    assert formats.all == Format("bfloat16", "float32", "float32")


def test_shared_weights_take_their_bytes_once():
    linear = Layer.registry["Linear"](units=3)
    first = Node("a", linear, ("x",), {})
    second = Node("b", linear, ("a",), {"W": "a/W"})
    graph = Graph({"x": Spec((2, 3))}, (first, second), ("b",))
    seen: set[str] = set()
    assert sizes(graph, first, Format("float16"), seen) == (4 * 12, 2 * 12)
    assert sizes(graph, second, Format("float16"), seen) == (4 * 3, 2 * 3)


def test_keras_holds_float32_under_its_mixed_policies():
    mixed, half = PRECISIONS["mixed_float16"], PRECISIONS["float16"]
    formats = [held(mixed, dialect) for dialect in ("keras", "chainer", None)]
    assert [f.of_role("kernel") for f in formats] == ["float32", "float16", "float16"]
    assert [f.of_role("gamma") for f in formats] == ["float32"] * 3
    assert held(half, "keras").of_role("gamma") == "float16"
