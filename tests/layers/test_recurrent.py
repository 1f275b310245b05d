"""LSTM and GRU, one number at a time, and against Chainer's functions and links."""

import math

import numpy as np
import pytest

from parity.errors import BadInput
from parity.layers import Spec
from parity.layers.gru import GRU
from parity.layers.lstm import LSTM

N, T, INPUT, UNITS = 3, 5, 4, 2
biases = pytest.mark.parametrize(
    ("bias", "recurrent_bias"), [(True, False), (True, True), (False, True), (False, False)]
)


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def affine(W, x, b):
    """One row at a time: Σ_i W[o, i]·x[i] + b[o]."""
    return [math.fsum([*(w * v for w, v in zip(row, x, strict=True)), c]) for row, c in zip(W, b, strict=True)]


def lstm(x, W, R, b, rb):
    """One sequence (T, F): the states h and c after each step."""
    h, c, out = [0.0] * UNITS, [0.0] * UNITS, []
    for v in x:
        from_x = [affine(W[g], v, b[g]) for g in range(4)]
        from_h = [affine(R[g], h, rb[g]) for g in range(4)]
        for u in range(UNITS):
            i, f, z, o = (from_x[g][u] + from_h[g][u] for g in range(4))
            c[u] = sigmoid(f) * c[u] + sigmoid(i) * math.tanh(z)
            h[u] = sigmoid(o) * math.tanh(c[u])
        out.append((list(h), list(c)))
    return out


def gru(x, W, R, b, rb, reset_after):
    """One sequence (T, F): the state after each step. Gates z, r, n."""
    h, out = [0.0] * UNITS, []
    for v in x:
        a, q = ([affine(M[g], s, c[g]) for g in range(3)] for M, s, c in ((W, v, b), (R, h, rb)))
        z = [sigmoid(a[0][u] + q[0][u]) for u in range(UNITS)]
        r = [sigmoid(a[1][u] + q[1][u]) for u in range(UNITS)]
        inner = [r[u] * q[2][u] for u in range(UNITS)]
        if not reset_after:
            inner = affine(R[2], [r[u] * h[u] for u in range(UNITS)], rb[2])
        h = [z[u] * h[u] + (1 - z[u]) * math.tanh(a[2][u] + inner[u]) for u in range(UNITS)]
        out.append(h)
    return out


def with_zeros(w, gates):
    zeros = np.zeros((gates, UNITS))
    return {"b": zeros, "rb": zeros} | w


@biases
def test_lstm_against_math(bias, recurrent_bias, numbers, weights, rule, close):
    layer = LSTM(units=UNITS, bias=bias, recurrent_bias=recurrent_bias)
    x = numbers(N, T, INPUT)
    w = weights(layer, x)
    assert ("b" in w, "rb" in w) == (bias, recurrent_bias)
    y, h, c = rule(layer, x, **w)
    states = [lstm(x[i], **with_zeros(w, 4)) for i in range(N)]
    close(y, [[s[0] for s in one] for one in states])
    close(h, [one[-1][0] for one in states])
    close(c, [one[-1][1] for one in states])


@biases
@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_against_math(bias, recurrent_bias, reset_after, numbers, weights, rule, close):
    layer = GRU(units=UNITS, bias=bias, recurrent_bias=recurrent_bias, reset_after=reset_after)
    x = numbers(N, T, INPUT)
    w = weights(layer, x)
    y, h = rule(layer, x, **w)
    states = [gru(x[i], **with_zeros(w, 3), reset_after=reset_after) for i in range(N)]
    close(y, states)
    close(h, [one[-1] for one in states])


def test_lstm_against_chainers_function(numbers, weights, rule, close, F):
    """chainer.functions.lstm wants its gates interleaved: c, i, f, o for the first unit, then for the second."""
    layer = LSTM(units=UNITS)
    x = numbers(N, T, INPUT)
    w = weights(layer, x)
    order = ["ifco".index(g) for g in "cifo"]
    W, R, b = (np.stack([w[k][g] for g in order], 1).reshape(4 * UNITS, *w[k].shape[2:]) for k in ("W", "R", "b"))
    c = h = np.zeros((N, UNITS))
    ys = []
    for t in range(T):
        c, h = F.lstm(c, F.linear(x[:, t], W, b) + F.linear(h, R))
        ys.append(h.array)
    for mine, chainers in zip(rule(layer, x, **w), (np.stack(ys, 1), h, c), strict=True):
        close(mine, chainers)


def test_lstm_against_chainers_nstep(numbers, weights, rule, close, F):
    layer = LSTM(units=UNITS, recurrent_bias=True)
    x = numbers(N, T, INPUT)
    w = weights(layer, x)
    ws = [[*w["W"], *w["R"]]]  # input, forget, cell, output: the canonical order
    bs = [[*w["b"], *w["rb"]]]
    zero = np.zeros((1, N, UNITS))
    h, c, ys = F.n_step_lstm(1, 0.0, zero, zero, ws, bs, list(x.swapaxes(0, 1)))
    for mine, chainers in zip(rule(layer, x, **w), (F.stack(ys, 1), h[0], c[0]), strict=True):
        close(mine, chainers)


def test_gru_against_chainers_nstep(numbers, weights, rule, close, F):
    layer = GRU(units=UNITS, recurrent_bias=True, reset_after=True)
    x = numbers(N, T, INPUT)
    w = weights(layer, x)
    order = ["zrn".index(g) for g in "rzn"]
    ws = [[*(w["W"][g] for g in order), *(w["R"][g] for g in order)]]
    bs = [[*(w["b"][g] for g in order), *(w["rb"][g] for g in order)]]
    h, ys = F.n_step_gru(1, 0.0, np.zeros((1, N, UNITS)), ws, bs, list(x.swapaxes(0, 1)))
    for mine, chainers in zip(rule(layer, x, **w), (F.stack(ys, 1), h[0]), strict=True):
        close(mine, chainers)


def test_gru_against_chainers_link(numbers, weights, rule, close, chainer):
    """StatelessGRU resets before the matrix, and its update gate is one minus ours."""
    layer = GRU(units=UNITS, recurrent_bias=True, reset_after=False)
    x = numbers(N, T, INPUT)
    w = weights(layer, x)
    with chainer.using_config("dtype", np.float64):
        link = chainer.links.StatelessGRU(INPUT, UNITS)
    for g, (ours, sign) in {"_z": (0, -1), "_r": (1, 1), "": (2, 1)}.items():
        for half, matrix, vector in (("W", "W", "b"), ("U", "R", "rb")):
            linear = getattr(link, half + g)
            linear.W.array[...] = sign * w[matrix][ours]
            linear.b.array[...] = sign * w[vector][ours]
    h, ys = np.zeros((N, UNITS)), []
    for t in range(T):
        h = link(h, x[:, t])
        ys.append(h.array)
    for mine, chainers in zip(rule(layer, x, **w), (np.stack(ys, 1), h), strict=True):
        close(mine, chainers)


def test_sequences_have_three_axes():
    with pytest.raises(BadInput, match=r"expected N T F, found shape \[2, 3\]"):
        LSTM(units=2).infer(Spec((2, 3)))
