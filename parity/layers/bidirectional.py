"""A recurrent layer in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np

from parity.errors import BadInput
from parity.layers.arithmetic import Add, Mul
from parity.layers.base import Layer, Layout, Spec
from parity.layers.composite import Composite
from parity.layers.gru import GRU, keras_gru, onnx_gru
from parity.layers.lstm import LSTM, keras_lstm, onnx_lstm
from parity.layers.merge import Concat
from parity.layers.nested import Nested, nest
from parity.layers.recurrent import longer
from parity.layers.recurrent_calls import keras_call, nstep_call, nstep_layouts
from parity.layers.rnn import RNN, keras_rnn, onnx_rnn

KERAS: Any = {RNN: keras_rnn, LSTM: keras_lstm, GRU: keras_gru}
ONNX: Any = {RNN: onnx_rnn, LSTM: onnx_lstm, GRU: onnx_gru}
NSTEP_GATES: Any = {RNN: "h", LSTM: "ifco", GRU: "rzn"}
"""Order of the gates in Chainer's NStep links."""
Loop = Annotated[Layer, Nested("GRU", "LSTM", "RNN")]
"""A recurrent layer."""


def nest_loop(p: Any) -> None:
    """:func:`nest`, and refuse an inner layer that already says what the wrapper does.

    Raises:
        BadInput: found and accepted parameter.
    """
    nest(p)
    for name, accepted in (("direction", "forward"), ("stateful", False)):
        if (found := getattr(p.inner, name, accepted)) != accepted:
            raise BadInput(f"found {found}, accepted within {type(p).__name__}: {accepted}", path=f"inner.{name}")


def has_nstep(inner: Any) -> bool:
    """Whether one of Chainer's NStep links is this layer."""
    return inner.reset_after if isinstance(inner, GRU) else getattr(inner, "peepholes", "none") == "none"


def nstep_link(c: Any, inner: Any, both: bool) -> Any:
    """Its class."""
    kind = f"RNN{'Tanh' if inner.activation == 'tanh' else 'ReLU'}" if isinstance(inner, RNN) else type(inner).__name__
    return getattr(c.L, f"NStep{'Bi' if both else ''}{kind}")


@dataclass(frozen=True)
class Half(Layer, abstract=True):
    """x / 2, exact but for numbers below 2^-125."""


Half.on("numpy")(lambda p, n, x: x / 2)
Half.on("magnitude")(lambda p, n, y, x: np.zeros(y.shape))
Half.on("carry")(lambda p, n, y, e, x: e / 2)
Half.on("chainer")(lambda p, c, x: lambda v: v / 2)
Half.on("keras")(lambda p, k, x: x / 2)
Half.on("onnx")(lambda p, o, x: o.node("Div", x, o.const(np.float64(2))))


