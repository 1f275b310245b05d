"""Layers as somebody would write them in Keras: ``keras_by_hand.py IN OUT``, both .npz.

IN has arrays called ``name/x``, ``name/W`` and so on, OUT one ``name`` for each, channels first again.
"""

from __future__ import annotations

import os
import sys

import numpy as np

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras


def last(x):
    return np.moveaxis(x, 1, -1)


def first(y):
    return np.moveaxis(np.asarray(y), -1, 1)


def run(layer, x, *weights):
    """Build the layer, set its weights, call it."""
    layer.build(x.shape)
    layer.set_weights(list(weights))
    return np.asarray(layer(x))


def same_convolution(x, W, b):
    layer = keras.layers.Conv2D(W.shape[0], W.shape[2:], strides=2, padding="same")
    return first(run(layer, last(x), W.transpose(2, 3, 1, 0), b))


def kernel_not_transposed(x, W, b):
    return first(
        run(keras.layers.Conv2D(W.shape[0], W.shape[2:]), last(x), W.reshape(*W.shape[2:], *W.shape[1::-1]), b)
    )


def batch_norm_default(x, gamma, beta, mean, var):
    return first(run(keras.layers.BatchNormalization(), last(x), gamma, beta, mean, var))


def layer_norm_default(x, gamma, beta):
    return run(keras.layers.LayerNormalization(), x, gamma, beta)


def gelu_approximate(x):
    return np.asarray(keras.activations.gelu(x, approximate=True))


def hard_sigmoid(x):
    return np.asarray(keras.activations.hard_sigmoid(x))


def dense_behind_flatten(x, W, b):
    flat = keras.layers.Flatten()(last(x))
    return run(keras.layers.Dense(W.shape[0]), np.asarray(flat), W.T, b)


def same_average(x):
    return first(keras.layers.AveragePooling2D(3, strides=2, padding="same")(last(x)))


def deconvolution(x, W, b):
    layer = keras.layers.Conv2DTranspose(W.shape[1], W.shape[2:], strides=2, padding="same")
    return first(run(layer, last(x), W.transpose(2, 3, 1, 0), b))


def lstm_gates(x, W, R, b):
    """Gates as in ONNX, i o f c, where Keras wants i f c o."""
    order = [0, 3, 1, 2]
    kernel = np.concatenate([W[g].T for g in order], 1)
    recurrent = np.concatenate([R[g].T for g in order], 1)
    layer = keras.layers.LSTM(W.shape[1], return_sequences=True, return_state=True)
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, np.concatenate([b[g] for g in order])])
    y, h, c = layer(x)
    return np.concatenate([np.asarray(y), np.asarray(h)[:, None], np.asarray(c)[:, None]], 1)


MADE = (
    *(same_convolution, kernel_not_transposed, batch_norm_default, layer_norm_default, gelu_approximate),
    *(hard_sigmoid, dense_behind_flatten, same_average, deconvolution, lstm_gates),
)


def main(source: str, target: str) -> None:
    given = dict(np.load(source))
    out = {}
    for fn in MADE:
        own = {k.partition("/")[2]: v for k, v in given.items() if k.startswith(f"{fn.__name__}/")}
        out[fn.__name__] = fn(**own)
    np.savez(target, **out)


if __name__ == "__main__":
    main(*sys.argv[1:])
