"""What poolings over windows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import ZERO, Pads, Sizes, need_rank, pads_per_axis, per_axis, window_size, window_text


@dataclass(frozen=True, kw_only=True)
class Pool(Layer, abstract=True):
    """A figure for each window of each channel.

    Args:
        kernel: size of the window.
        stride: step of the window. Stated, because the defaults differ: the kernel in Chainer and Keras, 1 in ONNX.
        pad: what is around the input; one number, one per axis, or (begin, end) per axis.
    """

    kernel: Sizes
    stride: Sizes
    pad: Pads = ZERO
    nd: ClassVar[int]

    def __post_init__(self):
        for name in ("kernel", "stride"):
            object.__setattr__(self, name, per_axis(getattr(self, name), self.nd, name))
        object.__setattr__(self, "pad", pads_per_axis(self.pad, self.nd))
        for (b, e), k in zip(self.pad, self.kernel, strict=True):
            if max(b, e) >= k:
                raise BadInput(
                    f"found {[b, e]}, must be below the kernel, {k}: a window would see padding only", path="pad"
                )

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, *spatial) → (N, C, *out)."""
        need_rank(x[0], self.nd + 2, what=f"N C and {self.nd} spatial axes")
        axes = zip(x[0].shape[2:], self.kernel, self.stride, self.pad, strict=True)
        out = (window_size(*a, cover=getattr(self, "cover_all", False)) for a in axes)
        return (Spec((*x[0].shape[:2], *out), x[0].dtype),)

    def arithmetic(self, *x: Spec) -> str:
        """(N + P − F) / S + 1 for every axis."""
        cover = getattr(self, "cover_all", False)
        return window_text(x[0].shape[2:], self.kernel, self.stride, self.pad, cover=cover)


@Pool.on("probe", when=lambda p: any(map(any, p.pad)))
def _(p, d, specs, weights):
    x = np.abs(d.usual()[0])
    x[::2] *= -1  # beside what is all below zero, padding would win, and it drags a mean towards it
    return (x,)
