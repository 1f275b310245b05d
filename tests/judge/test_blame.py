"""Who is to blame. Each test breaks one thing of a sound engine, and expects that and nothing else to be named."""

import json

import numpy as np
import pytest

from parity.judge.verdict import judge
from parity.layers import Layer


def layer(name, **parameters):
    return Layer.registry[name](**parameters)


def verdicts(found):
    return {f.tensor: f.verdict for f in found.layers}


@pytest.mark.parametrize(
    ("weight", "blamed"),
    [
        ("conv/W", ("conv", "bn")),
        ("conv/b", ("conv", "bn")),
        ("bn/gamma", ("conv", "bn")),
        ("bn/mean", ("conv", "bn")),
        ("bn/var", ("conv", "bn")),
        ("fc1/W", ("fc1",)),
        ("fc2/b", ("fc2",)),
    ],
)
def test_one_weight_off_by_a_percent(net, weight, blamed):
    changed = net.weights[weight].copy()
    changed[np.unravel_index(np.argmax(np.abs(changed)), changed.shape)] *= np.float32(1.01)
    found = net.judged(net.run({weight: changed}))
    assert found.verdict == "differs"
    assert found.blame == blamed
    assert [t for t, v in verdicts(found).items() if v == "differs"] == [blamed[-1]]  # none below it
    assert "times what rounding allows; worst at [" in found.message


def test_a_transposed_weight(square):
    assert square.judged(square.run({"fc/W": square.weights["fc/W"].T})).blame == ("fc",)


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2), (3, 1, 2, 0)])
def test_swapped_gates(order, sequence):
    for name in ("lstm/W", "lstm/R", "lstm/b"):
        wrong = {name: sequence.weights[name][list(order)]}
        found = sequence.judged(sequence.run(wrong))
        assert found.verdict == "differs"
        assert found.blame == ("lstm",)


@pytest.mark.parametrize(
    ("name", "wrong", "blamed"),
    [
        ("bn", layer("BatchNorm", epsilon=1e-3), ("conv", "bn")),
        ("relu", layer("LeakyReLU", alpha=0.01), ("relu",)),
        ("tanh", layer("Sigmoid"), ("tanh",)),
        ("prob", layer("Softmax", axis=0), ("prob",)),
        ("conv", layer("Conv2D", filters=6, kernel=(3, 2), pad=[[1, 0], [0, 1]], stride=1, dilation=1), None),
    ],
)
def test_another_layer_in_its_place(net, name, wrong, blamed):
    def cut(tensor, array):
        return array[:, :, :7, :7] if tensor == "conv" else array

    found = net.judged(net.run(layers={name: wrong}, change=cut))
    assert found.verdict == "differs"
    assert found.blame == (blamed or ("conv", "bn"))


def test_two_layers_are_both_blamed_and_counted(net):
    def change(tensor, array):
        return array + np.float32(0.01) if tensor in ("fc1", "tanh") else array

    found = net.judged(net.run(change=change))
    assert found.blame == ("fc1", "tanh")
    assert found.message.startswith("fc1 (Linear): ")
    assert found.message.endswith("(and 1 more)")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("tensor", ["bn", "tanh", "prob"])
def test_one_element_that_is_not_finite(net, tensor, value):
    def change(name, array):
        if name == tensor:
            array = array.copy()
            array.flat[3] = value
        return array

    found = net.judged(net.run(change=change))
    assert found.verdict == "nonfinite"
    assert found.blame == (("conv", "bn") if tensor == "bn" else (tensor,))
    assert "1 of" in found.message
    assert "finite on one side only" in found.message
    assert json.loads(json.dumps(found.layers[0].to_json(), allow_nan=False))


def test_a_tap_that_is_missing_blames_its_layer_alone(net):
    tensors = net.run()
    outputs = {"prob": tensors["prob"]}
    del tensors["flat"]
    found = net.judged(tensors, outputs)
    assert found.verdict == "missing"
    assert found.blame == ("flat",)
    assert found.message == "flat was not returned"
    by_name = {f.tensor: f for f in found.layers}
    assert (by_name["fc1"].verdict, by_name["fc1"].message) == ("missing", "fc1: its inputs are not there")
    assert by_name["tanh"].verdict == "rounding"


def test_a_missing_output_is_no_fusion(net):
    found = net.judged(net.run(), outputs={})
    assert (found.verdict, found.blame) == ("missing", ())
    assert found.message == "without taps, prob was not returned"


def test_nothing_returned(net):
    found = judge(net.reference, {}, {})
    assert found.verdict == "missing"
    assert found.blame == ("conv", "bn")  # the rest has nothing to start from


def test_an_error_in_the_untapped_output_alone_is_fusions(net):
    tensors = net.run()
    found = net.judged(tensors, {"prob": tensors["prob"] + np.float32(1e-3)})
    assert (found.verdict, found.blame) == ("differs", ("fusion",))
    assert {f.verdict for f in found.layers} <= {"equal", "rounding"}
    assert "every layer passes by itself" in found.message
    assert "prob (output): " in found.message


def test_an_untapped_output_that_is_not_finite_is_fusions(net):
    tensors = net.run()
    found = net.judged(tensors, {"prob": tensors["prob"] * np.float32(np.nan)})
    assert (found.verdict, found.blame) == ("nonfinite", ("fusion",))


def test_a_bad_copy_is_to_blame_before_anything_else(net):
    found = net.judged(net.run(), copied="conv: W does not hold what was sent")
    assert (found.verdict, found.blame) == ("differs", ("copy",))
    assert found.message == "conv: W does not hold what was sent"
    tensors = net.run(change=lambda n, a: a * np.float32(np.nan))
    assert net.judged(tensors, copied="conv: …").verdict == "nonfinite"


def test_a_tensor_between_a_convolution_and_its_norm_is_not_judged(net):
    tensors = net.run()
    found = net.judged(tensors | {"conv": np.zeros(3, np.float32)})
    assert "conv" not in verdicts(found)
    assert found.verdict == "rounding"
