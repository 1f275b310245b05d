from __future__ import annotations

import json
import os
import struct
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from parity.workers import protocol
from parity.workers.protocol import Broken, Closed, Overdue, encode, read, send

DTYPES = ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
)


@pytest.fixture
def pipe():
    ends = list(os.pipe())
    yield ends
    for fd in ends:
        if fd is not None:
            os.close(fd)


def close(pipe: list, which: int) -> None:
    os.close(pipe[which])
    pipe[which] = None


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(st.dictionaries(st.text(max_size=20), ARRAYS, max_size=4), st.dictionaries(st.text(), st.integers() | st.text()))
def test_what_is_sent_arrives(pipe, arrays, header):
    send(pipe[1], encode(header, arrays))
    got, back = read(pipe[0])
    assert got == header
    assert back.keys() == arrays.keys()
    assert all(same(back[k], arrays[k]) for k in arrays)


@pytest.mark.parametrize("array", [np.float32(3), np.zeros((0, 3), np.int32), np.array(True)], ids=str)
def test_shapes_without_axes_or_elements_are_kept(pipe, array):
    send(pipe[1], encode({}, {"a": array}))
    assert same(read(pipe[0])[1]["a"], np.asarray(array))


@pytest.mark.parametrize("view", [np.arange(24.0).reshape(2, 3, 4).T, np.arange(24)[::-2], np.arange(3, dtype=">f4")])
def test_views_arrive_as_they_read(pipe, view):
    send(pipe[1], encode({}, {"a": view}))
    back = read(pipe[0])[1]["a"]
    np.testing.assert_array_equal(back, view)
    assert back.dtype == view.dtype.newbyteorder("=")


def test_special_values_keep_their_bits(pipe):
    odd = np.array([0x7FC00001, 0xFF800000, 0x80000000, 0x00000001], np.uint32).view(np.float32)
    send(pipe[1], encode({}, {"a": odd}))
    assert same(read(pipe[0])[1]["a"], odd)


def test_arrays_that_come_can_be_written_to(pipe):
    send(pipe[1], encode({}, {"a": np.zeros(3)}))
    read(pipe[0])[1]["a"][0] = 1


def test_large_frames_pass_a_pipe_that_does_not_block(pipe):
    big = np.arange(1 << 20, dtype=np.int32)
    os.set_blocking(pipe[1], False)
    thread = threading.Thread(target=send, args=(pipe[1], encode({"n": 1}, {"a": big}), 30.0))
    thread.start()
    header, back = read(pipe[0], 30.0)
    thread.join()
    assert header == {"n": 1}
    assert same(back["a"], big)


def test_frames_that_come_in_pieces_are_put_together(pipe):
    parts = b"".join(encode({"k": "v"}, {"a": np.arange(5)}))
    got = []
    thread = threading.Thread(target=lambda: got.append(read(pipe[0], 30.0)))
    thread.start()
    for i in range(len(parts)):
        os.write(pipe[1], parts[i : i + 1])
    thread.join()
    assert got[0][0] == {"k": "v"}
    assert same(got[0][1]["a"], np.arange(5))


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 20, -1])
def test_a_pipe_closed_in_mid_frame(pipe, cut):
    whole = b"".join(encode({"k": "v"}, {"a": np.arange(5)}))
    os.write(pipe[1], whole[:cut])
    close(pipe, 1)
    with pytest.raises(Closed):
        read(pipe[0], 30.0)


def test_nobody_reads(pipe):
    close(pipe, 0)
    with pytest.raises(Closed):
        send(pipe[1], encode({"k": "v"}))


@pytest.mark.parametrize("sent", [0, 1, 16, 17])
def test_a_frame_that_does_not_come_is_overdue(pipe, sent):
    os.write(pipe[1], b"".join(encode({"k": "v"}))[:sent])
    with pytest.raises(Overdue):
        read(pipe[0], 0.01)


def test_a_reader_that_stops_reading_makes_the_sender_overdue(pipe):
    os.set_blocking(pipe[1], False)
    with pytest.raises(Overdue):
        send(pipe[1], encode({}, {"a": np.zeros(1 << 20)}), 0.01)


def test_no_time_left_is_overdue_even_if_a_frame_is_there(pipe):
    send(pipe[1], encode({}))
    with pytest.raises(Overdue):
        read(pipe[0], -1.0)


@pytest.mark.parametrize("sizes", [(1 << 62, 0), (2, 1 << 62), (2**64 - 1, 2**64 - 1), (2, protocol.LIMIT - 1)])
def test_too_large_a_frame_is_refused_before_anything_is_allocated(pipe, sizes):
    os.write(pipe[1], struct.pack("<QQ", *sizes))
    with pytest.raises(Broken, match="was announced"):
        read(pipe[0], 30.0)


@pytest.mark.parametrize(
    ("text", "body"),
    [(b"what?", b""), (b"[1]", b""), (b"\xff\xfe", b""), (b"{}", b"no safetensors at all"), (b"{}", b"\0" * 8)],
)
def test_garbage_is_no_frame(pipe, text, body):
    os.write(pipe[1], struct.pack("<QQ", len(text), len(body)) + text + body)
    with pytest.raises(Broken):
        read(pipe[0], 30.0)


def test_a_header_with_nan_is_not_sent():
    with pytest.raises(ValueError, match="JSON"):
        encode({"a": float("nan")})
    assert json.loads(encode({"a": 1.5})[1]) == {"a": 1.5}


def test_descriptors_beyond_1023_serve(pipe):
    fcntl = pytest.importorskip("fcntl")
    resource = pytest.importorskip("resource")
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1100:
        pytest.skip("no such descriptors here")
    high = fcntl.fcntl(pipe[0], fcntl.F_DUPFD, 1050)
    try:
        send(pipe[1], encode({"k": 1}))
        assert read(high, 30.0)[0] == {"k": 1}
    finally:
        os.close(high)
