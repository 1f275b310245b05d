"""What parity's call costs beside one written by hand, call by call in one process: ``python -m benchmarks.beside``.

Where benchmarks.fidelity compares processes, and so needs a quiet machine, this compares the calls alone: both networks
live in one process, and a call of one is followed by a call of the other. Low quantiles are what a busy machine leaves
of either.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.loops import BY_HAND, NETWORKS
from parity.case.case import load
from parity.engines.base import to_targets
from parity.lower import lowered
from parity.prepare import prepare
from parity.targets import Target, missing
from parity.workers.worker import start


def compare(engine_name: str, network: str, seconds: float) -> str:
    """A row: the ratio of three quantiles, and the median by hand."""
    engine = start(engine_name, "cpu")
    with tempfile.TemporaryDirectory() as name:
        (file := Path(name) / f"{network}.yaml").write_text(NETWORKS[network])
        prepared = prepare(load(file)[0], Path(name))
        graph = lowered(replace(prepared.graph, tapped=prepared.graph.outputs), engine.dialect)
        model = engine.build(graph, to_targets(graph, engine.dialect, prepared.weights))
        parity = model.ready(prepared.inputs)
        with BY_HAND[engine_name](network, {**prepared.inputs, **prepared.weights}) as hand:
            both = (parity, hand)
            for call in both * 20:
                call()
            samples: tuple[list[float], list[float]] = ([], [])
            gc.collect()
            gc.disable()
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                for i in (0, 1) if len(samples[0]) % 2 else (1, 0):
                    begin = time.perf_counter()
                    both[i]()
                    samples[i].append(time.perf_counter() - begin)
            gc.enable()
    a, b = (np.quantile(s, (0.1, 0.25, 0.5)) for s in samples)
    ratios = "".join(f"{r:9.3f}" for r in a / b)
    return f"  {engine_name:18s}{network:8s}{ratios}{b[2] * 1e3:12.3f} ms{len(samples[0]):10,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default=",".join(BY_HAND), help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each comparison (default: %(default)s)")
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "NETWORK"), help="this comparison, in this process")
    options = parser.parse_args()
    if options.one:
        print(compare(*options.one, options.seconds), flush=True)
        return
    print(f"  {'parity ÷ by hand':26s}{'10 %':>9s}{'25 %':>9s}{'median':>9s}{'by hand':>15s}{'calls':>10s}", flush=True)
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    flags = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for engine in [e for e in options.engines.split(",") if not missing(Target(e))]:
        for network in NETWORKS:
            command = [sys.executable, "-m", "benchmarks.beside", "--seconds", str(options.seconds)]
            env = os.environ | single | flags
            subprocess.run([*command, "--one", engine, network], env=env, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
