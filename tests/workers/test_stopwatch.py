"""Timing inside a worker: an engine that is made up, by a clock that goes on when somebody says so."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from parity.workers import stopwatch
from parity.workers.stopwatch import LEAST, SIDE, Stopwatch, best_rate, matmul_rate
from tests.workers.small import ARRAYS, HEADER


class Clock:
    """In place of the module ``time``: each reading takes ``tick`` nanoseconds, and nothing else any."""

    def __init__(self):
        self.now, self.tick = 10**12, 0

    def perf_counter_ns(self):
        self.now += self.tick
        return self.now

    def perf_counter(self):
        return self.perf_counter_ns() / 1e9

    def sleep(self, seconds):
        self.now += round(seconds * 1e9)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(stopwatch, "time", made)
    monkeypatch.setattr(Engine, "clock", made)
    return made


@dataclass
class Engine:
    """Building takes so many seconds, each call too, and the first one more."""

    call: float = 0.001
    first: float = 0.05
    built: float = 0.007
    dialect: str = "chainer"
    log: list[Any] = field(default_factory=list)
    clock = Clock()

    def build(self, graph, weights, precision="float32"):
        self.clock.sleep(self.built)
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
            self.clock.sleep(self.first if self.calls == 1 else self.call)
            return np.full((2, 4), 3.0, np.float32)

        return call

    def fetch(self, made):
        return {"relu": made}


def test_the_first_call_is_apart_and_the_outputs_come_back():
    watch, engine = Stopwatch(made := Engine()), None
    reply, arrays = watch.operations["time.open"](HEADER, ARRAYS)
    engine = made
    assert engine.log == [(("relu",), "float32", ["W", "b"])], "no taps are asked for"
    assert reply["first"] == pytest.approx({"build": 0.007, "call": 0.05})
    assert reply["certificate"]["ok"]
    np.testing.assert_array_equal(arrays["y:relu"], 3.0)
    turn, more = watch.operations["time.turn"]({"warm": 0.0, "seconds": 0.0505}, {})
    assert turn["calls"] == 1
    np.testing.assert_allclose(more["samples"], np.full(51, 0.001), err_msg="the slow first call is not among them")


def test_calls_that_settle_and_warm_are_no_samples():
    watch = Stopwatch(engine := Engine())
    watch.open(HEADER | {"settle": 0.0205}, ARRAYS)
    assert engine.calls == 1 + 21
    _, arrays = watch.turn({"warm": 0.0035, "seconds": 0.0095}, {})
    assert engine.calls == 1 + 21 + 4 + 10
    assert len(arrays["samples"]) == 10


def test_the_precision_reaches_the_engine():
    watch = Stopwatch(engine := Engine())
    watch.open({**HEADER, "precision": "float64"}, ARRAYS)
    assert engine.log[0][1] == "float64"


def test_slow_calls_are_sampled_all_the_same():
    watch = Stopwatch(Engine(call=0.03))
    watch.open(HEADER, ARRAYS)
    assert len(watch.turn({"warm": 0.0, "seconds": 0.0}, {})[1]["samples"]) == LEAST


def test_short_calls_are_timed_several_at_a_time(clock):
    """Calls of 10 ns by a clock whose reading takes 100: a sample has so many that reading it is 0.1 % of them."""
    watch = Stopwatch(Engine(call=1e-8))
    watch.open(HEADER, ARRAYS)
    clock.tick = 100
    reply, arrays = watch.turn({"warm": 0.001, "seconds": 0.001}, {})
    assert reply["calls"] == round(201e-9 / (1e-3 * 110e-9)), "while it warms, each call is followed by a reading"
    np.testing.assert_allclose(arrays["samples"], 1e-8 + 1e-7 / reply["calls"])


def test_garbage_is_collected_between_turns_and_not_in_them():
    watch = Stopwatch(engine := Engine())
    watch.open(HEADER, ARRAYS)
    watch.turn({"warm": 0.0, "seconds": 0.0}, {})
    assert engine.collecting is False
    assert gc.isenabled()


def test_garbage_collection_comes_back_after_a_failure(clock):
    clock.tick = 1
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


def test_the_rate_of_matrix_products_is_that_of_products(monkeypatch):
    asked = []
    monkeypatch.setattr(stopwatch, "best_rate", lambda *arguments: asked.append(arguments) or 7.0)
    assert matmul_rate(0.3) == 7.0
    [(product, side, seconds)] = asked
    assert (side, seconds) == (SIDE, 0.3)
    a = np.linspace(-1, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    np.testing.assert_array_equal(product(), a @ a.T)


@pytest.mark.parametrize(("seconds", "best"), [(7.0, 2.0), (0.0, 3.0), (2.9, 3.0), (3.1, 2.0), (9.5, 1.0)])
def test_the_best_rate_is_that_of_the_shortest_but_the_first(clock, seconds, best):
    """Products take 0.5 (which does not count), 3, 2, 4 and 1 s; none begins after the time given, but one."""
    times = iter((0.5, 3.0, 2.0, 4.0, 1.0))
    assert best_rate(lambda: clock.sleep(next(times)), 5, seconds) == pytest.approx(2 * 5**3 / best)


def test_the_rate_of_a_gpu_is_that_of_its_own_products(clock):
    class Gpu(Engine):
        device = "gpu"

        def product(self, side):
            assert side == stopwatch.DEVICE_SIDE
            return lambda: clock.sleep(0.01)

    rate = Stopwatch(Gpu()).rate({"seconds": 0.0}, {})[0]["rate"]
    assert rate == pytest.approx(2 * stopwatch.DEVICE_SIDE**3 / 0.01)


def test_a_gpu_tells_its_own_peak_when_it_is_opened_and_in_turns():
    class Gpu(Engine):
        device = "gpu"

        def peak_memory(self):
            return 1000 + self.calls

    watch = Stopwatch(Gpu())
    assert watch.open(HEADER, ARRAYS)[0]["memory"]["device"] >= 1001
    assert watch.turn({"warm": 0.0, "seconds": 0.0}, {})[0]["device"] == 1000 + 1 + LEAST + 1 + LEAST


def test_a_runtime_without_products_has_no_rate():
    class Gpu(Engine):
        device = "gpu"

    assert Stopwatch(Gpu()).rate({"seconds": 0.0}, {})[0]["rate"] is None


def test_a_gpu_is_not_held_against_numpys_rate():
    engine = Engine()
    engine.device = "gpu"
    assert Stopwatch(engine).rate({"seconds": 0.0}, {})[0]["rate"] is None
