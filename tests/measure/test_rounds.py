"""Rounds with workers that are made up: who is asked what, when it ends, who fails."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from parity.measure import rounds
from parity.measure.rounds import Measurement, Plan, order
from parity.measure.statistics import LEAST
from parity.targets import Target
from parity.workers.pool import Stopped, TargetUnavailable, WorkerDied

A, B, C = Target("chainer"), Target("onnxruntime"), Target("onnx-reference")
TRUE = {A: 1.0, B: 0.5, C: 2.0}


class Lab:
    """Makes workers whose times are known: the target's, times what the process has, times what the turn has."""

    def __init__(self, process=0.0, turn=0.0, seed=1):
        self.draws, self.process, self.turn = np.random.default_rng(seed), process, turn
        self.log, self.made, self.stopped = [], [], []
        self.fails, self.device = {}, {}

    def __call__(self, target, threads, cores=None):
        worker = _Worker(self, target, float(np.exp(self.process * self.draws.normal())))
        self.made.append((target, threads, cores))
        return worker

    def measurement(self, *targets, **plan):
        settings = {"rounds": 10, "seconds": 1e9, **plan}
        return Measurement(targets, targets[0], lambda t: ({"graph": str(t)}, {}), Plan(**settings), self)


class _Worker:
    def __init__(self, lab, target, factor):
        self.facts = {"device": "cpu"}
        self.lab, self.target, self.factor, self.open = lab, target, factor, False

    def start(self):
        if self.lab.fails.get(self.target) == "start":
            raise TargetUnavailable("not here")

    def request(self, header, arrays, timeout):
        op = header["op"].removeprefix("time.")
        self.lab.log.append((op, self.target))
        when = self.lab.fails.get(self.target)
        if when == op:
            raise WorkerDied("it died")
        if when == f"{op} says no":
            return {"status": "unsupported", "message": "cannot"}, {}
        done = {"status": "done"}
        if op == "open":
            assert header["graph"] == str(self.target)
            memory = {"before": 10, "peak": 20, "own": True, **self.lab.device}
            first = {"build": 1.0, "call": 2.0}
            return {**done, "first": first, "memory": memory, "certificate": {"ok": True}}, {"y:y": np.ones(1)}
        if op == "turn":
            own = TRUE[self.target] * self.factor * np.exp(self.lab.turn * self.lab.draws.normal())
            later = {k: v + 5 for k, v in self.lab.device.items()}
            return {**done, "memory": 30, **later}, {"samples": np.full(5, own)}
        return {**done, "rate": 1e9, "cores": [1]}, {}

    def stop(self):
        self.lab.stopped.append(self.target)


def test_turns_of_a_pair_go_back_and_forth():
    assert [order(2, n) for n in range(4)] == [[0, 1], [1, 0], [1, 0], [0, 1]]


def test_everyone_is_first_and_last_as_often():
    turns = [order(3, n) for n in range(6)]
    for place in (0, -1):
        assert sorted(t[place] for t in turns) == [0, 0, 1, 1, 2, 2]


def test_a_round_is_a_fresh_process_some_builds_and_turns_in_turns():
    lab = Lab()
    made = lab.measurement(A, B, rounds=1, builds=2, turns=2, threads=1, cores=(3,))
    made.run()
    assert lab.made == [(A, 1, (3,)), (B, 1, (3,))]
    assert sorted(map(str, lab.stopped)) == [str(A), str(B)]
    names = [(op, "AB"[t == B]) for op, t in lab.log]
    one = [("open", "A"), ("open", "B"), ("turn", "A"), ("turn", "B"), ("turn", "B"), ("turn", "A")]
    assert names[:6] == one
    assert [op for op, _ in names].count("open") == 4
    assert [op for op, _ in names].count("turn") == 8
    assert set(names[-2:]) == {("rate", "A"), ("rate", "B")}


def test_without_noise_five_rounds_are_enough():
    made = Lab().measurement(A, B, C)
    made.run()
    assert {len(s.medians) for s in made.series.values()} == {LEAST}
    assert made.estimate(B).value == pytest.approx(0.5)
    assert made.estimate(C).value == pytest.approx(2.0)
    assert made.estimate(A).value == pytest.approx(1.0), "seconds of the baseline itself"
    assert all(map(made.is_through, (A, B, C)))


