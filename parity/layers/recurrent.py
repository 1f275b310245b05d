"""Recurrent layers, from a zero state. Sequences are N T F; the last state is an output of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Layer, Positive, Spec, Weight, need_rank

SIGMOID, TANH = 2.3, 4.6
"""Error of a runtime's sigmoid in u, and of its tanh in u·|y|."""


def rss(*errors):
    """Errors that behave as independent add as the root of the sum of squares."""
    return np.sqrt(sum(e * e for e in errors))


def through(e, W):
    """What errors e of a vector become behind a matrix W (o i)."""
    return np.sqrt((e * e) @ (W * W).T)


@dataclass(frozen=True)
class _Recurrent(Layer):
    """What LSTM and GRU share."""

    units: Positive
    bias: bool = True
    recurrent_bias: bool = False
    gates: ClassVar[str]

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, T, F) → y (N, T, units), then the last states (N, units)."""
        need_rank(x[0], 3, what="N T F")
        batch, steps = x[0].shape[:2]
        last = Spec((batch, self.units), x[0].dtype)
        return (Spec((batch, steps, self.units), x[0].dtype), *[last] * (len(self.output_names) - 1))

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (gates, units, F), R (gates, units, units), b and rb (gates, units)."""
        g, u, i = len(self.gates), self.units, x[0].shape[-1]
        found = {
            "W": Weight(f"g u i @{self.gates}", (g, u, i), fan_in=2 * i),
            "R": Weight(f"g u k @{self.gates}", (g, u, u), fan_in=2 * u),
        }
        for name, has in (("b", self.bias), ("rb", self.recurrent_bias)):
            if has:
                found[name] = Weight(f"g u @{self.gates}", (g, u), "bias")
        return found


@dataclass(frozen=True)
class LSTM(_Recurrent):
    """Hochreiter & Schmidhuber 1997 with forget gates. a = W·x + b + R·h + rb for each gate; i, f, o = σ(a), c̃ = tanh(a).

    c ← f·c + i·c̃, h ← o·tanh(c).

    Args:
        units: size of the state.
        bias: whether b is added.
        recurrent_bias: whether a second bias is added, as cuDNN, ONNX and Chainer's NStepLSTM have it.
    """

    gates: ClassVar[str] = "ifco"
    output_names: ClassVar[tuple[str, ...]] = ("y", "h", "c")


@dataclass(frozen=True, kw_only=True)
class GRU(_Recurrent):
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


def _zeros(p, x):
    return np.zeros((x.shape[0], p.units), x.dtype)


def _bias(p, W, b):
    return np.zeros(W.shape[:2], W.dtype) if b is None else b


def _lstm(p, n, x, W, R, b=None, rb=None, ex=None, rounding=1.0):
    """States and their running error in u: rounding of every operation (times ``rounding``), and input errors ex."""
    both = _bias(p, W, b) + _bias(p, W, rb)
    h = c = eh = ec = _zeros(p, x)
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
            rss(e * s * (1 - s), SIGMOID * rounding * np.ones_like(s))
            for e, s in ((ea[0], i), (ea[1], f), (ea[3], o))
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


def _gru(p, n, x, W, R, b=None, rb=None, ex=None, rounding=1.0):
    """As :func:`_lstm`."""
    b, rb = _bias(p, W, b), _bias(p, W, rb)
    h = eh = _zeros(p, x)
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


for _layer, _steps, _c in ((LSTM, _lstm, 4.0), (GRU, _gru, 8.0)):
    _layer.on("numpy")(lambda p, n, x, f=_steps, **w: f(p, n, x, **w)[0])
    _layer.on("magnitude", c=_c)(lambda p, n, y, x, f=_steps, **w: f(p, n, x, **w)[1])
    _layer.on("carry")(lambda p, n, y, e, x, f=_steps, **w: f(p, n, x, ex=e, rounding=0.0, **w)[1])


def _split(target, gates, first):
    """NStep links keep each gate in an array of its own."""
    return tuple(f"0/{target}{first + j}: u {axis} @{g}" for axis, order in gates for j, g in enumerate(order))


def _nstep(p, c, link, states):
    def call(v):
        *last, ys = c.parts(link(*[None] * states, c.F.separate(v, axis=0)), states + 1)
        return (c.F.stack(ys, axis=0), *(c.F.squeeze(s, axis=0) for s in last))

    return call


