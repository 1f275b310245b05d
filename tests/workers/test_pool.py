from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from parity.workers import pool
from parity.workers.pool import TimedOut, WorkerDied
from tests.workers.asking import ask, gone


def test_a_request_is_answered_and_the_worker_stays(worker):
    header, arrays = ask(worker, "echo")
    pid = worker.pid
    assert header["status"] == "done"
    np.testing.assert_array_equal(arrays["y:echo"], np.float32([[0, 0, 0], [0.2, 0.6, 1]]))
    ask(worker, "echo")
    assert worker.pid == pid == worker.facts["pid"]


def test_facts_tell_the_threads(worker):
    worker.start()
    assert worker.facts["threads"] == 1


def test_an_exception_costs_its_own_case(worker):
    ask(worker, "echo")
    pid = worker.pid
    header, _ = ask(worker, "raises")
    assert header["status"] == "crashed"
    assert header["message"] == "RuntimeError: deliberate"
    assert "odd_worker.py" in header["trace"]
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid == pid


@pytest.mark.parametrize(("what", "message"), [("hungry", "out of memory"), ("longdouble", "SafetensorError: ")])
def test_what_cannot_be_computed_or_sent_costs_its_own_case(worker, what, message):
    ask(worker, "echo")
    pid = worker.pid
    header, arrays = ask(worker, what)
    assert header["status"] == "crashed"
    assert header["message"].startswith(message)
    assert not arrays
    assert worker.pid == pid


def test_what_a_framework_prints_disturbs_nothing(worker):
    assert ask(worker, "prints")[0]["status"] == "done"
    assert ask(worker, "echo")[0]["status"] == "done"


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("exits", "the worker process ended in mid-case with exit status 3"),
        ("aborts", "exit status 134: terminate called after throwing an instance of 'odd'"),
        ("segfaults", "signal 11 (SIGSEGV): Fatal Python error: Segmentation fault"),
        ("garbles", "was ended in mid-case: what came is no frame"),
    ],
)
def test_a_worker_that_dies_costs_one_case_and_comes_back(worker, what, message):
    ask(worker, "echo")
    pid = worker.pid
    with pytest.raises(WorkerDied) as caught:
        ask(worker, what)
    assert message in str(caught.value)
    assert gone(pid)
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid != pid


def test_a_native_crash_says_where(worker):
    with pytest.raises(WorkerDied) as caught:
        ask(worker, "segfaults")
    assert "odd_worker.py" in caught.value.trace


def test_sigkill_in_mid_case_is_named(worker, hooked):
    ask(worker, "echo")
    hooked(lambda: os.kill(worker.pid, signal.SIGKILL))
    with pytest.raises(WorkerDied, match=r"ended in mid-case with signal 9 \(SIGKILL\)$"):
        ask(worker, "hangs")


def test_sigkill_between_cases_costs_nothing(worker):
    ask(worker, "echo")
    pid = worker.pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid != pid


def test_a_hang_is_ended_in_time(worker):
    ask(worker, "echo")
    pid = worker.pid
    with pytest.raises(TimedOut, match=r"no answer within 0\.1 s"):
        ask(worker, "hangs", timeout=0.1)
    assert gone(pid)
    assert ask(worker, "echo")[0]["status"] == "done"


def test_a_worker_that_no_longer_reads_is_ended_in_time(worker):
    ask(worker, "echo")
    pid = worker.pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TimedOut):
        ask(worker, "echo", 0.1, **{"w:large": np.zeros(1 << 20)})
    assert gone(pid)


def test_importing_does_not_count_against_the_time(make):
    assert ask(make(), "echo", timeout=0.2)[0]["status"] == "done"


def test_a_worker_that_grew_is_replaced(worker, monkeypatch):
    ask(worker, "grows")
    pid = worker.pid
    monkeypatch.setattr(pool, "MEMORY_LIMIT", 32 << 20)
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid != pid
    monkeypatch.setattr(pool, "MEMORY_LIMIT", 32 << 30)
    pid = worker.pid
    ask(worker, "echo")
    assert worker.pid == pid


def test_a_frame_that_cannot_be_sent_leaves_the_worker_alone(worker):
    ask(worker, "echo")
    with pytest.raises(ValueError, match="JSON"):
        worker.request({"graph": float("nan")}, {}, 1.0)
    assert ask(worker, "echo")[0]["status"] == "done"
