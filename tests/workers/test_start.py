from __future__ import annotations

import pytest

from parity.targets import Target
from parity.workers import pool
from parity.workers.pool import TargetUnavailable, Worker, WorkerDied
from tests.workers.asking import ask


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


def test_a_worker_that_dies_at_its_start_gets_a_second_chance(make, monkeypatch):
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
    monkeypatch.setattr(pool, "Process", lambda *_: pytest.fail("it was started a third time"))
    with pytest.raises(WorkerDied, match="broken installation"):
        worker.start()


def test_a_worker_that_hangs_at_its_start(make, monkeypatch):
    monkeypatch.setenv("ODD", "hangs")
    monkeypatch.setattr(pool, "START_TIMEOUT", 0.1)
    worker = make()
    with pytest.raises(WorkerDied, match=r"was not imported within 0\.1 s"):
        worker.start()
    assert worker.pid is None