@LSTM.on("chainer", when=lambda p: p.recurrent_bias,
         W=_split("w", [("i", "ifco")], 0), R=_split("w", [("k", "ifco")], 4),
         b=_split("b", [("", "ifco")], 0), rb=_split("b", [("", "ifco")], 4))
def _(p, c, x):
    return _nstep(p, c, c.link(c.L.NStepLSTM(1, x.shape[2], p.units, 0.0)), 2)


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


@GRU.on("chainer", when=lambda p: p.reset_after,
        W=_split("w", [("i", "rzn")], 0), R=_split("w", [("k", "rzn")], 3),
        b=_split("b", [("", "rzn")], 0), rb=_split("b", [("", "rzn")], 3))
def _(p, c, x):
    return _nstep(p, c, c.link(c.L.NStepGRU(1, x.shape[2], p.units, 0.0)), 1)


@GRU.on("chainer",  # StatelessGRU's z is one minus ours: σ(−a) = 1 − σ(a)
        W=("W_z/W: u i @-z", "W_r/W: u i @r", "W/W: u i @n"), R=("U_z/W: u k @-z", "U_r/W: u k @r", "U/W: u k @n"),
        b=("W_z/b: u @-z", "W_r/b: u @r", "W/b: u @n"), rb=("U_z/b: u @-z", "U_r/b: u @r", "U/b: u @n"))
def _(p, c, x):
    link = c.link(c.L.StatelessGRU(x.shape[2], p.units))

    def call(v):
        h, ys = c.np.zeros((x.shape[0], p.units), "float32"), []
        for t in range(x.shape[1]):
            h = link(h, v[:, t])
            ys.append(h)
        return c.F.stack(ys, axis=1), h

    return call


@LSTM.on("keras", x="=", y="=", W="kernel: i (g u) @ifco", R="recurrent_kernel: k (g u) @ifco",
         b="bias: (g u) @ifco", rb="bias: (g u) @ifco")
def _(p, k, x):
    return k.weighted(k.layers.LSTM(p.units, use_bias=p.bias or p.recurrent_bias, return_sequences=True,
                                    return_state=True))(x)


def _keras_gru(p, k, x):
    return k.weighted(k.layers.GRU(p.units, use_bias=p.bias or p.recurrent_bias, reset_after=p.reset_after,
                                   return_sequences=True, return_state=True))(x)


_KERAS_GRU = {"x": "=", "y": "=", "W": "kernel: i (g u) @zrn", "R": "recurrent_kernel: k (g u) @zrn"}
GRU.on("keras", when=lambda p: p.reset_after, **_KERAS_GRU, b="bias: 0/2 (g u) @zrn",
       rb="bias: 1/2 (g u) @zrn")(_keras_gru)
GRU.on("keras", **_KERAS_GRU, b="bias: (g u) @zrn", rb="bias: (g u) @zrn")(_keras_gru)


def _onnx(p, o, op, x, weights, **attributes):
    """ONNX wants T N F and gives T D N U; its bias input holds both biases."""
    b = weights.get("b") or weights.get("rb") or ""
    y, *last = o.node(op, o.node("Transpose", x, perm=[1, 0, 2]), weights["W"], weights["R"], b,
                      outputs=len(p.output_names), hidden_size=p.units, **attributes)
    one, zero = o.const(np.array([1], np.int64)), o.const(np.array([0], np.int64))
    y = o.node("Transpose", o.node("Squeeze", y, one), perm=[1, 0, 2])
    return (y, *(o.node("Squeeze", s, zero) for s in last))


@LSTM.on("onnx", W="W: 1 (g u) i @iofc", R="R: 1 (g u) k @iofc", b="B: 1 (0/2 g u) @iofc", rb="B: 1 (1/2 g u) @iofc")
def _(p, o, x, **weights):
    return _onnx(p, o, "LSTM", x, weights)


@GRU.on("onnx", W="W: 1 (g u) i @zrn", R="R: 1 (g u) k @zrn", b="B: 1 (0/2 g u) @zrn", rb="B: 1 (1/2 g u) @zrn")
def _(p, o, x, **weights):
    return _onnx(p, o, "GRU", x, weights, linear_before_reset=int(p.reset_after))
