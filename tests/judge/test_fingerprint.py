from __future__ import annotations

import base64

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.judge.fingerprint import SAMPLED, fingerprint, sampled


def sample(found):
    return np.frombuffer(base64.b64decode(found["sample"], validate=True), "<f2")


@given(st.integers(0, 10**12))
def test_positions_are_different_ones_all_over_the_tensor(count):
    at = sampled(count)
    assert len(at) == min(count, SAMPLED)
    assert (np.diff(at) > 0).all()
    if count > SAMPLED:
        edges = np.arange(SAMPLED + 1) * count // SAMPLED
        assert (edges[:-1] <= at).all()
        assert (at < edges[1:]).all()


@pytest.mark.parametrize("shape", [(1, 64, 56, 56), (8, 16, 16), (64, 10), (4, 128, 8, 8), (64, 64)])
def test_positions_meet_no_stride_time_and_again(shape):
    for axis, places in enumerate(np.unravel_index(sampled(int(np.prod(shape))), shape)):
        assert len(set(places.tolist())) >= min(shape[axis], SAMPLED) * 0.4


def test_the_sample_is_signed_errors_in_bounds():
    reference = np.arange(6.0).reshape(2, 3)
    actual = (reference + np.array([[0, 1, -2], [0.5, np.nan, np.inf]])).astype(np.float32)
    bound = np.array([[1, 2, 2], [0, 1, 1.0]])
    np.testing.assert_array_equal(sample(fingerprint(actual, reference, bound)), [0, 0.5, -1, np.inf, np.inf, np.inf])
    np.testing.assert_array_equal(sample(fingerprint(-actual, -reference, bound))[1:4], [-0.5, 1, -np.inf])
    assert sample(fingerprint(np.float32(3) * np.ones(()), np.ones(()), np.ones(()) * 4)).tolist() == [0.5]
    assert np.isinf(sample(fingerprint(actual, reference, None))[1])


def test_a_large_tensor_is_sampled_at_its_positions():
    reference, bound = np.zeros((3, 5, 1000)), np.ones((3, 5, 1000))
    actual = np.arange(15000, dtype=np.float32).reshape(3, 5, 1000) / 1024
    found = sample(fingerprint(actual, reference, bound))
    np.testing.assert_allclose(found * 1024, sampled(15000), rtol=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "float32", "bool", "int32", ml_dtypes.bfloat16])
def test_bits_are_those_of_dtype_shape_and_bytes(dtype):
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)

    def bits(y):
        return fingerprint(y, y, None)["bits"]

    assert bits(x) == bits(np.asfortranarray(x))
    y = x.copy()
    y[1, 1] = 1
    others = [y, x.reshape(3, 2), x.astype("float64")]
    assert len({bits(x), *map(bits, others)}) == 4
    assert len(bits(x)) == 16
