from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest

from parity.targets import Target
from parity.workers import pool, protocol
from parity.workers.pool import Pool, Stopped, TargetUnavailable, TimedOut, Worker, WorkerDied


def gone(pid: int) -> bool:
    """Wait until a process is no more; False if that takes too long."""
    try:
        psutil.Process(pid).wait(30)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


@pytest.fixture
def hooked(monkeypatch):
    """Runs something right after a request was sent."""

    def install(after) -> None:
        original = protocol.send

        def send(*args):
            original(*args)
            after()

        monkeypatch.setattr(protocol, "send", send)

    return install


def test_a_request_is_answered_and_the_worker_stays(worker, ask):
    header, arrays = ask(worker, "echo")
    pid = worker.pid
    assert header["status"] == "done"
    np.testing.assert_array_equal(arrays["y:echo"], np.float32([[0, 0, 0], [0.2, 0.6, 1]]))
    ask(worker, "echo")
    assert worker.pid == pid == worker.facts["pid"]


def test_facts_tell_the_threads(worker):
    worker.start()
    assert worker.facts["threads"] == 1


def test_an_exception_costs_its_own_case(worker, ask):
    ask(worker, "echo")
    pid = worker.pid
    header, _ = ask(worker, "raises")
    assert header["status"] == "crashed"
    assert header["message"] == "RuntimeError: deliberate"
    assert "odd_worker.py" in header["trace"]
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid == pid


@pytest.mark.parametrize(
    ("what", "message"), [("hungry", "out of memory"), ("longdouble", "SafetensorError: Unknown dtype")]
)
def test_what_cannot_be_computed_or_sent_costs_its_own_case(worker, ask, what, message):
    ask(worker, "echo")
    pid = worker.pid
    header, arrays = ask(worker, what)
    assert header["status"] == "crashed"
    assert header["message"].startswith(message)
    assert not arrays
    assert worker.pid == pid


def test_what_a_framework_prints_disturbs_nothing(worker, ask):
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
def test_a_worker_that_dies_costs_one_case_and_comes_back(worker, ask, what, message):
    ask(worker, "echo")
    pid = worker.pid
    with pytest.raises(WorkerDied) as caught:
        ask(worker, what)
    assert message in str(caught.value)
    assert gone(pid)
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid != pid


def test_a_native_crash_says_where(worker, ask):
    with pytest.raises(WorkerDied) as caught:
        ask(worker, "segfaults")
    assert "odd_worker.py" in caught.value.trace


def test_sigkill_in_mid_case_is_named(worker, ask, hooked):
    ask(worker, "echo")
    hooked(lambda: os.kill(worker.pid, signal.SIGKILL))
    with pytest.raises(WorkerDied, match=r"ended in mid-case with signal 9 \(SIGKILL\)$"):
        ask(worker, "hangs")


def test_sigkill_between_cases_costs_nothing(worker, ask):
    ask(worker, "echo")
    pid = worker.pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid != pid


def test_a_hang_is_ended_in_time(worker, ask):
    ask(worker, "echo")
    pid = worker.pid
    with pytest.raises(TimedOut, match=r"no answer within 0\.1 s"):
        ask(worker, "hangs", timeout=0.1)
    assert gone(pid)
    assert ask(worker, "echo")[0]["status"] == "done"


def test_a_worker_that_no_longer_reads_is_ended_in_time(worker, ask):
    ask(worker, "echo")
    pid = worker.pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TimedOut):
        ask(worker, "echo", 0.1, **{"w:large": np.zeros(1 << 20)})
    assert gone(pid)


def test_importing_does_not_count_against_the_time(make, ask):
    assert ask(make(), "echo", timeout=0.2)[0]["status"] == "done"


def test_a_worker_that_grew_is_replaced(worker, ask, monkeypatch):
    ask(worker, "grows")
    pid = worker.pid
    monkeypatch.setattr(pool, "MEMORY_LIMIT", 32 << 20)
    assert ask(worker, "echo")[0]["status"] == "done"
    assert worker.pid != pid
    monkeypatch.setattr(pool, "MEMORY_LIMIT", 32 << 30)
    pid = worker.pid
    ask(worker, "echo")
    assert worker.pid == pid


