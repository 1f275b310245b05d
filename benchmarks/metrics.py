"""All figures of a comparison against np.allclose on the same arrays: ``python -m benchmarks.metrics``.

Contenders take turns, so that whatever else the machine does hits all alike; medians are printed. Extra memory is the
peak that NumPy allocates during a run of its own, arrays compared not counted.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from parity.judge.metrics import compare


def peak_mb(work: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def turns(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender, sorted: one run of each a round, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for i in range(rounds + 1):
        for name, work in contenders.items():
            start = time.perf_counter()
            work()
            if i:
                seconds[name].append(time.perf_counter() - start)
    return {name: sorted(values) for name, values in seconds.items()}


def arrays(shape: tuple[int, ...], reference: type) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal draws, an actual with errors as sums of a few hundred terms have them, and a bound of the same size."""
    rng = np.random.default_rng(0)
    r = rng.standard_normal(shape, dtype=np.float32)
    a = r + rng.standard_normal(shape, dtype=np.float32) * np.float32(2e-7)
    b = np.abs(r) * np.float32(2e-7) + np.float32(2e-6)
    return a, r.astype(reference, copy=False), b


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, default=64, help="millions of elements (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    n = options.millions
    cases = [
        ("1000 classes, reference float32", (1000 * n, 1000), np.float32),
        ("1000 classes, reference float64", (1000 * n, 1000), np.float64),
        ("images of 80 channels, reference float32", (n, 80, 100, 125), np.float32),
        ("images of 4 channels, reference float32", (n, 4, 500, 500), np.float32),
    ]
    for title, shape, reference in cases:
        a, r, b = arrays(shape, reference)
        contenders: dict[str, Callable[[], object]] = {
            "np.allclose": lambda a=a, r=r: np.allclose(a, r),
            "compare": lambda a=a, r=r: compare(a, r),
            "compare with bound": lambda a=a, r=r, b=b: compare(a, r, b),
            "compare with bound, equal arrays": lambda a=a, b=b: compare(a, a, b),
        }
        print(f"{title:42s}{'median s':>9s}{'Melem/s':>9s}{'ratio':>7s}{'best s':>9s}{'ratio':>7s}{'extra MB':>10s}")
        seconds = turns(contenders, options.rounds)
        base = seconds["np.allclose"]
        for name, work in contenders.items():
            median, best = statistics.median(seconds[name]), seconds[name][0]
            print(
                f"  {name:40s}{median:9.3f}{a.size / median / 1e6:9.0f}{median / statistics.median(base):7.2f}"
                f"{best:9.3f}{best / base[0]:7.2f}{peak_mb(work):10.1f}",
                flush=True,
            )
    a, r, b = arrays((10, 10), np.float64)
    small = turns({"np.allclose": lambda: np.allclose(a, r), "compare with bound": lambda: compare(a, r, b)}, 1000)
    print("10 x 10 elements: " + ", ".join(f"{k} {statistics.median(v) * 1e6:.0f} µs" for k, v in small.items()))


if __name__ == "__main__":
    main()
