"""Preprocessing against its definition, and layers that act while training only."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Layer, Spec
from parity.layers.preprocess import Normalization, Rescaling

CHANNELS = (0.5, -2.0, 3.0, 0.1, 7.0)
VARIANCES = (0.5, 2.0, 3.0, 0.0, 1e-16)


@pytest.mark.parametrize("scale", [0.3, CHANNELS])
@pytest.mark.parametrize("offset", [0.0, -1.5, CHANNELS])
@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 4), (2, 5, 3, 4)])
def test_rescaling(scale, offset, shape, numbers, rule):
    x = numbers(*shape)
    y = rule(Rescaling(scale=scale, offset=offset), x)
    for at in np.ndindex(*shape):
        s, o = (v[at[1]] if isinstance(v, tuple) else v for v in (scale, offset))
        assert y[at] == pytest.approx(s * x[at] + o, rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(("mean", "variance"), [(0.3, 0.25), (0.3, 0.0), (CHANNELS, VARIANCES)])
@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 4), (2, 5, 3, 4)])
def test_normalization(mean, variance, shape, numbers, rule, close):
    x = numbers(*shape)
    y = rule(Normalization(mean=mean, variance=variance), x)
    for at in np.ndindex(*shape):
        m, v = (p[at[1]] if isinstance(p, tuple) else p for p in (mean, variance))
        assert y[at] == pytest.approx((x[at] - m) / max(math.sqrt(v), 1e-7), rel=1e-13)
    close(rule(Normalization(mean=mean, variance=variance, invert=True), y), x)


def test_what_does_not_fit():
    with pytest.raises(BadInput, match="scale: found 5 numbers, expected one or 6"):
        Rescaling(scale=CHANNELS).infer(Spec((2, 6)))
    with pytest.raises(BadInput, match="mean: found 5 numbers, expected one or 6"):
        Normalization(mean=CHANNELS, variance=VARIANCES).infer(Spec((2, 6)))
    with pytest.raises(BadInput, match=r"needs N C …, found shape \[5\]"):
        Rescaling(scale=CHANNELS).infer(Spec((5,)))
    with pytest.raises(BadInput, match="variance: found one number here and several in mean"):
        Normalization(mean=CHANNELS, variance=1.0)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Dropout", {"ratio": 0.5}),
        ("SpatialDropout", {"ratio": 0.5}),
        ("AlphaDropout", {"ratio": 0.5}),
        ("GaussianDropout", {"ratio": 0.5}),
        ("GaussianNoise", {"stddev": 2.0}),
        ("ActivityRegularization", {"l1": 1.0, "l2": 2.0}),
    ],
)
def test_identities(name, parameters, numbers, rule):
    x = numbers(2, 5, 4)
    np.testing.assert_array_equal(rule(Layer.registry[name](**parameters), x), x)
