"""Recurrent layers on top of each other, as Chainer's NStep links are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Layout, Spec
from parity.layers.bidirectional import NSTEP_GATES, Bidirectional, Loop, has_nstep, nest_loop, nstep_link
from parity.layers.composite import Composite
from parity.layers.recurrent import longer
from parity.layers.recurrent_calls import nstep_call, nstep_layouts
from parity.layers.sizes import Positive


@dataclass(frozen=True)
class Picked(Layer, abstract=True):
    """(S, N, U) → (N, U), one of S.

    Args:
        index: which.
    """

    index: int

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """The first axis goes."""
        return (Spec(x[0].shape[1:], x[0].dtype),)


Picked.on("operations")(lambda p, x: 0)
Picked.on("numpy")(lambda p, n, x: x[p.index])
Picked.on("magnitude")(lambda p, n, y, x: None)
Picked.on("carry")(lambda p, n, y, e, x: e[p.index])
Picked.on("chainer")(lambda p, c, x: lambda v: v[p.index])
Picked.on("keras", x="=", y="=")(lambda p, k, x: x[p.index])
Picked.on("onnx")(lambda p, o, x: o.node("Gather", x, o.const(np.array(p.index, np.int64)), axis=0))


@dataclass(frozen=True)
class Piled(Layer, abstract=True):
    """Some (N, U) → (S, N, U)."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "*")

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """A first axis is added."""
        return (Spec((len(x), *x[0].shape), x[0].dtype),)


Piled.on("operations")(lambda p, *x: 0)
Piled.on("numpy")(lambda p, n, *xs: np.stack(xs))
Piled.on("magnitude")(lambda p, n, y, *xs: None)
Piled.on("carry")(lambda p, n, y, e, *xs: np.stack(e))
Piled.on("chainer")(lambda p, c, *xs: lambda *v: c.F.stack(v, axis=0))
Piled.on("keras", x="=", y="=")(lambda p, k, *xs: k.ops.stack(list(xs), axis=0))


@Piled.on("onnx")
def _(p, o, *xs):
    zero = o.const(np.array([0], np.int64))
    return o.node("Concat", *(o.node("Unsqueeze", x, zero) for x in xs), axis=0)


@dataclass(frozen=True)
class NStep(Composite):
    """Recurrent layers on top of each other: each reads the sequence of the one before, of both its directions.

    Chainer's L.NStepLSTM, L.NStepGRU, L.NStepRNNTanh, L.NStepRNNReLU, and with ``Bi`` (L.NStepBiLSTM, …) in two
    directions; single layers elsewhere. The first states of the inner layer, if it has any, and the last ones are
    (layers·directions, N, units), the directions of one layer next to each other.

    Args:
        inner: what each layer is: {layer: LSTM, units: 5, recurrent_bias: true}.
        layers: how many.
        bidirectional: whether each has two directions, side by side in its output.
    """

    inner: Loop
    layers: Positive
    bidirectional: bool = False

    def __post_init__(self):
        nest_loop(self)
        if self.layers * self.directions < 2:
            raise BadInput(
                "found 1 in one direction, accepted: 2 or more; one is the inner layer itself", path="layers"
            )

    @property
    def loop(self) -> Any:
        """The inner layer, known to be recurrent."""
        return self.inner

    @property
    def directions(self) -> int:
        """1 or 2."""
        return 2 if self.bidirectional else 1

    @property
    def inputs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The inner layer's."""
        return self.loop.inputs

    @property
    def output_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The inner layer's."""
        return self.loop.output_names

    @property
    def kinds(self) -> tuple[str, ...]:  # type: ignore[override]
        """The inner layer's."""
        return self.loop.kinds

    def indices(self, *x: Spec) -> Mapping[int, int | range]:
        """The lengths."""
        return self.loop.indices(*x)

    def parts(self, b, *x):
        """One layer after the other, then their last states in one pile."""
        first, lengths = self.loop.split(x[1:])
        piles = self.layers * self.directions
        batch = b.specs[x[0]].shape[0]
        for name in first:
            if b.specs[name].shape != (piles, batch, self.loop.units):
                expected = [piles, batch, self.loop.units]
                found = f"expected first states of shape {expected}, found {list(b.specs[name].shape)}"
                raise BadInput(found, path="from")
        last = () if lengths is None else (lengths,)
        layer = Bidirectional(self.inner) if self.bidirectional else self.inner
        y, ends = x[0], []
        for i in range(self.layers):
            at = range(i * self.directions, (i + 1) * self.directions)
            states = [b.add(f"{s}_{d}", Picked(d), s) for d in at for s in first]
            y, *found = b.add(f"l{i}", layer, y, *states, *last)
            half = len(self.loop.states)
            ends += [found[j : j + half] for j in range(0, len(found), half)]
        return (y, *(b.add(f"last_{s}", Piled(), *(e[j] for e in ends)) for j, s in enumerate(self.loop.states)))

    def layouts(self, dialect: str) -> Mapping[str, Layout]:
        """Those of Chainer's NStep links, layer by layer."""
        found: dict[str, Layout] = {}
        for i in range(self.layers):
            for d in range(self.directions):
                name = f"l{i}_{('forward_', 'backward_')[d] if self.bidirectional else ''}"
                own = nstep_layouts(NSTEP_GATES[type(self.inner)], i * self.directions + d)
                found |= {f"{name}{k}": text for k, text in own.items()}
        return found

    def gap(self, *dialects: str) -> str | None:
        """The inner layer's too."""
        return super().gap(*dialects) or self.inner.gap(*dialects)


@NStep.on("probe")
def _(p, d, specs, weights):
    return longer(d, specs, p.inner.units)


@NStep.on("chainer", when=lambda p: has_nstep(p.inner))
def _(p, c, x, *rest):
    link = c.link(nstep_link(c, p.inner, p.bidirectional)(p.layers, x.shape[2], p.inner.units, 0.0))

    def call(v, *rest):
        first, lengths = p.inner.split(rest)
        last, y = nstep_call(c, link, v, x.shape, list(first) or [None] * len(p.inner.states), lengths)
        return (y, *last)

    return call
