"""The process in which one engine lives: ``python -m parity.workers.worker ENGINE DEVICE IN OUT``, for the pool."""

from __future__ import annotations

import faulthandler
import functools
import gc
import importlib
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from parity import cuda
from parity.engines import ENGINES
from parity.engines.base import Unavailable, certificate, to_targets
from parity.graph import Graph
from parity.lower import lowered
from parity.precision import FLOAT32
from parity.workers.given import Given
from parity.workers.protocol import Closed, encode, read, send
from parity.workers.repeats import repeated
from parity.workers.stopwatch import Stopwatch

Arrays = dict[str, np.ndarray]


def handle(engine: Any, header: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Build one network, copy the weights, run it, and return what came out.

    Args:
        header: ``graph``, ``before`` (also run on the framework's own initial values), ``weights_file`` or None,
            ``precision``, ``repeat`` (how many times the network without taps runs once more).
        arrays: ``x:<input>`` and, without a file, ``w:<weight>``, in float32 whatever the precision.

    Returns:
        Header with certificate and timings in seconds, ``repeats`` if asked for, and ``facts`` of this network alone;
        arrays ``y:<output>``, ``t:<tap>``, ``b:<output before>``.

    Raises:
        Unavailable: the engine runs the network in float32, and not in this precision.
    """
    given = Given.of(engine, header, arrays)
    out: Arrays = {}
    timings: dict[str, float] = {}
    try:
        if header.get("before") and engine.has_initial_values:
            own = engine.build(given.graph, None, given.precision.name)
            out |= {f"b:{k}": v for k, v in own.run(given.inputs).items()}
        proof, taps, final, more, end = _build_and_run(engine, given, timings, header.get("repeat", 0))
    except Unavailable:
        raise
    except Exception as error:
        if given.precision is FLOAT32 or not _runs(engine, Given.of(engine, header | {"precision": "float32"}, arrays)):
            raise
        raise Unavailable(f"it runs in float32, in {given.precision.name} it does not: {_said(error)}") from error
    timings["release"] = time.perf_counter() - end
    out |= {f"t:{k}": v for k, v in taps.items()} | {f"y:{k}": v for k, v in final.items()}
    return {"status": "done", "timings": timings, "certificate": proof, **more}, out


def _runs(engine: Any, given: Given) -> bool:
    """Whether the engine can at all."""
    try:
        _build_and_run(engine, given, {})
    except Exception:  # noqa: BLE001  then what went wrong before is told
        return False
    return True


def _build_and_run(
    engine: Any, given: Given, timings: dict[str, float], again: int = 0
) -> tuple[dict[str, Any], Arrays, Arrays, dict[str, Any], float]:
    """Certificate, taps, outputs, what else is told of this network, and when all was done.

    But for letting go of the network, which may take 2 ms.
    """

    def timed(what: str, fn: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        made = fn()
        timings[what] = time.perf_counter() - start
        return made

    graph, inputs, weights = given.graph, given.inputs, given.weights
    copies = timed("layout", lambda: to_targets(graph, engine.dialect, weights))
    model = timed("build", lambda: engine.build(graph, copies, given.precision.name))
    proof = timed("certificate", lambda: certificate(graph, engine.dialect, weights, model.read()))
    taps = timed("tap", lambda: model.tap(inputs))
    full = engine.full_taps and set(graph.outputs) <= set(taps)
    final = {k: taps[k] for k in graph.outputs} if full else timed("run", lambda: model.run(inputs))
    more: dict[str, Any] = {}
    if again:
        more["repeats"] = timed("repeat", lambda: repeated(lambda: model.run(inputs), final, again))
    if getattr(engine, "device", "cpu") == "gpu":
        more["facts"] = {"tf32": engine.tf32(), "peak_memory": engine.peak_memory()}
    if given.precision.name in engine.unrounded:
        more["unrounded"] = True
    return proof, taps, final, more, time.perf_counter()


def train(engine: Any, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[dict, dict]:
    """Train one network from the framework's own initial values.

    Args:
        header: ``graph``, ``steps``, ``seed``.
        arrays: ``x:<input>``.

    Returns:
        Header with the loss before each step; arrays ``w:<weight>`` in canonical layout.
    """
    if not hasattr(engine, "train"):
        raise Unavailable("only Chainer trains")
    inputs = {k[2:]: v for k, v in arrays.items()}
    graph = lowered(Graph.from_json(header["graph"]), engine.dialect)
    weights, losses = engine.train(graph, inputs, header["steps"], header["seed"])
    return {"status": "done", "losses": losses}, {f"w:{k}": v for k, v in weights.items()}


OPERATIONS = {"run": handle, "train": train}
"""What a request may ask for in its ``op``; to run is the default."""


def serve(answer: Callable[[dict[str, Any], Arrays], tuple[dict[str, Any], Arrays]], source: int, sink: int) -> None:
    """Answer requests until the parent is gone. An exception costs its own request."""
    while True:
        try:
            header, arrays = read(source)
        except Closed:
            return
        try:
            frame = encode(*answer(header, arrays))
        except Exception as error:  # noqa: BLE001  whatever a framework raises is a verdict about it
            frame = encode(_failure(error))
        try:
            send(sink, frame)
        except Closed:
            return


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, Unavailable):
        return {"status": "unsupported", "message": str(error)}
    return {"status": "crashed", "message": _said(error), "trace": traceback.format_exc()[-4000:]}


def _said(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return "out of memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {first}"


def leave_with_parent(sink: int) -> None:
    """End this process as soon as nobody can read its answers, even in the middle of a computation."""

    def watch() -> None:
        poll = select.poll()
        poll.register(sink, 0)  # an error is all that is waited for: the reading end was closed
        poll.poll()
        os._exit(0)  # the framework may be busy, or wait for threads of its own

    threading.Thread(target=watch, daemon=True).start()


LONGEST = 3600
"""Seconds after which a request ends a process for timing, if no parent has."""


def limited(answer: Callable[[dict[str, Any], Arrays], Any]) -> Callable[[dict[str, Any], Arrays], Any]:
    """In place of :func:`leave_with_parent` where calls are timed: malloc takes locks once there is a second thread.

    That made Chainer's calls 4 % slower. The parent gone, the process ends with its request, which has an alarm.
    """

    def within(header: dict[str, Any], arrays: Arrays) -> Any:
        signal.alarm(LONGEST)
        try:
            return answer(header, arrays)
        finally:
            signal.alarm(0)

    return within


def start(name: str, device: str) -> Any:
    """Import an engine.

    Raises:
        ImportError: a package is not here. Unavailable: the device is not.
    """
    if device == "gpu" and (why := cuda.missing()):
        raise Unavailable(why)  # before a framework is imported, which takes seconds
    module, _, cls = ENGINES[name].partition(":")
    engine = getattr(importlib.import_module(module), cls)(device)
    found = engine.facts()["device"]
    if found != device:
        raise Unavailable(f"{name} runs on {found}, not on {device}")
    engine.device = device
    gc.collect()
    gc.freeze()  # Keras collects garbage at every new network: 0.3 s over a framework's modules, 1 ms without them
    return engine


def main(argv: list[str]) -> None:
    """Import the engine, say so, and serve."""
    name, device, source, sink = argv[0], argv[1], int(argv[2]), int(argv[3])
    faulthandler.enable()  # a native crash says where it was
    timed = argv[4:] == ["timed"]
    if not timed:
        leave_with_parent(sink)
    try:
        engine = start(name, device)
    except (ImportError, Unavailable) as error:
        message = str(error) if isinstance(error, Unavailable) else f"{type(error).__name__}: {error}"
        send(sink, encode({"status": "unavailable", "message": message}))
        return
    send(sink, encode({"status": "ready", "facts": engine.facts()}))
    operations = {op: functools.partial(fn, engine) for op, fn in OPERATIONS.items()} | Stopwatch(engine).operations

    def answer(header: dict[str, Any], arrays: Arrays) -> Any:
        return operations[header.get("op", "run")](header, arrays)

    serve(limited(answer) if timed else answer, source, sink)


if __name__ == "__main__":
    main(sys.argv[1:])
