"""What people get wrong about recurrent layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from parity.layers.base import Layer
from parity.layers.bidirectional import Bidirectional
from parity.layers.cut import Flip
from parity.layers.gru import GRU
from parity.layers.lstm import LSTM
from parity.layers.mistake import Free
from parity.layers.nstep import NStep
from parity.layers.recurrent import Recurrent
from parity.layers.rnn import RNN


def _gates(p: Recurrent, weights: Any, which: str, factor: float) -> dict[str, np.ndarray]:
    """All weights, those of some gates multiplied."""
    order = {"P": "ifo"}
    found = {}
    for name, w in weights.items():
        factors = np.array([factor if g in which else 1.0 for g in order.get(name, p.gates)])
        found[name] = w * factors.reshape(-1, *(1,) * (w.ndim - 1))
    return found


@LSTM.mistake(
    "forget bias",
    advice="Keras and Chainer begin with a forget gate's bias of 1, BasicLSTMCell of TensorFlow 1 adds 1 whenever it "
    "runs: copy the bias as it is, and add that 1 where the other side holds it back.",
)
def _(p, seen):
    forget = np.zeros((4, p.units))
    forget[p.gates.index("f")] = 1
    name = "rb" if p.recurrent_bias and not p.bias else "b"
    has = seen.weights.get(name, np.zeros_like(forget))
    layer = p if name in seen.weights else replace(p, bias=True)
    yield "1 added to the bias of the forget gate", (layer, {name: has + forget})
    yield "1 subtracted from the bias of the forget gate", (layer, {name: has - forget})


_layer: type[Layer]
for _layer in (LSTM, GRU):

    @_layer.mistake(
        "hard sigmoid",
        free=Free(0.02, 2.0, (1 / 6, 0.2, 0.25)),
        advice="State the activation of the gates: before 2.3 Keras has hard_sigmoid, of slope 0.2; in Keras 3 that is "
        "1/6.",
    )
    def _(p, seen, value):
        # clip(s·a + 1/2) = clip(6s·a/6 + 1/2), so that another slope is a matter of the gates' weights
        steep = _gates(p, seen.weights, "ifo" if isinstance(p, LSTM) else "zr", 6 * value) if value != 1 / 6 else {}
        if p.recurrent_activation == "sigmoid":
            hard = replace(p, recurrent_activation="hard_sigmoid")
            yield f"hard_sigmoid of slope {value:.6g} instead of sigmoid", (hard, steep)
        elif value != 1 / 6:
            yield f"hard_sigmoid of slope {value:.6g} instead of 1/6", steep

    @_layer.mistake(
        "sigmoid", when=lambda p: p.recurrent_activation != "sigmoid", advice="State the activation of the gates."
    )
    def _(p, seen):
        yield "sigmoid instead of hard_sigmoid", replace(p, recurrent_activation="sigmoid")


@GRU.mistake(
    "z and 1 − z",
    advice="Negate all weights of z: h ← z·h + (1 − z)·n in Keras, ONNX and NStepGRU, the other way in Chainer's GRU.",
)
def _(p, seen):
    yield "z in the place of 1 − z", _gates(p, seen.weights, "z", -1.0)


for _layer in (LSTM, GRU, RNN):

    @_layer.mistake("initial state", when=lambda p: p.initial_state, advice="Hand the first state over.")
    def _(p, seen):
        yield "begins with 0 instead of the state that is given", replace(p, initial_state=False)

    @_layer.mistake("lengths", when=lambda p: p.lengths, advice="Mask what is behind a sequence's end.")
    def _(p, seen):
        yield "reads all steps, the lengths ignored", replace(p, lengths=False)

    @_layer.mistake(
        "output reversed",
        when=lambda p: p.direction == "reverse" and not p.lengths,
        advice="Turn the output round: with go_backwards Keras gives it in the order in which it was computed.",
    )
    def _(p, seen):
        yield "outputs in the order in which they were computed", [Flip((1,)), replace(p, direction="forward")]


def _exchanged(weights: Any, a: str, b: str) -> dict[str, np.ndarray] | None:
    """Weights of two prefixes exchanged, None where their shapes differ."""
    pairs = [(name, b + name.removeprefix(a)) for name in weights if name.startswith(a)]
    if not pairs or any(weights[x].shape != weights[y].shape for x, y in pairs):
        return None
    return {k: weights[v] for x, y in pairs for k, v in ((x, y), (y, x))}


@Bidirectional.mistake("directions exchanged", advice="Copy the forward layer's weights to the forward layer.")
def _(p, seen):
    yield "weights of the two directions exchanged", _exchanged(seen.weights, "forward_", "backward_")


@NStep.mistake(
    "directions exchanged", when=lambda p: p.bidirectional, advice="In an NStep link even numbers go forward."
)
def _(p, seen):
    changed: dict[str, np.ndarray] = {}
    for i in range(p.layers):
        changed |= _exchanged(seen.weights, f"l{i}_forward_", f"l{i}_backward_") or {}
    yield "weights of the two directions exchanged", changed


@NStep.mistake("layers exchanged", advice="Copy each layer's weights to the layer at its place.")
def _(p, seen) -> Iterator[tuple[str, Any]]:
    for i in range(p.layers):
        for j in range(i):
            yield f"weights of the layers {j} and {i} exchanged", _exchanged(seen.weights, f"l{j}_", f"l{i}_")
