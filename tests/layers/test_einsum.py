"""Products over several axes, factors along one, and bilinear forms: by einsum, and against Chainer."""

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Layer, Spec
from parity.layers.bilinear import Bilinear
from parity.layers.einsum import EinsumDense
from parity.layers.scale import Bias, Scale


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("units", "axes", "equation"),
    [
        (6, 1, "nijk,ok->nijo"),
        ((6, 7), 1, "nijk,opk->nijop"),
        (6, 2, "nijk,ojk->nio"),
        ((6, 7), 2, "nijk,opjk->niop"),
    ],
)
def test_einsum_dense(units, axes, equation, bias, numbers, weights, rule, close):
    layer = EinsumDense(units=units, axes=axes, bias=bias)
    x = numbers(2, 3, 4, 5)
    w = weights(layer, x)
    close(rule(layer, x, **w), np.einsum(equation, x, w["W"]) + (w["b"] if bias else 0))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("bias", [True, False])
def test_scale_and_bias(axis, bias, numbers, weights, rule, close, chainer):
    layer, x = Scale(axis=axis, bias=bias), numbers(2, 3, 4)
    w = weights(layer, x)
    y = rule(layer, x, **w)
    F = chainer.functions
    expected = F.scale(x, w["W"], axis=axis % 3)
    close(y, F.bias(expected, w["b"], axis=axis % 3) if bias else expected)
    if bias:
        close(rule(Bias(axis=axis), x, b=w["b"]), F.bias(x, w["b"], axis=axis % 3))
    for index in np.ndindex(2, 3, 4):
        value = x[index] * w["W"][index[axis]] + (w["b"][index[axis]] if bias else 0)
        assert y[index] == pytest.approx(value, rel=1e-12, abs=1e-14)


def test_one_factor_for_all(numbers, rule, close):
    x = numbers(2, 3)
    close(rule(Scale(axis=None, bias=True), x, W=np.array(1.5), b=np.array(0.5)), 1.5 * x + 0.5)


@pytest.mark.parametrize("bias", [True, False])
def test_bilinear(bias, numbers, weights, rule, close, F):
    layer = Bilinear(units=4, bias=bias)
    left, right = numbers(2, 5), numbers(2, 7)
    w = weights(layer, left, right)
    more = [w["V1"].T, w["V2"].T, w["b"]] if bias else []
    y = rule(layer, left, right, **w)
    given = [a.astype(np.float32) for a in (left, right, np.einsum("oij->ijo", w["W"]), *more)]
    close(F.bilinear(*given), y, 1e-5)  # Chainer's takes float32 alone
    expected = np.einsum("ni,nj,oij->no", left, right, w["W"])
    close(y, expected + left @ w["V1"].T + right @ w["V2"].T + w["b"] if bias else expected)


@pytest.mark.parametrize(
    ("name", "parameters", "shapes", "message"),
    [
        ("EinsumDense", {"units": 3, "axes": 2, "bias": True}, [(2, 3)], r"found \[2, 3\], expected more than 2 axes"),
        ("Scale", {"axis": 2}, [(2, 3)], "axis: found 2, the input has 2 axes"),
        ("Bilinear", {"units": 3}, [(2, 3), (4, 3)], r"expected \[N, I\] and \[N, J\], found \[2, 3\] and \[4, 3\]"),
    ],
)
def test_shapes_that_do_not_fit(name, parameters, shapes, message):
    with pytest.raises(BadInput, match=message):
        Layer.registry[name](**parameters).infer(*map(Spec, shapes))


def test_three_new_axes_are_refused():
    with pytest.raises(BadInput, match=r"units: found \[2, 3, 4\], expected one size or two"):
        EinsumDense(units=(2, 3, 4), axes=1, bias=False)
