"""Resident memory of this process and its peak since a moment that one chooses."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident() -> int:
    """Bytes in memory now; where the system does not tell, the most there ever were."""
    return _status("VmRSS") or _most()


def forget_peak() -> bool:
    """Let the peak begin anew; whether the system does that (Linux 4.0 and later)."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")
        return True
    return False


def peak() -> int:
    """Most bytes in memory since :func:`forget_peak`, or since the process began where that does nothing."""
    return _status("VmHWM") or _most()


def _status(name: str) -> int:
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0


def _most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
