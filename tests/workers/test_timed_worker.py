"""Timing in a real process: where it runs, what is in it, and that it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from parity.targets import Target, missing
from parity.workers.pool import Worker
from parity.workers.worker import limited
from tests.workers.small import ARRAYS, HEADER


@pytest.mark.skipif(bool(missing(Target("onnx-reference"))), reason="onnx is not installed")
def test_a_real_worker_is_pinned_and_timed():
    core = max(os.sched_getaffinity(0))
    mine = os.sched_getaffinity(0)
    worker = Worker(Target("onnx-reference"), cores=[core])
    try:
        opened, arrays = worker.request({"op": "time.open", **HEADER}, ARRAYS, 60)
        assert opened["status"] == "done", opened
        np.testing.assert_array_equal(arrays["y:relu"], 3.0)
        assert opened["memory"]["peak"] > 1 << 20
        turn, samples = worker.request({"op": "time.turn", "warm": 0.0, "seconds": 0.01}, {}, 60)
        assert turn["status"] == "done"
        assert np.all(samples["samples"] > 0)
        rate, _ = worker.request({"op": "time.rate", "seconds": 0.0}, {}, 60)
        assert rate["cores"] == [core], "from its first instruction on"
        assert rate["rate"] > 0
        assert os.sched_getaffinity(0) == mine, "the parent is where it was"
        process = psutil.Process(worker.pid)
        assert process.num_threads() == 1, "a second one makes malloc take locks"
        assert process.environ()["PYTHONHASHSEED"] == "random", "what differs between processes must not be hidden"
    finally:
        worker.stop()


PARENT = """
import sys
from parity.targets import Target
from parity.workers.pool import Worker
worker = Worker(Target("onnx-reference"), cores=[int(sys.argv[1])])
worker.start()
print(worker.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(bool(missing(Target("onnx-reference"))), reason="onnx is not installed")
def test_a_timed_worker_ends_with_its_parent():
    command = [sys.executable, "-c", PARENT, str(max(os.sched_getaffinity(0)))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    worker.wait(30)
    assert not worker.is_running()


def test_a_request_of_an_orphan_has_an_end():
    """Not by a thread, and in the middle of a native call: the system ends the process."""
    code = "import parity.workers.worker as w, time; w.LONGEST = 1; w.limited(lambda h, a: time.sleep(60))({}, {})"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGALRM, "it would have slept to the end"


def test_an_answer_in_time_leaves_no_alarm():
    assert limited(lambda header, arrays: (header, arrays))({"a": 1}, {}) == ({"a": 1}, {})
    assert signal.alarm(0) == 0
