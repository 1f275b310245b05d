"""Weights that were mixed up in a copy."""

from __future__ import annotations

import numpy as np
import pytest

from parity.layers import Layer, Spec
from parity.mistakes.weights import ADVICE, mixed_up


def wrong(kind, *shapes, **parameters):
    """Weights of a layer, drawn, and name → [(words, changed)]."""
    layer, specs = Layer.registry[kind](**parameters), [Spec(s) for s in shapes]
    rng = np.random.default_rng(0)
    weights = {c: rng.standard_normal(w.shape) for c, w in layer.weights(*specs).items()}
    found = {}
    for name, words, changed in mixed_up(layer, weights, *specs):
        assert all(changed[c].shape == weights[c].shape for c in changed)
        found.setdefault(name, []).append((words, changed))
    return weights, found


def test_only_a_square_matrix_can_be_transposed():
    assert "weight transposed" not in wrong("Linear", (2, 3), units=4)[1]
    weights, found = wrong("Linear", (2, 3), units=3)
    ((_, changed),) = found["weight transposed"]
    np.testing.assert_array_equal(changed["W"], weights["W"].T)


def test_reshaped_to_the_other_layout_and_from_it():
    weights, found = wrong("Linear", (2, 3), units=4)
    (to, a), (from_, b) = found["weight reshaped"]
    W = weights["W"]
    np.testing.assert_array_equal(a["W"], W.reshape(3, 4).T)  # what a Dense that got W.reshape(3, 4) computes with
    np.testing.assert_array_equal(b["W"], W.T.reshape(4, 3))  # what a Linear that got a Dense's kernel computes with
    assert "reshaped to Keras's [i o]" in to
    assert "reshaped from Keras's [i o]" in from_


def test_a_kernel_of_one_element_cannot_be_flipped():
    assert "kernel flipped" not in wrong("Conv2D", (2, 3, 4, 4), filters=2, kernel=1)[1]
    weights, found = wrong("Conv2D", (2, 3, 4, 4), filters=2, kernel=3)
    np.testing.assert_array_equal(found["kernel flipped"][0][1]["W"], weights["W"][:, :, ::-1, ::-1])


def test_gates_change_places_in_all_weights_at_once():
    weights, found = wrong("LSTM", (2, 3, 4), units=5)
    assert len(found["gate order"]) == 23
    for words, changed in found["gate order"]:
        order = ["ifco".index(g) for g in words.split(" where ")[0].split()[-4:]]
        assert set(changed) == {"W", "R", "b"}
        for c, array in changed.items():
            np.testing.assert_array_equal(array, weights[c][order])


def test_statistics_that_were_never_copied():
    _, found = wrong("BatchNorm", (2, 3), epsilon=1e-5)
    words, changed = found["initial values"][0]
    assert set(changed) == {"gamma", "beta", "mean", "var"}
    assert "initial" in words
    assert len(found["weights exchanged"]) == 6


def test_half_precision_changes_a_little():
    weights, found = wrong("Linear", (2, 3), units=4)
    ((_, changed),) = found["half precision"]
    off = np.abs(changed["W"] - weights["W"])
    assert 0 < off.max() < 1e-2


@pytest.mark.parametrize("kind", ["ReLU", "Softmax"])
def test_layers_without_weights_have_none_of_it(kind):
    assert wrong(kind, (2, 3), **({"axis": 1} if kind == "Softmax" else {}))[1] == {}


def test_all_have_advice():
    made = wrong("LSTM", (2, 3, 5), units=5)[1] | wrong("BatchNorm", (2, 3), epsilon=1e-5)[1]
    made |= wrong("Conv2D", (2, 3, 4, 4), filters=3, kernel=3)[1] | wrong("Linear", (2, 3), units=3)[1]
    assert set(made) == set(ADVICE)
