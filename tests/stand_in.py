"""Cases in a folder, and workers that answer without a process or a framework: with the numpy rules, rounded."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from parity import session as session_module
from parity.case.case import Case, load
from parity.graph import Graph
from parity.judge.bound import Reference
from parity.results import Writer
from parity.session import Session
from parity.targets import Target
from parity.workers.pool import Stopped

A, B = Target("chainer"), Target("onnx-reference")

LINEAR = """
description: Two layers.
inputs: {x: {shape: [2, 3]}}
layers:
  - {layer: Linear, name: fc, units: 4}
  - {layer: ReLU, name: act}
"""


def write_case(folder: Path, name: str, text: str = LINEAR, more: str = "") -> Path:
    """A case file ``folder/cases/name.yaml``."""
    path = folder / "cases" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text) + textwrap.dedent(more))
    return path


def load_cases(folder: Path) -> list[Case]:
    """All cases of ``folder/cases``."""
    root = folder / "cases"
    return [c for path in sorted(root.glob("*.yaml")) for c in load(path, root)]


def lines(folder: Path) -> list[dict[str, Any]]:
    """The records in a folder, each line as strict JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = (folder / "results.jsonl").read_text()
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def answer(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a flawless engine would say."""
    graph = Graph.from_json(header["graph"])
    inputs = {k[2:]: v for k, v in arrays.items() if k.startswith("x:")}
    weights = {k[2:]: v for k, v in arrays.items() if k.startswith("w:")}
    if header["weights_file"]:
        weights = load_file(header["weights_file"])
    tensors = Reference.of(graph, inputs, weights).tensors
    out = {f"t:{n}": tensors[n].value.astype(np.float32) for n in graph.taps}
    out |= {f"y:{n}": tensors[n].value.astype(np.float32) for n in graph.outputs}
    return {"status": "done", "timings": {}, "certificate": {"ok": True, "problems": [], "rows": []}}, out


class StandInPool:
    """A pool whose workers call a function.

    Args:
        answer: ``(target, header, arrays)`` → what the worker sends; it may raise what a worker raises.
    """

    def __init__(self, answer: Callable[..., Any] = lambda _, *request: answer(*request)):
        self.answer = answer
        self.stopped = False
        self.asked: list[Target] = []

    def __getitem__(self, target: Target) -> StandInWorker:
        if self.stopped:
            raise Stopped
        return StandInWorker(self, target)

    def stop(self) -> None:
        self.stopped = True


class StandInWorker:
    facts: Mapping[str, Any] = {"versions": {"stand-in": "1"}, "device": "cpu", "mode": "", "full_taps": True}

    def __init__(self, pool: StandInPool, target: Target):
        self._pool, self._target = pool, target

    def start(self) -> None:
        pass

    def request(self, header: Any, arrays: Any, timeout: float) -> Any:
        assert timeout > 0
        self._pool.asked.append(self._target)
        return self._pool.answer(self._target, header, arrays)


@pytest.fixture(name="run")
def run_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Runs the cases under ``tmp_path``, every package said to be installed; the records."""
    monkeypatch.setattr(session_module, "missing", lambda _: None)

    def run_cases(
        pool: StandInPool | None = None, targets: Sequence[Target] = (A, B), jobs: int = 2, **more: Any
    ) -> list[dict[str, Any]]:
        with Writer(tmp_path) as writer, Session(pool or StandInPool(), jobs) as session:
            session.run(load_cases(tmp_path), targets, writer, **more)
        return lines(tmp_path)

    return run_cases


def cells(records: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """(case, target) → cell record."""
    return {(r["case"], r["target"]): r for r in records if r["kind"] == "cell"}
