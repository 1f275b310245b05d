"""The kits: what a layer's rule is handed in each dialect. No kit imports a framework; engines hand theirs in."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity.layers.spec import is_float
from parity.precision import SMALLEST, rounded


def parts(value: Any, n: int) -> tuple[Any, ...]:
    """The n results of one call, taken by index, which a recorded call can follow.

    Raises:
        ValueError: a tuple or list of another length.
    """
    if isinstance(value, list | tuple) and len(value) != n:
        raise ValueError(f"a call gave {len(value)} results, {n} are declared")
    return tuple(value[i] for i in range(n))


def as_floats(array: np.ndarray | np.generic, floats: str) -> np.ndarray:
    """A constant of a rule, its floats in the network's own dtype, to which they are rounded here and nowhere else.

    Args:
        array: float64, or integers or booleans, which stay as they are.
        floats: the dtype.

    Raises:
        TypeError: floats of another type: they would have been rounded before, and be inexact in float64.
    """
    if not is_float(array.dtype.name):
        return np.asarray(array)
    if array.dtype != np.float64:
        found = f"a rule gave a constant of {array.dtype.name}"
        raise TypeError(f"{found}; float64 is accepted, as np.float64({array.flat[0]:.4g}): the kit rounds it")
    return rounded(np.asarray(array), floats)


class HasFloats:
    """What kits have in common that hand a rule its framework.

    Attributes:
        np: NumPy, or what stands for it: constants are its arrays.
        floats: dtype of the network's floats.
    """

    np: Any
    floats: str

    def const(self, array: np.ndarray) -> Any:
        """A constant that is no weight: integers, booleans, or float64, which becomes the network's dtype."""
        return self.np.asarray(as_floats(array, self.floats))

    @property
    def smallest(self) -> float:
        """The smallest normal number of the network's dtype."""
        return SMALLEST[self.floats]

    def dtype(self, name: str) -> str:
        """The dtype that a layer calls so."""
        return self.floats if name == "float32" else name
