"""What recurrent layers may have beside their weights, against Chainer in float64, ONNX's examples, and one another."""

from dataclasses import replace

import numpy as np
import pytest

from parity.layers import Layer, Spec
from parity.layers.bidirectional import Bidirectional
from parity.layers.gru import GRU
from parity.layers.lstm import LSTM
from parity.layers.nstep import NStep
from parity.layers.rnn import RNN

N, T, INPUT, UNITS = 3, 5, 4, 2
LENGTHS = np.array([5, 2, 4], np.int32)
BASE = [
    RNN(units=UNITS),
    RNN(units=UNITS, activation="relu", recurrent_bias=True),
    LSTM(units=UNITS),
    LSTM(units=UNITS, peepholes="diagonal"),
    LSTM(units=UNITS, peepholes="full"),
    GRU(units=UNITS, reset_after=True, recurrent_bias=True),
    GRU(units=UNITS, reset_after=False, recurrent_activation="hard_sigmoid"),
]
kinds = pytest.mark.parametrize("base", BASE, ids=str)


@pytest.fixture
def given(numbers):
    """x, and first states."""
    return lambda layer: (numbers(N, T, INPUT), [numbers(N, UNITS) for _ in layer.states])


@kinds
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_sequences_of_many_lengths_are_what_each_is_alone(base, direction, given, weights, rule, close):
    whole = replace(base, lengths=True, initial_state=True, direction=direction)
    alone = replace(base, initial_state=True, direction=direction)
    x, first = given(base)
    w = weights(base, x)
    y, *last = rule(whole, x, *first, LENGTHS, **w)
    for i, n in enumerate(LENGTHS):
        one, *ends = rule(alone, x[i : i + 1, :n], *(s[i : i + 1] for s in first), **w)
        close(y[i : i + 1, :n], one)
        assert not y[i, n:].any()
        for s, end in zip(last, ends, strict=True):
            close(s[i : i + 1], end)


@kinds
def test_a_state_to_start_from_is_what_the_steps_before_left(base, given, weights, rule, close):
    x, _ = given(base)
    w = weights(base, x)
    y, *last = rule(base, x, **w)
    head, *states = rule(base, x[:, :2], **w)
    tail, *ends = rule(replace(base, initial_state=True), x[:, 2:], *states, **w)
    close(np.concatenate([head, tail], 1), y)
    for a, b in zip(last, ends, strict=True):
        close(a, b)


@kinds
def test_in_reverse_is_forward_on_a_reversed_sequence(base, given, weights, rule, close):
    x, _ = given(base)
    w = weights(base, x)
    y, *last = rule(replace(base, direction="reverse"), x, **w)
    z, *ends = rule(base, x[:, ::-1], **w)
    close(y, z[:, ::-1])
    for a, b in zip(last, ends, strict=True):
        close(a, b)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_rnn_against_chainers_function(activation, numbers, weights, rule, close, F):
    layer = RNN(units=UNITS, activation=activation, recurrent_bias=True, initial_state=True)
    x, h0 = numbers(N, T, INPUT), numbers(N, UNITS)
    w = weights(layer, x)
    ws, bs = [[w["W"][0], w["R"][0]]], [[w["b"][0], w["rb"][0]]]
    h, ys = F.n_step_rnn(1, 0.0, h0[None], ws, bs, list(x.swapaxes(0, 1)), activation)
    y, last = rule(layer, x, h0, **w)
    close(y, F.stack(ys, 1))
    close(last, h[0])


def test_hard_gates_are_those_of_keras_3(numbers, weights, rule, close):
    layer = LSTM(units=UNITS, recurrent_activation="hard_sigmoid")
    x = np.linspace(-2, 2, N)[:, None, None] * numbers(1, 1, INPUT)
    w = weights(layer, x)
    a = [x[:, 0] @ w["W"][g].T + w["b"][g] for g in range(4)]
    i, _, o = (np.minimum(np.maximum(v + 3, 0), 6) / 6 for v in (a[0], a[1], a[3]))
    y, _, c = rule(layer, x, **w)
    close(c, i * np.tanh(a[2]))
    close(y[:, 0], o * np.tanh(c))
    gates = np.stack([i, o])
    assert ((gates == 0) | (gates == 1)).any()
    assert ((gates > 0) & (gates < 1)).any()


@pytest.mark.parametrize("kind", ["diagonal", "full"])
def test_peepholes_against_chainers_link(kind, numbers, weights, rule, close, chainer):
    """The input and the forget gate see c as it was, the output gate sees it as it becomes."""
    layer = LSTM(units=UNITS, peepholes=kind)
    x = numbers(N, T, INPUT)
    w = weights(layer, x)
    with chainer.using_config("dtype", np.float64):
        link = chainer.links.StatefulPeepholeLSTM(INPUT, UNITS)
    places = layer.layout_map("chainer", layer.weights(Spec(x.shape)))
    for target, array in places.forward(w).items():
        sub, name = target.split("/")
        getattr(getattr(link, sub), name).array[...] = array
    y, h, c = rule(layer, x, **w)
    for t in range(T):
        close(y[:, t], link(x[:, t]))
    close(h, link.h)
    close(c, link.c)


