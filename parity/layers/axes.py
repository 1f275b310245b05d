"""Layers that work over one axis or several: the parameter, and bringing those axes to the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np

from parity.errors import BadInput
from parity.layers.sizes import Accepts, axis_of

Axes = Annotated[tuple[int, ...], Accepts(int | tuple[int, ...])]
"""One axis or several; a file may write one number."""
SomeAxes = Annotated[tuple[int, ...] | None, Accepts(int | tuple[int, ...] | None)]
"""The same, or null for all axes."""
LAST: Any = -1
"""Default of Axes: the last one."""


def as_axes(value: Any, name: str = "axes") -> tuple[int, ...]:
    """A tuple of axes from one number or several.

    Raises:
        BadInput: none at all.
    """
    axes = (value,) if isinstance(value, int) else tuple(value)
    if not axes:
        raise BadInput("found no axis, expected one or several", path=name)
    return axes


def axes_of(axes: Sequence[int], rank: int, name: str = "axes") -> tuple[int, ...]:
    """Non-negative axes, in the order in which they are given.

    Raises:
        BadInput: one is out of range, or stands twice.
    """
    found = tuple(axis_of(a, rank, name) for a in axes)
    if len(set(found)) < len(found):
        raise BadInput(f"found {list(axes)}, which is one axis twice: the input has {rank} axes", path=name)
    return found


def ascending(axis: Sequence[int], rank: int) -> tuple[int, ...]:
    """Non-negative axes of a parameter called axis whose order says nothing.

    Raises:
        BadInput: one is out of range or stands twice.
    """
    return tuple(sorted(axes_of(axis, rank, "axis")))


def to_end(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """All axes of that rank, the given ones at the end."""
    return (*(a for a in range(rank) if a not in axes), *axes)


def moved(x: Any, order: tuple[int, ...], transpose: Callable[[Any, tuple[int, ...]], Any]) -> Any:
    """x with its axes in another order, x itself where that is the order already."""
    return x if order == tuple(range(len(order))) else transpose(x, order)


def back(order: Sequence[int]) -> tuple[int, ...]:
    """The order that undoes another one."""
    return tuple(int(a) for a in np.argsort(order))


def rows(F: Any, shape: tuple[int, ...], axes: Sequence[int], apply: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A Chainer callable that applies something to a matrix in which each row has the axes' elements.

    Args:
        F: ``chainer.functions`` of a kit.
        shape: of the input.
        axes: non-negative.
        apply: from (rows, elements) to the same.
    """
    order = to_end(axes, len(shape))
    there = tuple(shape[a] for a in order)
    flat = (-1, math.prod(shape[a] for a in axes))

    def call(v: Any) -> Any:
        v = moved(v, order, F.transpose)
        v = apply(v) if len(there) == 2 and len(axes) == 1 else F.reshape(apply(F.reshape(v, flat)), there)
        return moved(v, back(order), F.transpose)

    return call
