"""Pooling over regions of images that another input names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import Sizes, need_rank, per_axis


@dataclass(frozen=True, kw_only=True)
class MaxRoiPool(Layer):
    """Largest element of each of size parts of each region (Girshick 2015, Fast R-CNN); 0 where a part is outside.

    Inputs: x (N, C, H, W); boxes (R, 4) of x1, y1, x2, y2; the image each box lies in, (R) of int32. Corners are
    multiplied by scale and rounded; the last pixel belongs to the region, which is one pixel wide and high at least.
    Part i of M of a region of L pixels goes from ⌊i·L/M⌋ to before ⌈(i + 1)·L/M⌉. Frameworks with a float for L/M can
    be one pixel off where i·L/M is whole (Chainer at M = 11, onnxruntime at 13). Halves are rounded away from zero, as
    onnxruntime does; Chainer rounds them to even. Chainer and ONNX take boxes and images in one array (R, 5).

    Args:
        size: number of parts down and across.
        scale: size of x ÷ size of the image that boxes are measured in.
    """

    size: Sizes
    scale: Annotated[float, Gt(0)] = 1.0
    inputs: ClassVar[tuple[str, ...]] = ("x", "boxes", "images")
    kinds: ClassVar[tuple[str, ...]] = ("f", "f", "i")

    def __post_init__(self):
        object.__setattr__(self, "size", per_axis(self.size, 2, "size"))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, H, W), (R, 4), (R) → (R, C, *size)."""
        need_rank(x[0], 4, what="N C H W")
        regions = x[1].shape[:1]
        if x[1].shape != (*regions, 4) or x[2].shape != regions:
            raise BadInput(
                f"found shapes {list(x[1].shape)} and {list(x[2].shape)}, expected [R, 4] of boxes and [R] of images",
                path="from",
            )
        return (Spec((*regions, x[0].shape[1], *self.size), x[0].dtype),)

    def indices(self, *x: Spec) -> dict[int, int]:
        """Images of the batch."""
        return {2: x[0].shape[0]}

    def parts(self, boxes: np.ndarray, spatial: tuple[int, ...]) -> list[list[np.ndarray]]:
        """For each box the rows and the columns of its parts, (parts, 2): the first, and that behind the last."""
        corners = boxes.astype(np.float64) * self.scale
        corners = (np.sign(corners) * np.floor(np.abs(corners) + 0.5)).astype(np.int64)
        found = []
        for x1, y1, x2, y2 in corners:
            axes = []
            for low, high, m, n in ((y1, y2, self.size[0], spatial[0]), (x1, x2, self.size[1], spatial[1])):
                length, i = max(high - low + 1, 1), np.arange(m)
                edges = np.stack([i * length // m, -(-(i + 1) * length // m)], 1)
                axes.append(np.clip(low + edges, 0, n))
            found.append(axes)
        return found


def _largest(p, x, boxes, images):
    found = []
    for (rows, columns), image in zip(p.parts(boxes, x.shape[2:]), images, strict=True):
        region = [
            [
                x[image, :, a:b, c:d].max((1, 2)) if a < b and c < d else np.zeros(x.shape[1], x.dtype)
                for c, d in columns
            ]
            for a, b in rows
        ]
        found.append(np.moveaxis(np.array(region), -1, 0))
    return np.stack(found)


@MaxRoiPool.on("numpy")
def _(p, n, x, boxes, images):
    return _largest(p, x, boxes, images)


@MaxRoiPool.on("magnitude")
def _(p, n, y, x, boxes, images):
    return None


@MaxRoiPool.on("carry")
def _(p, n, y, e, x, boxes, images):
    # A corner that errors can round to another pixel makes another region.
    corners = boxes * p.scale
    unsure = np.abs(np.abs(corners) % 1 - 0.5) <= e[1] * p.scale
    moved = (unsure & (e[1] > 0)).any(1)[:, None, None, None]
    return np.where(moved, np.inf, _largest(p, e[0], boxes, images))


@MaxRoiPool.on("chainer")
def _(p, c, x, boxes, images):
    def call(v, where, which):
        rois = c.F.concat([c.F.cast(c.F.expand_dims(which, 1), c.floats), where], axis=1)
        return c.F.roi_pooling_2d(v, rois, *p.size, p.scale)

    return call


MaxRoiPool.unsupported("keras", why="Keras has no pooling over regions")
MaxRoiPool.unsupported("onnx-reference", why="the reference evaluator has no MaxRoiPool")


@MaxRoiPool.on("onnx")
def _(p, o, x, boxes, images):
    which = o.node("Cast", o.node("Unsqueeze", images, o.const(np.array([1], np.int64))), to=o.type("float32"))
    rois = o.node("Concat", which, boxes, axis=1)
    return o.node("MaxRoiPool", x, rois, pooled_shape=p.size, spatial_scale=p.scale)
