"""One layer by its own three rules: value, rounding error, and what errors of its inputs become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parity.layers.base import Layer, Rule

Bounds = tuple[np.ndarray | None, ...]
"""Elementwise bounds of errors; None where there is none."""


def as_tuple(value: Any) -> tuple[Any, ...]:
    """What a rule gave, one result or several."""
    return value if isinstance(value, tuple) else (value,)


def values(layer: Layer, kit: Any, inputs: Sequence[np.ndarray], weights: Mapping[str, np.ndarray]) -> tuple:
    """The outputs by the numpy rule."""
    return as_tuple(layer.rule("numpy").fn(layer, kit, *inputs, **weights))


def rounding(
    layer: Layer, kit: Any, ys: tuple, inputs: Sequence[np.ndarray], weights: Mapping[str, np.ndarray]
) -> Bounds:
    """c·u·m of every output; None where the layer is exact.

    Where a layer with 16-bit tensors computes in 32 bits and rounds what comes out, its rule ``half`` has the magnitude
    of that rounding, and the bound is this one and float32's.
    """

    def by(rule: Rule, n: Any) -> Bounds:
        ms = as_tuple(rule.fn(layer, n, ys if len(ys) > 1 else ys[0], *inputs, **weights))
        return tuple(None if m is None else rule.c * n.u * m for m in ms)

    kit = kit.of(layer)
    if kit.inside and layer.has("half"):
        outer, inner = by(layer.rule("half"), kit), by(layer.rule("magnitude"), kit.inside)
        return tuple(total(o, i) for o, i in zip(outer, inner, strict=True))
    return by(layer.rule("magnitude"), kit)


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
