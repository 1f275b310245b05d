"""A worker process for each engine and device: started when needed, restarted when it dies, recycled when it grows."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from parity.targets import Target
from parity.workers import protocol
from parity.workers.process import Process

START_TIMEOUT = 180.0
"""Seconds a framework may take to import."""
START_ATTEMPTS = 2
"""Starts in a row that may crash before the target is given up."""
MEMORY_LIMIT = 6 << 30
"""Resident bytes beyond which a worker is replaced before its next case."""


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
        cores: of the processor, that it may run on; all by default.
    """

    def __init__(
        self,
        target: Target,
        threads: int = 1,
        python: str = sys.executable,
        cores: Collection[int] | None = None,
    ):
        self.target, self._threads, self._python, self._cores = target, threads, python, cores
        self.facts: dict[str, Any] = {}
        self._process: Process | None = None
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
            self._up()

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
            if self._process and not self._process.usable(MEMORY_LIMIT):
                self._end()  # it died while nothing was asked of it, or grew
            process = self._up()
            end = time.monotonic() + timeout
            try:
                process.send(frame, timeout)
                return process.read(end - time.monotonic())
            except protocol.Overdue:
                self._end()
                raise TimedOut(f"no answer within {timeout:g} s") from None
            except (protocol.Closed, protocol.Broken) as error:
                raise self._died(process, "in mid-case", error) from None

    def stop(self) -> None:
        """End the process for good, from any thread; a request under way raises :class:`Stopped`."""
        self._stopped = True
        if process := self._process:
            process.kill()  # whoever waits for its answer lets go
        with self._turn:
            self._end()

    def _up(self) -> Process:
        if self._stopped:
            raise Stopped
        if self._process is not None:
            return self._process
        if self._failure is not None and self._failures >= START_ATTEMPTS:
            raise self._failure
        try:
            engine, device = self.target.engine, self.target.device
            process = self._process = Process(self._python, engine, device, self._threads, self._cores)
            if self._stopped:  # stop() came before there was a process to kill
                process.kill()
            header, _ = process.read(START_TIMEOUT)
        except OSError as error:
            self._failure = TargetUnavailable(f"{self._python} cannot be started: {error}")
        except protocol.Overdue:
            self._end()
            self._failure = WorkerDied(f"{self.target.engine} was not imported within {START_TIMEOUT:g} s")
        except (protocol.Closed, protocol.Broken) as error:
            self._failure = self._died(process, "at its start", error)
        else:
            if header["status"] == "ready":
                self.facts = header["facts"] | {"threads": self._threads}
                self._failures, self._failure = 0, None
                return process
            self._end()
            self._failure = TargetUnavailable(header["message"])
        self._failures += START_ATTEMPTS if isinstance(self._failure, TargetUnavailable) else 1
        raise self._failure

    def _died(self, process: Process, when: str, error: Exception) -> WorkerDied:
        """Clear up after a process that went away by itself, or that says what cannot be understood.

        Raises:
            Stopped: it went because it was told to.
        """
        how, printed = process.how_it_ended(when, error)
        self._end()
        if self._stopped:
            raise Stopped from None
        return WorkerDied(how, printed)

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


class Pool:
    """The workers of a run, by engine and device.

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
            if target.machine not in self._workers:
                self._workers[target.machine] = Worker(target.machine, self._threads)
            return self._workers[target.machine]

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
