"""What recurrent layers may have beside their weights, against Chainer in float64, ONNX's examples, and one another."""

from dataclasses import replace

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import KIT, Judged, as_exact, evaluate
from parity.layers import Layer, Spec
from parity.layers.bidirectional import Bidirectional
from parity.layers.gru import GRU
from parity.layers.lstm import LSTM
from parity.layers.nstep import NStep
from parity.layers.recurrent import Noise, gate
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


# What must be seen.

GRU_AFTER = {"units": 3, "reset_after": True}


def worst(layer, wrong, *inputs, change=lambda w: w):
    specs = [Spec(x.shape, x.dtype.name) for x in inputs]
    weights = {k: draw(Distribution(scale=0.7), w.shape, "float32", k) for k, w in layer.weights(*specs).items()}
    given = [Judged(as_exact(x), None) for x in inputs]
    node = Node("n", layer, tuple("abcdefg"[: len(inputs)]), {})
    judged = evaluate(node, given, {k: w.astype(np.float64) for k, w in weights.items()})
    kept = (
        inputs[: len(wrong.inputs)] if wrong.inputs[-1] != "lengths" else (*inputs[: len(wrong.inputs) - 1], inputs[-1])
    )
    made = wrong.rule("numpy").fn(wrong, KIT, *kept, **change(weights))
    errors = [np.abs(a - b.value) / b.bound for a, b in zip(made, judged, strict=True)]
    return max(float(np.where(np.isnan(e), 0, e).max()) for e in errors)


@pytest.mark.parametrize(("right", "wrong"), [
    (RNN(units=3), RNN(units=3, activation="relu")),
    (RNN(units=3, lengths=True), RNN(units=3)),
    (LSTM(units=3, initial_state=True), LSTM(units=3)),
    (LSTM(units=3), LSTM(units=3, direction="reverse")),
    (LSTM(units=3), LSTM(units=3, recurrent_activation="hard_sigmoid")),
    (GRU(**GRU_AFTER, lengths=True), GRU(**GRU_AFTER)),
    (GRU(**GRU_AFTER), GRU(**GRU_AFTER, direction="reverse")),
    (Bidirectional(LSTM(units=3)), Bidirectional(LSTM(units=3), merge="sum")),
], ids=str)  # fmt: skip
def test_what_is_left_out_is_outside(right, wrong):
    x = draw(Distribution(), (N, T, INPUT), "float32", "x")
    loop = getattr(right, "inner", right)
    first = [draw(Distribution(), (N, 3), "float32", s) for s in loop.states if loop.initial_state]
    inputs = (x, *first, *([LENGTHS] if loop.lengths else []))
    assert worst(right, right, *inputs) < 1
    if isinstance(right, Bidirectional):
        w = right.rule("numpy")
        assert w is wrong.rule("numpy")
        assert right.infer(Spec(x.shape)) != wrong.infer(Spec(x.shape))
    else:
        assert worst(right, wrong, *inputs) > 1e3


def test_directions_exchanged_are_outside():
    x = draw(Distribution(), (N, T, INPUT), "float32", "x")
    layer = Bidirectional(LSTM(units=3))

    def exchanged(w):
        other = {"forward": "backward", "backward": "forward"}
        return {k.replace(d := k.split("_")[0], other[d]): v for k, v in w.items()}

    assert worst(layer, layer, x, change=exchanged) > 1e3


def test_the_peephole_of_another_gate_is_outside():
    x = draw(Distribution(), (N, T, INPUT), "float32", "x")
    layer = LSTM(units=3, peepholes="diagonal")
    assert worst(layer, layer, x, change=lambda w: w | {"P": w["P"][[1, 0, 2]]}) > 1e3


def test_a_hard_gate_is_exact_where_it_is_closed():
    a = np.array([[-4.0, -3.5, 0.0, 3.5]])
    layer = LSTM(units=1, recurrent_activation="hard_sigmoid")
    s, e = gate(layer, KIT, a, np.full_like(a, 10.0), Noise(1.0, 1e-6))
    assert s.tolist() == [[0, 0, 0.5, 1]]
    assert (e > 0).tolist() == [[False, False, True, False]]


@pytest.mark.parametrize(("make", "message"), [
    (lambda: LSTM(units=2, stateful=True, lengths=True), "steps all sequences alike"),
    (lambda: GRU(units=2, stateful=True, reset_after=True), "resets before the matrix"),
    (lambda: Bidirectional(LSTM(units=2, direction="reverse")),
     "found reverse, accepted within Bidirectional: forward"),
    (lambda: NStep(LSTM(units=2), layers=1), "accepted: 2 or more"),
    (lambda: LSTM(units=2, initial_state=True).infer(*(Spec(s) for s in ((3, 4, 5), (3, 2), (3, 4)))),
     r"expected c0 of shape \[3, 2\], found \[3, 4\]"),
    (lambda: NStep(RNN(units=2, initial_state=True), layers=2).infer(Spec((3, 4, 5)), Spec((3, 3, 2))),
     r"expected first states of shape \[2, 3, 2\], found \[3, 3, 2\]"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(make, message):
    with pytest.raises(BadInput, match=message):
        make()


def test_lengths_begin_at_one():
    layer = RNN(units=2, initial_state=True, lengths=True)
    assert layer.indices(Spec((3, 4, 5)), Spec((3, 2)), Spec((3,), "int32")) == {2: range(1, 5)}
    assert layer.accepts(3) == ("f", "f", "i")


def test_stateful_gru_of_chainer_forgets_a_bias_at_first():
    gap = GRU(units=2, reset_after=False, stateful=True, recurrent_bias=True).gap("chainer")
    assert gap == "L.StatefulGRU leaves out rb at the first step after reset_state"
