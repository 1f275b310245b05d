"""Largest error ÷ (u·m) of every layer on every engine, over regimes and seeds: ``python -m benchmarks.calibrate``.

The constant c of a layer's bound c·u·m is about twice what this finds. Local errors are measured, as a verdict does:
the float64 rule on the engine's own inputs against the engine's output. Layers that stand alone between two taps count.

    python -m benchmarks.calibrate cases/layers/gelu.yaml --seeds 3 --targets "keras-*,onnxruntime"
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from parity.case.case import Case, find, load
from parity.judge.bound import Reference
from parity.judge.regimes import REGIMES, inputs_of
from parity.layers import Layer
from parity.prepare import Prepared, prepare
from parity.session import Session
from parity.targets import ALL, Target, select
from parity.workers.pool import Pool


def inputs(case: Case, regime: str, seed: int) -> dict[str, np.ndarray]:
    """The case's inputs, floats drawn anew for the layer that reads them first."""
    made = {}
    for name, array in case.inputs().items():
        reader = next((n for n in case.graph.nodes if name in n.inputs), None)
        if reader is not None and array.dtype.kind == "f":
            specs = case.graph.input_specs(reader)
            array = inputs_of(reader.layer, specs, regime, seed, case.id)[reader.inputs.index(name)]
        made[name] = array
    return made


def varied(case: Case, folder: Path, regime: str, seed: int) -> Prepared:
    """The case on other inputs and other weights."""
    spec = case.spec.model_copy(update={"seed": seed})
    renamed = dataclasses.replace(case, id=f"{case.id}-{regime}-{seed}", spec=spec)
    base = prepare(renamed, folder)
    given = inputs(renamed, regime, seed)
    return dataclasses.replace(base, inputs=given, reference=Reference.of(case.graph, given, base.weights))


def measure(cases: Sequence[Case], targets: Sequence[Target], regimes: Sequence[str], seeds: int) -> dict:
    """(layer, engine) → {regime: largest error ÷ (u·m)}; ``nan`` stands for a verdict without a figure."""
    found: dict = collections.defaultdict(lambda: collections.defaultdict(float))
    with tempfile.TemporaryDirectory() as folder, Session(Pool()) as session:
        for case in cases:
            kinds = {n.name: n.layer for n in case.graph.nodes}
            for seed in range(1, seeds + 1):
                for regime in regimes:
                    prepared = varied(case, Path(folder), regime, seed)
                    for target in targets:
                        record = session.cell(prepared, target)
                        if "layers" not in record:
                            if record["verdict"] not in ("unsupported", "skipped"):
                                print(f"{prepared.case.id} {target}: {record['verdict']}: {record['message']}")
                            continue
                        for finding in record["layers"]:
                            if len(finding["nodes"]) > 1:
                                continue
                            layer = kinds[finding["nodes"][0]]
                            metrics, c = finding["metrics"], layer.rule("magnitude").c or 1.0
                            ratio = float(metrics["bound_ratio"]) * c if metrics else math.nan
                            at = found[type(layer).__name__, target.engine]
                            at[regime] = max(at[regime], ratio) if not math.isnan(ratio) else ratio
                            if ratio > c or math.isnan(ratio):
                                print(f"{prepared.case.id} {target}: {ratio:.3g}: {finding['message']}", flush=True)
    return found


def main() -> None:
    """Print a line for each layer: its constant, and the largest ratio with its regime for each engine."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, default=[Path("cases/layers")], help="case files or folders")
    parser.add_argument("--seeds", type=int, default=1, help="draws of inputs and weights")
    parser.add_argument("--targets", default="*", help="targets, with commas between")
    parser.add_argument("--regimes", default=",".join(REGIMES), help="regimes, with commas between")
    options = parser.parse_args()
    cases = [case for file, root in find(options.paths) for case in load(file, root)]
    targets = select(options.targets.split(",")) if options.targets != "*" else ALL
    found = measure(cases, targets, options.regimes.split(","), options.seeds)
    for name in sorted({layer for layer, _ in found}):
        constants = sorted({rule.c for rule in Layer.registry[name]._lookup("rules", "magnitude")})
        cells = []
        for target in targets:
            at = found.get((name, target.engine))
            worst = max(at, key=lambda r: at[r]) if at else ""
            cells.append(f"{target.engine} {at[worst]:.3g} ({worst})" if at else f"{target.engine} –")
        print(f"{name}: c = {constants}: " + "; ".join(cells))


if __name__ == "__main__":
    main()
