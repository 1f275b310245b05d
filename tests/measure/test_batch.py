"""Cases at another batch size, and those that have none."""

import numpy as np
import pytest

from parity.case.case import load
from parity.errors import BadInput
from parity.measure.batch import own_batch, with_batch
from parity.prepare import prepare


@pytest.fixture
def case(tmp_path):
    def make(layers, inputs="{x: {shape: [2, 6]}}"):
        path = tmp_path / "a.yaml"
        path.write_text(
            f"description: A case.\ninputs: {inputs}\nlayers:\n" + "".join(f"  - {{{t}}}\n" for t in layers)
        )
        return load(path)[0]

    return make


DENSE = ["layer: Linear, name: fc, units: 3", "layer: ReLU, name: relu, output_shape: [2, 3]"]


def test_the_network_with_more_samples(case):
    own = case(DENSE)
    more = with_batch(own, 5)
    assert more.graph.specs["relu"].shape == (5, 3)
    x, wide = own.inputs()["x"], more.inputs()["x"]
    np.testing.assert_array_equal(wide, np.stack([x[0], x[1], x[0], x[1], x[0]]))
    np.testing.assert_array_equal(more.weights()["fc/W"], own.weights()["fc/W"])
    assert own_batch(more.graph) == 5
    assert with_batch(more, 1).inputs()["x"].shape == (1, 6)


def test_its_own_batch_is_the_case_itself(case):
    own = case(DENSE)
    assert with_batch(own, 2) is own


def test_it_is_prepared_like_any_case(case, tmp_path):
    made = prepare(with_batch(case(DENSE), 3), tmp_path)
    assert made.reference.tensors["relu"].value.shape == (3, 3)


@pytest.mark.parametrize(
    ("layers", "inputs", "words"),
    [
        (["layer: Transpose, name: t, axes: [1, 0]"], "{x: {shape: [2, 6]}}", r"output t is \[6, 2\] at batch 2"),
        (
            ["layer: Transpose, name: t, axes: [1, 0]", "layer: Linear, name: fc, units: 2"],
            "{x: {shape: [2, 6]}}",
            "its weights would have other shapes",
        ),
        (
            ["layer: Add, name: a, from: [x, y]"],
            "{x: {shape: [2, 6]}, y: {shape: [1, 6]}}",
            "its inputs have no batch in common",
        ),
        (
            ["layer: Transpose, name: t, axes: [1, 0]", "layer: MatMul, name: m, from: [t, t]"],
            "{x: {shape: [6, 6]}}",
            "rows have",
        ),
    ],
)
def test_a_network_that_fixes_its_batch_is_refused_in_words(case, layers, inputs, words):
    with pytest.raises(BadInput, match=words) as error:
        with_batch(case(layers, inputs), 4)
    assert "--batch puts its numbers in place of the size of axis 0" in str(error.value)
    assert "a.yaml" in str(error.value)
