"""One worker process for each target: started when needed, restarted when it dies, recycled when it grows."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import parity
from parity.targets import Target
from parity.workers import protocol

START_TIMEOUT = 180.0
"""Seconds a framework may take to import."""
START_ATTEMPTS = 2
"""Starts in a row that may crash before the target is given up."""
MEMORY_LIMIT = 6 << 30
"""Resident bytes beyond which a worker is replaced before its next case."""
LAST_BREATH = 5.0
"""Seconds between the closing of a process's pipe and its end, before it is killed."""


class WorkerDied(Exception):
    """The process ended in mid-case; the message says how.

    Args:
        trace: the last of what it printed.
    """

    def __init__(self, message: str, trace: str = ""):
        super().__init__(message)
        self.trace = trace


class TimedOut(Exception):
    """The case took longer than allowed, and the process was ended."""


class TargetUnavailable(Exception):
    """The engine does not run here; the message says why."""


class Stopped(Exception):
    """The worker was told to stop, in mid-case or before; there is no answer."""


class Worker:
    """A persistent process that runs one engine. It may be used from several threads; each waits for its turn.

    Args:
        target: what it runs.
        threads: threads the framework may use.
        python: interpreter, which may be another virtual environment's.
    """

    def __init__(self, target: Target, threads: int = 1, python: str = sys.executable):
        self.target, self._threads, self._python = target, threads, python
        self.facts: dict[str, Any] = {}
        self._process: subprocess.Popen | None = None
        self._memory: psutil.Process | None = None
        self._send = self._receive = -1
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the worker
        self._turn = threading.Lock()
        self._stopped = False
        self._failures = 0
        self._failure: TargetUnavailable | WorkerDied | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process, if it does not run, and wait until its framework is imported.

        Raises:
            TargetUnavailable: a package or device is not here. WorkerDied: it is, and does not come up. Stopped.
        """
        with self._turn:
            self._start()

    def request(
        self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], timeout: float
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """One case. The worker is up afterwards, or will be again at the next call.

        Args:
            timeout: seconds from sending to the answer; those that the framework takes to import are not among them.

        Raises:
            WorkerDied: it crashed. TimedOut: it was ended. TargetUnavailable: it cannot be started. Stopped.
        """
        frame = protocol.encode(header, arrays)
        with self._turn:
            if self._dead_or_grown():
                self._end()
            self._start()
            end = time.monotonic() + timeout
            try:
                protocol.send(self._send, frame, timeout)
                return protocol.read(self._receive, end - time.monotonic())
            except protocol.Overdue:
                self._end()
                raise TimedOut(f"no answer within {timeout:g} s") from None
            except (protocol.Closed, protocol.Broken) as error:
                raise self._died("in mid-case", error) from None

    def stop(self) -> None:
        """End the process for good, from any thread; a request under way raises :class:`Stopped`."""
        self._stopped = True
        if process := self._process:
            process.kill()  # whoever waits for its answer sees the pipe close, and lets go
        with self._turn:
            self._end()
            self._log.close()

    def _dead_or_grown(self) -> bool:
        """Whether the process ended while nothing was asked of it, or holds too much memory."""
        if self._process is None or self._memory is None:
            return False
        try:
            return self._process.poll() is not None or self._memory.memory_info().rss > MEMORY_LIMIT
        except psutil.Error:
            return True

    def _start(self) -> None:
        if self._stopped:
            raise Stopped
        if self._process is not None:
            return
        if self._failure is not None and self._failures >= START_ATTEMPTS:
            raise self._failure
        try:
            self._launch()
            header, _ = protocol.read(self._receive, START_TIMEOUT)
        except OSError as error:
            self._failure = TargetUnavailable(f"{self._python} cannot be started: {error}")
        except protocol.Overdue:
            self._end()
            self._failure = WorkerDied(f"{self.target.engine} was not imported within {START_TIMEOUT:g} s")
        except (protocol.Closed, protocol.Broken) as error:
            self._failure = self._died("at its start", error)
        else:
            if header["status"] == "ready":
                self.facts = header["facts"] | {"threads": self._threads}
                self._failures, self._failure = 0, None
                return
            self._end()
            self._failure = TargetUnavailable(header["message"])
        self._failures += START_ATTEMPTS if isinstance(self._failure, TargetUnavailable) else 1
        raise self._failure

    def _launch(self) -> None:
        theirs_in, self._send = os.pipe()
        self._receive, theirs_out = os.pipe()
        os.set_blocking(self._send, False)
        os.ftruncate(self._log.fileno(), 0)
        os.lseek(self._log.fileno(), 0, os.SEEK_SET)
        where = [self.target.engine, self.target.device, str(theirs_in), str(theirs_out)]
        try:
            self._process = subprocess.Popen(
                [self._python, "-m", "parity.workers.worker", *where],
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C is for the parent, which then ends its workers
            )
            self._memory = psutil.Process(self._process.pid)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
            if self._process is None:
                self._close_pipes()
        if self._stopped:
            self._process.kill()

    def _environment(self) -> dict[str, str]:
        threads, old = str(self._threads), os.environ
        home = str(Path(parity.__file__).parents[1])  # this very parity, in whatever interpreter
        new = {
            "PYTHONPATH": os.pathsep.join(filter(None, (home, old.get("PYTHONPATH")))),
            "PYTHONUNBUFFERED": "1",
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
        }
        if self._threads == 1:
            new["XLA_FLAGS"] = f"{old.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
        return old | new

    def _died(self, when: str, error: protocol.Closed | protocol.Broken) -> WorkerDied:
        """Clear up after a process that went away by itself, or that says what cannot be understood."""
        process = self._process
        if isinstance(error, protocol.Closed) and process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LAST_BREATH)
        code = process.poll() if process else None
        printed = self._printed()
        self._end()
        if self._stopped:
            raise Stopped from None
        if code is None:
            how = f"the worker process was ended {when}: {error}"
        elif code < 0:
            how = f"the worker process ended {when} with signal {_signal(-code)}"
        else:
            how = f"the worker process ended {when} with exit status {code}"
        said = _last_words(printed)
        return WorkerDied(f"{how}: {said}" if said else how, printed)

    def _printed(self) -> str:
        """The last 4000 bytes of what the process printed."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), 4000, max(0, size - 4000)).decode(errors="replace").strip()

    def _end(self) -> None:
        """End the process; there is nothing in it that would have to be saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = self._memory = None
            self._close_pipes()

    def _close_pipes(self) -> None:
        for fd in (self._send, self._receive):
            os.close(fd)
        self._send = self._receive = -1


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


class Pool:
    """The workers of a run, by target.

    Args:
        threads: threads each framework may use.
    """

    def __init__(self, threads: int = 1):
        self._threads = threads
        self._workers: dict[Target, Worker] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def __getitem__(self, target: Target) -> Worker:
        with self._lock:
            if self._stopped:
                raise Stopped
            if target not in self._workers:
                self._workers[target] = Worker(target, self._threads)
            return self._workers[target]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all processes; requests under way raise :class:`Stopped`."""
        with self._lock:
            self._stopped = True
        for worker in self._workers.values():
            worker.stop()
