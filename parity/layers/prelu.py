"""The rectifier whose slope below zero is learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import axis_of, need_rank

_SPATIAL = {2: "", 3: "t", 4: "hw", 5: "dhw"}


@dataclass(frozen=True)
class PReLU(Layer):
    """He et al. 2015. x where x ≥ 0, else slope·x, any shape from (N, C) to (N, C, D, H, W).

    Args:
        shared_axes: axes of the input, counted with the batch as 0, along which there is one slope for all. Stated,
            because the defaults differ: Chainer shares along all of them (``shape=()``), Keras along none, ONNX has no
            default. Images usually share along [2, 3]: a slope per channel.
    """

    shared_axes: tuple[int, ...]

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, …) → the same."""
        need_rank(x[0], *_SPATIAL, what="N C and up to three spatial axes")
        self._shared(len(x[0].shape))
        return (x[0],)

    def _shared(self, rank: int) -> set[int]:
        shared = {axis_of(a, rank, "shared_axes") for a in self.shared_axes}
        if 0 in shared:
            raise BadInput(
                f"found {list(self.shared_axes)}, the batch (axis 0) is always shared; {list(range(1, rank))} are "
                "accepted",
                path="shared_axes",
            )
        return shared

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """slope, the shape of one sample, with size 1 along the shared axes."""
        shape, shared = x[0].shape, self._shared(len(x[0].shape))
        axes = ["1" if i in shared else a for i, a in enumerate("c" + _SPATIAL[len(shape)], 1)]
        sizes = tuple(1 if i in shared else size for i, size in enumerate(shape) if i)
        return {"slope": Weight(" ".join(axes), sizes, "slope")}


@PReLU.on("numpy")
def _(p, n, x, slope):
    return np.where(x >= 0, x, slope * x)


@PReLU.on("magnitude", c=2.1)
def _(p, n, y, x, slope):
    return np.where(x >= 0, 0.0, np.abs(y))


@PReLU.on("carry")
def _(p, n, y, e, x, slope):
    steep = np.abs(slope)
    return np.where(x >= e, 1.0, np.where(x <= -e, steep, np.maximum(1.0, steep))) * e


def _trailing(axes: str) -> bool:
    """Whether all shared axes stand behind all others, which is what Chainer's PReLU can say."""
    return "1" not in axes.replace(" ", "").rstrip("1")


def _chainer(axes: str) -> str:
    return "W: " + (axes.replace("1", "").rstrip() if _trailing(axes) else axes)


@PReLU.on("chainer", slope=_chainer)
def _(p, c, x):
    weight = p.weights(x)["slope"]
    if _trailing(weight.axes):
        return c.link(c.L.PReLU(shape=tuple(s for i, s in enumerate(x.shape) if i and i not in p._shared(len(x.shape)))))
    link = c.link(c.L.Parameter(c.const(np.zeros(weight.shape, np.float32))))
    return lambda v: c.F.relu(v) - c.F.broadcast_to(link(), x.shape) * c.F.relu(-v)


def _keras(axes: str) -> str:
    channel, *spatial = axes.split()
    return " ".join(["alpha:", *spatial, channel])


@PReLU.on("keras", x="n ... c", slope=_keras)
def _(p, k, x):
    shared = sorted(k.axis(x, a) for a in p.shared_axes)
    return k.weighted(k.layers.PReLU(shared_axes=shared or None))(x)


@PReLU.on("onnx", slope=lambda axes: f"slope: {axes}")
def _(p, o, x, slope):
    return o.node("PRelu", x, slope)
