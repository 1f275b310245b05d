"""The machine that is measured on: which cores, who else is busy, and nobody else measuring."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
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
        BadInput: somebody does already, or there is no place for a lock of this user's own.
    """
    path = _own_folder() / "time.lock"
    handle = -1
    try:  # a link is not followed: what it leads to is not ours to write
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        _lock(handle, path)
    except OSError as error:
        if handle >= 0:
            os.close(handle)
        raise BadInput(f"no lock can be had, so that another parity time would go unseen: {error}") from None
    except BadInput:
        os.close(handle)
        raise
    try:
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    """Lock an open file and write this process's number into it."""
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_nlink != 1:
        raise BadInput("found something else than a lock, accepted: a file of your own; remove it", file=str(path))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.read(handle, 32).decode("ascii", "replace") or "unknown"
        raise BadInput(f"parity time runs already (process {who}); two would measure each other") from None
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())


def _own_folder() -> Path:
    """A folder that is the same for all processes of this user, and that nobody else can put anything into.

    Raises:
        BadInput: it is somebody else's, or others may write there.
    """
    folder = Path(tempfile.gettempdir()) / f"parity-{os.getuid()}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(0o700)
        found = folder.lstat()
    except OSError as error:
        raise BadInput(f"no folder for a lock can be made: {error}", file=str(folder)) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise BadInput("others may write there, or it is no folder; accepted: your own, mode 0700", file=str(folder))
    return folder
