"""npy and npz files, sound and broken on purpose."""

import contextlib
import io
import struct
import time
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.case.arrayfile import read_npy, read_npz
from parity.errors import BadInput

LIMIT = 10**6


def npy(array, version=None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), version=version)
    return buffer.getvalue()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


SOUND = npy(np.arange(12.0).reshape(3, 4))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.asfortranarray(np.arange(12, dtype=np.float64).reshape(3, 4)),
        np.arange(6, dtype=">i4").reshape(1, 6),
        np.array([True, False]),
        np.float16(3),
    ],
    ids=lambda a: f"{a.dtype}{list(a.shape)}",
)
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_arrays_come_back(tmp_path, array, version):
    (tmp_path / "a.npy").write_bytes(npy(array, version))
    np.savez_compressed(tmp_path / "a.npz", a=array, other=1)
    for found in read_npy(tmp_path / "a.npy", limit=12), read_npz(tmp_path / "a.npz", "a", limit=12):
        np.testing.assert_array_equal(found, array)
        assert found.shape == array.shape
        assert found.dtype == array.dtype.newbyteorder("=")
        assert found.dtype.isnative
        assert found.flags.c_contiguous
        assert found.flags.writeable


BROKEN = {
    "empty": (b"", "cannot be read"),
    "text": (b"not an array at all", "cannot be read"),
    "cut in the header": (SOUND[:50], "cannot be read"),
    "cut short": (SOUND[:-1], "cut short: its header says [3, 4] of float64, 96 bytes, and 95 follow"),
    "too long": (SOUND + SOUND, "too long"),
    "version 9": (b"\x93NUMPY\x09\x00" + SOUND[8:], "version 9.0 of the npy format; 1.0 and 2.0 are read"),
    "version 3": (npy(np.zeros(2, [("é", "f4")]), (3, 0)), "version 3.0 of the npy format"),
    "strings": (npy(["a", "b"]), "holds <U1; booleans, integers and floats"),
    "complex": (npy([1j]), "holds complex128"),
    "dates": (npy(np.zeros(2, "M8[s]")), "holds datetime64[s]"),
    "fields": (npy(np.zeros(2, [("x", "f4")])), "booleans, integers and floats"),
    "long double": (header("{'descr': '<f16', 'fortran_order': False, 'shape': (2,), }") + bytes(32), ""),
    "no elements": (npy(np.zeros((0, 3))), "has shape [0, 3] and so no elements"),
    "a million million": (
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"),
        "has shape [1000000, 1000000], 1,000,000,000,000 elements; at most 1,000,000",
    ),
    "negative": (
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-3, -4), }") + bytes(96),
        "has shape [-3, -4]",
    ),
    "nested": (header("(" * 9000), "cannot be read"),
    "unhashable": (header("{[]: 1}"), "cannot be read"),
    "expression": (header("__import__('os')"), "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_npy(tmp_path, name):
    content, words = BROKEN[name]
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_npy(path, limit=LIMIT)
    assert words in caught.value.message
    assert str(path) in caught.value.message
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(BadInput) as caught:
        read_npz(tmp_path / "a.npz", "a", limit=LIMIT)
    assert words in caught.value.message


class Unpickled:
    """Fails the test by its side effect where it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([Unpickled()], dtype=object))
    np.savez(tmp_path / "a.npz", a=np.array([Unpickled()], dtype=object))
    with pytest.raises(BadInput, match="Python objects"):
        read_npy(tmp_path / "a.npy", limit=LIMIT)
    with pytest.raises(BadInput, match="array 'a' holds Python objects"):
        read_npz(tmp_path / "a.npz", "a", limit=LIMIT)


def test_booleans_other_than_0_and_1_become_true(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy([True, False])[:-2] + b"\x02\x00")
    assert read_npy(tmp_path / "a.npy", limit=2).view(np.uint8).tolist() == [1, 0]


def bad_npz(path, key="a") -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_npz(path, key, limit=LIMIT)
    return caught.value


def test_keys_are_listed(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"w{i}": i for i in range(25)})
    error = bad_npz(tmp_path / "a.npz", "w99")
    assert error.path == "key"
    assert error.message.endswith("it holds " + ", ".join(f"w{i}" for i in range(20)) + " and 5 more")
    with zipfile.ZipFile(tmp_path / "none.npz", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    assert bad_npz(tmp_path / "none.npz").message.endswith("it holds none")


def test_broken_archives(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(1000.0))
    sound = path.read_bytes()
    path.write_bytes(sound[: len(sound) // 2])
    assert "not a zip file" in bad_npz(path).message
    middle = len(sound) // 2
    path.write_bytes(sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :])
    assert "CRC" in bad_npz(path).message
    path.write_bytes(b"")
    assert "cannot be read" in bad_npz(path).message
    np.savez_compressed(path, a=np.arange(1000.0))
    sound = bytearray(path.read_bytes())
    sound[100:120] = bytes(20)
    path.write_bytes(sound)
    assert "cannot be read" in bad_npz(path).message


def test_zip_bomb_is_refused_by_its_header(tmp_path):
    path = tmp_path / "a.npz"
    zeros = header("{'descr': '<f8', 'fortran_order': False, 'shape': (8000000,), }") + bytes(64_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", zeros)
    assert path.stat().st_size < 100_000
    start = time.perf_counter()
    assert "8,000,000 elements; at most 1,000,000" in bad_npz(path).message
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("stored", "claimed", "words"), [(SOUND, 96, "too long"), (SOUND[:-8], 8, "ends before its 96")]
)
def test_archive_that_lies_about_the_size(tmp_path, stored, claimed, words):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", stored)
    size, lie = struct.pack("<L", len(stored)), struct.pack("<L", len(stored) + claimed)
    path.write_bytes(path.read_bytes().replace(size, lie))
    assert words in bad_npz(path).message


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 400), end=st.binary(max_size=20))
def test_whatever_the_bytes_only_bad_input_is_raised(tmp_path, at, byte, cut, end):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.arange(12.0))
    for name, sound in ("a.npy", SOUND), ("a.npz", buffer.getvalue()):
        content = bytearray(sound)
        content[at % len(sound)] = byte
        (tmp_path / name).write_bytes(bytes(content[: len(sound) - cut % len(sound)]) + end)
        with contextlib.suppress(BadInput):
            assert (
                read_npy(tmp_path / name, limit=LIMIT)
                if name == "a.npy"
                else read_npz(tmp_path / name, "a", limit=LIMIT)
            ).size
