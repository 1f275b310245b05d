"""Cores, company, and nobody else measuring."""

import errno
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


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A folder in which everybody's temporary files are."""
    monkeypatch.setattr(machine.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_only_one_measures_at_a_time(shared):
    code = f"import tempfile; tempfile.gettempdir = lambda: {str(shared)!r}\n"
    second = [sys.executable, "-c", code + "from parity.measure.machine import alone\nwith alone(): pass"]
    with alone():
        refused = subprocess.run(second, capture_output=True, text=True, check=False)
    assert f"parity time runs already (process {os.getpid()})" in refused.stderr
    assert subprocess.run(second, capture_output=True, text=True, check=False).returncode == 0


def test_the_lock_stands_where_nobody_else_writes(shared):
    folder = shared / f"parity-{os.getuid()}"
    with alone():
        assert (folder / "time.lock").read_text() == str(os.getpid())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "time.lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_in_place_of_the_lock_costs_nobody_a_file(shared, link):
    precious = shared / "precious"
    precious.write_text("mine")
    folder = shared / f"parity-{os.getuid()}"
    folder.mkdir(0o700)
    link(precious, folder / "time.lock")
    with pytest.raises(BadInput, match="lock"), alone():
        pass
    assert precious.read_text() == "mine"


def test_a_folder_that_others_write_in_is_refused(shared):
    folder = shared / f"parity-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(BadInput, match="accepted: your own, mode 0700"), alone():
        pass
    folder.rmdir()
    (shared / "elsewhere").mkdir(0o700)
    folder.symlink_to(shared / "elsewhere")
    with pytest.raises(BadInput, match="accepted: your own, mode 0700"), alone():
        pass
    assert not list((shared / "elsewhere").iterdir())


def test_without_a_folder_there_is_no_lock(shared, monkeypatch):
    monkeypatch.setattr(machine.tempfile, "gettempdir", lambda: str(shared / "none"))
    with pytest.raises(BadInput, match="no folder for a lock"), alone():
        pass


def test_a_file_system_that_locks_nothing_is_told(shared, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(machine.fcntl, "flock", refuse)
    with pytest.raises(BadInput, match=r"no lock can be had, .*No locks available"), alone():
        pass
