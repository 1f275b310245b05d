"""Shapes and dtypes of tensors, and what a weight is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})


def is_float(dtype: str) -> bool:
    """Whether a dtype is a floating one. By its name: NumPy does not count bfloat16 among them."""
    return dtype in FLOATS


class Spec(NamedTuple):
    """Shape and dtype of a tensor in canonical layout: images N C spatial, sequences N T F."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True)
class Weight:
    """A canonical weight.

    Args:
        axes: its axes and gates, as in :mod:`parity.layout`; "1" for an axis of size 1 that may be missing elsewhere.
        shape: one size per axis.
        role: what it is, which decides how random values are drawn: kernel, bias, gamma, beta, mean, variance or table.
        fan_in: number of products summed into one output element (kernels).
    """

    axes: str
    shape: tuple[int, ...]
    role: str = "kernel"
    fan_in: int = 1
