"""Bounds and carried errors, against a poor man's engine: the numpy rules on float32 arrays.

Sound: nothing that rounding does exceeds them. Sharp: they are not so wide that defects fit in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from parity.draw import Distribution, draw, kernel_distribution
from parity.graph import Node
from parity.judge.bound import KIT, Judged, as_exact, evaluate
from parity.judge.regimes import REGIMES, inputs_of, weights_of
from parity.layers import Layer, Spec

LONG = [
    ("Linear", {"units": 8}, (4, 1152)),
    ("Linear", {"units": 8}, (4, 9216)),
    ("Conv2D", {"filters": 6, "kernel": 3}, (2, 128, 5, 6)),
    ("Conv2D", {"filters": 4, "kernel": 3}, (1, 1024, 4, 5)),
    ("ConvTranspose2D", {"filters": 5, "kernel": 4, "stride": 2, "pad": 1}, (1, 512, 4, 5)),
    ("ConvTranspose1D", {"filters": 6, "kernel": 3, "groups": 2}, (2, 512, 7)),
    ("BatchNorm", {"epsilon": 1e-5}, (6, 32, 5, 7)),
    ("LayerNorm", {"epsilon": 1e-5}, (6, 1024)),
    ("LocalResponseNorm", {"n": 5, "k": 1, "alpha": 1e-4, "beta": 0.75}, (2, 96, 5, 6)),
    ("Softmax", {"axis": 1}, (6, 1024)),
    ("LogSoftmax", {"axis": 1}, (6, 1024)),
    ("AveragePool2D", {"kernel": 7, "stride": 1, "count_include_pad": True}, (2, 5, 8, 9)),
    ("GlobalAveragePool", {"keepdims": False}, (2, 5, 56, 55)),
    ("LSTM", {"units": 32}, (3, 30, 48)),
    ("LSTM", {"units": 32, "peepholes": "full", "recurrent_activation": "hard_sigmoid"}, (3, 30, 48)),
    ("RNN", {"units": 32}, (3, 30, 48)),
    ("RNN", {"units": 32, "activation": "relu"}, (3, 30, 48)),
    ("NStep", {"inner": {"layer": "LSTM", "units": 24}, "layers": 3}, (3, 20, 48)),
    ("Bidirectional", {"inner": {"layer": "GRU", "units": 24, "reset_after": True}}, (3, 20, 48)),
    ("GRU", {"units": 32, "reset_after": True}, (3, 30, 48)),
    ("GRU", {"units": 32, "reset_after": False}, (3, 30, 48)),
]


@dataclass(frozen=True)
class Run:
    """A layer on inputs and weights of one regime, float32."""

    layer: Layer
    inputs: list[np.ndarray]
    weights: dict[str, np.ndarray]

    @classmethod
    def of(cls, layer, specs, regime, key):
        return cls(layer, inputs_of(layer, specs, regime, key), weights_of(layer, specs, key))

    def exact(self) -> tuple[Judged, ...]:
        """Value and bound, from the float64 of what the engine has."""
        node = Node("n", self.layer, ("x",) * len(self.inputs), {})
        inputs = [Judged(as_exact(x), None) for x in self.inputs]
        return evaluate(node, inputs, {k: w.astype(np.float64) for k, w in self.weights.items()})

    def engine(self) -> tuple[np.ndarray, ...]:
        """The numpy rule in float32."""
        with np.errstate(all="ignore"):
            made = self.layer.rule("numpy").fn(self.layer, KIT, *self.inputs, **self.weights)
        return made if isinstance(made, tuple) else (made,)


def ratio(outputs, judged) -> float:
    """Largest error ÷ bound, 0 where both are."""
    worst = 0.0
    for y, j in zip(outputs, judged, strict=True):
        assert y.dtype == (np.float32 if j.value.dtype.kind == "f" else j.value.dtype)
        with np.errstate(invalid="ignore"):
            error = np.abs(y.astype(np.float64) - j.value)
            expected = j.value.astype(y.dtype)
        error = np.where(~np.isfinite(expected) & ((y == expected) | ((y != y) & (expected != expected))), 0.0, error)
        bound = np.zeros_like(error) if j.bound is None else j.bound
        with np.errstate(all="ignore"):
            worst = max(worst, float(np.where(error == 0, 0.0, error / bound).max()))
    return worst


@pytest.fixture(scope="module")
def instances(case_layers) -> list[tuple[Layer, tuple[Spec, ...]]]:
    """Every layer as the layer cases have it, and with long sums."""
    return [*case_layers, *((Layer.registry[name](**p), (Spec(shape),)) for name, p, shape in LONG)]


@pytest.fixture(scope="module")
def ratios(instances) -> dict[tuple[str, str], float]:
    """(layer, regime) → largest error ÷ bound."""
    found: dict[tuple[str, str], float] = {}
    for layer, specs in instances:
        for regime in REGIMES:
            run = Run.of(layer, specs, regime, str(layer))
            at = (type(layer).__name__, regime)
            found[at] = max(found.get(at, 0.0), ratio(run.engine(), run.exact()))
    return found


@pytest.mark.parametrize("regime", REGIMES)
def test_rounding_stays_inside(ratios, regime):
    here = {name: r for (name, where), r in ratios.items() if where == regime}
    assert set(here) == set(Layer.registry)
    assert {name: r for name, r in here.items() if r > 0.7} == {}


def test_no_bound_is_absurdly_wide(ratios, instances):
    inexact = {
        type(layer).__name__
        for layer, specs in instances
        if Run.of(layer, specs, "normal", 0).exact()[0].bound is not None
    }
    assert {name: ratios[name, "normal"] for name in inexact if ratios[name, "normal"] < 0.05} == {}


def serially(x, W):
    """x·Wᵀ one product after the other, as TensorFlow sums long rows: Σ in float32 without blocks."""
    return np.cumsum(x[:, None] * W, axis=-1, dtype=np.float32)[..., -1]


ORDERS = {
    "drawn": lambda w: w,
    "positive": np.abs,
    "sorted": lambda w: np.sort(w, -1),
    "edge": lambda w: np.abs(w) * np.where(np.arange(w.shape[-1]) < w.shape[-1] // 2, 1, -1).astype(np.float32),
    "constant": lambda w: np.full_like(w, 0.3),
}


@pytest.mark.parametrize("terms", [64, 1152, 9216])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("regime", [*REGIMES, "constant"])
def test_serial_sums_stay_inside(terms, order, regime):
    layer = Layer.registry["Linear"](units=6, bias=False)
    W = ORDERS[order](draw(kernel_distribution(terms), (6, terms), "float32", "w"))
    d = REGIMES.get(regime, Distribution("constant", 0.7))
    run = Run(layer, [draw(d, (5, terms), "float32", "x", regime)], {"W": W})
    assert ratio([serially(run.inputs[0], W)], run.exact()) < 1


@pytest.mark.parametrize("value", [0.1, 0.7, 3.3])
@pytest.mark.parametrize("size", [7, 56, 224])
def test_serial_averages_of_a_flat_image_stay_inside(value, size):
    """Equal addends round alike, so their errors do not cancel: TensorFlow is 17 times beyond the √n of others here."""
    x = np.full((1, 1, size, size), value, np.float32)
    run = Run(Layer.registry["GlobalAveragePool"](keepdims=True), [x], {})
    serial = np.cumsum(x.ravel(), dtype=np.float32)[-1] / np.float32(x.size)
    assert ratio([serial.reshape(1, 1, 1, 1)], run.exact()) < 1


def test_repeats():
    x = np.array([[1.0, 1.0, 2.0, 2.0, 2.0], [0.0, 1.0, 0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(KIT.repeats(x), [[0, 1, 0, 1, 1], [0, 0, 0, 1, 0]])
    np.testing.assert_array_equal(KIT.repeats(x, 0), [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
    assert KIT.repeats(np.ones((2, 1))).tolist() == [[False], [False]]


# What must not fit inside.


def test_a_sum_in_half_precision_is_outside():
    run = Run.of(Layer.registry["Linear"](units=8), (Spec((4, 1152)),), "normal", 1)
    x, W, b = run.inputs[0], run.weights["W"], run.weights["b"]
    half = (x.astype(np.float16) @ W.astype(np.float16).T).astype(np.float32) + b
    assert ratio([half], run.exact()) > 10


@pytest.mark.parametrize(("name", "parameters", "shape"), LONG)
def test_a_weight_off_by_a_percent_is_outside(name, parameters, shape):
    layer = Layer.registry[name](**parameters)
    run = Run.of(layer, (Spec(shape),), "normal", 2)
    if not run.weights:
        return
    for weight in run.weights:
        if run.weights[weight].size > 1:
            changed = run.weights[weight].copy()
            at = np.unravel_index(np.argmax(np.abs(changed)), changed.shape)
            changed[at] *= np.float32(1.01)
            wrong = Run(layer, run.inputs, run.weights | {weight: changed})
            assert ratio(wrong.engine(), run.exact()) > 2, weight


@pytest.mark.parametrize(
    ("name", "right", "wrong", "least"),
    [
        ("BatchNorm", {"epsilon": 2e-5}, {"epsilon": 1e-5}, 2),
        ("BatchNorm", {"epsilon": 1e-3}, {"epsilon": 2e-5}, 100),
        ("LayerNorm", {"epsilon": 1e-5}, {"epsilon": 1e-6}, 2),
        ("LeakyReLU", {"alpha": 0.2}, {"alpha": 0.2001}, 100),
        ("ELU", {"alpha": 1.0}, {"alpha": 0.999}, 100),
        ("Softplus", {"beta": 1.0}, {"beta": 1.001}, 100),
        ("Softmax", {"axis": 1}, {"axis": 2}, 1e4),
        ("LogSoftmax", {"axis": 1}, {"axis": 2}, 1e4),
        (
            "LocalResponseNorm",
            {"n": 5, "k": 2, "alpha": 1e-4, "beta": 0.75},
            {"n": 5, "k": 2, "alpha": 2e-5, "beta": 0.75},
            100,
        ),
        (
            "Resize",
            {"size": (18, 21), "mode": "bilinear", "coordinates": "half_pixel"},
            {"size": (18, 21), "mode": "bilinear", "coordinates": "align_corners"},
            1e4,
        ),
        ("UpSampling2D", {"size": 2, "interpolation": "bilinear"}, {"size": 2, "interpolation": "nearest"}, 1e4),
        (
            "Unpooling2D",
            {"kernel": 3, "stride": 1, "pad": 1, "cover_all": False},
            {"kernel": (1, 3), "stride": 1, "pad": (0, 1), "cover_all": False},
            1e4,
        ),
        (
            "AveragePool2D",
            {"kernel": 3, "stride": 2, "pad": 1, "count_include_pad": True},
            {"kernel": 3, "stride": 2, "pad": 1, "count_include_pad": False},
            1e4,
        ),
    ],
)
def test_a_wrong_parameter_is_outside(name, right, wrong, least):
    run = Run.of(Layer.registry[name](**right), (Spec((8, 6, 9, 10)),), "normal", 3)
    other = Run(Layer.registry[name](**wrong), run.inputs, run.weights)
    assert ratio(other.engine(), run.exact()) > least
