"""Precisions: what weights and tensors are rounded to, and the unit roundoff of the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Precision:
    """How a network is computed.

    Args:
        name: as in a target's name.
        weights: dtype that weights are rounded to.
        tensors: dtype of the tensors between layers.
        roundoff: unit roundoff u of the arithmetic.
    """

    name: str
    weights: str
    tensors: str
    roundoff: float


PRECISIONS = {
    p.name: p
    for p in (
        Precision("float32", "float32", "float32", 2.0**-24),
        Precision("float64", "float64", "float64", 2.0**-53),
        Precision("float16", "float16", "float16", 2.0**-11),
        Precision("bfloat16", "bfloat16", "bfloat16", 2.0**-8),
        Precision("storage_float16", "float16", "float32", 2.0**-24),
        Precision("storage_bfloat16", "bfloat16", "float32", 2.0**-24),
        Precision("mixed_float16", "float16", "float16", 2.0**-11),
        Precision("mixed_bfloat16", "bfloat16", "bfloat16", 2.0**-8),
        Precision("tf32", "float32", "float32", 2.0**-11),
    )
}


def rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    """A float array as float16 or bfloat16; others as they are."""
    if array.dtype.kind != "f" or dtype not in ("float16", "bfloat16"):
        return array
    if dtype == "bfloat16":
        import ml_dtypes

        return array.astype(ml_dtypes.bfloat16)
    with np.errstate(over="ignore"):
        return array.astype(np.float16)
