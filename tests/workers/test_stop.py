from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from parity.targets import Target
from parity.workers import pool
from parity.workers.pool import Pool, Stopped, WorkerDied
from tests.workers.asking import ask, gone


def test_stop_releases_a_request_under_way(make, hooked):
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


def test_threads_take_turns(make):
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
def test_nothing_stays_open(make):
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


def test_stop_releases_a_start_under_way(make, monkeypatch):
    monkeypatch.setenv("ODD", "hangs")
    up, found = threading.Event(), []
    original = pool.Process

    def process(*arguments):
        made = original(*arguments)
        up.set()
        return made

    monkeypatch.setattr(pool, "Process", process)
    worker = make()

    def run() -> None:
        try:
            worker.start()
        except Stopped as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert up.wait(30)
    worker.stop()
    thread.join(30)
    assert found
    assert worker.pid is None