@pytest.mark.parametrize(("module", "name"), [
    ("rnn", "simple_rnn_with_initial_bias"), ("rnn", "rnn_seq_length"), ("rnn", "simple_rnn_reverse"),
    ("lstm", "lstm_with_peepholes"), ("lstm", "lstm_reverse"), ("gru", "gru_seq_length"), ("gru", "gru_reverse"),
])  # fmt: skip
def test_against_onnx_examples(module, name, examples, rule, close):
    operator, attributes, inputs, outputs = examples(module)[name]
    x, W, R, *rest = inputs
    B, lengths, *states = [*rest, *[None] * 5][:5]
    P = states.pop() if operator == "LSTM" else None
    has = lengths is not None
    layer = Layer.registry[operator](
        **{"units": attributes["hidden_size"], "bias": B is not None, "recurrent_bias": B is not None},
        **{"direction": attributes.get("direction", b"forward").decode(), "lengths": has, "initial_state": has},
        **({"reset_after": bool(attributes.get("linear_before_reset", 0))} if operator == "GRU" else {}),
        **({"peepholes": "diagonal" if P is not None else "none"} if operator == "LSTM" else {}),
    )
    declared = layer.weights(Spec(x.swapaxes(0, 1).shape))
    stored = {k: v.astype(np.float64) for k, v in (("W", W), ("R", R), ("B", B), ("P", P)) if v is not None}
    w = layer.layout_map("onnx", declared).inverse(stored, {k: d.shape for k, d in declared.items()})
    given = [*(s[0].astype(np.float64) for s in states if has), *([lengths.astype(np.int32)] if has else [])]
    found = rule(layer, x.swapaxes(0, 1).astype(np.float64), *given, **w)
    assert outputs
    for expected in outputs:
        if expected.ndim == 4:
            close(found[0], expected[:, 0].swapaxes(0, 1), 1e-5)
        else:
            assert min(np.abs(s - expected[0]).max() for s in found[1:]) < 1e-5


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("inner", [
    RNN(units=UNITS, activation="relu", recurrent_bias=True),
    LSTM(units=UNITS, recurrent_bias=True),
    GRU(units=UNITS, reset_after=True, recurrent_bias=True),
], ids=str)  # fmt: skip
def test_layers_on_top_of_each_other_against_chainers_link(inner, both, numbers, weights, rule, close, chainer):
    layer = NStep(replace(inner, lengths=True, initial_state=True), layers=3, bidirectional=both)
    x, piles = numbers(N, T, INPUT), 6 if both else 3
    first = [numbers(piles, N, UNITS) for _ in inner.states]
    specs = [Spec(v.shape) for v in (x, *first)] + [Spec((N,), "int32")]
    declared = layer.weights(*specs)
    w = {k: numbers(*d.shape) for k, d in declared.items()}
    kind = type(inner).__name__ + ("ReLU" if isinstance(inner, RNN) else "")
    with chainer.using_config("dtype", np.float64):
        link = getattr(chainer.links, f"NStep{'Bi' if both else ''}{kind}")(3, INPUT, UNITS, 0.0)
    for p in link.params():
        p.array = p.array.astype(np.float64)
    for target, array in layer.layout_map("chainer", declared).forward(w).items():
        number, name = target.split("/")
        getattr(link[int(number)], name).array[...] = array
    link.ws = [[getattr(one, f"w{i}") for i in range(link.n_weights)] for one in link]
    link.bs = [[getattr(one, f"b{i}") for i in range(link.n_weights)] for one in link]
    *last, ys = link(*(chainer.Variable(s) for s in first), [chainer.Variable(x[i, :n]) for i, n in enumerate(LENGTHS)])
    y, *ends = rule(layer, x, *first, LENGTHS, **w)
    for i, n in enumerate(LENGTHS):
        close(y[i, :n], ys[i])
    for a, b in zip(ends, last, strict=True):
        close(a, b)


@pytest.mark.parametrize(("merge", "join"), [
    ("concat", lambda a, b: np.concatenate([a, b], 2)), ("sum", np.add), ("mul", np.multiply),
    ("ave", lambda a, b: (a + b) / 2),
])  # fmt: skip
def test_both_directions_joined(merge, join, numbers, rule, close):
    layer = Bidirectional(GRU(units=UNITS, reset_after=True, initial_state=True), merge=merge)
    x, h, g = numbers(N, T, INPUT), numbers(N, UNITS), numbers(N, UNITS)
    declared = layer.weights(*(Spec(v.shape) for v in (x, h, g)))
    w = {k: numbers(*d.shape) for k, d in declared.items()}
    own = [{k.split("_", 1)[1]: v for k, v in w.items() if k.startswith(d)} for d in ("forward", "backward")]
    y, last, other = rule(layer, x, h, g, **w)
    a, ea = rule(layer.inner, x, h, **own[0])
    b, eb = rule(replace(layer.inner, direction="reverse"), x, g, **own[1])
    close(y, join(a, b))
    close(last, ea)
    close(other, eb)
