"""What the harness costs a case and target, beyond what the framework itself takes: ``python -m benchmarks.harness``.

Workers are up. The cost of a cell is its wall time from the prepared case to the record on disk, less what the worker
measured inside the framework: build and copy, the run with taps, the run without, and letting go of the network. As a
cross-check two networks written by hand in the framework's own words run in a process of their own, in turns with the
same networks through the harness; there the cost is the difference of the wall times.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from safetensors.numpy import save_file

from benchmarks.bare import BY_HAND, NETWORKS
from parity.case.case import Case, load
from parity.prepare import Prepared
from parity.results import Writer
from parity.session import Session
from parity.targets import ALL, Target, missing
from parity.workers.pool import Pool

INSIDE = ("build", "tap", "run", "release")


def small_cases(count: int) -> list[Case]:
    """The first case of each file of ``cases/layers``, evenly over the files."""
    files = sorted(Path("cases/layers").glob("*.yaml"))
    return [load(files[i * len(files) // count], Path("cases"))[0] for i in range(min(count, len(files)))]


def timed_cell(session: Session, prepared: Prepared, target: Target, writer: Writer) -> tuple[float, float] | None:
    """Milliseconds of the cell, and of those inside the framework; None if nothing ran."""
    start = time.perf_counter()
    record = session.cell(prepared, target)
    writer.add(record)
    whole = time.perf_counter() - start
    if "timings" not in record:
        return None
    return whole * 1e3, sum(v for k, v in record["timings"].items() if k in INSIDE) * 1e3


def shares(
    session: Session, prepared: Sequence[Prepared], target: Target, writer: Writer, rounds: int
) -> list[tuple[float, float]]:
    """(whole, inside) of every cell, after one round that does not count."""
    for p in prepared:
        timed_cell(session, p, target, writer)
    found = [timed_cell(session, p, target, writer) for _ in range(rounds) for p in prepared]
    return [f for f in found if f]


class ByHand:
    """The process in which the networks written by hand run."""

    def __init__(self, target: Target, folder: Path):
        command = [sys.executable, "-m", "benchmarks.bare", target.engine, str(folder)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )

    def round(self) -> dict[str, float]:
        """Milliseconds of each network."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def cross_check(session: Session, target: Target, folder: Path, writer: Writer, rounds: int) -> None:
    """The same networks by hand and through the harness, in turns."""
    ready = {}
    for name, text in NETWORKS.items():
        (folder / f"{name}.yaml").write_text(text)
        [case] = load(folder / f"{name}.yaml")
        ready[name] = session.prepare(case)
        save_file({**ready[name].inputs, **ready[name].weights}, folder / f"{name}.safetensors")
    hand = ByHand(target, folder)
    bare: dict[str, list[float]] = {name: [] for name in ready}
    harness: dict[str, list[float]] = {name: [] for name in ready}
    for i in range(rounds + 2):
        took = hand.round()
        for name, prepared in ready.items():
            cell = timed_cell(session, prepared, target, writer)
            assert cell
            if i > 1:
                bare[name].append(took[name])
                harness[name].append(cell[0])
    hand.close()
    for name in ready:
        by_hand, whole = statistics.median(bare[name]), statistics.median(harness[name])
        print(f"  {target!s:22s}{name:8s}{by_hand:10.2f}{whole:10.2f}{whole - by_hand:10.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20, help="small cases (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="runs of each case (default: %(default)s)")
    options = parser.parse_args()
    cases = small_cases(options.cases)
    here = [t for t in ALL if not missing(t)]
    with tempfile.TemporaryDirectory() as name, Writer(Path(name)) as writer, Session(Pool()) as session:
        prepared, took = [], []
        for case in cases:
            session.prepare(case)
            start = time.perf_counter()
            prepared.append(session.prepare(case))
            took.append((time.perf_counter() - start) * 1e3)
        print(f"{len(cases)} cases, {options.rounds} rounds; milliseconds")
        print(f"preparing a case, once for all targets: median {_two(took)}\n")
        print(f"  {'target':22s}{'whole':>18s}{'framework':>18s}{'cost':>18s}{'largest':>10s}\n{'median / mean':>42s}")
        for target in here:
            cells = shares(session, prepared, target, writer, options.rounds)
            cost = [whole - inside for whole, inside in cells]
            columns = ([w for w, _ in cells], [i for _, i in cells], cost)
            print(f"  {target!s:22s}" + "".join(f"{_two(c):>18s}" for c in columns) + f"{max(cost):10.2f}", flush=True)
        print(f"\n  {'against by hand':22s}{'network':8s}{'by hand':>10s}{'harness':>10s}{'cost':>10s}")
        for target in here:
            if target.engine in BY_HAND:
                cross_check(session, target, Path(name), writer, 5 * options.rounds)


def _two(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} / {statistics.mean(values):.2f}"


if __name__ == "__main__":
    main()
