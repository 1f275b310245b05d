"""Softmax and its logarithm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of
from parity.layers.spot import ONE, spot


@dataclass(frozen=True)
class _SoftmaxLike(Layer, abstract=True):
    """Normalised over one axis.

    Args:
        axis: stated, because the defaults differ: Chainer 1, Keras and ONNX −1.
    """

    axis: int

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        axis_of(self.axis, len(x[0].shape))
        return (x[0],)


@dataclass(frozen=True)
class Softmax(_SoftmaxLike):
    """e^x / Σ e^x over one axis.

    Args:
        axis: stated, because the defaults differ: Chainer 1, Keras and ONNX −1.
    """


@dataclass(frozen=True)
class LogSoftmax(_SoftmaxLike):
    """x − log Σ e^x over one axis.

    Args:
        axis: stated, because the defaults differ: Chainer 1, Keras and ONNX −1.
    """


def _softmax(p, x):
    e = np.exp(x - x.max(p.axis, keepdims=True))
    return e / e.sum(p.axis, keepdims=True)


def _sum_error(p, n, x, y):
    """Error in u, relative, of Σ e^x: pairwise or blocked sums, and the drift of addends that are all but equal.

    Measured on onnxruntime, all logits tied but one: 137 u over 50,001 classes, 1,527 u over 250,001. So F/200, which
    c doubles.
    """
    classes = x.shape[p.axis]
    terms = np.moveaxis(np.exp(x - x.max(p.axis, keepdims=True)), p.axis, -1)
    tied = np.expand_dims(n.one_way(terms), p.axis)
    return (
        np.log2(classes)
        + (y * np.abs(x - x.max(p.axis, keepdims=True))).sum(p.axis, keepdims=True)
        + tied * classes / 200
    )


@Softmax.on("numpy")
def _(p, n, x):
    return _softmax(p, x)


@Softmax.on("magnitude", c=2.0)
def _(p, n, y, x):
    below = np.abs(x - x.max(p.axis, keepdims=True))
    return y * (1 + below + _sum_error(p, n, x, y)) + 2.0**-100


@Softmax.on("carry")
def _(p, n, y, e, x):
    return y * (e + (y * e).sum(p.axis, keepdims=True))


@spot(
    Softmax,
    name="saturated",
    words="in {count} of {of} rows of {layer} one output is 1 to the last digit: the row hides what is before it",
)
def _(p, n, y, e, x):
    return y.max(p.axis) >= ONE


@LogSoftmax.on("numpy")
def _(p, n, x):
    top = x.max(p.axis, keepdims=True)
    return x - top - np.log(np.exp(x - top).sum(p.axis, keepdims=True))


@LogSoftmax.on("magnitude", c=4.0)
def _(p, n, y, x):
    # log of the sum: its relative error, as in Softmax, becomes absolute; then the roundings of two subtractions.
    below = np.abs(x - x.max(p.axis, keepdims=True))
    return 1 + _sum_error(p, n, x, np.exp(y)) + below + np.abs(y) + np.abs(x).max(p.axis, keepdims=True)


@LogSoftmax.on("carry")
def _(p, n, y, e, x):
    return e + (np.exp(y) * e).sum(p.axis, keepdims=True)


@Softmax.on("chainer")
def _(p, c, x):
    return lambda v: c.F.softmax(v, axis=p.axis)


@Softmax.on("keras")
def _(p, k, x):
    return k.layers.Softmax(axis=k.axis(x, p.axis))(x)


@Softmax.on("onnx")
def _(p, o, x):
    return o.node("Softmax", x, axis=p.axis)


@LogSoftmax.on("chainer")
def _(p, c, x):
    return lambda v: c.F.log_softmax(v, axis=p.axis)


@LogSoftmax.on("keras")
def _(p, k, x):
    return k.ops.log_softmax(x, axis=k.axis(x, p.axis))


@LogSoftmax.on("onnx")
def _(p, o, x):
    return o.node("LogSoftmax", x, axis=p.axis)
