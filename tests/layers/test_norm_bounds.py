"""Bounds of normalisations: sums as runtimes make them stay inside, wrong parameters do not."""

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.graph import Node
from parity.judge.bound import KIT, Judged, evaluate
from parity.judge.regimes import REGIMES, weights_of
from parity.layers import Layer, Spec


def judged(layer, x, w):
    return evaluate(Node("n", layer, ("x",), {}), [Judged(x.astype(np.float64), None)], w)[0]


def ratio(layer, x, w, y) -> float:
    """Largest error ÷ bound."""
    found = judged(layer, x, {k: a.astype(np.float64) for k, a in w.items()})
    return float((np.abs(y.astype(np.float64) - found.value) / found.bound).max())


def mean_in_lanes(v):
    """The mean of each row by eight sums, each one addend after the other, all float32."""
    size = v.shape[-1]
    v = np.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, -size % 8)])
    sums = np.cumsum(v.reshape(*v.shape[:-1], -1, 8), axis=-2, dtype=np.float32)[..., -1, :]
    return sums.sum(-1, keepdims=True) / np.float32(size)


@pytest.mark.parametrize("size", [(4, 5), (31, 33), (133, 131), (256, 255)])
@pytest.mark.parametrize("regime", REGIMES)
def test_sums_one_by_one_stay_inside(size, regime):
    shape = (2, 3, *size)
    instance = Layer.registry["InstanceNorm"](epsilon=1e-5)
    root = Layer.registry["RMSNorm"](epsilon=1e-5, axis=(2, 3), scale=False)
    x = draw(REGIMES[regime], shape, "float32", regime, size)
    w = weights_of(instance, (Spec(shape),), regime)
    flat = x.reshape(2, 3, -1)
    mean = mean_in_lanes(flat)
    var = mean_in_lanes((flat - mean) ** 2)
    y = (flat - mean) * (1 / np.sqrt(var + np.float32(1e-5))) * w["gamma"][:, None] + w["beta"][:, None]
    assert ratio(instance, x, w, y.reshape(shape)) < 0.7
    y = flat / np.sqrt(mean_in_lanes(flat * flat) + np.float32(1e-5))
    assert ratio(root, x, {}, y.reshape(shape)) < 0.7


@pytest.mark.parametrize("size", [(31, 33), (133, 131)])
def test_neighbours_that_are_alike_stay_inside(size):
    """Partial sums go far from 0, though the mean is about 0."""
    layer = Layer.registry["InstanceNorm"](epsilon=1e-3)
    x = np.sort(draw(Distribution(), (1, 4, size[0] * size[1]), "float32", size), -1)
    w = weights_of(layer, (Spec(x.shape),), size)
    mean = mean_in_lanes(x)
    var = mean_in_lanes((x - mean) ** 2)
    y = (x - mean) / np.sqrt(var + np.float32(1e-3)) * w["gamma"][:, None] + w["beta"][:, None]
    assert ratio(layer, x, w, y) < 0.7


def test_variance_as_mean_of_squares_less_square_of_mean_is_outside():
    """Which loses its digits where the mean is large."""
    layer = Layer.registry["GroupNorm"](groups=2, epsilon=1e-5)
    x = draw(REGIMES["offset"], (2, 6, 5, 4), "float32", 1)
    w = weights_of(layer, (Spec(x.shape),), 1)
    parts = x.reshape(2, 2, -1)
    mean = parts.mean(-1, keepdims=True)
    var = (parts * parts).mean(-1, keepdims=True) - mean * mean
    y = ((parts - mean) / np.sqrt(var + np.float32(1e-5))).reshape(x.shape)
    wrong = y * w["gamma"][:, None, None] + w["beta"][:, None, None]
    assert ratio(layer, x, w, wrong) > 2


@pytest.mark.parametrize(
    ("name", "right", "wrong", "least"),
    [
        ("GroupNorm", {"groups": 2, "epsilon": 1e-5}, {"groups": 3}, 1e4),
        ("GroupNorm", {"groups": 2, "epsilon": 1e-5}, {"epsilon": 1e-3}, 10),
        ("InstanceNorm", {"epsilon": 1e-5}, {"epsilon": 1e-3}, 100),
        ("LayerNorm", {"epsilon": 1e-5, "axis": 1}, {"epsilon": 1e-6}, 2),
        ("RMSNorm", {"epsilon": 1e-6, "axis": 1}, {"epsilon": 1e-5}, 5),
        ("RMSNorm", {"epsilon": 1e-6, "axis": (1, 2), "scale": False}, {"axis": (2, 3)}, 1e4),
        ("LpNormalization", {"epsilon": 1e-5, "axis": 1, "mode": "add"}, {"mode": "max"}, 2),
        ("LpNormalization", {"epsilon": 1e-5, "axis": 1, "mode": "max"}, {"p": 1}, 1e4),
        ("LpNormalization", {"epsilon": 1e-5, "axis": 1, "mode": "max"}, {"axis": 2}, 1e4),
        ("Rescaling", {"scale": 1 / 127.5, "offset": -1.0}, {"scale": 1 / 128}, 100),
        ("Rescaling", {"scale": 1 / 127.5, "offset": -1.0}, {"offset": -0.999}, 1e3),
        ("Normalization", {"mean": 0.5, "variance": 0.25}, {"variance": 0.5}, 1e4),
        ("Normalization", {"mean": 0.5, "variance": 0.25}, {"mean": 0.4999}, 100),
        ("Normalization", {"mean": 0.5, "variance": 0.25}, {"invert": True}, 1e4),
    ],
)
def test_a_wrong_parameter_is_outside(name, right, wrong, least):
    layer, other = Layer.registry[name](**right), Layer.registry[name](**{**right, **wrong})
    x = draw(Distribution(), (8, 6, 9, 10), "float32", "x")
    w = weights_of(layer, (Spec(x.shape),), "w")
    same = layer.rule("numpy").fn(layer, KIT, x, **w)
    assert ratio(layer, x, w, same) < 0.7
    assert ratio(layer, x, w, other.rule("numpy").fn(other, KIT, x, **w)) > least
