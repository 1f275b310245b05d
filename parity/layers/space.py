"""Channels to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from parity.errors import BadInput
from parity.layers.composite import Composite, Parts
from parity.layers.shape import Reshape
from parity.layers.sizes import Positive, need_rank
from parity.layers.transpose import Transpose

Mode = Literal["DCR", "CRD"]


@dataclass(frozen=True)
class DepthToSpace(Composite):
    """Blocks of channels become blocks of pixels, (N, C·b², H, W) → (N, C, H·b, W·b); also called pixel shuffle.

    Args:
        blocksize: b, the side of a block.
        mode: what the channel counts, slowest first: DCR the place in the block, then C; CRD C, then the place. Stated:
            ONNX takes DCR by default, Chainer's ``depth2space`` and TensorFlow's ``depth_to_space`` always, PyTorch's
            ``PixelShuffle`` is CRD.
    """

    blocksize: Positive
    mode: Mode

    def parts(self, b: Parts, *x: str) -> Any:
        """The channel taken apart, its places moved behind the pixels."""
        n, c, h, w, r = *_sizes(b, x), self.blocksize
        if c % r**2:
            raise BadInput(f"found {r}, the input has {c} channels, which are no multiple of {r}²", path="blocksize")
        c //= r**2
        shape, order = ((r, r, c), (0, 3, 4, 1, 5, 2)) if self.mode == "DCR" else ((c, r, r), (0, 1, 4, 2, 5, 3))
        apart = b.add("apart", Reshape((n, *shape, h, w), whole=True), *x)
        moved = b.add("moved", Transpose(order), apart)
        return b.add("joined", Reshape((n, c, h * r, w * r), whole=True), moved)


@dataclass(frozen=True)
class SpaceToDepth(Composite):
    """Blocks of pixels become channels, (N, C, H·b, W·b) → (N, C·b², H, W); the inverse of DepthToSpace.

    Args:
        blocksize: b, the side of a block.
        mode: what the channel counts, slowest first: DCR the place in the block, then C, as ONNX, TensorFlow and
            Chainer's ``space2depth`` do; CRD C, then the place, as PyTorch's ``PixelUnshuffle`` does. Stated, as in
            DepthToSpace.
    """

    blocksize: Positive
    mode: Mode

    def parts(self, b: Parts, *x: str) -> Any:
        """The pixels taken apart, their places moved to the channel."""
        n, c, h, w, r = *_sizes(b, x), self.blocksize
        if h % r or w % r:
            raise BadInput(f"found {r}, the input has {h}×{w} pixels, which are no multiples of it", path="blocksize")
        order = (0, 3, 5, 1, 2, 4) if self.mode == "DCR" else (0, 1, 3, 5, 2, 4)
        apart = b.add("apart", Reshape((n, c, h // r, r, w // r, r), whole=True), *x)
        moved = b.add("moved", Transpose(order), apart)
        return b.add("joined", Reshape((n, c * r * r, h // r, w // r), whole=True), moved)


def _sizes(b: Parts, x: tuple[str, ...]) -> tuple[int, ...]:
    need_rank(b.specs[x[0]], 4, what="N C H W")
    return b.specs[x[0]].shape


@DepthToSpace.on("chainer", when=lambda p: p.mode == "DCR")
def _(p, c, x):
    return lambda v: c.F.depth2space(v, p.blocksize)


@SpaceToDepth.on("chainer", when=lambda p: p.mode == "DCR")
def _(p, c, x):
    return lambda v: c.F.space2depth(v, p.blocksize)


@DepthToSpace.on("keras", x="n ... c", y="n ... c")
def _(p, k, x):
    n, h, w, c = k.shape(x)
    r = p.blocksize
    c //= r * r
    shape, order = ((r, r, c), (0, 1, 3, 2, 4, 5)) if p.mode == "DCR" else ((c, r, r), (0, 1, 4, 2, 5, 3))
    return k.ops.reshape(k.ops.transpose(k.ops.reshape(x, (n, h, w, *shape)), order), (n, h * r, w * r, c))


@SpaceToDepth.on("keras", x="n ... c", y="n ... c")
def _(p, k, x):
    n, h, w, c = k.shape(x)
    r = p.blocksize
    h, w = h // r, w // r
    order = (0, 1, 3, 2, 4, 5) if p.mode == "DCR" else (0, 1, 3, 5, 2, 4)
    return k.ops.reshape(k.ops.transpose(k.ops.reshape(x, (n, h, r, w, r, c)), order), (n, h, w, c * r * r))


@DepthToSpace.on("onnx")
def _(p, o, x):
    return o.node("DepthToSpace", x, blocksize=p.blocksize, mode=p.mode)


@SpaceToDepth.on("onnx", when=lambda p: p.mode == "DCR")
def _(p, o, x):
    return o.node("SpaceToDepth", x, blocksize=p.blocksize)
