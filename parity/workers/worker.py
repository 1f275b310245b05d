"""The process in which one engine lives: ``python -m parity.workers.worker ENGINE DEVICE IN OUT``, for the pool."""

from __future__ import annotations

import gc
import importlib
import sys
import time
import traceback
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from parity.engines import ENGINES
from parity.engines.base import Unavailable, certificate, to_targets
from parity.graph import Graph
from parity.workers.protocol import Closed, read, write


def handle(engine: Any, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[dict, dict]:
    """Build one network, copy the weights, run it, and return what came out.

    Args:
        header: ``graph``, ``before`` (also run on the framework's own initial values), ``weights_file`` or None.
        arrays: ``x:<input>`` and, without a file, ``w:<weight>``.

    Returns:
        Header with certificate and timings in seconds; arrays ``y:<output>``, ``t:<tap>``, ``b:<output before>``.
    """
    graph = Graph.from_json(header["graph"])
    inputs = {k[2:]: v for k, v in arrays.items() if k.startswith("x:")}
    if header.get("weights_file"):
        weights = load_file(header["weights_file"])
    else:
        weights = {k[2:]: v for k, v in arrays.items() if k.startswith("w:")}
    out: dict[str, np.ndarray] = {}
    timings: dict[str, float] = {}
    reply: dict[str, Any] = {"status": "done", "timings": timings}

    if header.get("before") and engine.has_initial_values:
        out |= {f"b:{k}": v for k, v in engine.build(graph, None).run(inputs).items()}

    def timed(what: str, fn: Any) -> Any:
        start = time.perf_counter()
        made = fn()
        timings[what] = time.perf_counter() - start
        return made

    copies = timed("layout", lambda: to_targets(graph, engine.dialect, weights))
    model = timed("build", lambda: engine.build(graph, copies))
    reply["certificate"] = timed("certificate", lambda: certificate(graph, engine.dialect, weights, model.read()))
    taps = timed("tap", lambda: model.tap(inputs))
    full = engine.facts()["full_taps"] and set(graph.outputs) <= set(taps)
    final = {k: taps[k] for k in graph.outputs} if full else timed("run", lambda: model.run(inputs))
    out |= {f"t:{k}": v for k, v in taps.items()} | {f"y:{k}": v for k, v in final.items()}
    return reply, out


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
    weights, losses = engine.train(Graph.from_json(header["graph"]), inputs, header["steps"], header["seed"])
    return {"status": "done", "losses": losses}, {f"w:{k}": v for k, v in weights.items()}


OPERATIONS = {"run": handle, "train": train}
"""What a request may ask for in its ``op``; to run is the default."""


def serve(engine: Any, source: int, sink: int) -> None:
    """Answer requests until the parent is gone. An exception costs its own request."""
    while True:
        try:
            header, arrays = read(source)
        except Closed:
            return
        try:
            reply, out = OPERATIONS[header.get("op", "run")](engine, header, arrays)
        except Unavailable as reason:
            reply, out = {"status": "unsupported", "message": str(reason)}, {}
        except MemoryError:
            reply, out = {"status": "crashed", "message": "out of memory", "trace": ""}, {}
        except Exception as error:  # noqa: BLE001  whatever a framework raises is a verdict about it
            text = str(error).strip().splitlines() or [""]
            reply = {
                "status": "crashed",
                "message": f"{type(error).__name__}: {text[0][:300]}",
                "trace": traceback.format_exc()[-4000:],
            }
            out = {}
        write(sink, reply, out)


def main(argv: list[str]) -> None:
    """Import the engine, say so, and serve."""
    name, device, source, sink = argv[0], argv[1], int(argv[2]), int(argv[3])
    module, _, cls = ENGINES[name].partition(":")
    try:
        engine = getattr(importlib.import_module(module), cls)(device)
        facts = engine.facts()
    except (ImportError, Unavailable) as error:
        write(sink, {"status": "unavailable", "message": f"{type(error).__name__}: {error}"})
        return
    gc.collect()
    gc.freeze()  # Keras collects garbage at every new network: 0.3 s over a framework's modules, 1 ms without them
    write(sink, {"status": "ready", "facts": facts})
    serve(engine, source, sink)


if __name__ == "__main__":
    main(sys.argv[1:])
