"""Long short-term memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.recurrent import (
    SIGMOID,
    TANH,
    Recurrent,
    bias_or_zeros,
    nstep,
    onnx_recurrent,
    register,
    rss,
    split_gates,
    through,
    zeros,
)


@dataclass(frozen=True)
class LSTM(Recurrent):
    """Hochreiter & Schmidhuber 1997, with forget gates. a = W·x + b + R·h + rb; i, f, o = σ(a), c̃ = tanh(a).

    c ← f·c + i·c̃, h ← o·tanh(c).

    Args:
        units: size of the state.
        bias: whether b is added.
        recurrent_bias: whether a second bias is added, as cuDNN, ONNX and Chainer's NStepLSTM have it.
    """

    gates: ClassVar[str] = "ifco"
    output_names: ClassVar[tuple[str, ...]] = ("y", "h", "c")


def _lstm(p, n, x, W, R, b=None, rb=None, ex=None, rounding=1.0):
    """States and their running error in u: rounding of every operation (times ``rounding``), and input errors ex."""
    both = bias_or_zeros(p, W, b) + bias_or_zeros(p, W, rb)
    h = c = eh = ec = zeros(p, x)
    root = math.sqrt(W.shape[2] + p.units) + 1
    ys, es = [], []
    for t in range(x.shape[1]):
        a = [x[:, t] @ W[g].T + h @ R[g].T + both[g] for g in range(4)]
        ea = []
        for g in range(4):
            own = root * (rss(through(x[:, t], W[g]), through(h, R[g]), both[g]) + np.abs(a[g])) * rounding
            ea.append(rss(own, through(eh, R[g]), *([] if ex is None else [through(ex[:, t], W[g])])))
        i, f, o = (n.sigmoid(a[g]) for g in (0, 1, 3))
        z = np.tanh(a[2])
        ei, ef, eo = (
            rss(e * s * (1 - s), SIGMOID * rounding * np.ones_like(s)) for e, s in ((ea[0], i), (ea[1], f), (ea[3], o))
        )
        ez = rss(ea[2] * (1 - z * z), TANH * np.abs(z) * rounding)
        ec = rss(f * ec, c * ef, i * ez, z * ei, (np.abs(f * c) + np.abs(i * z)) * rounding)
        c = f * c + i * z
        s = np.tanh(c)
        h = o * s
        eh = rss(o * (1 - s * s) * ec, TANH * np.abs(h) * rounding, s * eo, np.abs(h) * rounding)
        ys.append(h)
        es.append(eh)
    return (np.stack(ys, 1), h, c), (np.stack(es, 1), eh, ec)


register(LSTM, _lstm, 4.0)


@LSTM.on(
    "chainer",
    when=lambda p: p.recurrent_bias,
    W=split_gates("w", [("i", "ifco")], 0),
    R=split_gates("w", [("k", "ifco")], 4),
    b=split_gates("b", [("", "ifco")], 0),
    rb=split_gates("b", [("", "ifco")], 4),
)
def _(p, c, x):
    return nstep(p, c, c.link(c.L.NStepLSTM(1, x.shape[2], p.units, 0.0)), 2)


@LSTM.on("chainer", W="upward/W: (u g) i @cifo", R="lateral/W: (u g) k @cifo", b="upward/b: (u g) @cifo")
def _(p, c, x):
    link = c.link(c.L.StatelessLSTM(x.shape[2], p.units))

    def call(v):
        state, h, ys = None, None, []
        for t in range(x.shape[1]):
            state, h = c.parts(link(state, h, v[:, t]), 2)
            ys.append(h)
        return c.F.stack(ys, axis=1), h, state

    return call


@LSTM.on(
    "keras",
    x="=",
    y="=",
    W="kernel: i (g u) @ifco",
    R="recurrent_kernel: k (g u) @ifco",
    b="bias: (g u) @ifco",
    rb="bias: (g u) @ifco",
)
def _(p, k, x):
    return k.weighted(
        k.layers.LSTM(p.units, use_bias=p.bias or p.recurrent_bias, return_sequences=True, return_state=True)
    )(x)


@LSTM.on("onnx", W="W: 1 (g u) i @iofc", R="R: 1 (g u) k @iofc", b="B: 1 (0/2 g u) @iofc", rb="B: 1 (1/2 g u) @iofc")
def _(p, o, x, **weights):
    return onnx_recurrent(p, o, "LSTM", x, weights)