def test_a_frame_that_cannot_be_sent_leaves_the_worker_alone(worker, ask):
    ask(worker, "echo")
    with pytest.raises(ValueError, match="JSON"):
        worker.request({"graph": float("nan")}, {}, 1.0)
    assert ask(worker, "echo")[0]["status"] == "done"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("unavailable", "there is no such card"),
        ("no-module", "ImportError: No module named 'odd'"),
        ("gpu", "onnx-reference runs on gpu, not on cpu"),
    ],
)
def test_what_is_not_here_is_unavailable_and_not_tried_again(make, monkeypatch, how, message):
    monkeypatch.setenv("ODD", how)
    worker = make()
    with pytest.raises(TargetUnavailable) as caught:
        worker.start()
    assert str(caught.value) == message
    monkeypatch.delenv("ODD")
    with pytest.raises(TargetUnavailable):
        worker.start()
    assert worker.pid is None


def test_an_interpreter_that_is_not_there(tmp_path):
    worker = Worker(Target("onnx-reference"), python=str(tmp_path / "python"))
    with pytest.raises(TargetUnavailable, match="cannot be started"):
        worker.start()
    worker.stop()


def test_a_worker_that_dies_at_its_start_gets_a_second_chance(make, ask, monkeypatch):
    monkeypatch.setenv("ODD", "raises")
    worker = make()
    with pytest.raises(WorkerDied, match="at its start with exit status 1: RuntimeError: broken installation"):
        worker.start()
    monkeypatch.delenv("ODD")
    assert ask(worker, "echo")[0]["status"] == "done"


def test_a_worker_that_keeps_dying_at_its_start_is_given_up(make, monkeypatch):
    monkeypatch.setenv("ODD", "raises")
    worker = make()
    for _ in range(2):
        with pytest.raises(WorkerDied):
            worker.start()
    monkeypatch.setattr(Worker, "_launch", lambda _: pytest.fail("it was started a third time"))
    with pytest.raises(WorkerDied, match="broken installation"):
        worker.start()


def test_a_worker_that_hangs_at_its_start(make, monkeypatch):
    monkeypatch.setenv("ODD", "hangs")
    monkeypatch.setattr(pool, "START_TIMEOUT", 0.1)
    worker = make()
    with pytest.raises(WorkerDied, match=r"was not imported within 0\.1 s"):
        worker.start()
    assert worker.pid is None


def test_stop_releases_a_request_under_way(make, ask, hooked):
    worker, sent = make(), threading.Event()
    ask(worker, "echo")
    pid = worker.pid
    hooked(sent.set)
    found = []

    def run() -> None:
        try:
            ask(worker, "hangs")
        except Stopped as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert sent.wait(30)
    worker.stop()
    thread.join(30)
    assert found
    assert gone(pid)
    with pytest.raises(Stopped):
        ask(worker, "echo")


def test_threads_take_turns(make, ask):
    worker, found = make(), []
    threads = [threading.Thread(target=lambda: found.append(ask(worker, "echo")[0]["status"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["done"] * 4


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_workers_hold_no_pipe_but_their_own(make):
    workers = [make() for _ in range(3)]
    threads = [threading.Thread(target=w.start) for w in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    held = [set(w.facts["files"]) for w in workers]
    assert all(len(pipes) == 2 for pipes in held)
    assert len(set.union(*held)) == 6


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_nothing_stays_open(make, ask):
    before = len(os.listdir("/proc/self/fd"))
    worker = make()
    ask(worker, "echo")
    with pytest.raises(WorkerDied):
        ask(worker, "exits")
    ask(worker, "echo")
    pid = worker.pid
    worker.stop()
    assert len(os.listdir("/proc/self/fd")) == before
    assert gone(pid)


def test_a_pool_has_one_worker_a_target_and_ends_them_all():
    with Pool() as workers:
        a, b = workers[Target("chainer")], workers[Target("onnx-reference")]
        assert a is workers[Target("chainer")]
        assert a is not b
        b.start()
        pid = b.pid
    assert gone(pid)
    with pytest.raises(Stopped):
        workers[Target("chainer")]
    with pytest.raises(Stopped):
        a.start()
