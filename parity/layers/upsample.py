"""Images, sequences and volumes enlarged by whole factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from parity.layers.base import Layer, Spec
from parity.layers.resize import Resize
from parity.layers.sizes import Sizes, need_rank, per_axis


@dataclass(frozen=True, kw_only=True)
class _UpSampling(Layer, abstract=True):
    """Every element repeated along each spatial axis, (N, C, *spatial) → (N, C, *(spatial·size)).

    Args:
        size: the factor; one number or one per axis.
    """

    size: Sizes
    nd: ClassVar[int]

    def __post_init__(self):
        object.__setattr__(self, "size", per_axis(self.size, self.nd, "size"))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C, *(spatial·size))."""
        need_rank(x[0], self.nd + 2, what=f"N C and {self.nd} spatial axes")
        spatial = (n * s for n, s in zip(x[0].shape[2:], self.size, strict=True))
        return (Spec((*x[0].shape[:2], *spatial), x[0].dtype),)


@dataclass(frozen=True, kw_only=True)
class UpSampling1D(_UpSampling):
    __doc__ = _UpSampling.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class UpSampling2D(_UpSampling):
    """Images enlarged by whole factors, (N, C, H, W) → (N, C, H·size, W·size).

    Args:
        size: the factor; one number or one per axis.
        interpolation: nearest repeats every element; bilinear is that of Resize with half_pixel.
    """

    interpolation: Literal["nearest", "bilinear"] = "nearest"
    nd: ClassVar[int] = 2

    def as_resize(self, spatial: tuple[int, ...]) -> Resize:
        """The same layer with the size stated."""
        size = tuple(n * s for n, s in zip(spatial, self.size, strict=True))
        return Resize(size=size, mode=self.interpolation, coordinates="half_pixel")


@dataclass(frozen=True, kw_only=True)
class UpSampling3D(_UpSampling):
    __doc__ = _UpSampling.__doc__
    nd: ClassVar[int] = 3


def _repeated(p, x):
    for axis, size in enumerate(p.size, 2):
        x = np.repeat(x, size, axis)
    return x


@_UpSampling.on("numpy")
def _(p, n, x):
    return _repeated(p, x)


@_UpSampling.on("magnitude")
def _(p, n, y, x):
    return None


@_UpSampling.on("carry")
def _(p, n, y, e, x):
    return _repeated(p, e)


@_UpSampling.on("chainer")
def _(p, c, x):
    if p.nd == 2:
        return lambda v: c.F.unpooling_2d(v, p.size, cover_all=False)
    return lambda v: c.F.unpooling_nd(v, p.size, cover_all=False)


@_UpSampling.on("keras", x="n ... c")
def _(p, k, x):
    return getattr(k.layers, f"UpSampling{p.nd}D")(p.size[0] if p.nd == 1 else p.size)(x)


@_UpSampling.on("onnx")
def _(p, o, x):
    scales = o.fixed(np.array([1, 1, *p.size], np.float32))
    return o.node(
        "Resize",
        x,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _bilinear(p):
    return p.interpolation == "bilinear"


for _name in ("numpy", "carry", "magnitude"):

    def _rule(p, n, *arrays, name=_name):
        resize = p.as_resize(arrays[-1].shape[2:])
        return resize.rule(name).fn(resize, n, *arrays)

    UpSampling2D.on(_name, when=_bilinear, c=Resize.rules["magnitude"][0].c)(_rule)


@UpSampling2D.on("chainer", when=_bilinear)
def _(p, c, x):
    resize = p.as_resize(x.shape[2:])
    return resize.rule("chainer").fn(resize, c, x)


@UpSampling2D.on("keras", when=_bilinear, x="n ... c")
def _(p, k, x):
    return k.layers.UpSampling2D(p.size, interpolation="bilinear")(x)


@UpSampling2D.on("onnx", when=_bilinear)
def _(p, o, x):
    resize = p.as_resize(o.shape(x)[2:])
    return resize.rule("onnx").fn(resize, o, x)
