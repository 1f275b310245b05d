"""The kits: what a layer's rule is handed in each dialect. No kit imports a framework; engines hand theirs in."""

from __future__ import annotations

from typing import Any

import numpy as np


def parts(value: Any, n: int) -> tuple[Any, ...]:
    """The n results of one call, taken by index, which a recorded call can follow.

    Raises:
        ValueError: a tuple or list of another length.
    """
    if isinstance(value, list | tuple) and len(value) != n:
        raise ValueError(f"a call gave {len(value)} results, {n} are declared")
    return tuple(value[i] for i in range(n))


def as_floats(array: np.ndarray | np.generic, floats: str) -> np.ndarray | np.generic:
    """A constant of a rule in the network's own dtype, where it is one of float32."""
    if floats == "float32" or array.dtype != np.float32:
        return array
    with np.errstate(over="ignore", under="ignore"):
        return array.astype(np.dtype(floats))  # the worker has imported ml_dtypes, where it is bfloat16
