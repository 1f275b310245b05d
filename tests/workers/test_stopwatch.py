"""Timing inside a worker, on an engine that is made up, and in a real process."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil
import pytest

from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.targets import Target, missing
from parity.workers import memory, stopwatch
from parity.workers.pool import Worker
from parity.workers.stopwatch import LEAST, Stopwatch, matmul_rate
from parity.workers.worker import limited

GRAPH = Graph(
    {"x": Spec((2, 3))},
    (Node("fc", Layer.registry["Linear"](4), ("x",), {}), Node("relu", Layer.registry["ReLU"](), ("fc",), {})),
    ("relu",),
)
ARRAYS = {
    "x:x": np.ones((2, 3), np.float32),
    "w:fc/W": np.ones((4, 3), np.float32),
    "w:fc/b": np.zeros(4, np.float32),
}
HEADER = {"graph": GRAPH.to_json(), "precision": "float32", "weights_file": None, "settle": 0.0}


@dataclass
class Engine:
    """Each call sleeps for so long, and the first for longer."""

    call: float = 0.001
    first: float = 0.05
    dialect: str = "chainer"
    log: list[Any] = field(default_factory=list)
    ballast: Any = None

    def build(self, graph, weights, precision="float32"):
        self.log.append((graph.taps, precision, sorted(weights["fc"])))
        self.weights = weights
        return self

    def read(self):
        return self.weights

    def ready(self, inputs):
        self.calls = 0

        def call():
            self.calls += 1
            self.collecting = gc.isenabled()
            time.sleep(self.first if self.calls == 1 else self.call)
            return np.full((2, 4), 3.0, np.float32)

        return call

    def fetch(self, made):
        return {"relu": made}


def test_the_first_call_is_apart_and_the_outputs_come_back():
    watch, engine = Stopwatch(made := Engine()), None
    reply, arrays = watch.operations["time.open"](HEADER, ARRAYS)
    engine = made
    assert engine.log == [(("relu",), "float32", ["W", "b"])], "no taps are asked for"
    assert 0.05 <= reply["first"]["call"] < 0.5
    assert reply["first"]["build"] < 0.05
    assert reply["certificate"]["ok"]
    np.testing.assert_array_equal(arrays["y:relu"], 3.0)
    turn, more = watch.operations["time.turn"]({"warm": 0.0, "seconds": 0.05}, {})
    assert turn["calls"] == 1
    assert 0.001 <= np.median(more["samples"]) < 0.01
    assert len(more["samples"]) > 5
    assert max(more["samples"]) < 0.05, "the slow first call is not among them"


def test_the_precision_reaches_the_engine():
    watch = Stopwatch(engine := Engine())
    watch.open({**HEADER, "precision": "float64"}, ARRAYS)
    assert engine.log[0][1] == "float64"


def test_slow_calls_are_sampled_all_the_same():
    watch = Stopwatch(Engine(call=0.03))
    watch.open(HEADER, ARRAYS)
    assert len(watch.turn({"warm": 0.0, "seconds": 0.0}, {})[1]["samples"]) == LEAST


def test_short_calls_are_timed_several_at_a_time(monkeypatch):
    engine = Engine(first=0.0)
    watch = Stopwatch(engine)
    watch.open(HEADER, ARRAYS)
    count = []
    watch._call = lambda: count.append(None)
    monkeypatch.setattr(stopwatch, "_clock", lambda: 1e-7)
    reply, arrays = watch.turn({"warm": 0.005, "seconds": 0.02}, {})
    assert reply["calls"] > 50, "a call of some 10 ns beside a clock of 100 ns"
    assert np.median(arrays["samples"]) < 5e-6
    assert len(count) > reply["calls"] * len(arrays["samples"])


def test_garbage_is_collected_between_turns_and_not_in_them():
    watch = Stopwatch(engine := Engine())
    watch.open(HEADER, ARRAYS)
    watch.turn({"warm": 0.0, "seconds": 0.0}, {})
    assert engine.collecting is False
    assert gc.isenabled()


def test_garbage_collection_comes_back_after_a_failure():
    watch = Stopwatch(Engine())
    watch.open(HEADER, ARRAYS)
    calls = iter(range(2))
    watch._call = lambda: next(calls)
    with pytest.raises(StopIteration):
        watch.turn({"warm": 0.0, "seconds": 1.0}, {})
    assert gc.isenabled()


def test_nothing_is_timed_that_is_not_open():
    watch = Stopwatch(Engine())
    with pytest.raises(RuntimeError, match="no network is open"):
        watch.turn({"warm": 0.0, "seconds": 0.0}, {})
    watch.open(HEADER, ARRAYS)
    watch.close({}, {})
    with pytest.raises(RuntimeError, match="no network is open"):
        watch.turn({"warm": 0.0, "seconds": 0.0}, {})


def test_a_broken_copy_is_told():
    class Breaks(Engine):
        def read(self):
            return {"fc": {k: v + 1 for k, v in self.weights["fc"].items()}}

    reply, _ = Stopwatch(Breaks()).open(HEADER, ARRAYS)
    assert not reply["certificate"]["ok"]


def test_the_rate_of_matrix_products_is_that_of_products():
    rate = matmul_rate(0.05)
    n = stopwatch.SIDE
    a = np.ones((n, n), np.float32)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        took.append(time.perf_counter() - start)
    assert rate == pytest.approx(2 * n**3 / min(took), rel=0.9), "within a factor of two, whoever else is at work"


def test_the_rate_of_a_gpu_is_that_of_its_own_products():
    class Gpu(Engine):
        device = "gpu"

        def product(self, side):
            assert side == stopwatch.DEVICE_SIDE
            return lambda: time.sleep(0.01)

    rate = Stopwatch(Gpu()).rate({"seconds": 0.0}, {})[0]["rate"]
    assert 0 < rate <= 2 * stopwatch.DEVICE_SIDE**3 / 0.01


def test_a_runtime_without_products_has_no_rate():
    class Gpu(Engine):
        device = "gpu"

    assert Stopwatch(Gpu()).rate({"seconds": 0.0}, {})[0]["rate"] is None


def test_a_gpu_is_not_held_against_numpys_rate():
    engine = Engine()
    engine.device = "gpu"
    assert Stopwatch(engine).rate({"seconds": 0.0}, {})[0]["rate"] is None


@pytest.mark.skipif(not memory.forget_peak(), reason="the system does not let a peak begin anew")
def test_the_peak_is_of_what_came_since():
    memory.forget_peak()
    before = memory.resident()
    big = np.ones(1 << 23)
    assert memory.peak() >= before + (big.nbytes >> 1)
    del big
    memory.forget_peak()
    assert memory.peak() < before + (1 << 25)


def test_where_the_system_tells_nothing_the_most_there_ever_was_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "none")
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "none" / "none")
    assert not memory.forget_peak()
    assert memory.peak() == memory.resident() > 1 << 20


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
        assert 0 < np.median(samples["samples"]) < 0.1
        rate, _ = worker.request({"op": "time.rate", "seconds": 0.0}, {}, 60)
        assert rate["cores"] == [core], "from its first instruction on"
        assert rate["rate"] > 1e6
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
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGALRM
    assert time.monotonic() - start < 30


def test_an_answer_in_time_leaves_no_alarm():
    assert limited(lambda header, arrays: (header, arrays))({"a": 1}, {}) == ({"a": 1}, {})
    assert signal.alarm(0) == 0
