"""Normalisation of each sample over axes of its own: by mean and variance, or by the root of the mean square."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from parity.errors import BadInput
from parity.layers.axes import LAST, Axes, as_axes, ascending, back, moved, rows, to_end
from parity.layers.base import Layer, Spec, Weight
from parity.layers.spot import EPSILON, below, spot
from parity.layers.standardize import standardize, standardize_carry, standardize_magnitude, sum_error

NAMES = {1: "f", 2: "e f", 3: "d e f"}
"""Axes of a weight, by their number."""


@dataclass(frozen=True)
class _OverAxes(Layer, abstract=True):
    epsilon: Annotated[float, Ge(0)]
    axis: Axes = LAST
    scale: bool = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "axis", as_axes(self.axis, "axis"))
        if len(self.axis) > 3:
            raise BadInput(f"found {list(self.axis)}, up to three axes are accepted", path="axis")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axes."""
        ascending(self.axis, len(x[0].shape))
        return (x[0],)

    def sizes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of the axes, in ascending order: the shape of the weights."""
        return tuple(shape[a] for a in ascending(self.axis, len(shape)))

    def spread(self, w: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A weight, shaped to broadcast against an input of that shape."""
        axes = ascending(self.axis, len(shape))
        return w.reshape([s if a in axes else 1 for a, s in enumerate(shape)])

    def end(self, rank: int) -> tuple[int, ...]:
        """The axes, if they stood at the end."""
        return tuple(range(rank - len(self.axis), rank))


@_OverAxes.on("probe")
def _(p, d, specs, weights):
    return (d.small_beside_normal(specs[0].shape),)  # epsilon shows in the small ones


@dataclass(frozen=True)
class LayerNorm(_OverAxes):
    """Ba et al. 2016. y = gamma·(x − μ) / √(σ² + epsilon) + beta, σ² with divisor F, the number of elements.

    Chainer takes two axes and normalises the second, ONNX takes all from some axis on; other axes are moved there.

    Args:
        epsilon: added to the variance. Stated, because the defaults differ: Chainer 1e-6, Keras 1e-3, ONNX 1e-5.
        axis: one axis or up to three, over which mean and variance are taken; gamma and beta have their shape.
        scale: whether gamma is there.
        center: whether beta is there.
    """

    center: bool = True

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """gamma, beta, each with the sizes of the axes in ascending order."""
        shape, axes = self.sizes(x[0].shape), NAMES[len(self.axis)]
        there = {"gamma": self.scale, "beta": self.center}
        return {name: Weight(axes, shape, name) for name, has in there.items() if has}


def _given(p, x, gamma, beta):
    axes = ascending(p.axis, x.ndim)
    return axes, *(None if w is None else p.spread(w, x.shape) for w in (gamma, beta))


@LayerNorm.on("numpy")
def _(p, n, x, gamma=None, beta=None):
    axes, gamma, beta = _given(p, x, gamma, beta)
    return standardize(x, axes, p.epsilon, gamma, beta)


@LayerNorm.on("magnitude", c=4.0)
def _(p, n, y, x, gamma=None, beta=None):
    axes, gamma, beta = _given(p, x, gamma, beta)
    return standardize_magnitude(n, x, axes, p.epsilon, gamma, beta)


@LayerNorm.on("carry")
def _(p, n, y, e, x, gamma=None, beta=None):
    axes, gamma, _ = _given(p, x, gamma, beta)
    return standardize_carry(x, axes, p.epsilon, gamma, e)


@spot(LayerNorm, name="epsilon", words=EPSILON)
def _(p, n, y, e, x, gamma=None, beta=None):
    return below(x.var(ascending(p.axis, x.ndim)), p.epsilon)


def _chainer_link(p, c, x):
    size = math.prod(p.sizes(x.shape))
    link = c.link(c.L.LayerNormalization(size, eps=p.epsilon))
    return rows(c.F, x.shape, ascending(p.axis, len(x.shape)), lambda v: link(v))


def _chainer_function(p, c, x):
    size = math.prod(p.sizes(x.shape))
    one, zero = c.np.ones(size, dtype=c.floats), c.np.zeros(size, dtype=c.floats)
    bias = c.link(c.L.Bias(axis=1, shape=(size,))) if p.center else lambda v: v

    def apply(v):
        return bias(c.F.layer_normalization(v, one, zero, eps=p.epsilon))

    return rows(c.F, x.shape, ascending(p.axis, len(x.shape)), apply)


def _keras(p, k, x):
    axes = [k.axis(x, a) for a in ascending(p.axis, len(k.shape(x)))]
    axis = axes[0] if len(axes) == 1 else axes
    return k.weighted(k.layers.LayerNormalization(axis=axis, epsilon=p.epsilon, center=p.center, scale=p.scale))(x)


def _transpose(o):
    return lambda x, order: o.node("Transpose", x, perm=order)


def _onnx(p, o, x, gamma=None, beta=None):
    shape = o.shape(x)
    order = to_end(ascending(p.axis, len(shape)), len(shape))
    gamma = gamma or o.const(np.ones(p.sizes(shape)))
    ends = {"axis": -len(p.axis), "epsilon": p.epsilon}
    y = o.node("LayerNormalization", moved(x, order, _transpose(o)), gamma, *([beta] if beta else []), **ends)
    return moved(y, back(order), _transpose(o))


