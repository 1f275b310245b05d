"""Whether a network was computed in the precision that was asked for, told from its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import EXACT, Format, as_type, kept_roles
from parity.measure.precision.loss import as_float, relative
from parity.precision import HALVES, Precision

CAUGHT, BELIEVED = 1 / 3, 1 / 2
"""Of what rounding between the layers changes: an engine within the first of float32 does without it; one within the
second of the emulation that rounds does as that."""
SEEN = 2.0**-20
"""Relative change that rounding between the layers must make, well above what float32 loses by itself."""
FEW = 3
"""Elements that must differ before anything is told."""


def computed(
    emulator: Emulator, precision: Precision, outputs: Mapping[str, np.ndarray], half: str = ""
) -> dict[str, Any]:
    """Compare an engine's outputs with two emulations: one rounds every tensor, one only what goes in and comes out.

    Args:
        outputs: of a run without taps, which would round by being returned.
        half: the half precision that is thought of; by default that of the weights.

    Returns:
        ``asked``, ``seen``: a type, None where the two cannot be told apart; ``why``, a sentence.
    """
    asked, half = precision.tensors, half or precision.weights
    if half not in HALVES:
        return {"asked": asked, "seen": None, "why": "told of half precision only; the verdict judges the others"}
    kept = kept_roles(precision)
    inside = emulator.full(Format(half, half, half, kept)).tensors
    outside_form = Format(half, half if asked == half else EXACT, kept=kept)
    outside = emulator.full(outside_form).tensors
    gap = near_inside = near_outside = 0.0
    different = 0
    for name, actual in outputs.items():
        exact = emulator.exact.tensors[name]
        if exact.dtype.kind != "f" or actual.shape != exact.shape:
            continue
        given = actual.dtype.name
        a, b = (as_type(t[name], given) for t in (inside, outside))
        different += int(np.count_nonzero(a != b))
        gap = math.hypot(gap, relative(a, b, exact))
        near_inside = math.hypot(near_inside, relative(as_float(actual), a, exact))
        near_outside = math.hypot(near_outside, relative(as_float(actual), b, exact))
    if different < FEW or not SEEN <= gap < math.inf:
        why = f"rounding between the layers changes {different} numbers, {gap:.2g} of the output: nothing can be told"
        return {"asked": asked, "seen": None, "why": why}
    return {"asked": asked} | _told(near_outside / gap, near_inside / gap, half)


def _told(outside: float, inside: float, half: str) -> dict[str, Any]:
    """What two distances say, both in units of the change that rounding between the layers makes."""
    figures = f"the outputs are {outside:.2g} of that change from float32 between the layers, {inside:.2g} from {half}"
    if outside <= CAUGHT:
        return {"seen": "float32", "why": f"{figures}: tensors are not rounded"}
    if inside <= BELIEVED:
        return {"seen": half, "why": f"{figures}: tensors are rounded"}
    return {
        "seen": None,
        "why": f"{figures}: it rounds elsewhere too (sums, fused layers, steps), which hides the rest",
    }
