"""Whether an engine gives the same result again, bit for bit: the same network on the same inputs, several times."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


def repeated(run: Callable[[], Arrays], first: Arrays, times: int) -> dict[str, Any]:
    """Run again and compare with the first result.

    Args:
        run: the network without taps.
        first: what it gave before.
        times: how many runs more.

    Returns:
        ``runs``: how many results were compared, the first among them; ``distinct``: how many of them differ from each
        other in any bit, 1 where all are the same; ``max_abs``: the largest difference of an element from the first
        result, "inf" where one is finite and the other not, or shapes differ.
    """
    seen, worst = {_digest(first)}, 0.0
    for _ in range(times):
        again = run()
        seen.add(_digest(again))
        worst = max([worst, *(_difference(again[name], array) for name, array in first.items())])
    return {"runs": times + 1, "distinct": len(seen), "max_abs": worst if math.isfinite(worst) else "inf"}


def _digest(arrays: Arrays) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        found.update(f"{name} {array.dtype} {array.shape} ".encode() + array.tobytes())
    return found.hexdigest()


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape != b.shape:
        return math.inf
    if not a.size:
        return 0.0
    one, other = a.astype(np.float64), b.astype(np.float64)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(one - other))
    return float(np.nan_to_num(apart, nan=math.inf, posinf=math.inf).max())
