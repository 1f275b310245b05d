"""Functions of two numbers, and products along the way: against math, Chainer and ONNX."""

import math

import numpy as np
import pytest

from parity.graph import Node
from parity.judge.bound import KIT, Judged, evaluate
from parity.layers import Spec
from parity.layers.cum_prod import CumProd
from parity.layers.distance import AbsoluteError, HuberLoss, SquaredError
from parity.layers.pairs import Atan2, Mod

SHAPES = [[(2, 3, 4), (2, 3, 4)], [(2, 3, 4), (4,)], [(3, 1), (2, 3, 4)]]


def huber(a, b, delta):
    d = abs(a - b)
    return d * d / 2 if d <= delta else delta * (d - delta / 2)


CASES = [
    (Atan2(), math.atan2, lambda F, a, b: F.arctan2(a, b)),
    (Mod(fmod=True), math.fmod, lambda F, a, b: F.fmod(a, b)),
    (Mod(fmod=False), lambda a, b: a % b, None),
    (SquaredError(), lambda a, b: (a - b) ** 2, lambda F, a, b: F.squared_difference(a, b)),
    (AbsoluteError(), lambda a, b: abs(a - b), lambda F, a, b: F.absolute_error(a, b)),
    (HuberLoss(delta=0.7), lambda a, b: huber(a, b, 0.7), lambda F, a, b: F.huber_loss(a, b, 0.7, reduce="no")),
]
each = pytest.mark.parametrize(("layer", "one", "chainers"), CASES)


@each
@pytest.mark.parametrize("shapes", SHAPES)
def test_element_by_element(layer, one, chainers, shapes, numbers, rule):
    a, b = (2 * numbers(*s) for s in shapes)
    y = rule(layer, a, b)
    for index in np.ndindex(2, 3, 4):
        pair = (float(np.broadcast_to(v, (2, 3, 4))[index]) for v in (a, b))
        assert y[index] == pytest.approx(one(*pair), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(("layer", "chainers"), [(layer, c) for layer, _, c in CASES if c])
def test_against_chainer(layer, chainers, numbers, rule, close, F):
    a, b = 2 * numbers(5, 40), numbers(5, 40)
    close(rule(layer, a, b), chainers(F, a, b))


@pytest.mark.parametrize("name", ["mod_mixed_sign_float32", "mod_mixed_sign_float64"])
def test_onnx_example(name, examples, rule):
    _, attributes, (a, b), (y,) = examples("mod")[name]
    np.testing.assert_allclose(rule(Mod(fmod=bool(attributes["fmod"])), a, b), y, rtol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_products_along_the_way(axis, numbers, rule, close, F):
    x = numbers(3, 4, 5)
    y = rule(CumProd(axis=axis), x)
    close(y, F.cumprod(x, axis=axis))
    np.testing.assert_allclose(y.take(2, axis), x.take([0, 1, 2], axis).prod(axis), rtol=1e-14)


WRONG = [
    (Atan2(), lambda a, b: np.arctan2(b, a)),
    (Atan2(), lambda a, b: np.arctan(a / b)),
    (Mod(fmod=True), np.mod),
    (Mod(fmod=False), np.fmod),
    (SquaredError(), lambda a, b: (a - b) ** 2 / 2),
    (SquaredError(), lambda a, b: a**2 - b**2),
    (AbsoluteError(), lambda a, b: a - b),
    (HuberLoss(delta=0.7), lambda a, b: np.vectorize(huber)(a, b, 0.70001)),
    (HuberLoss(delta=0.7), lambda a, b: (a - b) ** 2 / 2),
]


@pytest.mark.parametrize(("layer", "wrong"), WRONG)
def test_what_is_wrong_is_outside_the_bound(layer, wrong, numbers):
    a, b = (numbers(5, 40).astype(np.float32).astype(np.float64) for _ in range(2))
    judged = evaluate(Node("n", layer, ("a", "b"), {}), [Judged(a, None), Judged(b, None)], {})[0]
    bound = 0.0 if judged.bound is None else judged.bound
    assert (np.abs(judged.value.astype(np.float32) - judged.value) <= bound).all()
    assert (np.abs(wrong(a, b) - judged.value) > bound).any()


def test_a_product_along_another_axis_is_outside_the_bound(numbers):
    x = numbers(5, 5)
    judged = evaluate(Node("n", CumProd(axis=0), ("x",), {}), [Judged(x, None)], {})[0]
    assert (np.abs(np.cumprod(x, 1) - judged.value) > judged.bound).any()


@pytest.mark.parametrize("size", [1e-6, 0.1, 3.0])
@pytest.mark.parametrize("layer", [layer for layer, _, _ in CASES])
def test_errors_of_any_size_stay_inside(layer, size, numbers):
    a, b = 2 * numbers(4, 50), numbers(4, 50)
    e = [size * np.abs(numbers(4, 50)), 0.3 * size * np.abs(numbers(4, 50))]
    apply = layer.rule("numpy").fn
    y = apply(layer, KIT, a, b)
    carried = layer.rule("carry").fn(layer, KIT, y, e, a, b)
    for s in np.linspace(-1, 1, 21):
        for t in np.linspace(-1, 1, 21):
            change = np.abs(apply(layer, KIT, a + s * e[0], b + t * e[1]) - y)
            assert (change <= carried * (1 + 1e-9) + 1e-13).all()


def carried(layer, a, b, *e):
    a, b, *e = (np.array([v]) for v in (a, b, *e))
    return layer.rule("carry").fn(layer, KIT, layer.rule("numpy").fn(layer, KIT, a, b), e, a, b)[0]


def test_an_angle_may_jump_where_a_turn_ends():
    assert carried(Atan2(), 1e-7, -1.0, 1e-6, 0.0) == 2 * math.pi
    assert carried(Atan2(), 1e-7, 1.0, 1e-6, 0.0) == pytest.approx(1e-6)
    assert carried(Atan2(), 0.0, -1.0, 0.0, 0.0) == 0
    assert carried(Atan2(), 1e-7, 1e-7, 1e-6, 1e-6) == 2 * math.pi


def test_a_remainder_may_jump_at_a_multiple():
    assert carried(Mod(fmod=False), 3 - 1e-7, 1.0, 1e-6, 0.0) >= 1
    assert carried(Mod(fmod=False), 3.5, 1.0, 1e-6, 1e-6) == pytest.approx(4e-6)
    assert carried(Mod(fmod=True), 1e-7, 1.0, 1e-6, 0.0) == pytest.approx(1e-6)


def test_axis_must_be_there():
    with pytest.raises(Exception, match="axis: found 3"):
        CumProd(axis=3).infer(Spec((2, 3)))
