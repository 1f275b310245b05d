"""What people get wrong with layers of several inputs is outside their bounds."""

import numpy as np
import pytest

from parity.graph import Node
from parity.judge.bound import KIT, Judged, as_exact, evaluate
from parity.judge.regimes import inputs_of, weights_of
from parity.layers import Layer, Spec

SQUARE, LONG = (Spec((6, 6)),) * 2, (Spec((4, 8, 8)),) * 2
SAME = (Spec((4, 6, 5)),) * 3
SCORES = (Spec((50, 5)), Spec((50,), "int32"))


def worst(layer, wrong, specs, swap=None):
    """Largest error ÷ bound of a layer that is said wrongly, in float32; inputs and weights in another order."""
    inputs = inputs_of(layer, specs, "normal", str(layer))
    weights = weights_of(layer, specs, str(layer))
    given = [Judged(as_exact(x), None) for x in inputs]
    node = Node("n", layer, ("x",) * len(inputs), {})
    (judged,) = evaluate(node, given, {k: w.astype(np.float64) for k, w in weights.items()})
    turned = [inputs[i] for i in swap] if swap else inputs
    with np.errstate(all="ignore"):  # a matrix product raises flags for elements behind the end of its rows
        y = wrong.rule("numpy").fn(wrong, KIT, *turned, **weights)
    error = np.abs(y.astype(np.float64) - judged.value)
    if judged.bound is None:
        return float(error.max() * np.inf) if error.any() else 0.0
    return float((error / judged.bound).max())


@pytest.mark.parametrize(
    ("name", "right", "wrong", "specs", "least"),
    [
        ("MatMul", {}, {"transpose_b": True}, SQUARE, 1e4),
        ("MatMul", {"transpose_a": True}, {}, LONG, 1e4),
        ("Dot", {"axes": (1, 1)}, {"axes": (1, 2)}, LONG, 1e4),
        ("AddConstant", {"value": 127.5}, {"value": 127.5001}, SQUARE[:1], 2),
        ("MulConstant", {"value": 0.1}, {"value": 0.10001}, SQUARE[:1], 100),
        ("MulConstant", {"value": (1.0, 2.0, 3.0, 4.0), "axis": 0}, {"value": (4.0, 3.0, 2.0, 1.0), "axis": 0},
         (Spec((4, 5)),), 1e4),
        ("PowVarConst", {"exponent": 1.7}, {"exponent": 1.701}, SQUARE[:1], 100),
        ("PowConstVar", {"base": 2}, {"base": 2.001}, SQUARE[:1], 100),
        ("Scale", {"axis": 0}, {"axis": 1}, SQUARE[:1], 1e4),
        ("Attention", {}, {"causal": True}, SAME, 1e3),
        ("AdditiveAttention", {}, {"causal": True}, SAME, 1e3),
        ("MultiHeadAttention", {"heads": 2, "key_dim": 3}, {"heads": 2, "key_dim": 3, "causal": True}, SAME, 1e3),
        ("SoftmaxCrossEntropy", {"reduction": "none", "ignore_label": None},
         {"reduction": "none", "ignore_label": 2}, SCORES, 1e3),
        ("SoftmaxCrossEntropy", {"reduction": "mean", "ignore_label": None},
         {"reduction": "mean", "ignore_label": 2}, SCORES, 1e3),
        ("Gather", {"axis": 0}, {"axis": 1}, (Spec((3, 3)), Spec((3,), "int32")), np.inf),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_outside(name, right, wrong, specs, least):
    cls = Layer.registry[name]
    assert worst(cls(**right), cls(**right), specs) < 1
    assert worst(cls(**right), cls(**wrong), specs) >= least


@pytest.mark.parametrize(
    ("name", "parameters", "swap"),
    [
        ("Sub", {}, (1, 0)),
        ("Div", {}, (1, 0)),
        ("Pow", {}, (1, 0)),
        ("LinearInterpolate", {}, (0, 2, 1)),
        ("Attention", {}, (0, 2, 1)),
        ("MultiHeadAttention", {"heads": 2, "key_dim": 3}, (0, 2, 1)),
    ],
)
def test_inputs_in_another_order_are_outside(name, parameters, swap):
    layer = Layer.registry[name](**parameters)
    assert worst(layer, layer, SAME[: len(swap)]) < 1
    assert worst(layer, layer, SAME[: len(swap)], swap) > 1e3


@pytest.mark.parametrize("name", ["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"])
def test_another_relation_is_outside(name):
    others = {"Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"} - {name}
    a, b = (np.array(v, np.float32) for v in ([1, 2, 3], [2, 2, 2]))
    made = {n: Layer.registry[n]().rule("numpy").fn(Layer.registry[n](), KIT, a, b).tolist() for n in {*others, name}}
    assert all(made[o] != made[name] for o in others)
