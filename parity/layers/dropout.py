"""Layers that act while training only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Lt

from parity.layers.base import Elementwise


@dataclass(frozen=True)
class Dropout(Elementwise):
    """At test time the identity: all frameworks scale while training ("inverted" dropout).

    Args:
        ratio: share of elements dropped while training.
    """

    ratio: Annotated[float, Ge(0), Lt(1)]


@Dropout.on("numpy")
def _(p, n, x):
    return x


@Dropout.on("magnitude")
def _(p, n, y, x):
    return None


@Dropout.on("carry")
def _(p, n, y, e, x):
    return e


@Dropout.on("chainer")
def _(p, c, x):
    return lambda v: c.F.dropout(v, ratio=p.ratio)


@Dropout.on("keras")
def _(p, k, x):
    return k.layers.Dropout(p.ratio)(x)


@Dropout.on("onnx")
def _(p, o, x):
    return o.node("Dropout", x, o.const(np.float32(p.ratio)))
