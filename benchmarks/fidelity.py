"""Whether the figures of ``parity time`` are those of a loop by hand: ``python -m benchmarks.fidelity``.

Each engine's networks are timed by parity and, in turns with it, in a process of its own by the loops of
benchmarks.loops, written in the framework's own words; the rounds and the interval are those of ``parity time``. The
aim is a ratio within 3 % of 1. Then targets are timed against themselves: as many intervals as stated should contain 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from benchmarks.loops import BY_HAND, NETWORKS
from parity.case.case import load
from parity.measure.machine import Others, alone, choose_cores
from parity.measure.rounds import Measurement, Plan
from parity.measure.statistics import CONFIDENCE, Interval
from parity.prepare import Prepared, prepare
from parity.targets import Target, missing
from parity.workers.pool import Worker

AIM = 0.03
ITSELF = ("chainer", "onnxruntime")
"""Engines timed against themselves; the others differ in no way that matters here, but take long to import."""


class Hand:
    """A process of benchmarks.loops, asked as a worker is."""

    def __init__(self, engine: str, name: str, folder: Path, cores: Any):
        self.facts: dict[str, Any] = {}
        self._name = name
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.loops", engine, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | one | {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "TF_CPP_MIN_LOG_LEVEL": "3"},
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            text=True,
        )

    def start(self) -> None:
        """It starts by itself."""

    def request(self, header: Mapping[str, Any], arrays: Any, timeout: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a worker would answer."""
        done = {"status": "done"}
        if header["op"] == "time.open":
            made = np.array(self._ask(f"open {self._name}"), np.float32)
            memory = {"before": 0, "peak": 0, "own": False}
            return {**done, "first": {"build": 0.0, "call": 0.0}, "memory": memory, "certificate": {}}, {"y:prob": made}
        if header["op"] == "time.turn":
            return {**done, "memory": 0}, {"samples": np.array(self._ask(f"turn {header['seconds']}"))}
        return {**done, "rate": None, "cores": None}, {}

    def _ask(self, line: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def compare(prepared: Prepared, name: str, engine: str, other: str, plan: Plan, folder: Path) -> tuple[Interval, float]:
    """parity's time over the other's, and the other's seconds a call.

    Args:
        other: "hand", or "again" for parity itself.
    """
    target, baseline = Target(engine), Target(engine, other)

    def make(asked: Target, threads: int, cores: Any) -> Any:
        return Hand(engine, name, folder, cores) if asked.device == "hand" else Worker(target, threads, cores=cores)

    arrays = {f"x:{k}": v for k, v in prepared.inputs.items()} | {f"w:{k}": v for k, v in prepared.weights.items()}
    request = ({"graph": prepared.graph.to_json(), "weights_file": None, "precision": "float32"}, arrays)
    measurement = Measurement([baseline, target], baseline, lambda _: request, plan, make)
    measurement.run()
    for series in measurement.series.values():
        if series.message:
            raise SystemExit(f"{series.target}: {series.message}")
        expected = prepared.reference.tensors["prob"].value
        np.testing.assert_allclose(series.outputs["prob"], expected, rtol=1e-3, atol=1e-5, err_msg=f"{series.target}")
    found, seconds = measurement.estimate(target), measurement.estimate(baseline)
    assert found
    assert seconds
    return found, seconds.value


def show(words: list[str], found: Interval, seconds: float, within: bool, began: float) -> None:
    columns = "".join(f"{w:18s}" for w in words)
    ends = f"{found.low:.3f} … {found.high:.3f}"
    took = time.monotonic() - began
    print(
        f"  {columns}{seconds * 1e3:9.3f} ms{found.value:9.3f}  {ends:16s}{'yes' if within else 'NO':>5s}{took:7.0f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default=",".join(BY_HAND), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison (default: %(default)s)")
    parser.add_argument(
        "--again", type=int, default=2, help="A/A comparisons an engine and network (default: %(default)s)"
    )
    options = parser.parse_args()
    engines = [e for e in options.engines.split(",") if e and not missing(Target(e))]
    cores = choose_cores(1)
    plan = Plan(asked=0.0, rounds=options.rounds, seconds=1e9, cores=cores and tuple(cores), builds=2)
    with alone(), tempfile.TemporaryDirectory() as name:
        folder, prepared, others = Path(name), {}, Others()
        for network, text in NETWORKS.items():
            (folder / f"{network}.yaml").write_text(text)
            prepared[network] = prepare(load(folder / f"{network}.yaml")[0], folder)
            save_file({**prepared[network].inputs, **prepared[network].weights}, folder / f"{network}.safetensors")
        print(f"one thread on core {cores}; {plan.rounds} rounds of fresh processes, {plan.builds} builds in each")
        print(f"\n  {'parity ÷ by hand':36s}{'by hand':>12s}{'ratio':>9s}  {'interval':16s}{'±3 %':>5s}")
        ratios = []
        for engine in engines:
            for network in NETWORKS:
                began = time.monotonic()
                found, seconds = compare(prepared[network], network, engine, "hand", plan, folder)
                ratios.append(found.value)
                show([engine, network], found, seconds, abs(found.value - 1) <= AIM, began)
        print(f"  within 3 %: {sum(abs(r - 1) <= AIM for r in ratios)} of {len(ratios)}")
        print(f"\n  {'a target ÷ itself':36s}{'itself':>12s}{'ratio':>9s}  {'interval':16s}{'has 1':>5s}")
        has = []
        for engine in [e for e in ITSELF if e in engines]:
            for network in NETWORKS:
                for _ in range(options.again):
                    began = time.monotonic()
                    found, seconds = compare(prepared[network], network, engine, "again", plan, folder)
                    assert found.low is not None
                    assert found.high is not None
                    has.append(found.low <= 1 <= found.high)
                    show([engine, network], found, seconds, has[-1], began)
        print(f"  intervals that contain 1: {sum(has)} of {len(has)}; at least {100 * CONFIDENCE:.0f} % are promised")
        print(f"\nothers kept {others.cores():.2f} cores busy meanwhile")
    if reason := beyond(ratios, has):
        raise SystemExit(reason)


def beyond(ratios: Sequence[float], has: Sequence[bool]) -> str:
    """How the aim was missed; empty where it was not.

    Args:
        ratios: parity's time over the loop's.
        has: of each interval of a target over itself, whether it contains 1; as few may as chance allows in 1 of 100.
    """
    far = [r for r in ratios if abs(r - 1) > AIM]
    if far:
        return f"{len(far)} of {len(ratios)} ratios are not within {100 * AIM:g} % of 1"
    missed = has.count(False)
    count, p = len(has), 1 - CONFIDENCE
    chance = sum(comb(count, k) * p**k * (1 - p) ** (count - k) for k in range(missed, count + 1))
    return f"{missed} of {len(has)} intervals leave 1 out, more than chance" if missed and chance < 0.01 else ""


if __name__ == "__main__":
    main()