def _has(number):
    """A condition on the number of axes; the last rule serves all that is left, a single one."""
    return None if number == 1 else lambda p: len(p.axis) == number


def _has_no_gamma(number):
    return lambda p: not p.scale and len(p.axis) == number


_stay: dict[str, Any]
for _number, _axes in NAMES.items():
    LayerNorm.on("chainer", when=_has_no_gamma(_number), beta=f"b: ({_axes})")(_chainer_function)
for _number, _axes in reversed(NAMES.items()):
    _stay = {} if _number == 1 else {"x": "=", "y": "="}  # gamma's axes are in canonical order
    LayerNorm.on("chainer", when=_has(_number), gamma=f"gamma: ({_axes})", beta=f"beta: ({_axes})")(_chainer_link)
    LayerNorm.on("keras", when=_has(_number), gamma=f"gamma: {_axes}", beta=f"beta: {_axes}", **_stay)(_keras)
    LayerNorm.on("onnx", when=_has(_number), gamma=f"Scale: {_axes}", beta=f"B: {_axes}")(_onnx)


@dataclass(frozen=True)
class RMSNorm(_OverAxes):
    """Zhang, Sennrich 2019. y = gamma·x / √(mean(x²) + epsilon).

    Keras has it since 3.9 as RMSNormalization, for trailing axes; ONNX from opset 23 on, before it is composed, as in
    Chainer.

    Args:
        epsilon: added to the mean square. Stated, because the defaults differ: Keras 1e-6, ONNX 1e-5.
        axis: one axis or up to three, over which the mean is taken; gamma has their shape.
        scale: whether gamma is there.
    """

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """gamma with the sizes of the axes in ascending order."""
        return {"gamma": Weight(NAMES[len(self.axis)], self.sizes(x[0].shape), "gamma")} if self.scale else {}


def _root(p, x):
    axes = ascending(p.axis, x.ndim)
    return axes, np.sqrt((x * x).mean(axes, keepdims=True) + p.epsilon)


@RMSNorm.on("numpy")
def _(p, n, x, gamma=None):
    return x / _root(p, x)[1] * (1 if gamma is None else p.spread(gamma, x.shape))


@RMSNorm.on("magnitude", c=4.0)
def _(p, n, y, x, gamma=None):
    # The sum of squares, then the roundings of mean, epsilon, root, inverse and two products.
    return np.abs(y) * (2 + sum_error(n, x, ascending(p.axis, x.ndim), x * x))


@RMSNorm.on("carry")
def _(p, n, y, e, x, gamma=None):
    axes, root = _root(p, x)
    gamma = 1 if gamma is None else np.abs(p.spread(gamma, x.shape))
    shared = np.sqrt((((np.abs(x) + e) * e) ** 2).sum(axes, keepdims=True)) / math.prod(p.sizes(x.shape))
    return gamma / root * e + np.abs(y) * shared / root**2


@spot(RMSNorm, name="epsilon", words=EPSILON.replace("variance", "mean square"))
def _(p, n, y, e, x, gamma=None):
    return below((x * x).mean(ascending(p.axis, x.ndim)), p.epsilon)


def _rms_chainer(p, c, x):
    scale = c.link(c.L.Scale(axis=1, W_shape=(math.prod(p.sizes(x.shape)),))) if p.scale else lambda v: v

    def apply(v):
        return scale(v / c.F.sqrt(c.F.average(v * v, axis=1, keepdims=True) + p.epsilon))

    return rows(c.F, x.shape, ascending(p.axis, len(x.shape)), apply)


def _rms_keras(p, k, x):
    rank = len(k.shape(x))
    order = to_end([k.axis(x, a) for a in ascending(p.axis, rank)], rank)
    y = moved(x, order, k.ops.transpose)
    axis = list(p.end(rank))  # RMSNormalization broadcasts its scale against the last axes, whatever axis says
    if p.scale:
        y = k.weighted(k.layers.RMSNormalization(axis=axis, epsilon=p.epsilon))(y)
    else:
        y = k.ops.rms_normalization(y, axis=axis, epsilon=p.epsilon)
    return moved(y, back(order), k.ops.transpose)


def _rms_onnx(p, o, x, gamma=None):
    rank = len(o.shape(x))
    order = to_end(ascending(p.axis, rank), rank)
    x = moved(x, order, _transpose(o))
    mean = o.node("ReduceMean", o.node("Mul", x, x), o.const(np.array(p.end(rank))), keepdims=1)
    y = o.node("Div", x, o.node("Sqrt", o.node("Add", mean, o.const(np.float64(p.epsilon)))))
    return moved(o.node("Mul", y, gamma) if gamma else y, back(order), _transpose(o))


for _number, _axes in reversed(NAMES.items()):
    _stay = {} if _number == 1 else {"x": "=", "y": "="}
    RMSNorm.on("chainer", when=_has(_number), gamma=f"W: ({_axes})")(_rms_chainer)
    RMSNorm.on("keras", when=_has(_number), gamma=f"scale: {_axes}", **_stay)(_rms_keras)
    RMSNorm.on("onnx", when=_has(_number), gamma=f"scale: {_axes}")(_rms_onnx)