@dataclass(frozen=True)
class Bidirectional(Composite):
    """A recurrent layer from the beginning and one from the end, with weights of their own (Schuster & Paliwal 1997).

    Keras's wrapper of that name, ONNX's direction bidirectional, Chainer's L.NStepBiLSTM, L.NStepBiGRU,
    L.NStepBiRNNTanh and L.NStepBiRNNReLU. The first states and the lengths of the inner layer are inputs: x, h0, c0,
    h0 and c0 of the second direction, lengths. Outputs are y, and the last states: h, c, h_backward, c_backward.

    Args:
        inner: the layer of the first direction: {layer: LSTM, units: 5}.
        merge: what becomes of the two sequences: side by side, their sum, mean or product.
    """

    inner: Loop
    merge: Literal["concat", "sum", "ave", "mul"] = "concat"

    def __post_init__(self):
        nest_loop(self)

    @property
    def loop(self) -> Any:
        """The inner layer, known to be recurrent."""
        return self.inner

    @property
    def inputs(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of both directions; x and lengths are one."""
        first = [n for n in self.loop.inputs if n not in ("x", "lengths")]
        last = ("lengths",) if self.loop.lengths else ()
        return ("x", *first, *(f"{n}_backward" for n in first), *last)

    @property
    def output_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """y, and the last states of both directions."""
        return ("y", *self.loop.states, *(f"{s}_backward" for s in self.loop.states))

    @property
    def kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        """Lengths are integers."""
        return tuple("i" if name == "lengths" else "f" for name in self.inputs)

    def indices(self, *x: Spec) -> Mapping[int, int | range]:
        """The lengths."""
        return {len(x) - 1: range(1, x[0].shape[1] + 1)} if self.loop.lengths else {}

    def split(self, rest: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...], Any]:
        """Inputs behind x: the first states of each direction, and the lengths or None."""
        states, lengths = self.loop.split(rest)
        half = len(states) // 2
        return states[:half], states[half:], lengths

    def parts(self, b, *x):
        """Both directions, then what joins them."""
        first, second, lengths = self.split(x[1:])
        last = () if lengths is None else (lengths,)
        y, *states = b.add("forward", self.inner, x[0], *first, *last)
        z, *others = b.add("backward", replace(self.loop, direction="reverse"), x[0], *second, *last)
        if self.merge == "ave":
            merged = b.add("half", Half(), b.add("sum", Add(), y, z))
        else:
            merged = b.add("merged", {"concat": Concat(2), "sum": Add(), "mul": Mul()}[self.merge], y, z)
        return (merged, *states, *others)

    def layouts(self, dialect: str) -> Mapping[str, Layout]:
        """The inner layer's, in each of two places."""
        found: dict[str, Layout] = {}
        for i, direction in enumerate(("forward", "backward")):
            if dialect == "chainer":
                own = nstep_layouts(NSTEP_GATES[type(self.inner)], i)
            elif dialect == "keras":
                own = {k: f"{i}/{text}" for k, text in self.inner.layouts(dialect).items()}
            else:
                own = {k: str(text).replace(": 1 ", f": {i}/2 ") for k, text in self.inner.layouts(dialect).items()}
            found |= {f"{direction}_{k}": text for k, text in own.items()}
        return found

    def gap(self, *dialects: str) -> str | None:
        """The inner layer's too."""
        return super().gap(*dialects) or self.inner.gap(*dialects)


@Bidirectional.on("probe")
def _(p, d, specs, weights):
    return longer(d, specs, p.inner.units)


@Bidirectional.on("chainer", when=lambda p: has_nstep(p.inner))
def _(p, c, x, *rest):
    link = c.link(nstep_link(c, p.inner, both=True)(1, x.shape[2], p.inner.units, 0.0))

    def call(v, *rest):
        first, second, lengths = p.split(rest)
        states = [c.F.stack(pair, axis=0) for pair in zip(first, second, strict=True)] or [None] * len(p.inner.states)
        last, y = nstep_call(c, link, v, x.shape, states, lengths)
        if p.merge != "concat":
            a, b = c.parts(c.F.split_axis(y, 2, axis=2), 2)
            y = {"sum": lambda: a + b, "ave": lambda: (a + b) / 2, "mul": lambda: a * b}[p.merge]()
        return (y, *(s[0] for s in last), *(s[1] for s in last))

    return call


@Bidirectional.on("keras", x="=", y="=")
def _(p, k, x, *rest):
    first, second, lengths = p.split(rest)
    both = k.layers.Bidirectional(KERAS[type(p.inner)](p.inner, k), merge_mode=p.merge)
    layer = k.weighted(both, both.forward_layer, both.backward_layer)
    return keras_call(k, layer, x, (*first, *second), lengths, 2 * len(p.inner.states))


@Bidirectional.on("onnx")
def _(p, o, x, *rest, **weights):
    first, second, lengths = p.split(rest)
    zero = o.const(np.array([0], np.int64))
    states = [
        o.node("Concat", o.node("Unsqueeze", a, zero), o.node("Unsqueeze", b, zero), axis=0)
        for a, b in zip(first, second, strict=True)
    ]
    own = {k.removeprefix("forward_"): name for k, name in weights.items() if k.startswith("forward_")}
    y, *last = ONNX[type(p.inner)](p.inner, o, x, states, lengths, directions=2, **own)
    y = o.node("Transpose", y, perm=[2, 0, 1, 3])
    if p.merge == "concat":
        y = o.node("Reshape", y, o.const(np.array([0, 0, -1], np.int64)))
    else:
        op = {"sum": "ReduceSum", "ave": "ReduceMean", "mul": "ReduceProd"}[p.merge]
        y = o.node(op, y, o.const(np.array([2], np.int64)), keepdims=0)
    halves = [o.node("Split", s, outputs=2, axis=0, num_outputs=2) for s in last]
    return (y, *(o.node("Squeeze", h[0], zero) for h in halves), *(o.node("Squeeze", h[1], zero) for h in halves))
