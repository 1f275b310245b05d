"""The LSTM as Chainer, Keras and ONNX keep it, against hand-written NumPy."""

import math

import numpy as np
import pytest

from parity.layers import Spec
from parity.layers.lstm import LSTM


def numbers(shape):
    return np.arange(1.0, 1 + math.prod(shape), dtype=np.float32).reshape(shape)


# Canonical order of the gates: i, f, c, o.
UNITS, FEATURES = 2, 3
W, R = numbers((4, UNITS, FEATURES)), 100 + numbers((4, UNITS, UNITS))
B, RB = 200 + numbers((4, UNITS)), 300 + numbers((4, UNITS))


def lstm(dialect, recurrent_bias):
    layer = LSTM(units=UNITS, recurrent_bias=recurrent_bias)
    arrays = {"W": W, "R": R, "b": B} | ({"rb": RB} if recurrent_bias else {})
    places = layer.layout_map(dialect, layer.weights(Spec((1, 1, FEATURES))))
    return arrays, places, places.forward(arrays)


def test_lstm_of_keras():
    arrays, places, made = lstm("keras", recurrent_bias=False)
    np.testing.assert_array_equal(made["kernel"], np.concatenate([W[0].T, W[1].T, W[2].T, W[3].T], 1))
    np.testing.assert_array_equal(made["recurrent_kernel"], np.concatenate([R[0].T, R[1].T, R[2].T, R[3].T], 1))
    np.testing.assert_array_equal(made["bias"], np.concatenate([B[0], B[1], B[2], B[3]]))
    assert set(made) == {"kernel", "recurrent_kernel", "bias"}
    back = places.inverse(made, {k: v.shape for k, v in arrays.items()})
    assert all(np.array_equal(back[k], v) for k, v in arrays.items())


def test_lstm_of_keras_joins_two_biases():
    arrays, places, made = lstm("keras", recurrent_bias=True)
    np.testing.assert_array_equal(made["bias"], np.concatenate([B[0], B[1], B[2], B[3]]) + RB.ravel())
    assert set(places.inverse(made, {k: v.shape for k, v in arrays.items()})) == {"W", "R"}


def test_lstm_of_chainer_interleaves_its_gates():
    arrays, places, made = lstm("chainer", recurrent_bias=False)
    i, f, c, o = range(4)
    rows = np.stack([W[c], W[i], W[f], W[o]], 1).reshape(4 * UNITS, FEATURES)  # unit by unit: c, i, f, o
    np.testing.assert_array_equal(made["upward/W"], rows)
    assert made["upward/W"][1].tolist() == W[i, 0].tolist()
    lateral = np.stack([R[c], R[i], R[f], R[o]], 1).reshape(4 * UNITS, UNITS)
    np.testing.assert_array_equal(made["lateral/W"], lateral)
    np.testing.assert_array_equal(made["upward/b"], np.stack([B[c], B[i], B[f], B[o]], 1).ravel())
    back = places.inverse(made, {k: v.shape for k, v in arrays.items()})
    assert all(np.array_equal(back[k], v) for k, v in arrays.items())


def test_lstm_of_chainers_nstep_keeps_eight_matrices():
    arrays, places, made = lstm("chainer", recurrent_bias=True)
    for j in range(4):
        np.testing.assert_array_equal(made[f"0/w{j}"], W[j])
        np.testing.assert_array_equal(made[f"0/w{j + 4}"], R[j])
        np.testing.assert_array_equal(made[f"0/b{j}"], B[j])
        np.testing.assert_array_equal(made[f"0/b{j + 4}"], RB[j])
    back = places.inverse(made, {k: v.shape for k, v in arrays.items()})
    assert all(np.array_equal(back[k], v) for k, v in arrays.items())


@pytest.mark.parametrize("recurrent_bias", [False, True])
def test_lstm_of_onnx_puts_both_biases_side_by_side(recurrent_bias):
    arrays, places, made = lstm("onnx", recurrent_bias)
    i, f, c, o = range(4)
    np.testing.assert_array_equal(made["W"], np.concatenate([W[i], W[o], W[f], W[c]])[None])
    np.testing.assert_array_equal(made["R"], np.concatenate([R[i], R[o], R[f], R[c]])[None])
    second = np.concatenate([RB[i], RB[o], RB[f], RB[c]]) if recurrent_bias else np.zeros(4 * UNITS)
    np.testing.assert_array_equal(made["B"], np.concatenate([B[i], B[o], B[f], B[c], second])[None])
    back = places.inverse(made, {k: v.shape for k, v in arrays.items()})
    assert all(np.array_equal(back[k], v) for k, v in arrays.items())
