"""Long short-term memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Spec, Weight
from parity.layers.recurrent import TANH, Gate, Recurrent, bias_or_zeros, gate, register, tanh
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
class LSTM(Recurrent):
    """Hochreiter & Schmidhuber 1997, with forget gates. a = W·x + b + R·h + rb; i, f, o = σ(a), c̃ = tanh(a).

    c ← f·c + i·c̃, h ← o·tanh(c). In Chainer it is L.NStepLSTM where there are two biases or lengths,
    L.StatefulPeepholeLSTM where there are peepholes, L.LSTM where ``stateful`` says so, else L.StatelessLSTM.

    Args:
        units: size of the state.
        bias: whether b is added.
        recurrent_bias: whether a second bias is added, as cuDNN, ONNX and Chainer's NStepLSTM have it.
        initial_state: whether h0 and c0 (N, units) are inputs behind x; else they are 0.
        lengths: whether lengths (N), each 1 … T, are the last input. Behind a sequence's end y is 0, h and c stay.
        direction: forward, or reverse: from a sequence's end to its beginning.
        recurrent_activation: σ; hard_sigmoid is clip(x/6 + 1/2, 0, 1). Keras before 2.3 had a hard one of slope 0.2 by
            default, as has ONNX's HardSigmoid; Keras 3 has slope 1/6 under the same name.
        peepholes: what P·c is added to the gates' a, i and f seeing c as it was and o as it becomes (Gers & Schmidhuber
            2000): none, diagonal (one number a unit, as in ONNX) or full (a matrix, as in Chainer).
        stateful: whether Chainer's link that keeps its state is called step by step, reset or set before; the numbers
            are the same.
    """

    recurrent_activation: Gate = "sigmoid"
    peepholes: Literal["none", "diagonal", "full"] = "none"
    stateful: bool = False
    gates: ClassVar[str] = "ifco"
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    def __post_init__(self):
        if self.stateful and self.lengths:
            raise BadInput("found lengths too; a stateful link steps all sequences alike", path="stateful")

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W, R, b, rb of the gates i f c o, and P of i f o: (3, units) or (3, units, units)."""
        u = self.units
        shape = {"none": None, "diagonal": (3, u), "full": (3, u, u)}[self.peepholes]
        axes = "g u k @ifo" if self.peepholes == "full" else "g u @ifo"
        return super().weights(*x) | ({"P": Weight(axes, shape, fan_in=2 * u)} if shape else {})


def _peep(P, c, ec, noise):
    """P·c and its error."""
    if P.ndim == 1:
        return P * c, noise.rss(P * ec, np.abs(P * c) * noise.rounding)
    q = c @ P.T
    own = (math.sqrt(len(P)) + 1) * (noise.through(c, P) + np.abs(q)) * noise.rounding
    return q, noise.rss(own, noise.through(ec, P))


def _lstm(p, n, x, states, ex, errors, noise, W, R, b=None, rb=None, P=None):
    """One step, and its running error: rounding of every operation and what comes in, root-sum-square."""
    (h, c), (eh, ec) = states, errors
    both = bias_or_zeros(W, b) + bias_or_zeros(W, rb)
    root = math.sqrt(W.shape[2] + p.units) + 1
    a, ea = [], []
    for g in range(4):
        v = x @ W[g].T + h @ R[g].T + both[g]
        own = root * (noise.rss(noise.through(x, W[g]), noise.through(h, R[g]), both[g]) + np.abs(v)) * noise.rounding
        a.append(v)
        ea.append(noise.rss(own, noise.through(eh, R[g]), *([] if ex is None else [noise.through(ex, W[g])])))

    def gated(g, peephole, c, ec):
        v, e = a[g], ea[g]
        if P is not None:
            q, eq = _peep(P[peephole], c, ec, noise)
            v, e = v + q, noise.rss(e, eq)
        return gate(p, n, v, e, noise)

    (i, ei), (f, ef), (z, ez) = gated(0, 0, c, ec), gated(1, 1, c, ec), tanh(a[2], ea[2], noise)
    ec = noise.rss(f * ec, c * ef, i * ez, z * ei, (np.abs(f * c) + np.abs(i * z)) * noise.rounding)
    c = f * c + i * z
    o, eo = gated(3, 2, c, ec)
    s = np.tanh(c)
    h = o * s
    eh = noise.rss(o * (1 - s * s) * ec, TANH * np.abs(h) * noise.rounding, s * eo, np.abs(h) * noise.rounding)
    return [h, c], [eh, ec]


