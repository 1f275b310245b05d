"""Requests in a precision: what is rounded where, and what a framework cannot do."""

from __future__ import annotations

import os

import numpy as np
import pytest

from parity.precision import numpy_dtype, rounded
from parity.workers.protocol import Broken, encode, read, send
from tests.workers.asking import X, ask

OWN = ("float16", "bfloat16", "float64")


@pytest.mark.parametrize("precision", OWN)
def test_arrays_travel_in_float32_and_come_back_in_the_precision(make, precision):
    reply, out = ask(make(), "plain", precision=precision)
    assert reply["status"] == "done"
    assert out["y:plain"].dtype == numpy_dtype(precision)
    np.testing.assert_array_equal(out["y:plain"], np.maximum(rounded(X, precision), 0))


@pytest.mark.parametrize("precision", ["storage_float16", "storage_bfloat16", "tf32"])
def test_tensors_stay_float32(make, precision):
    _, out = ask(make(), "plain", precision=precision)
    assert out["y:plain"].dtype == np.float32
    np.testing.assert_array_equal(out["y:plain"], np.maximum(X, 0))


def test_one_process_serves_all(make):
    worker = make()
    pids = {ask(worker, "plain", precision=p) and worker.pid for p in ("float32", *OWN)}
    assert len(pids) == 1


def test_what_runs_in_float32_alone_is_unsupported_in_the_frameworks_words(make):
    worker = make()
    assert ask(worker, "picky")[0]["status"] == "done"
    reply, _ = ask(worker, "picky", precision="float16")
    assert reply["status"] == "unsupported"
    assert reply["message"] == "it runs in float32, in float16 it does not: TypeError: no kernel for float16"


def test_what_runs_in_no_precision_is_a_crash(make):
    reply, _ = ask(make(), "raises", precision="float16")
    assert (reply["status"], reply["message"]) == ("crashed", "RuntimeError: deliberate")


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


def test_bfloat16_on_the_wire(pipe):
    values = np.array([[1.5, -(2.0**-130), np.inf]]).astype(numpy_dtype("bfloat16"))
    send(pipe[1], encode({"a": 1}, {"b": values, "f": np.float32([1])}))
    header, arrays = read(pipe[0])
    assert header == {"a": 1}
    assert arrays["b"].dtype == values.dtype
    np.testing.assert_array_equal(arrays["b"].view(np.uint16), values.view(np.uint16))
    assert arrays["f"].dtype == np.float32


def test_a_header_that_promises_what_is_not_there_is_no_frame(pipe):
    send(pipe[1], encode({"bfloat16": ["nowhere"]}, {"f": np.float32([1])}))
    with pytest.raises(Broken):
        read(pipe[0])
