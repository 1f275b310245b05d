"""Sizes as layers take them: types of parameters, checks, and the arithmetic of windows."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Gt

from parity.errors import BadInput
from parity.layers.base import Spec

Positive = Annotated[int, Gt(0)]
Natural = Annotated[int, Ge(0)]


class Accepts:
    """What a case file may write for a parameter that is more regular inside: a type for validation and for the schema.

    Args:
        written: the type of the file's value; ``__post_init__`` of the layer makes the regular one of it.
    """

    def __init__(self, written: Any):
        self.written = written

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Called by pydantic, which is not imported here."""
        return handler.generate_schema(self.written)


Sizes = Annotated[tuple[int, ...], Accepts(Positive | tuple[Positive, ...])]
"""One number per spatial axis; a file may write one number for all of them."""
Counts = Annotated[tuple[int, ...], Accepts(Natural | tuple[Natural, ...])]
"""The same, zero allowed."""
Pads = Annotated[tuple[tuple[int, int], ...], Accepts(Natural | tuple[Natural | tuple[Natural, Natural], ...])]
"""(begin, end) per spatial axis; a file may write one number, or one per axis."""
ONE: Any = 1
"""Default of Sizes: one everywhere."""
ZERO: Any = 0
"""Default of Counts and Pads: none anywhere."""


def per_axis(value: Any, nd: int, name: str) -> tuple[int, ...]:
    """One number per spatial axis from one number or a list.

    Raises:
        BadInput: the list has another length.
    """
    sizes = (value,) * nd if isinstance(value, int) else tuple(value)
    if len(sizes) != nd:
        raise BadInput(f"found {list(sizes)}, expected one number or a list of {nd}", path=name)
    return sizes


def pads_per_axis(value: Any, nd: int, name: str = "pad") -> tuple[tuple[int, int], ...]:
    """(begin, end) per spatial axis from one number, one per axis, or pairs.

    Raises:
        BadInput: the list has another length.
    """
    items = (value,) * nd if isinstance(value, int) else tuple(value)
    if len(items) != nd:
        raise BadInput(f"found {list(items)}, expected one number, {nd} numbers or {nd} pairs [begin, end]", path=name)
    return tuple((i, i) if isinstance(i, int) else (int(i[0]), int(i[1])) for i in items)


def need_rank(x: Spec, *ranks: int, what: str) -> None:
    """Refuse an input of another rank.

    Raises:
        BadInput: found and expected shapes.
    """
    if len(x.shape) not in ranks:
        raise BadInput(f"expected {what}, found shape {list(x.shape)}", path="from")


def axis_of(axis: int, rank: int, name: str = "axis") -> int:
    """A non-negative axis.

    Raises:
        BadInput: out of range.
    """
    if not -rank <= axis < rank:
        raise BadInput(f"found {axis}, the input has {rank} axes: {-rank} … {rank - 1} are accepted", path=name)
    return axis % rank


def window_size(
    size: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int = 1, cover: bool = False
) -> int:
    """Output size of a sliding window, (N + P − F) / S + 1, F = (kernel − 1)·dilation + 1.

    Args:
        cover: round up, so that every element is under some window (Chainer's ``cover_all``).

    Raises:
        BadInput: no window fits; the arithmetic is shown.
    """
    extent = (kernel - 1) * dilation + 1
    room = size + sum(pad) - extent
    out = (room + (stride - 1 if cover else 0)) // stride + 1
    if room < 0 or out < 1:
        raise BadInput(
            f"no window fits: (N + P − F) / S + 1 = ({size} + {sum(pad)} − {extent}) / {stride} + 1 is below 1; "
            f"the input has size {size} there, so the window may be {size + sum(pad)} at most",
            path="kernel",
        )
    return out


def same_pads(
    spatial: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...] | None = None
) -> tuple[tuple[int, int], ...]:
    """(begin, end) per axis of TensorFlow's SAME: N / S windows, rounded up, and an odd element of padding at the end.

    tensorflow/core/framework/kernel_shape_util.cc.
    """
    pads = []
    for n, k, s, d in zip(spatial, kernel, stride, dilation or (1,) * len(kernel), strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def window_text(
    spatial: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...] | None = None,
    cover: bool = False,
) -> str:
    """The arithmetic of :func:`window_size` for every axis, in figures."""
    rounded = "rounded up" if cover else "rounded down"
    texts = []
    for n, k, s, p, d in zip(spatial, kernel, stride, pad, dilation or (1,) * len(kernel), strict=True):
        extent = (k - 1) * d + 1
        note = "" if (n + sum(p) - extent) % s == 0 else f", {rounded}"
        texts.append(f"({n} + {sum(p)} − {extent}) / {s} + 1 = {window_size(n, k, s, p, d, cover)}{note}")
    return "(N + P − F) / S + 1: " + "; ".join(texts)
