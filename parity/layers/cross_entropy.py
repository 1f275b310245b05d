"""Cross entropies of scores and labels. A mean has no axes: its shape is []."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from parity.errors import BadInput
from parity.layers.activation import Softplus
from parity.layers.base import Layer, Spec
from parity.layers.loss import mean_magnitude
from parity.layers.softmax import LogSoftmax


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Layer):
    """−log softmax(x)[t] over axis 1, of scores and the numbers of the right classes.

    ONNX calls it SoftmaxCrossEntropyLoss, Keras sparse_categorical_crossentropy with from_logits. If all labels are
    ignored, the mean is 0, as in Chainer; in ONNX it is not a number.

    Args:
        reduction: mean over all labels that are not ignored, or none. Chainer calls this ``reduce``, and none "no".
        ignore_label: whose loss is 0 and does not count; one of the classes, or next to them; null for none. Stated,
            because the defaults differ: Chainer −1, Keras and ONNX none.
    """

    reduction: Literal["mean", "none"]
    ignore_label: int | None
    inputs: ClassVar[tuple[str, ...]] = ("x", "t")
    kinds: ClassVar[tuple[str, ...]] = ("f", "i")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, C, …) of scores and (N, …) of int32 → () or (N, …)."""
        scores, labels = (s.shape for s in x)
        if len(scores) < 2 or labels != (scores[0], *scores[2:]):
            text = f"found scores {list(scores)} and labels {list(labels)}, expected [N, C, …] and [N, …]"
            raise BadInput(text, path="from")
        if self.ignore_label is not None and not -1 <= self.ignore_label <= scores[1]:
            text = f"found {self.ignore_label}; with {scores[1]} classes −1 … {scores[1]} are accepted"
            raise BadInput(text, path="ignore_label")
        return (Spec(() if self.reduction == "mean" else labels, x[0].dtype),)

    def indices(self, *x: Spec) -> dict[int, range]:
        """Classes, and the label that is ignored."""
        classes = x[0].shape[1]
        ignored = 0 if self.ignore_label is None else self.ignore_label
        return {1: range(min(ignored, 0), max(classes, ignored + 1))}

    def kept(self, t: np.ndarray) -> np.ndarray:
        """Where labels count, bool."""
        return np.ones(t.shape, bool) if self.ignore_label is None else t != self.ignore_label


def _picked(p, v, t):
    """Of each place the element of its label, 0 where that is ignored."""
    kept = p.kept(t)
    found = np.take_along_axis(v, np.where(kept, t, 0)[:, None], 1)[:, 0]
    return np.where(kept, found, v.dtype.type(0))


def _count(p, t):
    return max(int(p.kept(t).sum()), 1)


@SoftmaxCrossEntropy.on("numpy")
def _(p, n, x, t):
    each = -_picked(p, LogSoftmax(axis=1).rule("numpy").fn(LogSoftmax(axis=1), n, x), t)
    return each if p.reduction == "none" else np.asarray(each.sum() / x.dtype.type(_count(p, t)))


@SoftmaxCrossEntropy.on("magnitude", c=4.0)
def _(p, n, y, x, t):
    log = LogSoftmax(axis=1)
    logs = log.rule("numpy").fn(log, n, x)
    each = _picked(p, log.rule("magnitude").fn(log, n, logs, x), t)
    return each if p.reduction == "none" else mean_magnitude(n, _picked(p, logs, t), each, _count(p, t))


@SoftmaxCrossEntropy.on("carry")
def _(p, n, y, e, x, t):
    log = LogSoftmax(axis=1)
    each = _picked(p, log.rule("carry").fn(log, n, log.rule("numpy").fn(log, n, x), e[0], x), t)
    return each if p.reduction == "none" else np.asarray(each.sum() / _count(p, t))


@SoftmaxCrossEntropy.on("chainer")
def _(p, c, x, t):
    ignored = -1 if p.ignore_label is None else p.ignore_label  # labels are 0 and more
    reduce = "no" if p.reduction == "none" else "mean"
    return lambda v, w: c.F.softmax_cross_entropy(v, w, ignore_label=ignored, reduce=reduce)


