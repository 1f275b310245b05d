"""One worker process for each target: started when needed, restarted when it dies, recycled when it grows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import psutil

from parity.targets import Target
from parity.workers import protocol

START_TIMEOUT = 180.0
"""Seconds a framework may take to import."""
MEMORY_LIMIT = 6 << 30
"""Resident bytes beyond which a worker is replaced before its next case."""


class WorkerDied(Exception):
    """The process ended in mid-case; the message says how."""


class TimedOut(Exception):
    """The case took longer than allowed, and the worker was stopped."""


class TargetUnavailable(Exception):
    """The engine does not run here; the message says why."""


class Worker:
    """A persistent process that runs one engine.

    Args:
        target: what it runs.
        threads: threads the framework may use.
        python: interpreter, which may be another virtual environment's.
    """

    def __init__(self, target: Target, threads: int = 1, python: str = sys.executable):
        self.target, self._threads, self._python = target, threads, python
        self.facts: dict[str, Any] = {}
        self._process: subprocess.Popen | None = None
        self._send = self._receive = -1
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the worker
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process and wait until its framework is imported.

        Raises:
            TargetUnavailable: it does not import here.
        """
        with self._lock:
            if self._process is not None:
                return
            theirs_in, self._send = os.pipe()
            self._receive, theirs_out = os.pipe()
            threads = str(self._threads)
            environment = os.environ | {
                "OMP_NUM_THREADS": threads,
                "OPENBLAS_NUM_THREADS": threads,
                "MKL_NUM_THREADS": threads,
                "PYTHONUNBUFFERED": "1",
                "PYTHONHASHSEED": "0",
            }
            if self._threads == 1:
                flags = os.environ.get("XLA_FLAGS", "")
                environment["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
            command = [
                self._python,
                "-m",
                "parity.workers.worker",
                self.target.engine,
                self.target.device,
                str(theirs_in),
                str(theirs_out),
            ]
            self._process = subprocess.Popen(
                command,
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=environment,
                start_new_session=True,
            )
            os.close(theirs_in)
            os.close(theirs_out)
        try:
            header, _ = protocol.read(self._receive, START_TIMEOUT)
        except (protocol.Closed, protocol.Overdue) as error:
            tail = self._tail()
            self.stop()
            raise TargetUnavailable(f"the worker did not start ({type(error).__name__}): {tail}") from None
        if header["status"] != "ready":
            self.stop()
            raise TargetUnavailable(header["message"])
        self.facts = header["facts"] | {"threads": self._threads}

    def request(
        self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], timeout: float
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """One case. The worker is up afterwards, or will be again at the next call.

        Raises:
            WorkerDied: it crashed. TimedOut: it was stopped. TargetUnavailable: it cannot be started.
        """
        if self._process is not None and self._grown():
            self.stop()
        self.start()
        try:
            protocol.write(self._send, header, arrays)
            return protocol.read(self._receive, timeout)
        except protocol.Overdue:
            self.stop()
            raise TimedOut(f"no answer within {timeout:g} s") from None
        except protocol.Closed:
            process, tail = self._process, self._tail()
            self.stop()
            code = process.returncode if process else None
            how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
            raise WorkerDied(f"the worker process ended with {how}" + (f": {tail}" if tail else "")) from None

    def _grown(self) -> bool:
        try:
            return self._process is not None and psutil.Process(self._process.pid).memory_info().rss > MEMORY_LIMIT
        except psutil.NoSuchProcess:
            return False

    def _tail(self) -> str:
        """The last line that the process printed."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 2000))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        self._log.seek(0, os.SEEK_END)
        return lines[-1][:300] if lines else ""

    def stop(self) -> None:
        """End the process."""
        with self._lock:
            if self._process is None:
                return
            for fd in (self._send, self._receive):
                os.close(fd)
            try:  # it ends by itself when its pipe closes, unless it hangs
                self._process.wait(0.2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the process for good."""
        self.stop()
        self._log.close()


class Pool:
    """The workers of a run, by target."""

    def __init__(self, threads: int = 1):
        self._threads = threads
        self._workers: dict[str, Worker] = {}
        self._lock = threading.Lock()

    def __getitem__(self, target: Target) -> Worker:
        with self._lock:
            if str(target) not in self._workers:  # not setdefault(): a worker holds an open log from the start
                self._workers[str(target)] = Worker(target, self._threads)
            return self._workers[str(target)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all processes."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()
