"""What people get wrong about the order of axes."""

from __future__ import annotations

from dataclasses import replace

from parity.layers.shape import Flatten, Reshape
from parity.layers.transpose import Transpose

ADVICE = "Transpose to N C … before flattening, or permute the weights of what follows."


def _last(rank: int) -> Transpose:
    """Channels from axis 1 to the end."""
    return Transpose((0, *range(2, rank), 1))


@Flatten.mistake("flatten order", advice=ADVICE)
def _(p, seen):
    rank = seen.inputs[0].ndim
    if rank > 2:
        yield "elements as in N … C, the channel fastest", [_last(rank), p]


@Reshape.mistake("flatten order", when=lambda p: not p.whole, advice=ADVICE)
def _(p, seen):
    rank = seen.inputs[0].ndim
    if rank > 2:
        yield "elements as in N … C, the channel fastest", [_last(rank), p]
    if len(p.shape) > 1:
        back = Transpose((0, len(p.shape), *range(1, len(p.shape))))
        yield "elements taken as N … C, the channel fastest", [replace(p, shape=(*p.shape[1:], p.shape[0])), back]