def test_a_target_that_is_through_is_left_out_and_the_baseline_stays():
    lab = Lab(process=0.02)
    made = lab.measurement(A, B, C, rounds=40)
    made.run()
    counts = {t: len(s.medians) for t, s in made.series.items()}
    assert counts[A] == max(counts[B], counts[C])
    assert min(counts.values()) < max(counts.values()), "the seed is such that one is through before the other"
    for target in (B, C):
        found = made.estimate(target)
        assert made.is_through(target)
        assert found.half_width <= 0.02
        assert found.value == pytest.approx(TRUE[target], rel=0.06)


def test_limits_end_it_and_nobody_is_through():
    made = Lab(process=0.5).measurement(A, B, rounds=7)
    made.run()
    assert len(made.series[B].medians) == 7
    assert not made.is_through(B)
    made = Lab(process=0.5).measurement(A, B, seconds=0.0)
    made.run()
    assert len(made.series[B].medians) == 1
    assert made.estimate(B).low is None


def test_long_rounds_have_one_build_so_that_there_are_more_of_them(monkeypatch):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(rounds.time, "monotonic", lambda: next(clock))
    made = Lab(process=0.5).measurement(A, B, seconds=45.0, builds=3)
    made.run()
    counts = [len(m) for m in made.series[B].medians]
    assert counts[0] == 3 * 2
    assert set(counts[1:]) == {1 * 2}
    assert made.series[B].builds == 3 + len(counts) - 1
    made = Lab(process=0.5).measurement(A, B, seconds=1000.0, builds=3, rounds=3)
    made.run()
    assert [len(m) for m in made.series[B].medians] == [6, 6, 6]


def test_noise_of_the_process_widens_the_interval_though_calls_agree():
    lab = Lab(process=0.1)
    made = lab.measurement(A, B, rounds=8)
    made.run()
    assert made.estimate(B).half_width > 0.05


def test_a_target_alone_is_measured_until_its_own_time_is_known():
    made = Lab(process=0.001).measurement(A)
    made.run()
    assert len(made.series[A].medians) == LEAST
    assert made.is_through(A)


@pytest.mark.parametrize("when", ["start", "open", "turn", "close", "open says no"])
def test_who_fails_says_why_and_the_others_go_on(when):
    lab = Lab()
    lab.fails[B] = when
    made = lab.measurement(A, B, C)
    made.run()
    words = {"start": "not here", "open says no": "cannot"}.get(when, "it died")
    assert made.series[B].message == words
    assert made.estimate(B) is None
    assert made.is_through(C)
    assert lab.stopped.count(B) == 1, "it has no second process"


def test_without_the_baseline_there_is_nothing_to_go_on_with():
    lab = Lab()
    lab.fails[A] = "open"
    made = lab.measurement(A, B)
    made.run()
    assert made.series[A].message == "it died"
    assert made.estimate(B) is None
    assert len(lab.made) == 2


def test_workers_are_stopped_when_somebody_interrupts():
    lab = Lab()
    made = lab.measurement(A, B)

    def interrupt(_):
        raise KeyboardInterrupt

    made.request = interrupt
    with pytest.raises(KeyboardInterrupt):
        made.run()
    assert sorted(map(str, lab.stopped)) == [str(A), str(B)]


def test_an_interrupt_does_not_wait_for_an_import():
    """While one framework is being imported another's start is interrupted: both processes end at once."""
    gate = threading.Event()

    class Slow(Lab):
        def __call__(self, target, threads, cores=None):
            worker = super().__call__(target, threads, cores)

            def start():
                if target == A:
                    raise KeyboardInterrupt
                assert gate.wait(30), "nobody stopped it"
                raise Stopped

            stop = worker.stop
            worker.start, worker.stop = start, lambda: (gate.set(), stop())
            return worker

    with pytest.raises(KeyboardInterrupt):
        Slow().measurement(A, B).run()
    assert gate.is_set()


def test_the_peak_is_the_highest_of_build_and_turns():
    made = Lab().measurement(A, B, rounds=1)
    made.run()
    assert made.series[A].memory == [{"before": 10, "peak": 30, "own": True}]
    assert made.series[A].first == [{"build": 1.0, "call": 2.0}], "of the first build of a process alone"


def test_the_peak_of_a_gpu_is_that_of_the_last_turn():
    lab = Lab()
    lab.device = {"device": 40}
    made = lab.measurement(A, B, rounds=1)
    made.run()
    assert made.series[A].memory == [{"before": 10, "peak": 30, "own": True, "device": 45}]


def test_without_the_machines_rate_the_round_counts():
    lab = Lab()
    lab.fails[B] = "rate"
    made = lab.measurement(A, B)
    made.run()
    assert made.series[B].message == ""
    assert made.series[B].rate is None
    assert made.series[A].rate == 1e9
    assert made.estimate(B).value == pytest.approx(0.5)
