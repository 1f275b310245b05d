from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity.graph import Graph, Node
from parity.layers import Layer, Spec
from parity.targets import Target
from parity.workers.pool import Worker

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(scope="session")
def odd_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that runs odd_worker.py where it is asked for parity's worker."""
    script = tmp_path_factory.mktemp("odd") / "python"
    odd = Path(__file__).with_name("odd_worker.py")
    script.write_text(f'#!/bin/sh\nshift 2\nexec "{sys.executable}" "{odd}" "$@"\n')
    script.chmod(0o755)
    return str(script)


@pytest.fixture
def make(odd_python: str) -> Iterator[Callable[[], Worker]]:
    """Makes odd workers, ended with the test."""
    made: list[Worker] = []

    def new() -> Worker:
        made.append(Worker(Target("onnx-reference"), python=odd_python))
        return made[-1]

    yield new
    for worker in made:
        worker.stop()


@pytest.fixture(scope="module")
def worker(odd_python: str) -> Iterator[Worker]:
    """An odd worker for a whole module; it restarts by itself."""
    made = Worker(Target("onnx-reference"), python=odd_python)
    yield made
    made.stop()


def ask(worker: Worker, what: str, timeout: float = 60.0, **arrays: np.ndarray) -> tuple[dict[str, Any], dict]:
    """One request: a network of one ReLU, whose name tells the odd engine what to do."""
    graph = Graph({"x": Spec(X.shape)}, (Node(what, Layer.registry["ReLU"](), ("x",), {}),), (what,))
    return worker.request({"graph": graph.to_json(), "before": False}, {"x:x": X, **arrays}, timeout)


@pytest.fixture(name="ask")
def ask_fixture() -> Callable:
    return ask
