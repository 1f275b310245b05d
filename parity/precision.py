"""Precisions: what weights are rounded to, what tensors are made of, and how large a rounding error is there.

A precision is the last part of a target's name, ``keras-jax@cpu:float16``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from parity.layers.spec import Weight, is_float

KEPT = frozenset({"gamma", "beta", "mean", "variance"})
"""Roles of weights that a mixed precision leaves in float32: those of normalisations, which compute in float32."""
ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "tf32": 2.0**-11, "float16": 2.0**-11, "bfloat16": 2.0**-8}
"""Unit roundoff: half the distance from 1 to the next number. TensorFloat-32 has float16's 10 bits of fraction."""
SMALLEST = {"float64": 2.0**-1022, "float32": 2.0**-126, "float16": 2.0**-14, "bfloat16": 2.0**-126}
"""The smallest normal number; what is below loses digits, or all of itself."""
LARGEST = {"float64": 1.7976931348623157e308, "float32": 3.4028234663852886e38, "float16": 65504.0,
           "bfloat16": 3.3895313892515355e38}  # fmt: skip
"""The largest finite number."""


@dataclass(frozen=True)
class Precision:
    """How a network is computed.

    Args:
        name: as in a target.
        weights: dtype that weights are rounded to.
        tensors: dtype of inputs, outputs and everything between two layers.
        held: dtype in which a framework gets its weights.
        mixed: normalisations keep their weights (roles :data:`KEPT`), and the framework rounds the others by itself.
        products: the type in which the factors of a product are taken, where that is not the tensors'.
    """

    name: str
    weights: str
    tensors: str
    held: str
    mixed: bool = False
    products: str | None = None

    @property
    def u(self) -> float:
        """Unit roundoff of a layer's arithmetic. In float64 the reference rounds as much as the engine: twice."""
        return 2 * ROUNDOFF["float64"] if self.tensors == "float64" else ROUNDOFF[self.tensors]

    @property
    def multiplies(self) -> str:
        """The type of the factors of products."""
        return self.products or self.tensors

    @property
    def u_products(self) -> float:
        """Unit roundoff of the factors of products."""
        return ROUNDOFF[self.products] if self.products else self.u

    @property
    def tiny(self) -> float:
        """What is added to every bound that is not exact: a result below the smallest normal number may be lost.

        Not so in float16, whose numbers below 6e-5 are in use: there it is the rounding of those alone. An engine that
        flushes them to zero is beyond its bound, and the diagnosis says why.
        """
        return _TINY[self.tensors]

    @property
    def is_half(self) -> bool:
        """Whether tensors have 16 bits."""
        return self.tensors in HALVES

    def sent(self, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Weights as a framework gets them: rounded unless it does that by itself, in the type in which it holds them.

        Args:
            weights: name → float32.
        """
        rounds = "float32" if self.mixed else self.weights
        return {k: rounded(rounded(w, rounds), self.held) for k, w in weights.items()}

    def effective(self, weights: Mapping[str, np.ndarray], declared: Mapping[str, Weight]) -> dict[str, np.ndarray]:
        """Weights as the layers see them, in float64.

        Args:
            weights: name → float32.
            declared: name → what it is; its role decides whether a mixed precision keeps it.
        """
        return {
            k: (w if self.mixed and declared[k].role in KEPT else rounded(w, self.weights)).astype(np.float64)
            for k, w in weights.items()
        }


HALVES = ("float16", "bfloat16")
_TINY = {"float64": 2.0**-1021, "float32": 2.0**-125, "float16": 2.0**-23, "bfloat16": 2.0**-125}
PRECISIONS = {
    p.name: p
    for p in (
        Precision("float32", "float32", "float32", "float32"),
        Precision("float64", "float32", "float64", "float64"),
        *(Precision(h, h, h, h) for h in HALVES),
        *(Precision(f"storage_{h}", h, "float32", "float32") for h in HALVES),
        *(Precision(f"mixed_{h}", h, h, "float32", mixed=True) for h in HALVES),
        Precision("tf32", "float32", "float32", "float32", products="tf32"),
    )
}
"""Name → precision. Mixed ones are named as Keras's policies; Chainer calls its own ``mixed16``."""
FLOAT32 = PRECISIONS["float32"]


def numpy_dtype(name: str) -> np.dtype:
    """NumPy's dtype; bfloat16 is that of ml_dtypes."""
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    """Floats rounded to the nearest number of a type, ties to even, overflowing to infinity; others as they are.

    Args:
        array: any dtype.
        dtype: float16, bfloat16, float32 or float64.
    """
    wanted = numpy_dtype(dtype)
    if array.dtype == wanted or not is_float(array.dtype.name):
        return array
    with np.errstate(over="ignore", under="ignore"):
        return array.astype(wanted)


def significant(array: np.ndarray, bits: int, whole: Callable[[np.ndarray], np.ndarray] = np.rint) -> np.ndarray:
    """Floats with so many significant bits, as TensorFloat-32 (11) has them in the range of float32.

    Args:
        array: float64.
        bits: the leading one among them.
        whole: how to a whole number of the last bit: ``np.rint``, to the nearest and ties to even, or ``np.trunc``.
    """
    fraction, exponent = np.frexp(array)
    return np.ldexp(whole(np.ldexp(fraction, bits)), exponent - bits)
