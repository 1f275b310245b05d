"""What a layer makes of errors that come in: no change within them moves the output further than ``carry`` says.

Where one input element makes one output element, that holds for every change. Sums take errors as independent, so there
it holds for random signs, up to what the largest of many normal numbers is: 4 standard deviations.
"""

import zlib

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.judge.bound import KIT
from parity.judge.regimes import REGIMES, inputs_of, weights_of
from parity.layers import Layer, Spec

SUMS = {  # beside the layers that say so of themselves
    **dict.fromkeys(("AveragePool2D", "GlobalAveragePool", "LayerNorm", "LocalResponseNorm"), 4.5),
    **dict.fromkeys(("RNN", "LSTM", "GRU", "Bidirectional", "NStep"), 16.0),  # through all gates and many steps
    "MLPConvolution2D": 8.0,  # the second sum takes errors that the first one spread
}
LONG = [
    ("Linear", {"units": 8}, (4, 1152)),
    ("LayerNorm", {"epsilon": 1e-5}, (6, 1024)),
    ("GlobalAveragePool", {"keepdims": False}, (2, 5, 56, 55)),
    ("LSTM", {"units": 16}, (3, 20, 24)),
    ("GRU", {"units": 16, "reset_after": True}, (3, 20, 24)),
    ("GRU", {"units": 16, "reset_after": False}, (3, 20, 24)),
]


@pytest.fixture(scope="module")
def instances(case_layers):
    return [*case_layers, *((Layer.registry[name](**p), (Spec(shape),)) for name, p, shape in LONG)]


def values(layer, specs, regime, key):
    inputs = inputs_of(layer, specs, regime, key, dtype="float64")
    return inputs, weights_of(layer, specs, key, dtype="float64")


def as_tuple(made):
    return made if isinstance(made, tuple) else (made,)


def moved(layer, inputs, weights, errors, signs) -> float:
    """Largest change of the output ÷ carried error, for inputs changed by errors with those signs."""
    fn = layer.rule("numpy").fn
    before = fn(layer, KIT, *inputs, **weights)
    changed = [x + e * s if x.dtype.kind == "f" else x for x, e, s in zip(inputs, errors, signs, strict=True)]
    with np.errstate(all="ignore"):
        after = as_tuple(fn(layer, KIT, *changed, **weights))
        e = errors if len(errors) > 1 else errors[0]
        carried = layer.rule("carry").fn(layer, KIT, before, e, *inputs, **weights)
    worst = 0.0
    for a, b, c in zip(as_tuple(before), after, as_tuple(carried), strict=True):
        assert c.shape == a.shape
        a, b = a.astype(np.float64), b.astype(np.float64)
        noise = 1e-14 * np.abs(a).max()  # of float64 itself
        with np.errstate(all="ignore"):
            change = np.where(np.isnan(b), np.inf, np.maximum(np.abs(a - b) - noise, 0))
            worst = max(worst, float(np.where((change == 0) | np.isinf(c), 0.0, change / c).max()))
    return worst


def sizes(kind, x, rng):
    """Errors as large as float32's, larger, or on a few elements alone; indices and booleans have none."""
    if x.dtype.kind != "f":
        return np.zeros(x.shape)
    if kind == "relative":
        return 2.0**-22 * np.abs(x) * rng.uniform(0, 1, x.shape)
    if kind == "equal":
        return np.full_like(x, 2.0**-20 * np.abs(x).mean())
    return 2.0**-18 * np.abs(x).mean() * (rng.uniform(size=x.shape) < 0.1)


@pytest.mark.parametrize("kind", ["relative", "equal", "sparse"])
@pytest.mark.parametrize("regime", REGIMES)
def test_errors_stay_inside(regime, kind, instances):
    beyond, seen = {}, set()
    for layer, specs in instances:
        rng = np.random.default_rng(zlib.crc32(repr((layer, specs)).encode()))  # whatever other layers there are
        name = type(layer).__name__
        inputs, weights = values(layer, specs, regime, str(layer))
        errors = [sizes(kind, x, rng) for x in inputs]
        signs = [[rng.choice([-1.0, 1.0], x.shape) for x in inputs] for _ in range(2)]
        limit = SUMS.get(name) or (4.5 if layer.independent else 1 + 1e-3)  # the rules are of first order
        if limit < 4:
            signs += [[np.full(x.shape, s) for x in inputs] for s in (1.0, -1.0)]
        worst = max(moved(layer, inputs, weights, errors, s) for s in signs)
        seen.add(name)
        if worst > limit:
            beyond[name] = worst
    assert beyond == {}
    assert seen == set(Layer.registry)


def test_nothing_carries_nothing(instances):
    for layer, specs in instances:
        inputs, weights = values(layer, specs, "normal", str(layer))
        y = layer.rule("numpy").fn(layer, KIT, *inputs, **weights)
        zeros = [np.zeros(x.shape) for x in inputs]
        carried = layer.rule("carry").fn(layer, KIT, y, zeros if len(zeros) > 1 else zeros[0], *inputs, **weights)
        assert all(not c.any() for c in as_tuple(carried))


def test_a_carry_that_forgets_the_slope_is_seen(monkeypatch):
    layer = Layer.registry["LeakyReLU"](alpha=3.0)
    inputs = [draw(Distribution(), (3, 50), "float64", "x")]
    errors, signs = [np.full((3, 50), 1e-6)], [np.ones((3, 50))]
    assert moved(layer, inputs, {}, errors, signs) == pytest.approx(1, abs=1e-6)
    monkeypatch.setattr(
        type(layer), "rules", {**type(layer).rules, "carry": Layer.registry["Dropout"]._lookup("rules", "carry")}
    )
    assert moved(layer, inputs, {}, errors, signs) == pytest.approx(3, abs=1e-6)


def test_an_index_carries_nothing():
    layer = Layer.registry["Embedding"](vocabulary=5, units=3)
    y = np.ones((2, 3))
    assert not layer.rule("carry").fn(layer, KIT, y, np.zeros(2), np.array([1, 2]), W=np.ones((5, 3))).any()


@pytest.mark.parametrize("size", [1e-6, 0.1, 3.0])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *[(n, {}) for n in ("ReLU", "Sigmoid", "Tanh", "Softplus")],
        *[("ELU", {"alpha": a}) for a in (0.5, 2.0)],
        *[("LeakyReLU", {"alpha": a}) for a in (0.1, 3.0)],
        *[(n, {}) for n in ("SiLU", "HardSiLU", "Mish", "SELU", "Softsign", "LogSigmoid")],
        *[("GELU", {"approximate": a}) for a in (False, True)],
        *[(n, {}) for n in ("Abs", "Neg", "Sign", "Floor", "Ceil", "Square", "Exp", "Expm1", "Sinh", "Cosh", "Erf")],
        *[(n, {}) for n in ("Sin", "Cos", "Tan", "Atan", "Reciprocal")],
        *[("ClippedReLU", {"max": 2.0}), ("Clip", {"min": -1.0, "max": 2.0}), ("ThresholdedReLU", {"alpha": 1.0})],
        ("HardSigmoid", {"alpha": 0.2}),
    ],
)
def test_activations_hold_for_errors_of_any_size(name, parameters, size):
    layer = Layer.registry[name](**parameters)
    x = draw(Distribution("normal", 0.0, 3.0), (400,), "float64", "x")
    errors = [size * np.abs(draw(Distribution(), x.shape, "float64", "e"))]
    for sign in (1.0, -1.0, 0.3):
        assert moved(layer, [x], {}, errors, [np.full(x.shape, sign)]) <= 1 + 1e-9
