"""Highway layers and convolutions by a perceptron against Chainer's own links, in float64."""

import numpy as np
import pytest

from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import Judged, evaluate
from parity.layers import Layer, Spec
from parity.layers.chainer_links import Highway, MLPConvolution2D
from parity.layers.depthwise import DepthwiseConv1D
from parity.layers.separable import SeparableConv1D, SeparableConv2D


def run(link, x, arrays):
    for name, array in arrays.items():
        param = link
        for part in name.split("/"):
            param = param[int(part)] if part.isdigit() else getattr(param, part)
        param.array = array
    return link(x)


def placed(layer: Layer, w, x):
    """The weights under Chainer's names."""
    return layer.layout_map("chainer", layer.weights(Spec(x.shape))).forward(w)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("bias", [True, False])
def test_highway(activation, bias, numbers, weights, rule, close, chainer, F):
    layer, x = Highway(activation=activation, bias=bias), numbers(5, 7)
    w = weights(layer, x)
    assert set(w) == {f"{part}_{k}" for part in ("plain", "transform") for k in ("Wb" if bias else "W")}
    link = chainer.links.Highway(7, nobias=not bias, activate=getattr(F, activation))
    close(rule(layer, x, **w), run(link, x, placed(layer, w, x)))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("filters", [(5, 4), (5, 6, 2)])
def test_mlp_convolution(activation, filters, numbers, weights, rule, close, chainer, F):
    layer = MLPConvolution2D(filters=filters, kernel=(3, 2), stride=(1, 2), pad=(1, 0), activation=activation)
    x = numbers(2, 3, 6, 7)
    w = weights(layer, x)
    link = chainer.links.MLPConvolution2D(3, filters, (3, 2), (1, 2), (1, 0), activation=getattr(F, activation))
    close(rule(layer, x, **w), run(link, x, placed(layer, w, x)))


def test_separable_sequence(numbers, weights, rule, close, F):
    layer = SeparableConv1D(filters=5, kernel=3, stride=2, pad=[[1, 0]], multiplier=2)
    x = numbers(2, 4, 11)
    w = weights(layer, x)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 0)])
    y = F.convolution_1d(padded, w["D"].reshape(8, 1, 3), stride=2, groups=4)
    close(rule(layer, x, **w), F.convolution_1d(y, w["W"], w["b"]))
    assert layer.depthwise() == DepthwiseConv1D(2, 3, 2, [[1, 0]], bias=False)


def test_separable_image(numbers, weights, rule, close, F):
    layer = SeparableConv2D(filters=5, kernel=(3, 2), stride=(2, 1), pad=[[1, 0], [0, 2]], multiplier=2)
    x = numbers(2, 4, 9, 7)
    w = weights(layer, x)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 0), (0, 2)])
    y = F.convolution_2d(padded, w["D"].reshape(8, 1, 3, 2), stride=(2, 1), groups=4)
    close(rule(layer, x, **w), F.convolution_2d(y, w["W"], w["b"]))


def swapped(w):
    return {
        k: w[{"plain": "transform", "transform": "plain"}[k.partition("_")[0]] + "_" + k.partition("_")[2]] for k in w
    }


@pytest.mark.parametrize(
    ("layer", "wrong", "shape", "turn"),
    [
        (Highway(), Highway(), (6, 5), swapped),
        (Highway(), Highway(activation="tanh"), (6, 5), dict),
        (
            MLPConvolution2D(filters=(5, 4), kernel=3),
            MLPConvolution2D(filters=(5, 4), kernel=3, activation="tanh"),
            (2, 3, 6, 7),
            dict,
        ),
    ],
)
def test_what_is_wrong_is_outside_the_bound(layer, wrong, shape, turn, numbers, weights, rule):
    x = numbers(*shape)
    w = weights(layer, x)
    judged = evaluate(Node("n", layer, ("x",), {}), [Judged(x, None)], w)[0]
    assert (np.abs(rule(layer, x, **w) - judged.value) <= judged.bound).all()
    assert (np.abs(rule(wrong, x, **turn(w)) - judged.value) > judged.bound).any()


def test_what_does_not_fit():
    with pytest.raises(BadInput, match=r"filters: found \[5\], accepted: two numbers or more"):
        MLPConvolution2D(filters=(5,), kernel=3)
    with pytest.raises(BadInput, match="N F"):
        Highway().infer(Spec((2, 3, 4)))