@SoftmaxCrossEntropy.on("keras", x="=", y="=")
def _(p, k, x, t):
    x = x if len(k.shape(x)) == 2 else k.ops.moveaxis(x, 1, -1)
    if p.ignore_label is None:
        each = k.ops.sparse_categorical_crossentropy(t, x, from_logits=True)
        return each if p.reduction == "none" else k.ops.mean(each)
    kept = k.ops.not_equal(t, p.ignore_label)
    each = k.ops.sparse_categorical_crossentropy(k.ops.where(kept, t, 0), x, from_logits=True)
    each = k.ops.where(kept, each, 0.0)
    if p.reduction == "none":
        return each
    return k.ops.sum(each) / k.ops.maximum(k.ops.sum(k.ops.cast(kept, k.floats)), 1.0)


@SoftmaxCrossEntropy.on("onnx")
def _(p, o, x, t):
    ignored = {} if p.ignore_label is None else {"ignore_index": p.ignore_label}
    return o.node("SoftmaxCrossEntropyLoss", x, t, reduction=p.reduction, **ignored)


@dataclass(frozen=True)
class SigmoidCrossEntropy(Layer):
    """−t·log σ(x) − (1 − t)·log(1 − σ(x)), of scores and truths that are 0 or 1, that is, softplus((1 − 2t)·x).

    Keras calls it binary_crossentropy with from_logits. Chainer's label −1, which is ignored, is not accepted.

    Args:
        reduction: mean over everything, or none. Chainer calls this ``reduce``, and none "no".
    """

    reduction: Literal["mean", "none"]
    inputs: ClassVar[tuple[str, ...]] = ("x", "t")
    kinds: ClassVar[tuple[str, ...]] = ("f", "i")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Scores and int32 of one shape → () or that shape."""
        if x[0].shape != x[1].shape:
            text = f"found scores {list(x[0].shape)} and labels {list(x[1].shape)}, expected one shape"
            raise BadInput(text, path="from")
        return (Spec(() if self.reduction == "mean" else x[0].shape, x[0].dtype),)

    def indices(self, *x: Spec) -> dict[int, int]:
        """0 and 1."""
        return {1: 2}


def _signed(x, t):
    return x * (1 - 2 * t).astype(x.dtype)


@SigmoidCrossEntropy.on("numpy")
def _(p, n, x, t):
    each = Softplus().rule("numpy").fn(Softplus(), n, _signed(x, t))
    return each if p.reduction == "none" else np.asarray(each.mean())


@SigmoidCrossEntropy.on("magnitude", c=8.0)
def _(p, n, y, x, t):
    terms = Softplus().rule("numpy").fn(Softplus(), n, _signed(x, t))
    each = Softplus().rule("magnitude").fn(Softplus(), n, terms, x)
    return each if p.reduction == "none" else mean_magnitude(n, terms, each, terms.size)


@SigmoidCrossEntropy.on("carry")
def _(p, n, y, e, x, t):
    return e[0] if p.reduction == "none" else np.asarray(e[0].mean())


@SigmoidCrossEntropy.on("chainer")
def _(p, c, x, t):
    return lambda v, w: c.F.sigmoid_cross_entropy(v, w, reduce="no" if p.reduction == "none" else "mean")


@SigmoidCrossEntropy.on("keras", x="=", y="=")
def _(p, k, x, t):
    each = k.ops.binary_crossentropy(k.ops.cast(t, k.floats), x, from_logits=True)
    return each if p.reduction == "none" else k.ops.mean(each)


@SigmoidCrossEntropy.on("onnx")
def _(p, o, x, t):
    one, two = (o.const(np.float64(v)) for v in (1, 2))
    sign = o.node("Sub", one, o.node("Mul", two, o.node("Cast", t, to=o.type("float32"))))
    each = o.node("Softplus", o.node("Mul", x, sign))
    return each if p.reduction == "none" else o.node("ReduceMean", each, keepdims=0)
