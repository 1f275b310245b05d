"""Timing inside a worker: a network is opened, has its turns, and is closed; what the machine itself can do."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import repeat
from typing import Any

import numpy as np

from parity.engines.base import certificate, to_targets
from parity.workers import memory
from parity.workers.given import Given

Arrays = dict[str, np.ndarray]
Answer = tuple[dict[str, Any], Arrays]

CLOCK_SHARE = 1e-3
"""Of a sample's time, what reading the clock may take; shorter calls are timed several at a time."""
LEAST = 3
"""Samples of a turn, however long they take."""
SIDE, DEVICE_SIDE = 1024, 4096
"""Rows and columns of the matrices whose product is the machine's own rate, on a CPU and on a GPU."""


class Stopwatch:
    """Times one network at a time on one engine."""

    def __init__(self, engine: Any):
        self._engine = engine
        self._model: Any = None
        self._call: Callable[[], Any] | None = None
        self.operations: dict[str, Callable[[dict[str, Any], Arrays], Answer]] = {
            "time.open": self.open,
            "time.turn": self.turn,
            "time.close": self.close,
            "time.rate": self.rate,
        }

    def open(self, header: dict[str, Any], arrays: Arrays) -> Answer:
        """Build a network, with nothing but its outputs asked for, and call it once; then call it until it is settled.

        Args:
            header: ``graph``, ``precision``, ``weights_file`` or None, ``settle``: seconds of calls that do not count.
            arrays: ``x:<input>`` and, without a file, ``w:<weight>``.

        Returns:
            ``first``: seconds to ``build`` (layouts of weights are there already; the copy into the framework and of
            the inputs onto its device are part of it) and of the first ``call`` (tracing and compiling are part of
            it); ``memory`` ``before`` and ``peak`` in bytes, and whether the peak is of this network alone; the
            certificate; arrays ``y:<output>`` of that first call.
        """
        self._model = self._call = None
        given = Given.of(self._engine, header, arrays)
        graph = replace(given.graph, tapped=given.graph.outputs)  # no second model or session, for taps
        copies = to_targets(graph, self._engine.dialect, given.weights)
        gc.collect()
        own, before = memory.forget_peak(), memory.resident()
        start = time.perf_counter()
        model = self._engine.build(graph, copies, given.precision.name)
        call = model.ready(given.inputs)
        built = time.perf_counter()
        made = call()
        called = time.perf_counter()
        peak = memory.peak()
        outputs = {f"y:{k}": v for k, v in model.fetch(made).items()}
        proof = certificate(graph, self._engine.dialect, given.weights, model.read())
        del made, copies, given
        self._model, self._call = model, call
        _calls(call, header["settle"], LEAST)
        memory.forget_peak()
        answer = {
            "first": {"build": built - start, "call": called - built},
            "memory": {"before": before, "peak": peak, "own": own, **self._on_device()},
            "certificate": proof,
        }
        return {"status": "done", **answer}, outputs

    def _on_device(self) -> dict[str, int | None]:
        """On a GPU: bytes of its memory in use at most since the process began, where the framework tells."""
        on_gpu = getattr(self._engine, "device", "cpu") == "gpu"
        return {"device": self._engine.peak_memory()} if on_gpu else {}

    def turn(self, header: dict[str, Any], arrays: Arrays) -> Answer:
        """Calls after each other, as in a loop.

        Args:
            header: ``warm``: seconds of calls that do not count, since other processes had the caches in between;
                ``seconds`` of calls that do, at least :data:`LEAST` samples.

        Returns:
            ``calls``: how many make a sample; ``memory``: the peak since the network was opened, but for what opening
            it took; on a GPU ``device``: the peak of its memory; array ``samples``: seconds a call.
        """
        call = self._call
        if call is None:
            raise RuntimeError("no network is open")
        count, took = _calls(call, header["warm"], 1)
        group = max(1, round(_clock() / (CLOCK_SHARE * took / count)))
        samples: list[int] = []
        gc.collect()
        gc.disable()  # as timeit does: whose turn a collection falls into would be chance
        try:
            end = time.perf_counter() + header["seconds"]
            while len(samples) < LEAST or time.perf_counter() < end:
                start = time.perf_counter_ns()
                for _ in repeat(None, group):
                    call()
                samples.append(time.perf_counter_ns() - start)
        finally:
            gc.enable()
        seconds = np.array(samples) / (group * 1e9)
        answer = {"status": "done", "calls": group, "memory": memory.peak(), **self._on_device()}
        return answer, {"samples": seconds}

    def close(self, header: dict[str, Any], arrays: Arrays) -> Answer:
        """Let go of the network."""
        self._model = self._call = None
        gc.collect()
        return {"status": "done"}, {}

    def rate(self, header: dict[str, Any], arrays: Arrays) -> Answer:
        """The machine's own rate of float32 matrix products, operations a second, and where the process may run.

        On a GPU that of the engine's own ``product``, since NumPy says nothing of it; None where it has none.

        Args:
            header: ``seconds`` to try for.
        """
        rate: float | None
        if getattr(self._engine, "device", "cpu") == "gpu":
            product = getattr(self._engine, "product", None)
            rate = best_rate(product(DEVICE_SIDE), DEVICE_SIDE, header["seconds"]) if product else None
        else:
            rate = matmul_rate(header["seconds"])
        return {"status": "done", "rate": rate, "cores": cores()}, {}


def cores() -> list[int] | None:
    """The processor's cores that this process may run on, as the system says; None where it does not."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def matmul_rate(seconds: float) -> float:
    """Operations a second of NumPy's product of two square float32 matrices, the best of many.

    2·n³ operations, one multiplication and one addition a product.
    """
    a = np.linspace(-1, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    b, out = np.ascontiguousarray(a.T), np.empty_like(a)
    return best_rate(lambda: np.matmul(a, b, out=out), SIDE, seconds)


def best_rate(product: Callable[[], Any], side: int, seconds: float) -> float:
    """Operations a second of a product of two square matrices, the best of many; the first does not count.

    Args:
        product: returns when it is computed.
        side: rows and columns.
        seconds: to try for.
    """
    product()
    best, end = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < end:
        start = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - start)
    return 2 * side**3 / best


def _calls(call: Callable[[], Any], seconds: float, least: int) -> tuple[int, float]:
    """Call for a while: how often, and how many seconds it took."""
    count, start = 0, time.perf_counter()
    while True:
        call()
        count += 1
        took = time.perf_counter() - start
        if count >= least and took >= seconds:
            return count, took


def _clock() -> float:
    """Seconds that reading the clock twice takes."""
    start = time.perf_counter_ns()
    for _ in repeat(None, 200):
        time.perf_counter_ns()
    return 2 * (time.perf_counter_ns() - start) / 200e9
