"""What recurrent layers share. Sequences are N T F; the last states are outputs too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.sizes import Positive, need_rank
from parity.layers.spec import is_float

SIGMOID, TANH = 2.3, 4.6
"""Error of a runtime's sigmoid in u, and of its tanh in u·|y|."""
Direction = Literal["forward", "reverse"]
Gate = Literal["sigmoid", "hard_sigmoid"]


@dataclass(frozen=True, kw_only=True)
class Recurrent(Layer, abstract=True):
    """What RNN, LSTM and GRU share."""

    units: Positive
    bias: bool = True
    recurrent_bias: bool = False
    initial_state: bool = False
    lengths: bool = False
    direction: Direction = "forward"
    gates: ClassVar[str]
    states: ClassVar[tuple[str, ...]] = ("h",)

    @property
    def inputs(self) -> tuple[str, ...]:  # type: ignore[override]
        """x, the first states and the lengths where the layer has them."""
        given = tuple(f"{s}0" for s in self.states) if self.initial_state else ()
        return ("x", *given, *(("lengths",) if self.lengths else ()))

    @property
    def output_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """y, and the last states."""
        return ("y", *self.states)

    @property
    def kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        """Lengths are integers."""
        return tuple("i" if name == "lengths" else "f" for name in self.inputs)

    def split(self, rest: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        """Inputs behind x: the first states, and the lengths, None where the layer has none."""
        return (rest[:-1], rest[-1]) if self.lengths else (rest, None)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, T, F), states (N, units), lengths (N) → y (N, T, units), then the last states (N, units)."""
        need_rank(x[0], 3, what="N T F")
        batch, steps = x[0].shape[:2]
        for name, spec in zip(self.inputs[1:], x[1:], strict=True):
            expected = (batch,) if name == "lengths" else (batch, self.units)
            if spec.shape != expected:
                raise BadInput(f"expected {name} of shape {list(expected)}, found {list(spec.shape)}", path="from")
        last = Spec((batch, self.units), x[0].dtype)
        return (Spec((batch, steps, self.units), x[0].dtype), *[last] * len(self.states))

    def indices(self, *x: Spec) -> Mapping[int, int | range]:
        """Lengths are 1 … T: Chainer and onnxruntime do different things with an empty sequence."""
        return {len(x) - 1: range(1, x[0].shape[1] + 1)} if self.lengths else {}

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


Recurrent.unsupported("onnx-reference", when=lambda p: p.lengths, why="its evaluator ignores sequence_lens")


@Recurrent.on("operations")
def _(p, x, *rest):  # in every step one product with all of W, R and, where there are peepholes, P
    weights = p.weights(x, *rest).items()
    return 2 * math.prod(x.shape[:2]) * sum(math.prod(w.shape) for name, w in weights if name in ("W", "R", "P"))


class Noise(NamedTuple):
    """What errors are counted in.

    Args:
        rounding: 1 where they are in u, 0 where operations are exact and errors come from the inputs alone.
        reach: errors so many times as large may move a value over an edge.
        asked: whether errors are asked for at all; else they are all 0, and cost next to nothing.
    """

    rounding: float
    reach: float
    asked: bool = True

    def rss(self, *errors):
        """Errors that behave as independent add as the root of the sum of squares."""
        return np.sqrt(sum(e * e for e in errors)) if self.asked else 0.0

    def through(self, e, W):
        """What errors e of a vector become behind a matrix W (o i)."""
        return np.sqrt((e * e) @ (W * W).T) if self.asked else 0.0


def gate(p, n, a, ea, noise):
    """σ(a), or clip(a/6 + 1/2, 0, 1), and its error."""
    if p.recurrent_activation == "sigmoid":
        s = n.sigmoid(a)
        return s, noise.rss(ea * s * (1 - s), SIGMOID * noise.rounding * np.ones_like(s))
    inside = np.abs(a) < 3 + noise.reach * ea
    return np.clip(a / 6 + 0.5, 0, 1), np.where(inside, noise.rss(ea / 6, noise.rounding * np.ones_like(a)), 0)


def tanh(a, ea, noise):
    """tanh(a) and its error."""
    y = np.tanh(a)
    return y, noise.rss(ea * (1 - y * y), TANH * np.abs(y) * noise.rounding)


def bias_or_zeros(W, b):
    """A bias (gates, units), zero where the layer has none."""
    return np.zeros(W.shape[:2], W.dtype) if b is None else b


def _run(p, n, x, rest, weights, errors, noise, cell):
    """Outputs and their errors."""
    (first, lengths), (efirst, _) = p.split(rest), p.split(errors[1:])
    zeros = np.zeros((x.shape[0], p.units), x.dtype)
    states = list(first) or [zeros] * len(p.states)
    e = [zeros if e is None else e for e in efirst] or [zeros] * len(p.states)
    ys, es = [], []
    for t in range(x.shape[1])[:: -1 if p.direction == "reverse" else 1]:
        new, enew = cell(p, n, x[:, t], states, None if errors[0] is None else errors[0][:, t], e, noise, **weights)
        if lengths is None:
            states, e, y, ey = new, enew, new[0], enew[0]
        else:  # behind a sequence's end its states stay, and y is 0
            on = (t < lengths)[:, None]
            states = [np.where(on, a, b) for a, b in zip(new, states, strict=True)]
            e = [np.where(on, a, b) for a, b in zip(enew, e, strict=True)]
            y, ey = np.where(on, new[0], zeros), np.where(on, enew[0], zeros)
        ys.append(y)
        es.append(ey)
    if p.direction == "reverse":
        ys, es = ys[::-1], es[::-1]
    return (np.stack(ys, 1), *states), (np.stack(es, 1), *e) if noise.asked else ()


def longer(d, specs, units):
    """Inputs of a probe: four sequences or more of five steps or more, in which a gate's mistake adds up."""
    batch, steps, features = specs[0].shape
    more = []
    n, t = max(batch, 4), max(steps, 5)
    for spec in specs[1:]:
        if is_float(spec.dtype):  # states, perhaps of several layers in a pile
            more.append(d.normal((*spec.shape[:-2], n, units), 0.5))
        else:
            more.append(d.indices((n,), range(t, 0, -1)))
    return (d.normal((n, t, features)), *more)


def register(layer, cell, c):
    """The numpy, magnitude and carry rules from one step.

    Args:
        cell: ``(p, n, x, states, ex, errors of states, noise, **weights)`` → (states, their errors), h first.
        c: constant of the bound.
    """

    @layer.on("numpy")
    def _(p, n, x, *rest, **w):
        return _run(p, n, x, rest, w, (None,) * (1 + len(rest)), Noise(0.0, 0.0, asked=False), cell)[0]

    @layer.on("probe")
    def _(p, d, specs, weights):
        return longer(d, specs, p.units)

    @layer.on("magnitude", c=c)
    def _(p, n, y, x, *rest, **w):
        return _run(p, n, x, rest, w, (None,) * (1 + len(rest)), Noise(1.0, c * n.u), cell)[1]

    @layer.on("carry")
    def _(p, n, y, e, x, *rest, **w):
        errors = tuple(e) if rest else (e,)
        return _run(p, n, x, rest, w, errors, Noise(0.0, 8.0), cell)[1]
