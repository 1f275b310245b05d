"""Gated recurrent unit."""

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


@dataclass(frozen=True, kw_only=True)
class GRU(Recurrent):
    """Cho et al. 2014. z, r = σ(W·x + b + R·h + rb); h ← z·h + (1 − z)·n.

    n = tanh(W·x + b + r·(R·h + rb)) if reset_after, else tanh(W·x + b + R·(r·h) + rb).

    Args:
        units: size of the state.
        reset_after: whether the reset gate acts behind the matrix. Stated, because the defaults differ: true in Keras
            and in Chainer's NStepGRU, false in ONNX and in Chainer's GRU.
        bias: whether b is added.
        recurrent_bias: whether rb is added.
    """

    reset_after: bool
    gates: ClassVar[str] = "zrn"
    output_names: ClassVar[tuple[str, ...]] = ("y", "h")


def _gru(p, n, x, W, R, b=None, rb=None, ex=None, rounding=1.0):
    """As :func:`_lstm`."""
    b, rb = bias_or_zeros(p, W, b), bias_or_zeros(p, W, rb)
    h = eh = zeros(p, x)
    wide, deep = math.sqrt(W.shape[2]) + 1, math.sqrt(p.units) + 1
    ys, es = [], []
    for t in range(x.shape[1]):
        a = [x[:, t] @ W[g].T + b[g] for g in range(3)]
        ea = []
        for g in range(3):
            own = wide * (rss(through(x[:, t], W[g]), b[g]) + np.abs(a[g])) * rounding
            ea.append(rss(own, *([] if ex is None else [through(ex[:, t], W[g])])))

        def product(v, ev, g):
            q = v @ R[g].T + rb[g]
            return q, rss(deep * (rss(through(v, R[g]), rb[g]) + np.abs(q)) * rounding, through(ev, R[g]))

        def gate(g, a, ea, h, eh, product):
            q, eq = product(h, eh, g)
            s = n.sigmoid(a[g] + q)
            return s, rss(rss(ea[g], eq) * s * (1 - s), SIGMOID * rounding * np.ones_like(s))

        z, ez = gate(0, a, ea, h, eh, product)
        r, er = gate(1, a, ea, h, eh, product)
        if p.reset_after:
            q, eq = product(h, eh, 2)
            inner, einner = r * q, rss(r * eq, q * er)
        else:
            inner, einner = product(r * h, rss(r * eh, h * er), 2)
        m = np.tanh(a[2] + inner)
        em = rss(rss(ea[2], einner) * (1 - m * m), TANH * np.abs(m) * rounding)
        eh = rss(z * eh, (h - m) * ez, (1 - z) * em, (np.abs(z * h) + np.abs((1 - z) * m)) * rounding)
        h = z * h + (1 - z) * m
        ys.append(h)
        es.append(eh)
    return (np.stack(ys, 1), h), (np.stack(es, 1), eh)


register(GRU, _gru, 8.0)


@GRU.on(
    "chainer",
    when=lambda p: p.reset_after,
    W=split_gates("w", [("i", "rzn")], 0),
    R=split_gates("w", [("k", "rzn")], 3),
    b=split_gates("b", [("", "rzn")], 0),
    rb=split_gates("b", [("", "rzn")], 3),
)
def _(p, c, x):
    return nstep(p, c, c.link(c.L.NStepGRU(1, x.shape[2], p.units, 0.0)), 1)


@GRU.on(
    "chainer",  # StatelessGRU's z is one minus ours: σ(−a) = 1 − σ(a)
    W=("W_z/W: u i @-z", "W_r/W: u i @r", "W/W: u i @n"),
    R=("U_z/W: u k @-z", "U_r/W: u k @r", "U/W: u k @n"),
    b=("W_z/b: u @-z", "W_r/b: u @r", "W/b: u @n"),
    rb=("U_z/b: u @-z", "U_r/b: u @r", "U/b: u @n"),
)
def _(p, c, x):
    link = c.link(c.L.StatelessGRU(x.shape[2], p.units))

    def call(v):
        h, ys = c.np.zeros((x.shape[0], p.units), "float32"), []
        for t in range(x.shape[1]):
            h = link(h, v[:, t])
            ys.append(h)
        return c.F.stack(ys, axis=1), h

    return call


@GRU.on(
    "keras",
    x="=",
    y="=",
    W="kernel: i (g u) @zrn",
    R="recurrent_kernel: k (g u) @zrn",
    b="bias: (g u) @zrn",
    rb="bias: (g u) @zrn",
)
@GRU.on(
    "keras",
    when=lambda p: p.reset_after,
    x="=",
    y="=",
    W="kernel: i (g u) @zrn",
    R="recurrent_kernel: k (g u) @zrn",
    b="bias: 0/2 (g u) @zrn",
    rb="bias: 1/2 (g u) @zrn",
)
def _(p, k, x):
    bias = p.bias or p.recurrent_bias
    gru = k.layers.GRU(p.units, use_bias=bias, reset_after=p.reset_after, return_sequences=True, return_state=True)
    return k.weighted(gru)(x)


@GRU.on("onnx", W="W: 1 (g u) i @zrn", R="R: 1 (g u) k @zrn", b="B: 1 (0/2 g u) @zrn", rb="B: 1 (1/2 g u) @zrn")
def _(p, o, x, **weights):
    return onnx_recurrent(p, o, "GRU", x, weights, linear_before_reset=int(p.reset_after))
