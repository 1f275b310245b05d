"""The simple recurrent layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from parity.layers.recurrent import Recurrent, bias_or_zeros, register, tanh
from parity.layers.recurrent_calls import (
    keras_layer,
    keras_recurrent,
    nstep,
    nstep_layouts,
    onnx_recurrent,
    onnx_single,
)


@dataclass(frozen=True, kw_only=True)
class RNN(Recurrent):
    """Elman 1990. h ← f(W·x + b + R·h + rb). Keras's SimpleRNN, Chainer's NStepRNNTanh and NStepRNNReLU.

    Args:
        units: size of the state.
        activation: f.
        bias: whether b is added.
        recurrent_bias: whether a second bias is added, as cuDNN, ONNX and Chainer have it.
        initial_state: whether h0 (N, units) is an input behind x; else it is 0.
        lengths: whether lengths (N), each 1 … T, are the last input. Behind a sequence's end y is 0 and h stays.
        direction: forward, or reverse: from a sequence's end to its beginning.
    """

    activation: Literal["tanh", "relu"] = "tanh"
    gates: ClassVar[str] = "h"


def _rnn(p, n, x, states, ex, errors, noise, W, R, b=None, rb=None):
    """One step; the error of a sum as in :func:`parity.layers.lstm._lstm`."""
    (h,), (eh,) = states, errors
    both = bias_or_zeros(W, b)[0] + bias_or_zeros(W, rb)[0]
    root = math.sqrt(W.shape[2] + p.units) + 1
    a = x @ W[0].T + h @ R[0].T + both
    own = root * (noise.rss(noise.through(x, W[0]), noise.through(h, R[0]), both) + np.abs(a)) * noise.rounding
    ea = noise.rss(own, noise.through(eh, R[0]), *([] if ex is None else [noise.through(ex, W[0])]))
    if p.activation == "tanh":
        y, ey = tanh(a, ea, noise)
    else:  # what is below zero by more than its error stays 0
        y, ey = np.maximum(a, 0), np.where(a > -noise.reach * ea, ea, 0)
    return [y], [ey]


register(RNN, _rnn, 5.5)


@RNN.on("chainer", **nstep_layouts("h"))
def _(p, c, x, *rest):
    kind = c.L.NStepRNNTanh if p.activation == "tanh" else c.L.NStepRNNReLU
    return nstep(p, c, c.link(kind(1, x.shape[2], p.units, 0.0)), x)


@RNN.on("keras", x="=", y="=", W="kernel: i (g u)", R="recurrent_kernel: k (g u)", b="bias: (g u)", rb="bias: (g u)")
def _(p, k, x, *rest):
    return keras_recurrent(p, k, keras_rnn(p, k), x, rest)


def keras_rnn(p, k):
    """Keras's layer."""
    return keras_layer(p, k.layers.SimpleRNN, activation=p.activation)


@RNN.on("onnx", W="W: 1 (g u) i", R="R: 1 (g u) k", b="B: 1 (0/2 g u)", rb="B: 1 (1/2 g u)")
def _(p, o, x, *rest, **weights):
    return onnx_single(p, o, onnx_rnn, x, rest, weights)


def onnx_rnn(p, o, x, states, lengths, directions=1, **weights):
    """ONNX's RNN in one direction or two."""
    f = {"tanh": "Tanh", "relu": "Relu"}[p.activation]
    stated = {"directions": directions, "activations": [f] * directions}
    return onnx_recurrent(p, o, "RNN", x, states, lengths, **stated, **weights)


RNN.unsupported("onnx-reference", when=lambda p: p.activation == "relu", why="its evaluator's RNN knows Tanh alone")
