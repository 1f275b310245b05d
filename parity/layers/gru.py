"""Gated recurrent unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.recurrent import Gate, Recurrent, bias_or_zeros, gate, register, tanh
from parity.layers.recurrent_calls import (
    keras_layer,
    keras_recurrent,
    nstep,
    nstep_layouts,
    onnx_gates,
    onnx_recurrent,
    onnx_single,
    stateful,
    stepped,
)


@dataclass(frozen=True, kw_only=True)
class GRU(Recurrent):
    """Cho et al. 2014. z, r = σ(W·x + b + R·h + rb); h ← z·h + (1 − z)·n.

    n = tanh(W·x + b + r·(R·h + rb)) if reset_after, else tanh(W·x + b + R·(r·h) + rb). In Chainer it is L.NStepGRU if
    reset_after, else L.StatelessGRU, or L.StatefulGRU (also called L.GRU) where ``stateful`` says so.

    Args:
        units: size of the state.
        reset_after: whether the reset gate acts behind the matrix. Stated, because the defaults differ: true in Keras
            and in Chainer's NStepGRU, false in ONNX and in Chainer's GRU.
        bias: whether b is added.
        recurrent_bias: whether rb is added.
        initial_state: whether h0 (N, units) is an input behind x; else it is 0.
        lengths: whether lengths (N), each 1 … T, are the last input. Behind a sequence's end y is 0 and h stays.
        direction: forward, or reverse: from a sequence's end to its beginning.
        recurrent_activation: σ; as in LSTM.
        stateful: whether Chainer's link that keeps its state is called step by step, reset or set before; the numbers
            are the same.
    """

    reset_after: bool
    recurrent_activation: Gate = "sigmoid"
    stateful: bool = False
    gates: ClassVar[str] = "zrn"

    def __post_init__(self):
        if self.stateful and (self.lengths or self.reset_after):
            why = "a stateful link steps all sequences alike" if self.lengths else "Chainer's resets before the matrix"
            raise BadInput(f"found {'lengths' if self.lengths else 'reset_after'} too; {why}", path="stateful")


def _gru(p, n, x, states, ex, errors, noise, W, R, b=None, rb=None):
    """As :func:`parity.layers.lstm._lstm`."""
    (h,), (eh,) = states, errors
    b, rb = bias_or_zeros(W, b), bias_or_zeros(W, rb)
    wide, deep = math.sqrt(W.shape[2]) + 1, math.sqrt(p.units) + 1
    a = [x @ W[g].T + b[g] for g in range(3)]
    ea = []
    for g in range(3):
        own = wide * (noise.rss(noise.through(x, W[g]), b[g]) + np.abs(a[g])) * noise.rounding
        ea.append(noise.rss(own, *([] if ex is None else [noise.through(ex, W[g])])))

    def product(v, ev, g):
        q = v @ R[g].T + rb[g]
        return q, noise.rss(
            deep * (noise.rss(noise.through(v, R[g]), rb[g]) + np.abs(q)) * noise.rounding, noise.through(ev, R[g])
        )

    def gated(g):
        q, eq = product(h, eh, g)
        return gate(p, n, a[g] + q, noise.rss(ea[g], eq), noise)

    (z, ez), (r, er) = gated(0), gated(1)
    if p.reset_after:
        q, eq = product(h, eh, 2)
        inner, einner = r * q, noise.rss(r * eq, q * er)
    else:
        inner, einner = product(r * h, noise.rss(r * eh, h * er), 2)
    m, em = tanh(a[2] + inner, noise.rss(ea[2], einner), noise)
    eh = noise.rss(z * eh, (h - m) * ez, (1 - z) * em, (np.abs(z * h) + np.abs((1 - z) * m)) * noise.rounding)
    return [z * h + (1 - z) * m], [eh]


register(GRU, _gru, 8.0)


@GRU.on("chainer", when=lambda p: p.reset_after, **nstep_layouts("rzn"))
def _(p, c, x, *rest):
    return nstep(p, c, c.link(c.L.NStepGRU(1, x.shape[2], p.units, 0.0)), x)


@GRU.on(
    "chainer",  # the z of these links is one minus ours: σ(−a) = 1 − σ(a)
    W=("W_z/W: u i @-z", "W_r/W: u i @r", "W/W: u i @n"),
    R=("U_z/W: u k @-z", "U_r/W: u k @r", "U/W: u k @n"),
    b=("W_z/b: u @-z", "W_r/b: u @r", "W/b: u @n"),
    rb=("U_z/b: u @-z", "U_r/b: u @r", "U/b: u @n"),
)
def _(p, c, x, *rest):
    if p.stateful:
        link = c.link(c.L.StatefulGRU(x.shape[2], p.units))
        return stateful(p, c, link, lambda rest: link.set_state(*rest) if rest else link.reset_state(), x)
    link = c.link(c.L.StatelessGRU(x.shape[2], p.units))

    def step(states, v):
        return (link(c.np.zeros((x.shape[0], p.units), c.floats) if states[0] is None else states[0], v),)

    return stepped(p, c, step, x)


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
def _(p, k, x, *rest):
    return keras_recurrent(p, k, keras_gru(p, k), x, rest)


def keras_gru(p, k):
    """Keras's layer."""
    return keras_layer(p, k.layers.GRU, reset_after=p.reset_after, recurrent_activation=p.recurrent_activation)


@GRU.on("onnx", W="W: 1 (g u) i @zrn", R="R: 1 (g u) k @zrn", b="B: 1 (0/2 g u) @zrn", rb="B: 1 (1/2 g u) @zrn")
def _(p, o, x, *rest, **weights):
    return onnx_single(p, o, onnx_gru, x, rest, weights)


def onnx_gru(p, o, x, states, lengths, directions=1, **weights):
    """ONNX's GRU in one direction or two."""
    stated = {"linear_before_reset": int(p.reset_after), **onnx_gates(p, ["Tanh"], directions)}
    return onnx_recurrent(p, o, "GRU", x, states, lengths, directions=directions, **stated, **weights)


GRU.unsupported("chainer", when=lambda p: p.recurrent_activation != "sigmoid", why="its GRUs have sigmoids alone")
GRU.unsupported(
    "chainer",
    when=lambda p: p.stateful and p.recurrent_bias and not p.initial_state,
    why="L.StatefulGRU leaves out rb at the first step after reset_state",
)
GRU.unsupported(
    "onnx-reference", when=lambda p: p.recurrent_activation != "sigmoid", why="its evaluator ignores activations"
)
