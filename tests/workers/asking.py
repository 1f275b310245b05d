"""What an odd worker is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import psutil

from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.workers.pool import Worker

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def ask(
    worker: Worker,
    what: str,
    timeout: float = 60.0,
    repeat: int = 0,
    precision: str = "float32",
    **arrays: np.ndarray,
) -> tuple[dict[str, Any], dict]:
    """One request: a network of one ReLU, whose name tells the odd engine what to do."""
    graph = Graph({"x": Spec(X.shape)}, (Node(what, Layer.registry["ReLU"](), ("x",), {}),), (what,))
    header = {"graph": graph.to_json(), "before": False, "repeat": repeat, "precision": precision}
    return worker.request(header, {"x:x": X, **arrays}, timeout)


def gone(pid: int) -> bool:
    """Wait until a process is no more; False if that takes too long."""
    try:
        psutil.Process(pid).wait(30)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True
