"""The machine that is measured on: which cores, who else is busy, and nobody else measuring."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from parity.errors import BadInput

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def choose_cores(threads: int) -> list[int] | None:
    """Cores for so many threads, one each: the last ones, since interrupts tend to go to the first.

    No two of them are siblings on one physical core as long as there are enough. None where the system pins nothing.

    Raises:
        BadInput: this process may not run on so many.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0), reverse=True)
    if threads > len(allowed):
        raise BadInput(f"--threads: found {threads}, accepted: 1 … {len(allowed)}, the cores that parity may run on")
    seen: set[str] = set()
    alone: list[int] = []
    siblings: list[int] = []
    for core in allowed:
        name = _physical(core)
        (siblings if name in seen else alone).append(core)
        seen.add(name)
    return sorted((alone + siblings)[:threads])


def _physical(core: int) -> str:
    with contextlib.suppress(OSError):
        return Path(_SIBLINGS.format(core)).read_text().strip()
    return str(core)


class Others:
    """How busy other processes keep the machine from now on; workers count as ours once they have ended."""

    def __init__(self) -> None:
        self.load = os.getloadavg()[0]
        self._wall, self._busy, self._own = time.monotonic(), _busy(), _own()

    def cores(self) -> float:
        """Cores that others kept busy on average, time that a hypervisor gave to others included; at least 0."""
        wall = time.monotonic() - self._wall
        return max(0.0, (_busy() - self._busy - (_own() - self._own)) / wall) if wall else 0.0


def _busy() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def _own() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Nobody else of this user measures meanwhile.

    Raises:
        BadInput: somebody does already.
    """
    path = Path(tempfile.gettempdir()) / f"parity-time-{os.getuid()}.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            text = (
                f"parity time runs already (process {file.read().strip() or 'unknown'}); two would measure each other"
            )
            raise BadInput(text) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
