"""Normalisations over axes and groups against their definition, Chainer and ONNX's examples."""

import itertools
import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.group_norm import GroupNorm, InstanceNorm
from parity.layers.layer_norm import LayerNorm, RMSNorm

BOTH = [(True, True), (True, False), (False, True), (False, False)]


def standard(values, epsilon):
    """Of a list, one number at a time."""
    mean = math.fsum(values) / len(values)
    sigma = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values) + epsilon)
    return [(v - mean) / sigma for v in values]


def in_groups(x, axes):
    """For each place on the other axes: the indices that make a group."""
    others = [range(s) if a not in axes else [slice(None)] for a, s in enumerate(x.shape)]
    yield from itertools.product(*others)


@pytest.mark.parametrize("axes", [1, (1, 2), (1, 3), (3, 1), (-3, -2, -1), (0, 2)])
@pytest.mark.parametrize(("scale", "center"), BOTH)
def test_layer_norm_over_axes(axes, scale, center, numbers, weights, rule):
    x = numbers(2, 6, 3, 5) * 0.3 + 1
    layer = LayerNorm(epsilon=0.01, axis=axes, scale=scale, center=center)
    w = weights(layer, x)
    found = sorted(a % 4 for a in layer.axis)
    assert set(w) == {n for n, has in (("gamma", scale), ("beta", center)) if has}
    assert all(a.shape == tuple(x.shape[a] for a in found) for a in w.values())
    y = rule(layer, x, **w)
    for at in in_groups(x, found):
        shape = x[at].shape
        one = np.reshape(standard([float(v) for v in x[at].ravel()], 0.01), shape)
        np.testing.assert_allclose(y[at], one * w.get("gamma", 1) + w.get("beta", 0), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("epsilon", [1e-5, 0.3])
@pytest.mark.parametrize("shape", [(3, 6), (3, 6, 5), (2, 6, 3, 4), (2, 6, 3, 4, 5)])
def test_group_norm(groups, epsilon, shape, numbers, weights, rule, close, F):
    x = numbers(*shape) * 0.2 + 1
    layer = GroupNorm(groups=groups, epsilon=epsilon)
    w = weights(layer, x)
    y = rule(layer, x, **w)
    close(y, F.group_normalization(x, groups, w["gamma"], w["beta"], eps=epsilon), 1e-11)
    size = 6 // groups
    for sample, group in itertools.product(range(shape[0]), range(groups)):
        channels = slice(group * size, (group + 1) * size)
        part = x[sample, channels]
        one = np.reshape(standard([float(v) for v in part.ravel()], epsilon), part.shape)
        for c in range(size):
            g, b = w["gamma"][group * size + c], w["beta"][group * size + c]
            np.testing.assert_allclose(y[sample, group * size + c], g * one[c] + b, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize(("scale", "center"), BOTH)
@pytest.mark.parametrize("shape", [(2, 5, 7), (2, 5, 3, 4)])
def test_instance_norm(scale, center, shape, numbers, weights, rule, close, F):
    x = numbers(*shape) * 0.2 + 1
    layer = InstanceNorm(epsilon=0.01, scale=scale, center=center)
    w = weights(layer, x)
    y = rule(layer, x, **w)
    gamma, beta = w.get("gamma", np.ones(5)), w.get("beta", np.zeros(5))
    close(y, F.group_normalization(x, 5, gamma, beta, eps=0.01), 1e-11)
    close(y, rule(GroupNorm(groups=5, epsilon=0.01), x, gamma=gamma, beta=beta))


@pytest.mark.parametrize("axes", [-1, 1, (1, 2), (3, 1), (1, 2, 3)])
@pytest.mark.parametrize("scale", [True, False])
def test_rms_norm(axes, scale, numbers, weights, rule):
    x = numbers(2, 6, 3, 5) + 1
    layer = RMSNorm(epsilon=0.01, axis=axes, scale=scale)
    w = weights(layer, x)
    y = rule(layer, x, **w)
    for at in in_groups(x, sorted(a % 4 for a in layer.axis)):
        values = [float(v) for v in x[at].ravel()]
        root = math.sqrt(math.fsum(v * v for v in values) / len(values) + 0.01)
        np.testing.assert_allclose(y[at], x[at] / root * w.get("gamma", 1), rtol=1e-12)


def test_what_does_not_fit():
    with pytest.raises(BadInput, match="groups: found 4, which does not divide 6 channels"):
        GroupNorm(groups=4, epsilon=1e-5).infer(Spec((2, 6, 3)))
    with pytest.raises(BadInput, match=r"expected N C and spatial axes, found shape \[2, 6\]"):
        InstanceNorm(epsilon=1e-5).infer(Spec((2, 6)))
    with pytest.raises(BadInput, match="axis: found 3, the input has 3 axes"):
        LayerNorm(epsilon=1e-5, axis=3).infer(Spec((2, 6, 3)))
    with pytest.raises(BadInput, match="one axis twice"):
        LayerNorm(epsilon=1e-5, axis=(1, -2)).infer(Spec((2, 6, 3)))
    with pytest.raises(BadInput, match="axis: found no axis"):
        RMSNorm(epsilon=1e-5, axis=())
    with pytest.raises(BadInput, match="up to three axes are accepted"):
        RMSNorm(epsilon=1e-5, axis=(1, 2, 3, 4))


def float64(arrays):
    return [a.astype(np.float64) for a in arrays]


@pytest.mark.parametrize("name", ["group_normalization_example", "group_normalization_epsilon"])
def test_onnx_group_normalization(name, examples, rule, close):
    _, a, inputs, (y,) = examples("groupnormalization")[name]
    x, gamma, beta = float64(inputs)
    layer = GroupNorm(groups=a["num_groups"], epsilon=a.get("epsilon", 1e-5))
    close(rule(layer, x, gamma=gamma, beta=beta), y, 1e-5)


@pytest.mark.parametrize("name", ["instancenorm_example", "instancenorm_epsilon"])
def test_onnx_instance_normalization(name, examples, rule, close):
    _, a, inputs, (y,) = examples("instance_normalization")[name]
    x, gamma, beta = float64(inputs)
    close(rule(InstanceNorm(epsilon=a.get("epsilon", 1e-5)), x, gamma=gamma, beta=beta), y, 1e-5)


@pytest.mark.parametrize(("module", "layer"), [("layernormalization", LayerNorm), ("rmsnormalization", RMSNorm)])
def test_onnx_trailing_axes(module, layer, examples, rule, close):
    """ONNX's axis is the first of those that are normalised."""
    seen = 0
    for _, a, inputs, (y, *_) in examples(module).values():
        x, *w = float64(inputs)
        first = a.get("axis", -1) % x.ndim
        if x.ndim - first <= 3:
            made = layer(epsilon=a.get("epsilon", 1e-5), axis=tuple(range(first, x.ndim)))
            close(rule(made, x, **dict(zip(("gamma", "beta"), w, strict=False))), y, 1e-5)
            seen += 1
    assert seen > 10
