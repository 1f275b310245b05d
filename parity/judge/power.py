"""What a case would notice: the share of its weights whose change would exceed a bound. From the reference alone.

To first order, a change of a weight w by p·w moves an output y by p·w·∂y/∂w; it would be noticed if that exceeds the
bound of some y that is compared. The engine's own rounding adds to it or takes from it, less than one bound: a change
that exceeds two is sure to be noticed, one between is likely to be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.judge.bound import Reference
from parity.judge.effects import Reach, joined, reaches

CHANGES = (0.001, 0.01, 0.1)
"""Relative changes of a weight that shares are given for."""
USUAL = 0.01
"""The one that counts."""
ENOUGH = 0.95
"""Share below which a case is weak."""
FIRST = 5
"""Dead weights whose place is told."""
Z = 1.959963984540054
"""Quantile of the standard normal distribution for an interval of 95%."""


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95% interval of a share of which a sample is known (Wilson 1927). Of none: 0 to 1."""
    if count == 0:
        return 0.0, 1.0
    share, z2 = hits / count, Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def power(reaches: Mapping[str, Reach]) -> dict[str, Any]:
    """Figures of all weights together and of each.

    Returns:
        ``0.001``, ``0.01``, ``0.1``: share of the weights whose change by that much would be noticed. ``weights``: how
        many there are. ``exact``: whether all were looked at; ``looked_at``: how many. ``interval``: 95%, of the share
        at 1%, each sampled weight's Wilson interval by its size; the share twice where all were. ``each``: weight name
        → share at 1%. ``dead``: weight name → ``count`` of elements that could be 0 without notice, among those looked
        at (``of``), and the ``first`` of their indices; only weights with such elements.
    """
    total = sum(math.prod(r.shape) for r in reaches.values())
    shares, interval = dict.fromkeys(CHANGES, 0.0), [0.0, 0.0]
    each, dead = {}, {}
    for name, reach in reaches.items():
        size, count = math.prod(reach.shape), max(1, reach.ratios.size)
        for change in CHANGES:
            shares[change] += size / total * np.count_nonzero(reach.ratios * change > 1) / count
        hits = int(np.count_nonzero(reach.ratios * USUAL > 1))
        each[name] = _rounded(hits / count)
        low, high = (hits / count,) * 2 if reach.indices is None else wilson(hits, reach.ratios.size)
        interval = [interval[0] + low * size / total, interval[1] + high * size / total]
        if len(silent := np.flatnonzero(reach.ratios <= 1)):
            places = silent if reach.indices is None else np.sort(reach.indices[silent])
            first = [[int(i) for i in np.unravel_index(k, reach.shape)] for k in places[:FIRST]]
            dead[name] = {"count": len(silent), "of": reach.ratios.size, "first": first}
    return {
        **{f"{change:g}": _rounded(share) for change, share in shares.items()},
        "weights": total,
        "exact": all(r.indices is None for r in reaches.values()),
        "looked_at": sum(r.ratios.size for r in reaches.values()),
        "interval": [_rounded(v) for v in interval],
        "each": each,
        "dead": dead,
    }


def noticed(reference: Reference, probe: Reference | None) -> dict[str, Any]:
    """What a case would notice of wrong weights.

    Args:
        probe: its layers by themselves, where it runs them.

    Returns:
        ``power``: as :func:`power`, of whichever notices more; in it ``probe``: whether there is one, and ``alone``:
        the share at 1% without it. ``weak``: whether the share at 1% is below 95%. Nothing for a network that has no
        weights.
    """
    own = reaches(reference)
    if not own:
        return {}
    alone = power(own)
    found = power(joined(own, reaches(probe))) if probe else alone
    usual = f"{USUAL:g}"
    return {"power": found | {"probe": bool(probe), "alone": alone[usual]}, "weak": found[usual] < ENOUGH}


def _rounded(share: float) -> float:
    """To a millionth, but never up to 1: one weight in many millions that goes unseen is not none."""
    return 1.0 if share >= 1 - 1e-12 else min(round(float(share), 6), 0.999999)
