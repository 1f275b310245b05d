"""The worker's process as its parent sees it: pipes, what it prints, how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import parity
from parity.workers import protocol

LAST_BREATH = 5.0
"""Seconds between the closing of a process's pipe and its end, before it is killed."""
TAIL = 4000
"""Bytes of what it printed that are kept."""


class Process:
    """A process that runs :mod:`parity.workers.worker`.

    Args:
        python: interpreter, which may be another virtual environment's.
        engine: engine name.
        device: device name.
        threads: threads the framework may use.
        cores: those of the processor that it may run on; all by default. With them it is a process for timing, like a
            user's: single-threaded but for what the framework does, and hashes differ from process to process.

    Raises:
        OSError: the interpreter cannot be started, or there are no such cores.
    """

    def __init__(self, python: str, engine: str, device: str, threads: int, cores: Collection[int] | None = None):
        theirs_in, self._send = os.pipe()
        self._receive, theirs_out = os.pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        os.set_blocking(self._send, False)
        timed = () if cores is None else ("timed",)
        try:
            with _pinned(cores):
                self._process = subprocess.Popen(
                    [python, "-m", "parity.workers.worker", engine, device, str(theirs_in), str(theirs_out), *timed],
                    pass_fds=(theirs_in, theirs_out),
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                    env=_environment(threads, timed=bool(timed)),
                    start_new_session=True,  # Ctrl-C is for the parent, which then ends its workers
                )
        except OSError:
            self._close()
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._usage = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, frame: Sequence[bytes], timeout: float) -> None:
        """As :func:`parity.workers.protocol.send`."""
        protocol.send(self._send, frame, timeout)

    def read(self, timeout: float) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """As :func:`parity.workers.protocol.read`."""
        return protocol.read(self._receive, timeout)

    def usable(self, limit: int) -> bool:
        """Whether it runs and holds at most ``limit`` bytes of memory."""
        try:
            return self._process.poll() is None and self._usage.memory_info().rss <= limit
        except psutil.Error:
            return False

    def kill(self) -> None:
        """End it, from any thread: whoever waits for its answer sees the pipe close."""
        self._process.kill()

    def end(self) -> None:
        """End it, wait until it is gone, and close the pipes. There is nothing in it that would have to be saved."""
        self._process.kill()
        self._process.wait()
        self._close()

    def how_it_ended(self, when: str, error: Exception) -> tuple[str, str]:
        """After its pipe closed or brought nonsense: a sentence, and the last of what it printed.

        Args:
            when: for the sentence.
            error: :class:`~parity.workers.protocol.Closed` or :class:`~parity.workers.protocol.Broken`.
        """
        if isinstance(error, protocol.Closed):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(LAST_BREATH)
        code = self._process.poll()
        if code is None:
            how = f"the worker process was ended {when}: {error}"
        elif code < 0:
            how = f"the worker process ended {when} with signal {_signal(-code)}"
        else:
            how = f"the worker process ended {when} with exit status {code}"
        size = os.fstat(self._log.fileno()).st_size
        printed = os.pread(self._log.fileno(), TAIL, max(0, size - TAIL)).decode(errors="replace").strip()
        said = _last_words(printed)
        return (f"{how}: {said}" if said else how), printed

    def _close(self) -> None:
        os.close(self._send)
        os.close(self._receive)
        self._log.close()


@contextlib.contextmanager
def _pinned(cores: Collection[int] | None) -> Iterator[None]:
    """What this thread starts runs on these cores, from before its first instruction: libraries count cores early."""
    if cores is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


def _environment(threads: int, *, timed: bool = False) -> dict[str, str]:
    old, count = os.environ, str(threads)
    home = str(Path(parity.__file__).parents[1])  # this very parity, in whatever interpreter
    new = {
        "PYTHONPATH": os.pathsep.join(filter(None, (home, old.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "random" if timed else "0",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
    }
    if threads == 1:
        new["XLA_FLAGS"] = f"{old.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
    return old | new


def _signal(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)


def _last_words(printed: str) -> str:
    """The line that says most: what the interpreter calls a fatal error, else the last one."""
    lines = printed.splitlines()
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return (fatal or lines or [""])[-1].strip()[:300]
