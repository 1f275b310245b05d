"""Cores, company, and nobody else measuring."""

import os
import subprocess
import sys
import time

import pytest

from parity.errors import BadInput
from parity.measure import machine
from parity.measure.machine import Others, alone, choose_cores


@pytest.fixture
def four_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    names = {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}
    monkeypatch.setattr(machine, "_physical", lambda core: names[core])


def test_the_last_cores_and_no_two_on_one_physical_core(four_cores):
    assert choose_cores(1) == [3]
    assert choose_cores(2) == [2, 3]
    assert choose_cores(3) == [1, 2, 3]


def test_more_threads_than_cores_are_refused(four_cores):
    with pytest.raises(BadInput, match=r"--threads: found 5, accepted: 1 … 4"):
        choose_cores(5)


def test_without_affinity_nothing_is_pinned(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert choose_cores(3) is None


def test_what_others_do_is_seen_and_what_we_do_is_not(monkeypatch):
    clock = {"wall": 0.0, "busy": 100.0, "own": 10.0}
    monkeypatch.setattr(time, "monotonic", lambda: clock["wall"])
    monkeypatch.setattr(machine, "_busy", lambda: clock["busy"])
    monkeypatch.setattr(machine, "_own", lambda: clock["own"])
    others = Others()
    clock.update(wall=10.0, busy=125.0, own=20.0)
    assert others.cores() == 1.5
    clock.update(own=40.0)
    assert others.cores() == 0.0


def test_own_work_is_counted_as_own():
    before = machine._own()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert machine._own() - before >= 0.03
    assert machine._busy() > 0


def test_only_one_measures_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.tempfile, "gettempdir", lambda: str(tmp_path))
    code = f"import tempfile; tempfile.gettempdir = lambda: {str(tmp_path)!r}\n"
    second = [sys.executable, "-c", code + "from parity.measure.machine import alone\nwith alone(): pass"]
    with alone():
        refused = subprocess.run(second, capture_output=True, text=True, check=False)
    assert f"parity time runs already (process {os.getpid()})" in refused.stderr
    assert subprocess.run(second, capture_output=True, text=True, check=False).returncode == 0
