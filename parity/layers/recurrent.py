"""What recurrent layers share. They start from a zero state; sequences are N T F; the last state is an output too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import Positive, need_rank

SIGMOID, TANH = 2.3, 4.6
"""Error of a runtime's sigmoid in u, and of its tanh in u·|y|."""


def rss(*errors):
    """Errors that behave as independent add as the root of the sum of squares."""
    return np.sqrt(sum(e * e for e in errors))


def through(e, W):
    """What errors e of a vector become behind a matrix W (o i)."""
    return np.sqrt((e * e) @ (W * W).T)


@dataclass(frozen=True)
class Recurrent(Layer, abstract=True):
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


def zeros(p, x):
    """The state before the first step, (N, units)."""
    return np.zeros((x.shape[0], p.units), x.dtype)


def bias_or_zeros(p, W, b):
    """A bias (gates, units), zero where the layer has none."""
    return np.zeros(W.shape[:2], W.dtype) if b is None else b


def register(layer, steps, c):
    """The numpy, magnitude and carry rules from one function that steps states and their running error.

    Args:
        steps: ``(p, n, x, W, R, b, rb, ex, rounding)`` → (outputs, running errors in u).
        c: constant of the bound.
    """

    @layer.on("numpy")
    def _(p, n, x, **w):
        return steps(p, n, x, **w)[0]

    @layer.on("magnitude", c=c)
    def _(p, n, y, x, **w):
        return steps(p, n, x, **w)[1]

    @layer.on("carry")
    def _(p, n, y, e, x, **w):
        return steps(p, n, x, ex=e, rounding=0.0, **w)[1]


def split_gates(target, gates, first):
    """NStep links keep each gate in an array of its own."""
    return tuple(f"0/{target}{first + j}: u {axis} @{g}" for axis, order in gates for j, g in enumerate(order))


def nstep(p, c, link, states):
    """A call of one of Chainer's NStep links on a batch of equal lengths."""

    def call(v):
        *last, ys = c.parts(link(*[None] * states, c.F.separate(v, axis=0)), states + 1)
        return (c.F.stack(ys, axis=0), *(c.F.squeeze(s, axis=0) for s in last))

    return call


def onnx_recurrent(p, o, op, x, weights, **attributes):
    """ONNX wants T N F and gives T D N U; its bias input holds both biases."""
    b = weights.get("b") or weights.get("rb") or ""
    y, *last = o.node(
        op,
        o.node("Transpose", x, perm=[1, 0, 2]),
        weights["W"],
        weights["R"],
        b,
        outputs=len(p.output_names),
        hidden_size=p.units,
        **attributes,
    )
    one, zero = o.const(np.array([1], np.int64)), o.const(np.array([0], np.int64))
    y = o.node("Transpose", o.node("Squeeze", y, one), perm=[1, 0, 2])
    return (y, *(o.node("Squeeze", s, zero) for s in last))
