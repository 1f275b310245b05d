"""Losses: element by element with Python's math, against Chainer, and ONNX's examples."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.judge.bound import Reference
from parity.judge.verdict import judge
from parity.layers import Layer, Spec
from parity.layers.cross_entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from parity.layers.loss import MeanAbsoluteError, MeanSquaredError


def labels(numbers, classes, *shape):
    return (np.abs(10 * numbers(*shape)).astype(np.int32) % classes).astype(np.int32)


@pytest.mark.parametrize("ignore", [None, 2, -1])
@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("more", [(), (4,), (4, 3)])
def test_softmax_cross_entropy(ignore, reduction, more, numbers, rule, close, F):
    x, t = 3 * numbers(6, 5, *more), labels(numbers, 5, 6, *more)
    y = rule(SoftmaxCrossEntropy(reduction=reduction, ignore_label=ignore), x, t)
    reduce = "no" if reduction == "none" else "mean"
    close(y, F.softmax_cross_entropy(x, t, ignore_label=-1 if ignore is None else ignore, reduce=reduce))
    losses = []
    for n, *at in np.ndindex(t.shape):
        row = x[(n, slice(None), *at)]
        label = t[(n, *at)]
        losses.append(0.0 if label == ignore else math.log(math.fsum(np.exp(row))) - row[label])
    if reduction == "none":
        close(y.ravel(), losses)
    else:
        assert y == pytest.approx(math.fsum(losses) / (t != ignore).sum(), rel=1e-12)


@pytest.mark.parametrize("name", ["sce_none", "sce_mean", "sce_mean_3d", "sce_mean_no_weight_ii_4d"])
def test_onnx_example(name, examples, rule):
    _, attributes, (x, t), outputs = examples("softmax_cross_entropy_loss")[name]
    ignore = attributes.get("ignore_index")
    layer = SoftmaxCrossEntropy(reduction=attributes["reduction"].decode(), ignore_label=ignore)
    np.testing.assert_allclose(rule(layer, x.astype(np.float64), t.astype(np.int32)), outputs[0], rtol=1e-5)


def test_nothing_but_ignored_labels(numbers, rule):
    layer = SoftmaxCrossEntropy(reduction="mean", ignore_label=1)
    assert rule(layer, numbers(2, 3), np.array([1, 1], np.int32)) == 0


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_sigmoid_cross_entropy(reduction, numbers, rule, close, F):
    x, t = 3 * numbers(6, 5), labels(numbers, 2, 6, 5)
    y = rule(SigmoidCrossEntropy(reduction=reduction), x, t)
    close(y, F.sigmoid_cross_entropy(x, t, reduce="no" if reduction == "none" else "mean"))
    if reduction == "none":
        for at in np.ndindex(6, 5):
            p = 1 / (1 + math.exp(-x[at]))
            assert y[at] == pytest.approx(-math.log(p if t[at] else 1 - p), rel=1e-9)


def test_mean_differences(numbers, rule, close, F):
    a, b = numbers(2, 3, 4), numbers(2, 3, 4)
    close(rule(MeanSquaredError(), a, b), F.mean_squared_error(a, b))
    close(rule(MeanAbsoluteError(), a, b), F.mean_absolute_error(a, b))
    assert rule(MeanSquaredError(), a, b) == pytest.approx(math.fsum(((a - b) ** 2).ravel()) / 24, rel=1e-14)


def test_a_number_without_axes_is_judged():
    node = Node("loss", MeanSquaredError(), ("a", "b"), {})
    graph = Graph({"a": Spec((2, 3)), "b": Spec((2, 3))}, (node,), ("loss",))
    a, b = np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)
    reference = Reference.of(graph, {"a": a, "b": b}, {})
    for value, verdict in ((1.0, "equal"), (1 + 2**-22, "rounding"), (1.001, "differs"), (np.nan, "nonfinite")):
        made = {"loss": np.float32(value).reshape(())}
        assert judge(reference, made, made).verdict == verdict
    with_an_axis = {"loss": np.ones(1, np.float32)}
    assert judge(reference, with_an_axis, with_an_axis).verdict == "shape"


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "message"),
    [
        (
            "SoftmaxCrossEntropy",
            {"reduction": "mean", "ignore_label": None},
            [(6, 5), (5,)],
            r"found scores \[6, 5\] and labels \[5\], expected \[N, C, …\] and \[N, …\]",
        ),
        (
            "SoftmaxCrossEntropy",
            {"reduction": "mean", "ignore_label": 255},
            [(6, 5), (6,)],
            "ignore_label: found 255; with 5 classes −1 … 5 are accepted",
        ),
        ("SigmoidCrossEntropy", {"reduction": "none"}, [(6, 5), (6,)], r"found scores \[6, 5\] and labels \[6\]"),
        ("MeanSquaredError", {}, [(6, 5), (6, 1)], r"expected one shape, found \[6, 5\] and \[6, 1\]"),
    ],
)
def test_shapes_that_do_not_fit(name, parameters, shapes, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(*map(Spec, shapes))
