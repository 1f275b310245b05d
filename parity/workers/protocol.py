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
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import load, save

_LENGTHS = struct.Struct("<QQ")
LIMIT = 1 << 34
"""Bytes a frame may announce."""


class Closed(Exception):
    """The other side is gone."""


class Overdue(Exception):
    """No complete frame came in time."""


def write(fd: int, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Send one frame.

    Raises:
        Closed: nobody reads any more.
    """
    text = json.dumps(header, allow_nan=False).encode()
    body = save({k: np.ascontiguousarray(v) for k, v in arrays.items()}) if arrays else b""
    try:
        for part in (_LENGTHS.pack(len(text), len(body)), text, body):
            view = memoryview(part)
            while view:
                view = view[os.write(fd, view) :]
    except BrokenPipeError:
        raise Closed("the other side closed the pipe") from None


def _exactly(fd: int, n: int, deadline: float | None) -> bytes:
    out = bytearray(n)
    view = memoryview(out)
    while view:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise Overdue
        got = os.readv(fd, [view])
        if not got:
            raise Closed("the other side closed the pipe")
        view = view[got:]
    return bytes(out)


def read(fd: int, timeout: float | None = None) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Receive one frame.

    Args:
        timeout: seconds for the whole frame; None waits forever.

    Raises:
        Closed: the other side is gone. Overdue: time is up.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    header_size, body_size = _LENGTHS.unpack(_exactly(fd, _LENGTHS.size, deadline))
    if header_size + body_size > LIMIT:
        raise Closed(f"a frame of {header_size + body_size} bytes was announced, {LIMIT} are accepted")
    header = json.loads(_exactly(fd, header_size, deadline))
    return header, load(_exactly(fd, body_size, deadline)) if body_size else {}
