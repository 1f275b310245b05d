"""Options of recurrent layers that are left out or taken wrongly are outside the bound."""

import numpy as np
import pytest

from parity.draw import Distribution, draw
from parity.errors import BadInput
from parity.graph import Node
from parity.judge.bound import KIT, Judged, as_exact, evaluate
from parity.layers import Spec
from parity.layers.bidirectional import Bidirectional
from parity.layers.gru import GRU
from parity.layers.lstm import LSTM
from parity.layers.nstep import NStep
from parity.layers.recurrent import Noise, gate
from parity.layers.rnn import RNN

N, T, INPUT = 3, 5, 4
LENGTHS = np.array([5, 2, 4], np.int32)
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
