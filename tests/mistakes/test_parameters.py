"""Other values of a layer's parameters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.layers import Layer, Spec
from parity.mistakes.parameters import choices, differing, numbers

IMAGE = Spec((2, 4, 8, 8))


def other(kind, *x, **parameters):
    """Parameter → its other values."""
    layer = Layer.registry[kind](**parameters)
    found = {}
    for name, made in choices(layer, *(x or (IMAGE,))):
        found.setdefault(name, []).append(getattr(made, name, made))
    return found


def test_yes_or_no_and_choices():
    found = other("AveragePool2D", kernel=3, stride=2, count_include_pad=True)
    assert found["count_include_pad"] == [False]
    assert other("Resize", size=[4, 4], mode="bilinear", coordinates="half_pixel") == {
        "size": [(1, 1)],
        "mode": ["nearest"],
        "coordinates": ["align_corners", "asymmetric"],
    }


def test_values_that_do_not_go_together_are_left_out():
    assert other("Resize", size=[4, 4], mode="nearest", coordinates="half_pixel")["coordinates"] == ["asymmetric"]


def test_axes_are_those_that_the_input_has():
    assert other("Softmax", Spec((2, 3, 4)), axis=1)["axis"] == [0, 2]
    assert other("Softmax", Spec((2, 3, 4)), axis=-1)["axis"] == [0, 1]
    assert other("Transpose", Spec((2, 3, 4)), axes=(0, 2, 1))["axes"][0] == (0, 1, 2)


def test_padding_on_another_side():
    found = other("Conv2D", filters=2, kernel=3, pad=[[0, 1], [2, 0]])["pad"]
    assert ((1, 0), (0, 2)) in found
    assert ((2, 0), (0, 1)) in found
    assert ((0, 0), (0, 0)) in found
    assert ((0, 1), (2, 0)) not in found


def test_sizes_stay_what_a_case_could_state():
    found = other("Split", Spec((2, 6)), axis=1, sections=2)
    assert min(found["sections"]) == 1


def test_a_weight_left_out_is_said_by_its_neutral_value():
    assert "bias" not in other("Linear", Spec((2, 3)), units=4)
    assert "bias" not in other("Conv2D", filters=2, kernel=3)
    assert "scale" not in other("BatchNorm", epsilon=1e-5)
    assert "bias" in other("MultiHeadAttention", *[Spec((2, 3, 4))] * 3, heads=2, key_dim=2)  # all four at once


def test_layers_within_layers():
    layer = Layer.registry["TimeDistributed"]({"layer": "MaxPool1D", "kernel": 2, "stride": 2, "cover_all": False})
    found = dict(choices(layer, Spec((2, 3, 4, 8))))
    assert found["inner.cover_all"].inner.cover_all is True


def test_numbers_and_what_is_known_of_them():
    layer = Layer.registry["LeakyReLU"](alpha=0.2)
    ((name, value, free),) = numbers(layer)
    assert (name, value) == ("alpha", 0.2)
    assert free.low < 0.01 < 0.3 < free.high
    assert {0.3, 0.01} <= set(free.known)
    ((_, _, free),) = numbers(Layer.registry["ELU"](alpha=1.0))
    assert 0.0 not in free.known  # its slope must be above 0


@given(st.floats(1e-6, 1e6))
@settings(max_examples=30, deadline=None)
def test_a_number_is_looked_for_around_itself(value):
    ((_, _, free),) = numbers(Layer.registry["LeakyReLU"](alpha=value))
    assert 0 < free.low < value < free.high


def test_advice_is_what_the_layer_says_of_its_defaults():
    layer = Layer.registry["LeakyReLU"](alpha=0.2)
    wanted = "State alpha on both sides, for the defaults differ: Chainer 0.2, Keras 0.3, ONNX 0.01."
    assert differing(layer, "alpha") == wanted
    assert differing(Layer.registry["Softplus"](), "beta") == ""


@pytest.mark.parametrize("name", sorted(Layer.registry))
def test_every_layer_can_be_asked(name, of_every_layer):
    for layer, specs in of_every_layer.get(name, ()):
        for path, made in choices(layer, *specs):
            assert made != layer, path
        for path, value, free in numbers(layer):
            assert 0 < free.low < free.high, path
            assert free.low <= abs(value) <= free.high or value == 0
