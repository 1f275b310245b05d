"""Straight lines that are cut off: values outside an interval become its ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt

from parity.errors import BadInput
from parity.layers.base import Elementwise
from parity.layers.unary import rising


def _ends(n: Any, y: np.ndarray, *values: float) -> np.ndarray | None:
    """What rounds where nothing is computed: the parameters themselves; None where the precision has them exactly."""
    if not n.off(values).any():
        return None
    return np.where(np.isin(y, values), np.abs(y), 0.0)


@dataclass(frozen=True)
class ClippedReLU(Elementwise):
    """min(max(x, 0), max). Exact wherever float32 has ``max`` exactly. With max = 6 also called ReLU6.

    Args:
        max: the largest output. Stated, because the defaults differ: Chainer 20, Keras none, ONNX (Clip) none.
    """

    max: Annotated[float, Gt(0)]


@ClippedReLU.on("numpy")
def _(p, n, x):
    return np.clip(x, 0, p.max)


@ClippedReLU.on("magnitude", c=2.0)
def _(p, n, y, x):
    return _ends(n, y, p.max)


@ClippedReLU.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: np.clip(x, 0, p.max), y, e, x)


@ClippedReLU.on("probe")
def _(p, d, specs, weights):
    return d.around(0, p.max)


@ClippedReLU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.clipped_relu(v, z=float(p.max))


@ClippedReLU.on("keras")
def _(p, k, x):
    return k.layers.ReLU(max_value=p.max)(x)


@ClippedReLU.on("onnx")
def _(p, o, x):
    return o.node("Clip", x, o.const(np.float64(0)), o.const(np.float64(p.max)))


@dataclass(frozen=True)
class Clip(Elementwise):
    """min(max(x, min), max). Exact wherever float32 has both ends exactly. From −1 to 1 Keras calls it ``hard_tanh``.

    Args:
        min: the smallest output. Chainer and Keras want both ends stated; ONNX has none by default.
        max: the largest output, above ``min``.
    """

    min: float
    max: float

    def __post_init__(self):
        if self.min >= self.max:
            raise BadInput(f"found {self.max}, must be above min, which is {self.min}", path="max")


@Clip.on("numpy")
def _(p, n, x):
    return np.clip(x, p.min, p.max)


@Clip.on("magnitude", c=2.0)
def _(p, n, y, x):
    return _ends(n, y, p.min, p.max)


@Clip.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: np.clip(x, p.min, p.max), y, e, x)


@Clip.on("probe")
def _(p, d, specs, weights):
    return d.around(p.min, p.max)


@Clip.on("chainer")
def _(p, c, x):
    return lambda v: c.F.clip(v, p.min, p.max)


@Clip.on("keras")
def _(p, k, x):
    if (p.min, p.max) == (-1, 1):
        return k.layers.Activation("hard_tanh")(x)
    return k.ops.clip(x, p.min, p.max)


@Clip.on("onnx")
def _(p, o, x):
    return o.node("Clip", x, o.const(np.float64(p.min)), o.const(np.float64(p.max)))


@dataclass(frozen=True)
class ThresholdedReLU(Elementwise):
    """x where x > alpha, else 0: a jump at alpha.

    Args:
        alpha: where it begins. Stated, because the defaults differ: ONNX 1, Keras (``threshold`` of ReLU) 0; Chainer
            has no such function. An x between alpha and its float32 rounding may fall on either side.
    """

    alpha: Annotated[float, Ge(0)]


def _above(p, x):
    return np.where(x > p.alpha, x, 0)


@ThresholdedReLU.on("numpy")
def _(p, n, x):
    return _above(p, x)


@ThresholdedReLU.on("magnitude", c=2.0)
def _(p, n, y, x):
    if not n.off(p.alpha):
        return None
    return np.where(x == n.nearest(p.alpha), np.abs(x) / n.u, 0.0)  # c·u·m holds the whole jump


@ThresholdedReLU.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: _above(p, x), y, e, x)


@ThresholdedReLU.on("probe")
def _(p, d, specs, weights):
    return d.around(p.alpha)


@ThresholdedReLU.on("chainer")
def _(p, c, x):
    return lambda v: c.F.where(c.np.greater(v.array, p.alpha), v, c.np.zeros_like(v.array))


@ThresholdedReLU.on("keras")
def _(p, k, x):
    return k.layers.ReLU(threshold=p.alpha)(x)


@ThresholdedReLU.on("onnx")
def _(p, o, x):
    return o.node("ThresholdedRelu", x, alpha=p.alpha)


@dataclass(frozen=True)
class HardSigmoid(Elementwise):
    """min(max(alpha·x + beta, 0), 1).

    Args:
        alpha: slope. Stated, because the defaults differ: Chainer and ONNX 0.2, Keras 1/6 (0.2 before version 3).
            Chainer and Keras know their own only, and Keras 0.5 as ``sparse_sigmoid``; other values are composed there.
        beta: value at 0, one half in all of them.
    """

    alpha: Annotated[float, Gt(0)]
    beta: float = 0.5


def _ramp(p, x):
    return np.clip(p.alpha * x + p.beta, 0, 1)


def _is(value: float, other: float, floats: str) -> bool:
    """Whether two numbers are one in the network's dtype: 0.16666667 is 1/6, but for float64."""
    kind = np.float64 if floats == "float64" else np.float32
    return bool(kind(value) == kind(other))


@HardSigmoid.on("numpy")
def _(p, n, x):
    return _ramp(p, x)


@HardSigmoid.on("magnitude", c=4.2)
def _(p, n, y, x):
    line = p.alpha * x + p.beta
    flat = (line < -1e-3) | (line > 1.001)  # exact 0 and 1, and the roundings of the line are far below 1e-3
    return np.where(flat, 0.0, np.abs(p.alpha * x) + np.abs(p.beta))


@HardSigmoid.on("carry")
def _(p, n, y, e, x):
    return rising(lambda x: _ramp(p, x), y, e, x)


@HardSigmoid.on("probe")
def _(p, d, specs, weights):
    return d.around(-p.beta / p.alpha, (1 - p.beta) / p.alpha)


@HardSigmoid.on("chainer")
def _(p, c, x):
    if _is(p.alpha, 0.2, c.floats) and p.beta == 0.5:
        return lambda v: c.F.hard_sigmoid(v)
    return lambda v: c.F.clip(v * p.alpha + p.beta, 0.0, 1.0)


@HardSigmoid.on("keras")
def _(p, k, x):
    if _is(p.alpha, 1 / 6, k.floats) and p.beta == 0.5:
        return k.layers.Activation("hard_sigmoid")(x)
    if p.alpha == p.beta == 0.5:
        return k.layers.Activation("sparse_sigmoid")(x)
    return k.ops.clip(x * p.alpha + p.beta, 0.0, 1.0)


@HardSigmoid.on("onnx")
def _(p, o, x):
    return o.node("HardSigmoid", x, alpha=p.alpha, beta=p.beta)
