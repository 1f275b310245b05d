"""One layer by its own three rules: value, rounding error, and what errors of its inputs become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parity.layers.base import Layer

Bounds = tuple[np.ndarray | None, ...]
"""Elementwise bounds of errors; None where there is none."""


def as_tuple(value: Any) -> tuple[Any, ...]:
    """What a rule gave, one result or several."""
    return value if isinstance(value, tuple) else (value,)


def values(layer: Layer, kit: Any, inputs: Sequence[np.ndarray], weights: Mapping[str, np.ndarray]) -> tuple:
    """The outputs by the numpy rule."""
    return as_tuple(layer.rule("numpy").fn(layer, kit, *inputs, **weights))


def rounding(
    layer: Layer, kit: Any, ys: tuple, inputs: Sequence[np.ndarray], weights: Mapping[str, np.ndarray], u: float
) -> Bounds:
    """c·u·m of every output; None where the layer is exact."""
    rule = layer.rule("magnitude")
    ms = as_tuple(rule.fn(layer, kit, ys if len(ys) > 1 else ys[0], *inputs, **weights))
    return tuple(None if m is None else rule.c * u * m for m in ms)


def carried(
    layer: Layer,
    kit: Any,
    ys: tuple,
    errors: Sequence[np.ndarray | None],
    inputs: Sequence[np.ndarray],
    weights: Mapping[str, np.ndarray],
) -> Bounds:
    """What errors of the inputs become in every output; None where all inputs are exact."""
    if all(e is None for e in errors):
        return (None,) * len(ys)
    given = [np.zeros(x.shape) if e is None else e for e, x in zip(errors, inputs, strict=True)]
    e = given if len(given) > 1 else given[0]
    return as_tuple(layer.rule("carry").fn(layer, kit, ys if len(ys) > 1 else ys[0], e, *inputs, **weights))


def total(*parts: np.ndarray | None) -> np.ndarray | None:
    """The sum of bounds that are there."""
    there = [p for p in parts if p is not None]
    return sum(there[1:], there[0]) if there else None
