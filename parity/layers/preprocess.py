"""Numbers brought to the range that a network was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import Accepts

Numbers = Annotated[float | tuple[float, ...], Accepts(float | tuple[float, ...])]
"""One number, or one for each channel."""
Variances = Annotated[float | tuple[float, ...], Accepts(Annotated[float, Ge(0)] | tuple[Annotated[float, Ge(0)], ...])]
"""The same, none of them negative."""


@dataclass(frozen=True)
class _PerChannel(Layer, abstract=True):
    def numbers(self) -> dict[str, float | tuple[float, ...]]:
        """The parameters that may have a value for each channel."""
        raise NotImplementedError

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape; (N, C, …) where there is a number for each channel."""
        shape = x[0].shape
        for name, value in self.numbers().items():
            if isinstance(value, tuple) and len(shape) < 2:
                raise BadInput(f"a number for each channel needs N C …, found shape {list(shape)}", path="from")
            if isinstance(value, tuple) and len(value) != shape[1]:
                raise BadInput(f"found {len(value)} numbers, expected one or {shape[1]}, one a channel", path=name)
        return (x[0],)

    def plain(self) -> bool:
        """Whether all parameters are single numbers."""
        return not any(isinstance(v, tuple) for v in self.numbers().values())


def _spread(value: Any, rank: int, dtype: Any = np.float64) -> np.ndarray:
    """Shaped to broadcast against N C …."""
    array = np.asarray(value, dtype)
    return array.reshape(-1, *(1,) * (rank - 2)) if array.ndim else array


@dataclass(frozen=True)
class Rescaling(_PerChannel):
    """y = scale·x + offset.

    Keras alone has it as a layer, with an offset of 0 by default.

    Args:
        scale: factor; one number, or one for each channel.
        offset: added after that; one number, or one for each channel.
    """

    scale: Numbers
    offset: Numbers = 0.0

    def numbers(self):
        """Both."""
        return {"scale": self.scale, "offset": self.offset}


def _affine(p, x):
    return _spread(p.scale, x.ndim, x.dtype), _spread(p.offset, x.ndim, x.dtype)


@Rescaling.on("numpy")
def _(p, n, x):
    scale, offset = _affine(p, x)
    return x * scale + offset


@Rescaling.on("magnitude", c=4.0)
def _(p, n, y, x):
    scale, offset = _affine(p, x)
    return np.abs(x * scale) + np.abs(offset)


@Rescaling.on("carry")
def _(p, n, y, e, x):
    return np.abs(_affine(p, x)[0]) * e


def _values(kit, x, *numbers):
    """Numbers as they are, several as an array that broadcasts."""
    rank = len(x.shape)
    return (kit.const(_spread(v, rank)) if isinstance(v, tuple) else v for v in numbers)


@Rescaling.on("chainer")
def _(p, c, x):
    scale, offset = _values(c, x, p.scale, p.offset)
    return lambda v: v * scale + offset


@Rescaling.on("keras", when=lambda p: p.plain())
def _(p, k, x):
    return k.layers.Rescaling(p.scale, offset=p.offset)(x)


@Rescaling.on("keras", x="n ... c")
def _(p, k, x):
    scale, offset = (list(v) if isinstance(v, tuple) else v for v in (p.scale, p.offset))
    return k.layers.Rescaling(scale, offset=offset)(x)


@Rescaling.on("onnx")
def _(p, o, x):
    scale, offset = (o.const(_spread(v, len(o.shape(x)))) for v in (p.scale, p.offset))
    return o.node("Add", o.node("Mul", x, scale), offset)


@dataclass(frozen=True)
class Normalization(_PerChannel):
    """y = (x − mean) / max(√variance, 1e-7); with ``invert`` the way back, y = x·max(√variance, 1e-7) + mean.

    Keras alone has it as a layer; 1e-7 is ``keras.config.epsilon()``. What its ``adapt`` learns is stated here: the two
    are no weights. Subtracting a mean image's channels is variance 1.

    Args:
        mean: subtracted; one number, or one for each channel.
        variance: its root divides; one number, or one for each channel.
        invert: whether to go back.
    """

    mean: Numbers
    variance: Variances
    invert: bool = False

    def __post_init__(self):
        if isinstance(self.mean, tuple) != isinstance(self.variance, tuple):
            raise BadInput("found one number here and several in mean, or the other way round", path="variance")

    def numbers(self):
        """Both."""
        return {"mean": self.mean, "variance": self.variance}


LEAST = 1e-7


def _deviation(variance: Any) -> Any:
    """The divisor: numbers stay numbers."""
    if isinstance(variance, tuple):
        return tuple(_deviation(v) for v in variance)
    return max(variance**0.5, LEAST)


def _statistics(p, x):
    return _spread(p.mean, x.ndim, x.dtype), _spread(_deviation(p.variance), x.ndim, x.dtype)


@Normalization.on("numpy")
def _(p, n, x):
    mean, sigma = _statistics(p, x)
    return x * sigma + mean if p.invert else (x - mean) / sigma


@Normalization.on("magnitude", c=5.0)
def _(p, n, y, x):
    mean, sigma = _statistics(p, x)
    return np.abs(x) * sigma + np.abs(mean) if p.invert else (np.abs(x) + np.abs(mean)) / sigma


@Normalization.on("carry")
def _(p, n, y, e, x):
    sigma = _statistics(p, x)[1]
    return e * sigma if p.invert else e / sigma


@Normalization.on("chainer")
def _(p, c, x):
    mean, sigma = _values(c, x, p.mean, _deviation(p.variance))
    return (lambda v: v * sigma + mean) if p.invert else (lambda v: (v - mean) / sigma)


@Normalization.on("keras", when=lambda p: p.plain())
def _(p, k, x):
    return k.layers.Normalization(axis=None, mean=p.mean, variance=p.variance, invert=p.invert)(x)


@Normalization.on("keras", x="n ... c")
def _(p, k, x):
    mean, variance = list(p.mean), list(p.variance)
    return k.layers.Normalization(axis=-1, mean=mean, variance=variance, invert=p.invert)(x)


@Normalization.on("onnx")
def _(p, o, x):
    mean, sigma = (o.const(_spread(v, len(o.shape(x)))) for v in (p.mean, _deviation(p.variance)))
    if p.invert:
        return o.node("Add", o.node("Mul", x, sigma), mean)
    return o.node("Div", o.node("Sub", x, mean), sigma)
