"""Images in another size, by interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import Sizes, need_rank, per_axis


@dataclass(frozen=True, kw_only=True)
class Resize(Layer):
    """Images of another size. Output i of M stands at coordinate c of the input's 0 … N − 1, along each axis.

    half_pixel: c = (i + ½)·N/M − ½; align_corners: c = i·(N − 1)/(M − 1), 0 if M = 1; asymmetric: c = i·N/M; moved
    into the input where it is outside (ONNX, operator Resize). Without antialiasing: between neighbouring outputs of a
    smaller image inputs are left out. Coordinates are meant exactly: where one stands on a border between two nearest
    neighbours, frameworks that compute it in float32 may take the other.

    Args:
        size: height and width of the output.
        mode: bilinear: the two elements around c, by distance, along each axis; nearest: one element, that at ⌊c + ½⌋
            with half_pixel (half a pixel up, ONNX's round_prefer_ceil), at ⌊c⌋ with asymmetric. Stated, because the
            defaults differ: bilinear in Chainer and Keras, nearest in ONNX.
        coordinates: half_pixel, align_corners (bilinear only) or asymmetric. Stated, because the defaults differ:
            half_pixel in Keras, which knows no other, and ONNX; in Chainer align_corners for bilinear, half_pixel with
            ``align_corners=False``, and for nearest asymmetric alone.
    """

    size: Sizes
    mode: Literal["nearest", "bilinear"]
    coordinates: Literal["half_pixel", "align_corners", "asymmetric"]

    def __post_init__(self):
        object.__setattr__(self, "size", per_axis(self.size, 2, "size"))
        if self.mode == "nearest" and self.coordinates == "align_corners":
            raise BadInput(
                "found align_corners with nearest, which no two frameworks round alike; "
                "half_pixel and asymmetric are accepted",
                path="coordinates",
            )

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, H, W) → (N, C, *size)."""
        need_rank(x[0], 4, what="N C H W")
        return (Spec((*x[0].shape[:2], *self.size), x[0].dtype),)

    def at(self, n: int, m: int) -> np.ndarray:
        """Coordinates c of m outputs among n inputs, float64."""
        i = np.arange(m)
        if self.coordinates == "align_corners":
            c = i * (n - 1) / max(m - 1, 1)
        else:
            c = ((2 * i + 1) * n - m) / (2 * m) if self.coordinates == "half_pixel" else i * n / m
        return np.clip(c, 0, n - 1)

    def nearest(self, n: int, m: int) -> np.ndarray:
        """Indices of the nearest inputs, in whole numbers."""
        i = np.arange(m)
        return (2 * i + 1) * n // (2 * m) if self.coordinates == "half_pixel" else i * n // m

    def matrix(self, n: int, m: int) -> np.ndarray:
        """Weights of n inputs in m outputs, (m, n), float64."""
        c = self.at(n, m)
        low, rows, found = np.floor(c).astype(int), np.arange(m), np.zeros((m, n))
        found[rows, low] = 1 - (c - low)
        found[rows, np.minimum(low + 1, n - 1)] += c - low
        return found


def _apply(x, a, b):
    """Weights along the height and along the width."""
    return a @ x @ b.T


def _matrices(p, x):
    return [p.matrix(n, m) for n, m in zip(x.shape[2:], p.size, strict=True)]


def _picked(p, x):
    rows, columns = (p.nearest(n, m) for n, m in zip(x.shape[2:], p.size, strict=True))
    return x[:, :, rows][:, :, :, columns]


def _slopes(p, x, axis):
    """|difference| of the two elements around each output along an axis, of its neighbours too where it is next to one.

    There a coordinate that is off by its rounding stands between other elements.
    """
    c = p.at(x.shape[axis], p.size[axis - 2])
    width = [(0, 0)] * 4
    width[axis] = (1, 1)
    steps = np.pad(np.abs(np.diff(x, axis=axis)), width)  # steps[i] lies before element i
    low, part = np.floor(c).astype(int), c - np.floor(c)
    shape = [1] * 4
    shape[axis] = -1

    def step(i):
        return np.take(steps, np.clip(i, 0, x.shape[axis]), axis)

    before = np.where((part < 1e-3).reshape(shape), step(low), 0)
    behind = np.where((part > 1 - 1e-3).reshape(shape), step(low + 2), 0)
    return np.maximum(step(low + 1), np.maximum(before, behind)), c.reshape(shape)


@Resize.on("numpy")
def _(p, n, x):
    if p.mode == "nearest":
        return _picked(p, x)
    a, b = (m.astype(x.dtype) for m in _matrices(p, x))
    return _apply(x, a, b)


@Resize.on("magnitude", c=6.0)
def _(p, n, y, x):
    # Four products and their sum: Σ w|x|. A coordinate computed in float32 is off by u·c, which moves the output by
    # that times the slope; x0 + (x1 − x0)·w adds the rounding of a difference, of which w·x1 may leave little.
    if p.mode == "nearest":
        return None
    a, b = _matrices(p, x)
    (down, i), (across, j) = _slopes(p, x, 2), _slopes(p, x, 3)
    return _apply(np.abs(x), a, b) + (1 + i) * (down @ b.T) + (1 + j) * (a @ across)


@Resize.on("carry")
def _(p, n, y, e, x):
    return _picked(p, e) if p.mode == "nearest" else _apply(e, *_matrices(p, x))


@Resize.on("chainer", when=lambda p: p.mode == "bilinear" and p.coordinates != "asymmetric")
def _(p, c, x):
    return lambda v: c.F.resize_images(v, p.size, mode=p.mode, align_corners=p.coordinates == "align_corners")


@Resize.on("chainer", when=lambda p: p.mode == "nearest" and p.coordinates == "asymmetric")
def _(p, c, x):
    return lambda v: c.F.resize_images(v, p.size, mode=p.mode)


@Resize.on("chainer", when=lambda p: p.mode == "nearest")
def _(p, c, x):
    rows, columns = (c.const(p.nearest(n, m)) for n, m in zip(x.shape[2:], p.size, strict=True))
    return lambda v: v[:, :, rows][:, :, :, columns]


@Resize.on("chainer")
def _(p, c, x):
    a, b = (c.const(m) for m in _matrices(p, x))
    return lambda v: c.F.tensordot(c.F.tensordot(v, a, axes=(2, 1)), b, axes=(2, 1))  # N C H W → N C W H' → N C H' W'


@Resize.on("keras", x="n ... c", when=lambda p: p.coordinates == "half_pixel")
def _(p, k, x):
    return k.layers.Resizing(*p.size, interpolation=p.mode, data_format="channels_last")(x)


@Resize.on("keras", x="n ... c", when=lambda p: p.mode == "nearest")
def _(p, k, x):
    rows, columns = (k.const(p.nearest(n, m)) for n, m in zip(k.shape(x)[1:3], p.size, strict=True))
    return k.ops.take(k.ops.take(x, rows, axis=1), columns, axis=2)


@Resize.on("keras", x="n ... c", y="=")
def _(p, k, x):
    a, b = (k.const(p.matrix(n, m)) for n, m in zip(k.shape(x)[1:3], p.size, strict=True))
    return k.ops.tensordot(k.ops.tensordot(x, a, axes=[[1], [1]]), b, axes=[[1], [1]])  # N H W C → N W C H' → N C H' W'


@Resize.on("onnx")
def _(p, o, x):
    sizes = o.const(np.array([*o.shape(x)[:2], *p.size], np.int64))
    if p.mode == "bilinear":
        return o.node("Resize", x, "", "", sizes, mode="linear", coordinate_transformation_mode=p.coordinates)
    rounding = "round_prefer_ceil" if p.coordinates == "half_pixel" else "floor"
    return o.node(
        "Resize",
        x,
        "",
        "",
        sizes,
        mode="nearest",
        coordinate_transformation_mode=p.coordinates,
        nearest_mode=rounding,
    )
