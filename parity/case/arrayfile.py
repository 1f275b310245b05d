"""Arrays of npy and npz files. Sizes are checked against the header before anything is allocated; nothing is unpickled.

Errors name the file in their message, so that a case file can put itself and its line in front.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from parity.case.files import decoding, obstacle
from parity.errors import BadInput

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npy(path: Path, *, limit: int) -> np.ndarray:
    """The array of an npy file: booleans, integers or floats of at most 8 bytes, native byte order, C-contiguous.

    Args:
        path: the file.
        limit: the most elements.

    Raises:
        BadInput: no such file, not an npy file, cut short, longer than its header says, Python objects or another
            dtype, no elements, more than `limit`.
    """
    if problem := obstacle(path):
        raise BadInput(f"{path}: {problem}")
    with decoding(path), path.open("rb") as stream:
        return _array(stream, path.stat().st_size, str(path), limit)


def read_npz(path: Path, key: str, *, limit: int) -> np.ndarray:
    """The array `key` of an npz file, as read_npy() gives it.

    Raises:
        BadInput: as read_npy(), and: no such key (the message lists those there are; the error's path is ``key``), a
            wrong checksum.
    """
    if problem := obstacle(path):
        raise BadInput(f"{path}: {problem}")
    with decoding(path), zipfile.ZipFile(path) as archive:
        keys = _keys(archive)
        if key not in keys:
            raise BadInput(f"{path} has no array '{key}'; it holds {_listed(keys)}", path="key")
        return _member(archive, path, key, limit)


def read_npz_all(path: Path, *, limit: int) -> dict[str, np.ndarray]:
    """All arrays of an npz file.

    Raises:
        BadInput: as read_npy().
    """
    if problem := obstacle(path):
        raise BadInput(f"{path}: {problem}")
    with decoding(path), zipfile.ZipFile(path) as archive:
        return {key: _member(archive, path, key, limit) for key in _keys(archive)}


def _keys(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _member(archive: zipfile.ZipFile, path: Path, key: str, limit: int) -> np.ndarray:
    member = archive.getinfo(f"{key}.npy")
    with archive.open(member) as stream:
        return _array(stream, member.file_size, f"{path}, array '{key}'", limit)


def _array(stream: IO[bytes], size: int, name: str, limit: int) -> np.ndarray:
    """The array in the `size` bytes of `stream`, in the npy format of numpy.lib.format."""
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise BadInput(f"{name} is of version {version[0]}.{version[1]} of the npy format; 1.0 and 2.0 are read")
    shape, fortran, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise BadInput(f"{name} holds Python objects, which only unpickling could read; save an array of numbers")
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise BadInput(f"{name} holds {dtype}; booleans, integers and floats of up to 64 bits are read")
    count, start = math.prod(shape), stream.tell()
    if min(shape, default=1) < 1:
        raise BadInput(f"{name} has shape {list(shape)} and so no elements; at least one is expected")
    if count > limit:
        raise BadInput(f"{name} has shape {list(shape)}, {count:,} elements; at most {limit:,} are read")
    if size - start != count * dtype.itemsize:
        found = (
            f"its header says {list(shape)} of {dtype}, {count * dtype.itemsize:,} bytes, and {size - start:,} follow"
        )
        raise BadInput(f"{name} is {'cut short' if size - start < count * dtype.itemsize else 'too long'}: {found}")
    flat = np.empty(count, dtype)
    if stream.readinto(flat.view(np.uint8)) != flat.nbytes:  # type: ignore[attr-defined]  # both kinds of stream have it
        raise BadInput(f"{name} ends before its {flat.nbytes:,} bytes")
    if dtype.kind == "b":
        flat = flat.view(np.uint8) != 0  # a byte of 2 would be a boolean that equals neither
    array = flat.reshape(shape, order="F" if fortran else "C")
    return np.asarray(array, dtype.newbyteorder("="), order="C")


def _listed(keys: list[str]) -> str:
    return ", ".join(keys[:20]) + (f" and {len(keys) - 20} more" if len(keys) > 20 else "") or "none"
