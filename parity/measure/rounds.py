"""Rounds: in each, every target gets a process of its own, builds the network a few times, and has its turns."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.measure.statistics import LEAST, Interval, interval, is_reached
from parity.targets import Target
from parity.workers.pool import Stopped, TargetUnavailable, TimedOut, Worker, WorkerDied

RATE = 0.3
"""Seconds of matrix products that tell the machine's own rate."""
Request = tuple[Mapping[str, Any], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Plan:
    """How it is measured.

    Args:
        asked: half-width of the interval of a ratio, relative, at which a target is through.
        rounds: most rounds.
        seconds: none begins that would probably end after so many.
        threads: of each framework.
        cores: that the workers may run on; None where the system pins nothing.
        builds: in one process. They differ about as much as processes do, and cost less; one, if the first round was so
            long that there would hardly be others.
        turns: of each build.
        turn: seconds of calls that count.
        warm: seconds of calls before, since other processes had the caches.
        settle: seconds of calls behind the first.
        timeout: seconds for one answer of a worker.
    """

    asked: float = 0.02
    rounds: int = 30
    seconds: float = 120.0
    threads: int = 1
    cores: tuple[int, ...] | None = None
    builds: int = 3
    turns: int = 2
    turn: float = 0.1
    warm: float = 0.02
    settle: float = 0.1
    timeout: float = 300.0


@dataclass
class Series:
    """What was measured of one target.

    Attributes:
        medians: one dict a round: (build, turn) → median of that turn, seconds a call.
        samples: seconds a call, of all turns.
        first: what the first build of each process took: ``build`` and ``call``.
        memory: ``before``, ``peak`` and ``own`` of each first build; on a GPU ``device``, the peak of its memory.
        builds: how many were opened.
        cores: that the process found itself on.
        outputs: of its first call.
        certificate: that the weights arrived.
        message: why it is no longer measured; empty while it is.
        facts: what the engine says of itself.
        rate: the machine's own, operations a second, as measured in this target's process.
    """

    target: Target
    medians: list[dict[tuple[int, int], float]] = field(default_factory=list)
    samples: list[np.ndarray] = field(default_factory=list)
    first: list[dict[str, float]] = field(default_factory=list)
    memory: list[dict[str, Any]] = field(default_factory=list)
    builds: int = 0
    cores: list[int] | None = None
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    rate: float | None = None

    def times(self) -> list[float]:
        """Seconds a call, one number a round."""
        return [statistics.median(m.values()) for m in self.medians if m]

    def ratios(self, other: Series) -> list[float]:
        """This target's time over another's, one number a round: the median over turns that stood beside each other."""
        both = [(a, b, a.keys() & b.keys()) for a, b in zip(self.medians, other.medians, strict=False)]
        return [math.exp(statistics.median(math.log(a[k] / b[k]) for k in keys)) for a, b, keys in both if keys]


@dataclass
class Measurement:
    """All targets of one network, in rounds.

    Args:
        targets: the baseline among them.
        baseline: what the others are compared with; it is in every round.
        request: header and arrays of ``time.open`` for a target.
        plan: limits.
        make: makes workers.
    """

    targets: Sequence[Target]
    baseline: Target
    request: Callable[[Target], Request]
    plan: Plan
    make: Callable[..., Worker] = Worker
    series: dict[Target, Series] = field(init=False)

    def __post_init__(self) -> None:
        self.series = {t: Series(t) for t in self.targets}

    def estimate(self, target: Target) -> Interval | None:
        """Of a target's time over the baseline's; of the baseline's own seconds; None where nothing was measured."""
        own, base = self.series[target], self.series[self.baseline]
        values = own.times() if target == self.baseline else own.ratios(base)
        return interval(values) if values else None

    def is_through(self, target: Target) -> bool:
        """Whether its interval is as narrow as asked; the baseline is when all others are, or cannot be measured."""
        others = [t for t in self.targets if t != self.baseline and not self.series[t].message]
        if target == self.baseline and others:
            return all(map(self.is_through, others))
        found = self.estimate(target)
        return found is not None and is_reached(found, len(self.series[target].medians), self.plan.asked)

    def run(self, on_round: Callable[[int], None] = lambda _: None) -> None:
        """Rounds until all are through, or the limits are reached.

        Whoever is through is left out of further rounds, and so is whoever fails, which says why.

        Args:
            on_round: called after each, with how many there were.
        """
        begin, builds = time.monotonic(), self.plan.builds
        for number in range(self.plan.rounds):
            active = [s for t, s in self.series.items() if not s.message and not self.is_through(t)]
            if not active or self.series[self.baseline].message:
                return
            start = time.monotonic()
            self._round(number, active, builds)
            on_round(number + 1)
            now = time.monotonic()
            if not number and LEAST * (now - start) > self.plan.seconds:
                builds = 1  # rather more processes than more builds
            if now - begin + (now - start) > self.plan.seconds:
                return

    def _round(self, number: int, active: Sequence[Series], builds: int) -> None:
        plan = self.plan
        workers = {s.target: self.make(s.target, plan.threads, cores=plan.cores) for s in active}

        def ask(s: Series, op: str, more: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> Any:
            try:
                reply, out = workers[s.target].request({"op": f"time.{op}", **more}, arrays or {}, plan.timeout)
                s.message = "" if reply["status"] == "done" else reply["message"]
                return None if s.message else (reply, out)
            except (TargetUnavailable, WorkerDied, TimedOut) as error:
                s.message = str(error)
                return None

        def start(s: Series) -> None:
            try:
                workers[s.target].start()
                s.facts = workers[s.target].facts
            except (TargetUnavailable, WorkerDied, Stopped) as error:
                s.message = str(error)

        def in_order(turn: int) -> list[Series]:
            there = [s for s in active if not s.message]
            return [there[i] for i in order(len(there), turn)]

        medians: dict[Target, dict[tuple[int, int], float]] = {s.target: {} for s in active}
        try:
            with ThreadPoolExecutor(len(active)) as threads:  # nothing is timed yet
                try:
                    list(threads.map(start, active))
                except BaseException:  # an interrupt does not wait for frameworks to be imported
                    for worker in workers.values():
                        worker.stop()
                    raise
            for build in range(builds):
                for s in in_order(number * builds + build):
                    header, arrays = self.request(s.target)
                    if opened := ask(s, "open", {**header, "settle": plan.settle}, arrays):
                        self._opened(s, build, *opened)
                for turn in range(plan.turns):
                    for s in in_order((number * builds + build) * plan.turns + turn):
                        if timed := ask(s, "turn", {"warm": plan.warm, "seconds": plan.turn}):
                            medians[s.target][build, turn] = float(np.median(timed[1]["samples"]))
                            s.samples.append(timed[1]["samples"])
                            s.memory[-1]["peak"] = max(s.memory[-1]["peak"], timed[0]["memory"])
                            s.memory[-1] |= {k: v for k, v in timed[0].items() if k == "device"}
                for s in in_order(0):
                    ask(s, "close", {})
            for s in in_order(0):
                if not number and (found := ask(s, "rate", {"seconds": RATE})):
                    s.rate, s.cores = found[0]["rate"], found[0]["cores"]
                s.message = ""  # the round is whole whatever became of this
        finally:
            for worker in workers.values():
                worker.stop()
        for s in active:
            if not s.message:
                s.medians.append(medians[s.target])

    @staticmethod
    def _opened(s: Series, build: int, reply: Mapping[str, Any], out: Mapping[str, np.ndarray]) -> None:
        s.builds += 1
        if build == 0:  # later ones find everything warm
            s.first.append(reply["first"])
            s.memory.append(dict(reply["memory"]))
        if not s.outputs:
            s.outputs = {k[2:]: v for k, v in out.items()}
            s.certificate = reply["certificate"]


def order(count: int, number: int) -> list[int]:
    """Who comes when in a turn: backwards every other time, and every second time another one begins."""
    turned = [(i + number // 2) % count for i in range(count)]
    return turned[::-1] if number % 2 else turned
