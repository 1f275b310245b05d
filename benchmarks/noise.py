"""How often an error seems to change that only fell otherwise: ``python -m benchmarks.noise --seeds 8``.

Cases are run with other inputs and weights, seed by seed, on every target that is here. Two seeds of a case on a target
are two runs between which nothing changed but how roundings fall, and what :func:`parity.changes.noise.shift` says of
them is a false alarm. It is a hard test: runs of the same numbers have the data in common, these have not. As a
contrast, engines are compared with one another on the same numbers: there the algorithms differ.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parity.calibrate.variants import Variant, variants
from parity.case.case import load
from parity.changes.noise import shift
from parity.results import Record
from parity.session import Session
from parity.targets import ALL, missing
from parity.workers.pool import Pool

LARGE = 300_000
"""Parameters beyond which a network is left out, for time."""
LOOKED_AT = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Sizes, relative to the limit, beyond which changes are counted."""


class Kept:
    """Keeps what is compared of cells that passed; stands in for a writer of results."""

    def __init__(self):
        self.cells: dict[tuple[str, str], dict[int, Record]] = defaultdict(dict)

    def add(self, record: Record) -> None:
        if record["kind"] == "cell" and record["verdict"] in ("equal", "rounding"):
            case, _, _, seed = record["case"].rsplit(" ", 3)
            self.cells[case, record["target"]][int(seed)] = {k: record.get(k) for k in ("layers", "final", "probe")}


def plan(seeds: int, a_file: int) -> list[Variant]:
    """The first cases of each file of layers and networks, each with so many seeds."""
    files = [f for folder in ("layers", "networks") for f in sorted(Path("cases", folder).glob("*.yaml"))]
    cases = [c for f in files for c in load(f, Path("cases"))[:a_file] if c.graph.parameter_count < LARGE]
    return list(variants(cases, seeds, ("normal",), ("drawn",)))


def size(old: Record, new: Record) -> float:
    found = shift(old, new, least=0.0)
    return found.size if found else 0.0


def without_spread(cell: Record) -> Record:
    """As results were before they told how errors are distributed; ‖d‖ relative to ‖y‖, since other data are larger."""

    def bare(finding: dict[str, Any]) -> dict[str, Any]:
        metrics = finding["metrics"]
        return {"tensor": finding["tensor"], "metrics": metrics and metrics | {"rms": metrics["rel_l2"]}}

    return {part: [bare(f) for f in cell.get(part) or ()] for part in ("layers", "final")}


def same(kept: Kept) -> Iterator[tuple[Record, Record]]:
    for by_seed in kept.cells.values():
        yield from itertools.combinations([by_seed[s] for s in sorted(by_seed)], 2)


def others(kept: Kept) -> Iterator[tuple[str, Record, Record]]:
    by_case: dict[str, dict[str, Record]] = defaultdict(dict)
    for (case, target), by_seed in kept.cells.items():
        if 1 in by_seed:
            by_case[case][target] = by_seed[1]
    for by_target in by_case.values():
        for a, b in itertools.combinations(sorted(by_target), 2):
            yield f"{a} and {b}", by_target[a], by_target[b]


def table(title: str, sizes: list[float]) -> None:
    counts = "  ".join(f"> {limit}: {sum(s > limit for s in sizes)}" for limit in LOOKED_AT)
    print(f"{title}, {len(sizes):,} pairs of cells; largest {max(sizes, default=0.0):.2f} of the limit; {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--cases", type=int, default=2, help="of each file")
    parser.add_argument("--seconds", type=float, default=None, help="after which no cell is begun")
    args = parser.parse_args()
    kept, targets = Kept(), [t for t in ALL if t.device == "cpu" and missing(t) is None]
    with Session(Pool(), 2) as session:
        session.run(plan(args.seeds, args.cases), targets, kept, seconds=args.seconds)
    pairs = list(same(kept))
    table("other seeds", [size(a, b) for a, b in pairs])
    table("other seeds, without spreads", [size(without_spread(a), without_spread(b)) for a, b in pairs])
    told: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for name, a, b in others(kept):
        seen[name] += 1
        told[name] += size(a, b) >= 1
    for name in sorted(seen):
        print(f"{name}: {told[name]} of {seen[name]} cases beyond noise")


if __name__ == "__main__":
    main()
