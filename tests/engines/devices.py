"""One engine on a machine that seems to have a GPU: ``devices.py ENGINE DEVICE`` prints what came of it."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from parity import cuda
from parity.draw import Distribution, draw
from parity.engines.base import Unavailable, WrongDevice, to_targets
from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.workers.worker import start

CARD = cuda.Device("NVIDIA Invented", "9.0", 1 << 34, "580.1", "13.0")
GRAPH = Graph({"x": Spec((2, 3))}, (Node("fc", Layer.registry["Linear"](units=4), ("x",), {}),), ("fc",))
X = {"x": np.ones((2, 3), np.float32)}


def build(engine: Any, precision: str = "float32") -> Any:
    """A network of one layer."""
    weights = {name: draw(Distribution(), w.shape, "float32", name) for name, w in GRAPH.weights.items()}
    return engine.build(GRAPH, to_targets(GRAPH, engine.dialect, weights), precision)


def said(call: Any) -> str:
    """What an engine says in place of an answer."""
    try:
        call()
    except (ImportError, Unavailable, WrongDevice) as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def report(name: str) -> dict[str, Any]:
    """Started on the CPU, and then told that it was to be a GPU."""
    engine = start(name, "cpu")
    found: dict[str, Any] = {"tf32 on a CPU": said(lambda: build(engine, "tf32"))}
    model = build(engine)
    found["runs"] = sorted(model.run(X))
    for holder, attribute in ((model, "_asked"), (engine, "_asked"), (getattr(engine, "_torch", None), "kind")):
        if hasattr(holder, attribute):
            setattr(holder, attribute, "gpu")
    found["fell back"] = [said(lambda: model.run(X)), said(lambda: model.tap(X))]
    torch = getattr(engine, "_torch", None)
    if hasattr(engine, "product") and name != "chainer":
        found["product"] = float(np.asarray(engine.product(8)())[7, 7])
    use = getattr(engine, "_use_tf32", None) or (torch.use_tf32 if torch else None)
    if use and name != "chainer":
        found["tf32"] = []
        for on in (True, False, True):
            use(on)
            found["tf32"].append(engine.tf32())
    return found


if __name__ == "__main__":
    cuda.first = lambda: CARD  # type: ignore[assignment]
    if sys.argv[2] == "gpu":
        print(json.dumps(said(lambda: start(sys.argv[1], "gpu"))))
    else:
        print(json.dumps(report(sys.argv[1])))
