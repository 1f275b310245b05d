"""Matrix products over one or two axes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.dense import Linear
from parity.layers.sizes import Accepts, Positive


@dataclass(frozen=True)
class EinsumDense(Layer):
    """Linear from the last axes to new ones. y[…, o, p] = Σ_ij x[…, i, j]·W[o, p, i, j] + b[o, p].

    keras.layers.EinsumDense of ``...ij,ijop->...op``, or with one axis in place of two on either side.

    Args:
        units: sizes of the new axes, one or two.
        axes: how many of the last axes are summed over, one or two.
        bias: whether b is added. Keras's default is none.
    """

    units: Annotated[tuple[int, ...], Accepts(Positive | tuple[Positive, ...])]
    axes: Literal[1, 2]
    bias: bool
    linear: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __post_init__(self):
        units = (self.units,) if isinstance(self.units, int) else tuple(self.units)
        if len(units) not in (1, 2):
            raise BadInput(f"found {list(units)}, expected one size or two", path="units")
        object.__setattr__(self, "units", units)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(…, i, j) → (…, o, p)."""
        shape = x[0].shape
        if len(shape) <= self.axes:
            raise BadInput(f"found {list(shape)}, expected more than {self.axes} axes", path="from")
        return (Spec((*shape[: -self.axes], *self.units), x[0].dtype),)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W (o, p, i, j), b (o, p)."""
        summed = x[0].shape[-self.axes :]
        out, into = _letters(len(self.units), self.axes)
        W = Weight(f"{out} {into}", (*self.units, *summed), fan_in=math.prod(summed))
        return {"W": W} | ({"b": Weight(out, self.units, "bias")} if self.bias else {})

    @property
    def flat(self) -> Linear:
        """The same over one axis, to one."""
        return Linear(math.prod(self.units), bias=self.bias)


def _letters(units: int, axes: int) -> tuple[str, str]:
    return "o p"[: 2 * units - 1], "i j"[: 2 * axes - 1]


def _joined(p, x):
    return x.reshape(*x.shape[: -p.axes], -1)


def _by_linear(p, rule, n, lead, *arrays, W, b=None):
    """A rule of Linear on arrays with one axis for two."""
    b = {} if b is None else {"b": b.reshape(-1)}
    y = p.flat.rule(rule).fn(p.flat, n, *arrays, W=W.reshape(math.prod(p.units), -1), **b)
    return y.reshape(*lead, *p.units)


@EinsumDense.on("numpy")
def _(p, n, x, **weights):
    return _by_linear(p, "numpy", n, x.shape[: -p.axes], _joined(p, x), **weights)


@EinsumDense.on("magnitude", c=2.2)
def _(p, n, y, x, **weights):
    return _by_linear(p, "magnitude", n, x.shape[: -p.axes], y, _joined(p, x), **weights)


@EinsumDense.on("carry")
def _(p, n, y, e, x, **weights):
    return _by_linear(p, "carry", n, x.shape[: -p.axes], y, _joined(p, e), _joined(p, x), **weights)


@EinsumDense.on("effect")
def _(p, n, g, x, W, b=None):
    flat, lead = p.flat, x.shape[: -p.axes]
    found = flat.rule("effect").fn(flat, n, g.reshape(*lead, -1), _joined(p, x), W.reshape(flat.units, -1))
    return {"W": replace(found["W"], shape=W.shape), "b": found["b"].reshape(p.units)}


@EinsumDense.on("operations")
def _(p, x):
    return 2 * math.prod(x.shape) * math.prod(p.units)


def _chainer(p, c, x):
    lead, summed = x.shape[: -p.axes], math.prod(x.shape[-p.axes :])
    link = c.link(c.L.Linear(summed, p.flat.units, nobias=not p.bias))

    def call(v):
        v = c.F.reshape(v, (*lead, summed)) if p.axes == 2 else v
        y = link(v, n_batch_axes=len(lead))
        return c.F.reshape(y, (*lead, *p.units)) if len(p.units) == 2 else y

    return call


def _keras(p, k, x):
    out, into = (letters.replace(" ", "") for letters in _letters(len(p.units), p.axes))
    equation = f"...{into},{into}{out}->...{out}"
    return k.weighted(k.layers.EinsumDense(equation, output_shape=p.units, bias_axes=out if p.bias else None))(x)


def _onnx(p, o, x, W, b=None):
    lead = o.shape(x)[: -p.axes]
    if p.axes == 2:
        x = o.node("Reshape", x, o.const(np.array([*lead, -1], np.int64)))
    y = o.node("MatMul", x, W)
    y = o.node("Add", y, b) if b else y
    return o.node("Reshape", y, o.const(np.array([*lead, *p.units], np.int64))) if len(p.units) == 2 else y


for _units, _axes in ((2, 2), (2, 1), (1, 2), (1, 1)):
    _out, _into = _letters(_units, _axes)

    def _when(p, units=_units, axes=_axes):
        return (len(p.units), p.axes) == (units, axes)

    _condition = None if (_units, _axes) == (1, 1) else _when  # the last rule is for all that is left
    EinsumDense.on("chainer", when=_condition, W=f"W: ({_out}) ({_into})", b=f"b: ({_out})")(_chainer)
    EinsumDense.on("keras", when=_condition, x="=", y="=", W=f"kernel: {_into} {_out}", b=f"bias: {_out}")(_keras)
    EinsumDense.on("onnx", when=_condition, W=f"W: ({_into}) ({_out})", b=f"B: ({_out})")(_onnx)