register(LSTM, _lstm, 4.0)
UPWARD: Any = {"W": "upward/W: (u g) i @cifo", "R": "lateral/W: (u g) k @cifo"}
BIAS: Any = {"b": "upward/b: (u g) @cifo", "rb": "upward/b: (u g) @cifo"}


@LSTM.on(
    "chainer",
    when=lambda p: p.peepholes == "diagonal",
    P=tuple(f"peep_{g}/W: u=u @{g}" for g in "ifo"),
    **UPWARD,
    **BIAS,
)
@LSTM.on(
    "chainer",
    when=lambda p: p.peepholes == "full",
    P=tuple(f"peep_{g}/W: u k @{g}" for g in "ifo"),
    **UPWARD,
    **BIAS,
)
def _(p, c, x, *rest):
    link = c.link(c.L.StatefulPeepholeLSTM(x.shape[2], p.units))
    return stateful(p, c, link, lambda rest: link.reset_state(), x)


@LSTM.on("chainer", when=lambda p: p.stateful, **UPWARD, **BIAS)
def _(p, c, x, *rest):
    link = c.link(c.L.LSTM(x.shape[2], p.units))
    return stateful(p, c, link, lambda rest: link.set_state(rest[1], rest[0]) if rest else link.reset_state(), x)


@LSTM.on("chainer", when=lambda p: p.recurrent_bias or p.lengths, **nstep_layouts("ifco"))
def _(p, c, x, *rest):
    return nstep(p, c, c.link(c.L.NStepLSTM(1, x.shape[2], p.units, 0.0)), x)


@LSTM.on("chainer", **UPWARD, **BIAS)
def _(p, c, x, *rest):
    link = c.link(c.L.StatelessLSTM(x.shape[2], p.units))

    def step(states, v):
        state, h = c.parts(link(states[1], states[0], v), 2)
        return h, state

    return stepped(p, c, step, x)


@LSTM.on(
    "keras",
    x="=",
    y="=",
    W="kernel: i (g u) @ifco",
    R="recurrent_kernel: k (g u) @ifco",
    b="bias: (g u) @ifco",
    rb="bias: (g u) @ifco",
)
def _(p, k, x, *rest):
    return keras_recurrent(p, k, keras_lstm(p, k), x, rest)


def keras_lstm(p, k):
    """Keras's layer."""
    return keras_layer(p, k.layers.LSTM, recurrent_activation=p.recurrent_activation)


@LSTM.on(
    "onnx",
    W="W: 1 (g u) i @iofc",
    R="R: 1 (g u) k @iofc",
    b="B: 1 (0/2 g u) @iofc",
    rb="B: 1 (1/2 g u) @iofc",
    P="P: 1 (g u) @iof",
)
def _(p, o, x, *rest, **weights):
    return onnx_single(p, o, onnx_lstm, x, rest, weights)


def onnx_lstm(p, o, x, states, lengths, directions=1, **weights):
    """ONNX's LSTM in one direction or two."""
    stated = {"directions": directions, **onnx_gates(p, ["Tanh", "Tanh"], directions)}
    return onnx_recurrent(p, o, "LSTM", x, states, lengths, **stated, **weights)


LSTM.unsupported("chainer", when=lambda p: p.recurrent_activation != "sigmoid", why="its LSTMs have sigmoids alone")
LSTM.unsupported(
    "chainer",
    when=lambda p: p.peepholes != "none" and (p.initial_state or p.lengths),
    why="L.StatefulPeepholeLSTM starts from 0 and steps all sequences alike",
)
LSTM.unsupported("keras", when=lambda p: p.peepholes != "none", why="Keras 3 has no LSTM with peepholes")
LSTM.unsupported("onnx", when=lambda p: p.peepholes == "full", why="its P holds one number a unit, no matrix")
LSTM.unsupported(
    "onnx-reference", when=lambda p: p.recurrent_activation != "sigmoid", why="its evaluator ignores activations"
)
