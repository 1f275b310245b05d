"""Which CUDA devices there are, asked of NVIDIA's driver itself: at once, with no framework and no other package.

A framework takes seconds to find out that there is none, and some only warn and go on on the CPU. The functions are
those of the CUDA driver API (``cuInit``, ``cuDeviceGetCount``, …) and of NVML (``nvmlSystemGetDriverVersion``).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

NONE = "no CUDA device"
"""What is said where there is none."""
_DRIVER, _MANAGEMENT = "libcuda.so.1", "libnvidia-ml.so.1"
_MAJOR, _MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""
_TEXT = 96
"""Bytes for a name or a version; NVML asks for 80."""


@dataclass(frozen=True)
class Device:
    """A CUDA device.

    Args:
        name: as NVIDIA calls it.
        capability: compute capability, e.g. ``9.0``; TensorFloat-32 exists from 8.0 on.
        memory: bytes.
        driver: version of the driver, empty where NVML is not there to be asked.
        cuda: newest CUDA that the driver runs, e.g. ``13.0``.
    """

    name: str
    capability: str
    memory: int
    driver: str
    cuda: str

    def facts(self) -> dict[str, Any]:
        """For an engine's facts."""
        return dict(vars(self))


def devices(load: Callable[[str], Any] = ctypes.CDLL) -> tuple[Device, ...]:
    """All devices that this process may use; ``CUDA_VISIBLE_DEVICES`` counts. None where there is no driver.

    Args:
        load: gives a shared library, or raises OSError.
    """
    try:
        library = load(_DRIVER)
    except OSError:
        return ()
    count, version = ctypes.c_int(0), ctypes.c_int(0)
    if library.cuInit(0) or library.cuDeviceGetCount(ctypes.byref(count)):
        return ()
    library.cuDriverGetVersion(ctypes.byref(version))
    cuda, driver = f"{version.value // 1000}.{version.value % 1000 // 10}", _driver_version(load)
    return tuple(_device(library, number, driver, cuda) for number in range(count.value))


def _device(library: Any, number: int, driver: str, cuda: str) -> Device:
    handle, memory, name = ctypes.c_int(0), ctypes.c_size_t(0), ctypes.create_string_buffer(_TEXT)
    major, minor = ctypes.c_int(0), ctypes.c_int(0)
    library.cuDeviceGet(ctypes.byref(handle), number)
    library.cuDeviceGetName(name, _TEXT, handle)
    library.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    library.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, handle)
    library.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, handle)
    return Device(name.value.decode(errors="replace"), f"{major.value}.{minor.value}", memory.value, driver, cuda)


def _driver_version(load: Callable[[str], Any]) -> str:
    text = ctypes.create_string_buffer(_TEXT)
    try:
        library = load(_MANAGEMENT)
    except OSError:
        return ""
    if library.nvmlInit_v2():
        return ""
    failed = library.nvmlSystemGetDriverVersion(text, _TEXT)
    library.nvmlShutdown()
    return "" if failed else text.value.decode(errors="replace")


@lru_cache(maxsize=1)
def first() -> Device | None:
    """The device that engines run on, the first one; None where there is none. Asked once a process."""
    found = devices()
    return found[0] if found else None


def missing() -> str | None:
    """:data:`NONE` where there is no CUDA device, else None."""
    return None if first() else NONE
