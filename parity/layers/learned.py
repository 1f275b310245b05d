"""Activations with a learned parameter: PReLU, Swish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import axis_of, need_rank

_SPATIAL = {2: "", 3: "t", 4: "hw", 5: "dhw"}


@dataclass(frozen=True)
class _Learned(Layer, abstract=True):
    """An activation with one weight, the shape of one sample but for size 1 along the shared axes."""

    shared_axes: tuple[int, ...]
    weight: ClassVar[str] = ""
    role: ClassVar[str] = ""

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, …) → the same."""
        need_rank(x[0], *_SPATIAL, what="N C and up to three spatial axes")
        self.shared(x[0])
        return (x[0],)

    def shared(self, x: Spec) -> set[int]:
        """The shared axes, counted from the front.

        Raises:
            BadInput: out of range, or the batch.
        """
        rank = len(x.shape)
        axes = {axis_of(a, rank, "shared_axes") for a in self.shared_axes}
        if 0 in axes:
            found = f"found {list(self.shared_axes)}: the batch, axis 0, is always shared"
            raise BadInput(f"{found}; {list(range(1, rank))} are accepted", path="shared_axes")
        return axes

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """The one weight: one number for each element of a sample, or for each group of them that shares it."""
        shared = self.shared(x[0])
        names = enumerate("c" + _SPATIAL[len(x[0].shape)], 1)
        sizes = tuple(1 if i in shared else size for i, size in enumerate(x[0].shape) if i)
        return {self.weight: Weight(" ".join("1" if i in shared else a for i, a in names), sizes, self.role)}


def _trailing(axes: str) -> bool:
    """Whether all shared axes stand behind all others, which is what Chainer's links can say."""
    return "1" not in axes.replace(" ", "").rstrip("1")


def _own(axes: str) -> str:
    return axes.replace("1", "").strip()


def _chainer(name: str) -> Callable[[str], str]:
    """The link's own array of that name, or the one of a Parameter."""
    return lambda axes: f"{name}: {_own(axes)}" if _trailing(axes) else f"W: {axes}"


def _link(p, c, x, link):
    """``link`` of its shape, which does it all, and True; or a link that only holds the weight, and False."""
    weight = p.weights(x)[p.weight]
    if _trailing(weight.axes):
        return c.link(link(tuple(size for i, size in enumerate(x.shape) if i and i not in p.shared(x)))), True
    return c.link(c.L.Parameter(c.const(np.zeros(weight.shape)))), False


def _last(axes: str) -> str:
    """Channels last."""
    channel, *spatial = axes.split()
    return " ".join([*spatial, channel])


@dataclass(frozen=True)
class PReLU(_Learned):
    """He et al. 2015. x where x ≥ 0, else slope·x, any shape from (N, C) to (N, C, D, H, W).

    Args:
        shared_axes: axes of the input, counted with the batch as 0, along which there is one slope for all. Stated,
            because the defaults differ: Chainer shares along all of them (``shape=()``), Keras along none, ONNX has no
            default. Images usually share along [2, 3]: a slope per channel.
    """

    weight: ClassVar[str] = "slope"
    role: ClassVar[str] = "slope"


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


@PReLU.on("effect")
def _(p, n, g, x, slope):
    axes = tuple(a for a in range(1, x.ndim) if slope.shape[a - 1] == 1)
    return {"slope": (np.where(x >= 0, 0.0, np.abs(x)) * g).max((0, *axes)).reshape(slope.shape)}


@PReLU.on("probe")
def _(p, d, specs, weights):
    x = np.abs(d.usual()[0])
    x[::2] *= -1  # every element below zero in one sample at least
    return (x,)


@PReLU.on("chainer", slope=_chainer("W"))
def _(p, c, x):
    link, whole = _link(p, c, x, lambda shape: c.L.PReLU(shape=shape))
    if whole:
        return link
    return lambda v: c.F.relu(v) - c.F.broadcast_to(link(), x.shape) * c.F.relu(-v)


@PReLU.on("keras", x="n ... c", slope=lambda axes: f"alpha: {_last(axes)}")
def _(p, k, x):
    shared = sorted(k.axis(x, a) for a in p.shared_axes)
    return k.weighted(k.layers.PReLU(shared_axes=shared or None))(x)


@PReLU.on("onnx", slope=lambda axes: f"slope: {axes}")
def _(p, o, x, slope):
    return o.node("PRelu", x, slope)


@dataclass(frozen=True)
class Swish(_Learned):
    """Ramachandran et al. 2017. x / (1 + e^(−beta·x)) with a learned beta; with beta = 1 it is SiLU.

    Only Chainer has it (``L.Swish``). In Keras an EinsumDense multiplies by beta, in ONNX a product.

    Args:
        shared_axes: axes of the input, counted with the batch as 0, along which there is one beta for all; none in
            Chainer's ``L.Swish(None)``.
    """

    weight: ClassVar[str] = "beta"
    role: ClassVar[str] = "gamma"  # numbers around 1


@Swish.on("numpy")
def _(p, n, x, beta):
    return x * n.sigmoid(beta * x)


@Swish.on("magnitude", c=7.0)
def _(p, n, y, x, beta):
    return np.abs(x)  # as SiLU; the rounding of beta·x moves the gate by a quarter of its own at most


@Swish.on("carry")
def _(p, n, y, e, x, beta):
    gate = n.sigmoid(beta * x)
    return np.abs(gate * (1 + beta * x * (1 - gate))) * e + np.abs(beta) / 4 * e * e  # |f''| ≤ |beta|/2, at 0


@Swish.on("chainer", beta=_chainer("beta"))
def _(p, c, x):
    link, whole = _link(p, c, x, lambda shape: c.L.Swish(shape))
    if whole:
        return link
    return lambda v: v * c.F.sigmoid(c.F.broadcast_to(link(), x.shape) * v)


@Swish.on("keras", x="n ... c", beta=lambda axes: f"kernel: {_own(_last(axes)) or '1'}")
def _(p, k, x):
    shape = k.shape(x)
    all_axes, shared = "nabcd"[: len(shape)], {k.axis(x, a) for a in p.shared_axes}
    own = "".join(a for i, a in enumerate(all_axes) if i and i not in shared)
    if own:
        return x * k.ops.sigmoid(k.weighted(k.layers.EinsumDense(f"{all_axes},{own}->{all_axes}", shape[1:]))(x))
    wide = (*shape[1:], 1)  # EinsumDense wants an axis to multiply along
    product = k.weighted(k.layers.EinsumDense(f"{all_axes}z,z->{all_axes}z", wide))(k.layers.Reshape(wide)(x))
    return x * k.ops.sigmoid(k.layers.Reshape(shape[1:])(product))


@Swish.on("onnx", beta=lambda axes: f"beta: {axes}")
def _(p, o, x, beta):
    return o.node("Mul", x, o.node("Sigmoid", o.node("Mul", x, beta)))
