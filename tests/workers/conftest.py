from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parity.targets import Target
from parity.workers import protocol
from parity.workers.pool import Worker


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


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Runs something right after a request was sent."""

    def install(after: Callable[[], object]) -> None:
        original = protocol.send

        def send(*args: Any) -> None:
            original(*args)
            after()

        monkeypatch.setattr(protocol, "send", send)

    return install
