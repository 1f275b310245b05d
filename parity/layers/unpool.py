"""Unpooling: each element spread over a window of the output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import ZERO, Counts, Sizes, need_rank, per_axis


@dataclass(frozen=True, kw_only=True)
class Unpooling2D(Layer):
    """The transpose of a sum over windows: y[p] = Σ x[q] over all q whose window q·stride − pad … + kernel covers p.

    What Chainer's ``F.unpooling_2d`` computes. The output size is (N − 1)·S + F − 2P, with cover_all less S − 1: the
    smallest that gives N windows rounded up.

    Args:
        kernel: size of the window.
        stride: step of the window. Stated; Chainer's default is the kernel.
        pad: what is cut off the output on each side; one number or one per axis.
        cover_all: whether the pooling that is undone rounded its size up. Stated, because Chainer's default, true, is
            what nobody else does.
        outsize: height and width of the output, of those from which such a pooling gives the input's size.
    """

    kernel: Sizes
    stride: Sizes
    pad: Counts = ZERO
    cover_all: bool
    outsize: Sizes | None = None

    def __post_init__(self):
        for name in ("kernel", "stride", "pad", "outsize"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else per_axis(value, 2, name))

    def out(self, size: int, axis: int) -> int:
        """Output size along a spatial axis.

        Raises:
            BadInput: ``outsize`` does not fit, or nothing is left.
        """
        k, s, p = self.kernel[axis], self.stride[axis], self.pad[axis]
        full = (size - 1) * s + k - 2 * p
        low, high = (full - s + 1, full) if self.cover_all else (full, full + s - 1)
        if self.outsize is None:
            out = low
        else:
            out = self.outsize[axis]
            if not low <= out <= high:
                raise BadInput(
                    f"found {out}; a pooling with kernel {k}, stride {s} and pad {p} gives {size} windows on "
                    f"{max(low, 1)} … {high} elements",
                    path="outsize",
                )
        if out < 1:
            raise BadInput(f"nothing is left: ({size} − 1)·{s} + {k} − {2 * p} gives {out}", path="pad")
        return out

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, H, W) → (N, C, *out)."""
        need_rank(x[0], 4, what="N C H W")
        return (Spec((*x[0].shape[:2], *(self.out(n, a) for a, n in enumerate(x[0].shape[2:]))), x[0].dtype),)

    @property
    def terms(self) -> int:
        """Largest number of windows that cover one output element."""
        return math.prod(math.ceil(k / s) for k, s in zip(self.kernel, self.stride, strict=True))

    def matrix(self, n: int, axis: int) -> np.ndarray:
        """Which outputs the window of each input covers along an axis, (out, n) of 0 and 1."""
        first = np.arange(n) * self.stride[axis] - self.pad[axis]
        at = np.arange(self.out(n, axis))[:, None]
        return ((at >= first) & (at < first + self.kernel[axis])).astype(np.float64)


def _apply(p, x):
    a, b = (p.matrix(n, axis).astype(x.dtype) for axis, n in enumerate(x.shape[2:]))
    return a @ x @ b.T


@Unpooling2D.on("numpy")
def _(p, n, x):
    return _apply(p, x)


@Unpooling2D.on("magnitude", c=2.2)
def _(p, n, y, x):
    # A sum of so many terms, as in Conv, which is exact where no two windows meet.
    return None if p.terms == 1 else (math.sqrt(p.terms) + 1) * _apply(p, np.abs(x))


@Unpooling2D.on("carry")
def _(p, n, y, e, x):
    return _apply(p, e)


@Unpooling2D.on("chainer")
def _(p, c, x):
    return lambda v: c.F.unpooling_2d(v, p.kernel, p.stride, p.pad, outsize=p.outsize, cover_all=p.cover_all)


@Unpooling2D.on("keras", x="n ... c", when=lambda p: p.kernel == p.stride and not any(p.pad))
def _(p, k, x):
    y = k.layers.UpSampling2D(p.kernel)(x)
    room = [p.out(n, a) - n * p.kernel[a] for a, n in enumerate(k.shape(x)[1:3])]
    y = k.crop(y, tuple((0, max(-r, 0)) for r in room))
    return k.pad(y, tuple((0, max(r, 0)) for r in room))


@Unpooling2D.on("keras", x="n ... c", y="=")
def _(p, k, x):
    a, b = (k.const(p.matrix(n, i)) for i, n in enumerate(k.shape(x)[1:3]))
    return k.ops.tensordot(k.ops.tensordot(x, a, axes=[[1], [1]]), b, axes=[[1], [1]])  # N H W C → N W C H' → N C H' W'


@Unpooling2D.on("onnx")
def _(p, o, x):
    batch, channels, *spatial = o.shape(x)
    out = [p.out(n, a) for a, n in enumerate(spatial)]
    axes = zip(out, spatial, p.kernel, p.stride, p.pad, strict=True)
    ends = [(n - 1) * s + k - pad - size for size, n, k, s, pad in axes]  # what is cut off behind, or less than nothing
    planes = o.node("Reshape", x, o.const(np.array([batch * channels, 1, *spatial], np.int64)))
    y = o.node(
        "ConvTranspose",
        planes,
        o.const(np.ones((1, 1, *p.kernel))),
        kernel_shape=p.kernel,
        strides=p.stride,
        pads=[*p.pad, *(max(e, 0) for e in ends)],
        output_padding=[max(-e, 0) for e in ends],
    )
    return o.node("Reshape", y, o.const(np.array([batch, channels, *out], np.int64)))
