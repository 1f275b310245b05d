"""Whole runs in a process of their own, with a real engine, that are disturbed at their second cell."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from parity.results import read
from tests.stand_in import write_case

pytestmark = pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="onnx is not installed")

DISTURBED = """
import os, signal, sys, threading
from parity.cli import main
from parity.workers import pool, protocol

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts jobs behind its back ignores it
how, count = sys.argv.pop(1), 0
request, send = pool.Worker.request, protocol.send

def disturbed(self, *arguments):
    global count
    count += 1
    if count == 2:
        if how == "stop":  # the worker will never answer
            os.kill(self.pid, signal.SIGSTOP)
        if how == "die":
            def send_and_kill(*frame):
                send(*frame)
                os.kill(self.pid, signal.SIGKILL)
            os.kill(self.pid, signal.SIGSTOP)
            protocol.send = send_and_kill
        print("second cell", self.pid, flush=True)
        if how == "wait":
            threading.Event().wait()
    elif how == "die":
        protocol.send = send
    return request(self, *arguments)

pool.Worker.request = disturbed
main()
"""


@pytest.fixture
def start(tmp_path):
    """Starts ``parity run`` on three cases."""
    started = []
    for name in "abc":
        write_case(tmp_path, name)

    def run(how: str, *more: str) -> subprocess.Popen[str]:
        code = [sys.executable, "-c", DISTURBED, how] if how else [sys.executable, "-m", "parity"]
        started.append(
            subprocess.Popen(
                [*code, "run", "--targets", "onnx-reference", *more],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def worker_at_second_cell(process: subprocess.Popen[str]) -> psutil.Process:
    line = next(line for line in process.stdout if line.startswith("second cell"))
    return psutil.Process(int(line.split()[-1]))


def verdicts(folder: Path) -> dict[str, str]:
    return {case: cell["verdict"] for (_, case, _), cell in read(folder / "reports").cells.items()}


def test_ctrl_c_keeps_finished_cells_and_leaves_no_worker(tmp_path, start):
    run = start("stop")
    worker = worker_at_second_cell(run)
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert errors == "stopped; finished cells are kept, --resume goes on\n"
    assert "Traceback" not in out
    worker.wait(30)
    assert list(verdicts(tmp_path)) == ["a"]
    again = start("", "--resume")
    out, errors = again.communicate(timeout=60)
    assert (again.returncode, errors) == (0, "")
    assert "2 of 2 cells" in out
    assert list(verdicts(tmp_path)) == ["a", "b", "c"]


def test_a_killed_run_can_be_read_and_leaves_no_worker(tmp_path, start):
    run = start("wait")
    worker = worker_at_second_cell(run)
    run.kill()
    worker.wait(30)
    assert list(verdicts(tmp_path)) == ["a"]


def test_a_killed_worker_costs_one_verdict(tmp_path, start):
    run = start("die")
    out, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    found = verdicts(tmp_path)
    assert found.pop("b") == "crashed"
    assert set(found) == {"a", "c"}
    assert set(found.values()) <= {"equal", "rounding"}
    assert "signal 9 (SIGKILL)" in " ".join(out.split())
    assert errors == ""
