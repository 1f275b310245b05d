"""Messages between parent and worker: a JSON header and arrays in the safetensors format, on pipes of their own.

A frame is two little-endian 64-bit lengths, the header, the arrays. Frameworks print to stdout and stderr, so neither
is used; nothing is pickled.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from parity.precision import numpy_dtype

_LENGTHS = struct.Struct("<QQ")
_BFLOAT16 = "bfloat16"
"""Key of the header that names the arrays whose bits stand for bfloat16, which safetensors cannot say in NumPy."""
LIMIT = 1 << 34
"""Bytes a frame may announce."""


class Closed(Exception):
    """The other side is gone."""


class Broken(Exception):
    """What came is no frame; the stream cannot be read further."""


class Overdue(Exception):
    """The time was up before the whole frame was through."""


def encode(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> list[bytes]:
    """A frame, in parts.

    Raises:
        ValueError: the header holds a NaN or an infinity.
        SafetensorError: the format has no such dtype.
    """
    sent = {k: np.asarray(v, order="C") for k, v in (arrays or {}).items()}
    if brain := [k for k, v in sent.items() if v.dtype.name == "bfloat16"]:
        header = {**header, _BFLOAT16: brain}
        sent |= {k: sent[k].view(np.uint16) for k in brain}
    text = json.dumps(header, allow_nan=False).encode()
    body = save(sent) if sent else b""
    return [_LENGTHS.pack(len(text), len(body)), text, body]


def send(fd: int, frame: Sequence[bytes], timeout: float | None = None) -> None:
    """Send a frame.

    Args:
        fd: writing end of a pipe; with a timeout it must not block.
        timeout: seconds for the whole frame; None waits forever.

    Raises:
        Closed: nobody reads any more. Overdue: time is up.
    """
    deadline = _Deadline(fd, select.POLLOUT, timeout)
    try:
        for part in frame:
            view = memoryview(part)
            while view:
                deadline.wait()
                try:
                    view = view[os.write(fd, view) :]
                except BlockingIOError:
                    continue
    except BrokenPipeError:
        raise Closed("the other side closed the pipe") from None


def read(fd: int, timeout: float | None = None) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Receive one frame.

    Args:
        timeout: seconds for the whole frame; None waits forever.

    Raises:
        Closed: the other side is gone. Broken: that is no frame, or one larger than :data:`LIMIT`; nothing is
            allocated for it. Overdue: time is up.
    """
    deadline = _Deadline(fd, select.POLLIN, timeout)
    header_size, body_size = _LENGTHS.unpack(_exactly(fd, _LENGTHS.size, deadline))
    if header_size + body_size > LIMIT:
        raise Broken(f"a frame of {header_size + body_size} bytes was announced, {LIMIT} are accepted")
    text, body = _exactly(fd, header_size, deadline), _exactly(fd, body_size, deadline)
    try:
        header = json.loads(text)
        arrays = load(body) if body_size else {}
        if not isinstance(header, dict):
            raise Broken(f"the header is a {type(header).__name__}, expected an object")
        for name in header.pop(_BFLOAT16, ()):
            arrays[name] = arrays[name].view(numpy_dtype("bfloat16"))
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise Broken(f"what came is no frame: {error}") from None
    return header, arrays


class _Deadline:
    """Waits until a pipe is ready, as long as there is time."""

    def __init__(self, fd: int, event: int, timeout: float | None):
        self._end = None if timeout is None else time.monotonic() + timeout
        self._poll = select.poll()  # select() refuses descriptors above 1023
        self._poll.register(fd, event)

    def wait(self) -> None:
        left = None if self._end is None else (self._end - time.monotonic()) * 1000
        if (left is not None and left <= 0) or not self._poll.poll(left):
            raise Overdue


def _exactly(fd: int, n: int, deadline: _Deadline) -> bytes:
    out = bytearray(n)
    view = memoryview(out)
    while view:
        deadline.wait()
        try:
            got = os.readv(fd, [view])
        except BlockingIOError:
            continue
        if not got:
            raise Closed("the other side closed the pipe")
        view = view[got:]
    return bytes(out)
