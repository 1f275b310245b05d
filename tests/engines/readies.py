"""Asks one engine for what is timed: ``readies.py ENGINE`` prints what came of it, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from parity.case.case import load
from parity.engines.base import to_targets
from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.lower import lowered
from parity.workers.worker import start

CASES = Path(__file__).resolve().parents[2] / "cases"
NETWORKS = ("networks/lenet", "networks/residual", "networks/char_lstm")


def main() -> None:
    engine = start(sys.argv[1], "cpu")

    def built(graph, weights):
        made = lowered(graph, engine.dialect)
        return engine.build(made, to_targets(made, engine.dialect, weights))

    found = {"same": {}}
    for name in NETWORKS:
        [case, *_] = load(CASES / f"{name}.yaml", CASES)
        model, inputs = built(case.graph, case.weights()), case.inputs()
        expected = model.run({k: v.copy() for k, v in inputs.items()})
        call = model.ready(inputs)
        call()
        for array in inputs.values():
            array[...] = 0  # the caller's: what is timed has its own
        made = model.fetch(call())
        found["same"][name] = all(
            made[k].dtype == v.dtype and np.array_equal(made[k], v) for k, v in expected.items()
        ) and set(made) == set(expected)
    linear = Layer.registry["Linear"](1500, False)
    layers = [Node(f"fc{i}", linear, (f"fc{i - 1}" if i else "x",), {}) for i in range(3)]
    graph = Graph({"x": Spec((300, 1500))}, tuple(layers), ("fc2",))
    ones = np.full((1500, 1500), 1e-3, np.float32)
    model = built(graph, {f"fc{i}/W": ones for i in range(3)})
    waits = counted(engine)
    call = model.ready({"x": np.ones((300, 1500), np.float32)})
    found["computed"] = [is_computed(call()) for _ in range(5)]
    found["waits"] = len(waits) / 5 if hasattr(engine, "_torch") else None
    print(json.dumps(found))


def counted(engine: Any) -> list[None]:
    """Grows by one with each synchronisation of PyTorch, which does nothing on a CPU and is asked for all the same."""
    found: list[None] = []
    if torch := getattr(engine, "_torch", None):
        known = torch.synchronize
        torch.synchronize = lambda: (found.append(None), known())
    return found


def is_computed(made: Any) -> bool:
    """Whether what a call returned is there: JAX tells; elsewhere on a CPU an array of numbers is, once it is made."""
    parts = made if isinstance(made, list | tuple) else [made]
    return bool(parts) and all(p.is_ready() if hasattr(p, "is_ready") else p.shape == (300, 1500) for p in parts)


if __name__ == "__main__":
    main()
