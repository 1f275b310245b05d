"""Whether a network was computed in the precision that was asked for, told from its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.measure.precision.emulate import Arrays, Emulator
from parity.measure.precision.folded import folded
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
    outside_form = Format(half, half if asked == half else EXACT, kept=kept)
    inside = emulator.full(Format(half, half, half, kept)).tensors
    outside = emulator.full(outside_form).tensors
    there = [k for k, v in outputs.items() if _comparable(v, emulator.exact.tensors[k])]

    def far(found: Arrays, other: Arrays) -> float:
        """Distance of some outputs from others, rounded to the type of what the engine gave."""
        total = 0.0
        for k in there:
            given, exact = outputs[k].dtype.name, emulator.exact.tensors[k]
            total = math.hypot(total, relative(as_float(found[k]), as_type(other[k], given), exact))
        return total

    rounds = {k: as_type(inside[k], outputs[k].dtype.name) for k in there}
    gap = far(rounds, outside)
    different = sum(int(np.count_nonzero(v != as_type(outside[k], outputs[k].dtype.name))) for k, v in rounds.items())
    if different < FEW or not SEEN <= gap < math.inf:
        why = f"rounding between the layers changes {different} numbers, {gap:.2g} of the output: nothing can be told"
        return {"asked": asked, "seen": None, "why": why}
    from_outside, from_inside = far(outputs, outside) / gap, far(outputs, inside) / gap
    figures = (
        f"in units of what rounding between the layers changes, the outputs are {from_outside:.2g} from float32 there, "
        f"{from_inside:.2g} from {half}"
    )
    if from_outside <= CAUGHT:
        return {"asked": asked, "seen": "float32", "why": f"{figures}: tensors are not rounded"}
    if from_inside <= BELIEVED:
        return {"asked": asked, "seen": half, "why": f"{figures}: tensors are rounded"}
    if asked == half and (other := folded(emulator, outside_form, half)):
        from_folded = far(outputs, other.full(Format(inputs=half)).tensors) / gap
        if from_folded <= CAUGHT:
            why = (
                f"{figures}, {from_folded:.2g} from float32 with BatchNorm folded in {half}: weights are rounded again"
            )
            return {"asked": asked, "seen": "float32", "why": f"{why}, tensors are not"}
    why = f"{figures}: it rounds elsewhere too (sums, fused layers, steps), which hides the rest"
    return {"asked": asked, "seen": None, "why": why}


def _comparable(actual: np.ndarray, exact: np.ndarray) -> bool:
    return exact.dtype.kind == "f" and actual.shape == exact.shape
