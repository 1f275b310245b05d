"""Layers that act while training only: at test time each is the identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Lt

from parity.layers.base import Elementwise, Layer, Spec
from parity.layers.sizes import need_rank

Ratio = Annotated[float, Ge(0), Lt(1)]
Natural = Annotated[float, Ge(0)]


@dataclass(frozen=True)
class _Identity(Layer, abstract=True):
    pass


_Identity.on("operations")(lambda p, x: 0)


@_Identity.on("numpy")
def _(p, n, x):
    return x


@_Identity.on("magnitude")
def _(p, n, y, x):
    return None


@_Identity.on("carry")
def _(p, n, y, e, x):
    return e


@_Identity.on("chainer")
def _(p, c, x):
    return lambda v: c.F.identity(v)


@_Identity.on("onnx")
def _(p, o, x):
    return o.node("Identity", x)


@dataclass(frozen=True)
class Dropout(_Identity, Elementwise):
    """At test time the identity: all frameworks scale while training ("inverted" dropout).

    Args:
        ratio: share of elements dropped while training.
    """

    ratio: Ratio


@Dropout.on("chainer")
def _(p, c, x):
    return lambda v: c.F.dropout(v, ratio=p.ratio)


@Dropout.on("keras")
def _(p, k, x):
    return k.layers.Dropout(p.ratio)(x)


@Dropout.on("onnx")
def _(p, o, x):
    return o.node("Dropout", x, o.const(np.float64(p.ratio)))


@dataclass(frozen=True)
class SpatialDropout(_Identity):
    """Drops whole channels while training (Tompson et al. 2015); Keras alone has it.

    Args:
        ratio: share of channels dropped while training.
    """

    ratio: Ratio

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → the same."""
        need_rank(x[0], 3, 4, 5, what="N C and spatial axes")
        return (x[0],)


@SpatialDropout.on("keras", x="n ... c")
def _(p, k, x):
    return getattr(k.layers, f"SpatialDropout{len(k.shape(x)) - 2}D")(p.ratio)(x)


@dataclass(frozen=True)
class AlphaDropout(_Identity, Elementwise):
    """Dropout for networks of SELU, which keeps mean and variance (Klambauer et al. 2017); Keras alone has it.

    Args:
        ratio: share of elements replaced while training.
    """

    ratio: Ratio


@AlphaDropout.on("keras")
def _(p, k, x):
    return k.layers.AlphaDropout(p.ratio)(x)


@dataclass(frozen=True)
class GaussianDropout(_Identity, Elementwise):
    """Multiplies by 1-centred normal noise while training (Srivastava et al. 2014); Keras alone has it.

    Args:
        ratio: the noise has a standard deviation of √(ratio / (1 − ratio)).
    """

    ratio: Ratio


@GaussianDropout.on("keras")
def _(p, k, x):
    return k.layers.GaussianDropout(p.ratio)(x)


@dataclass(frozen=True)
class GaussianNoise(_Identity, Elementwise):
    """Adds normal noise while training. Keras has it; in Chainer people write it under ``chainer.config.train``.

    Args:
        stddev: standard deviation of the noise.
    """

    stddev: Natural


@GaussianNoise.on("keras")
def _(p, k, x):
    return k.layers.GaussianNoise(p.stddev)(x)


@dataclass(frozen=True)
class ActivityRegularization(_Identity, Elementwise):
    """Adds a penalty on its input to the loss while training; Keras alone has it, with 0 for both by default.

    Args:
        l1: factor of Σ|x|.
        l2: factor of Σx².
    """

    l1: Natural = 0.0
    l2: Natural = 0.0


@ActivityRegularization.on("keras")
def _(p, k, x):
    return k.layers.ActivityRegularization(l1=p.l1, l2=p.l2)(x)
