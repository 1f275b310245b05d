"""Matrix products over one or two axes, and products with a weight for each place along an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec, Weight
from parity.layers.dense import Linear
from parity.layers.sizes import Accepts, Positive, axis_of


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


@dataclass(frozen=True)
class Scale(Layer):
    """A factor, and perhaps a summand, for each place along an axis. y = x·W + b, as chainer.links.Scale has it.

    Args:
        axis: along which W and b lie; null for one factor everywhere.
        bias: whether b is added (Chainer's ``bias_term``).
    """

    axis: int | None = 1
    bias: bool = False

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        if self.axis is not None:
            axis_of(self.axis, len(x[0].shape))
        return (x[0],)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """W and b, one number for each place along the axis."""
        axes, shape = ("", ()) if self.axis is None else ("c", (x[0].shape[self.axis],))
        return {"W": Weight(axes, shape, "gamma")} | ({"b": Weight(axes, shape, "beta")} if self.bias else {})


@dataclass(frozen=True)
class Bias(Layer):
    """A summand for each place along an axis. y = x + b, as chainer.links.Bias has it.

    Args:
        axis: along which b lies.
    """

    axis: int = 1

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Any shape that has the axis."""
        axis_of(self.axis, len(x[0].shape))
        return (x[0],)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """b, one number for each place along the axis."""
        return {"b": Weight("c", (x[0].shape[self.axis],), "beta")}


def _along(p, w, x):
    """A vector, shaped to broadcast."""
    return w if p.axis is None else w.reshape(-1, *(1,) * (x.ndim - 1 - p.axis % x.ndim))


@Scale.on("numpy")
def _(p, n, x, W, b=None):
    y = x * _along(p, W, x)
    return y if b is None else y + _along(p, b, x)


@Bias.on("numpy")
def _(p, n, x, b):
    return x + _along(p, b, x)


@Scale.on("magnitude", c=2.0)
def _(p, n, y, x, W, b=None):
    m = np.abs(x * _along(p, W, x))
    return m if b is None else m + np.abs(y)  # the product's rounding, and the sum's


@Bias.on("magnitude", c=2.0)
def _(p, n, y, x, b):
    return np.abs(y)


@Scale.on("carry")
def _(p, n, y, e, x, W, b=None):
    return e * np.abs(_along(p, W, x))


@Bias.on("carry")
def _(p, n, y, e, x, b):
    return e


@Scale.on("chainer", W="W: c", b="bias/b: c")
@Scale.on("chainer", when=lambda p: p.axis is None, W="W:", b="bias/b:")
def _(p, c, x):
    axis, shape = (0, ()) if p.axis is None else (p.axis % len(x.shape), (x.shape[p.axis],))
    link = c.link(c.L.Scale(axis, shape, bias_term=p.bias))
    return lambda v: link(v)


@Bias.on("chainer", b="b: c")
def _(p, c, x):
    link = c.link(c.L.Bias(p.axis % len(x.shape), (x.shape[p.axis],)))
    return lambda v: link(v)


Scale.unsupported("keras", when=lambda p: p.axis is None, why="no layer of Keras multiplies by a single weight")
Bias.unsupported("keras", why="no layer of Keras holds a bias alone; those before it have one of their own")


@Scale.on("keras", W="kernel: c", b="bias: c")
def _(p, k, x):
    at, last = k.axis(x, p.axis), len(k.shape(x)) - 1
    size = k.shape(x)[at]
    scale = k.weighted(k.layers.EinsumDense("...c,c->...c", output_shape=size, bias_axes="c" if p.bias else None))
    return scale(x) if at == last else k.ops.moveaxis(scale(k.ops.moveaxis(x, at, last)), last, at)


def _unsqueezed(p, o, w, x):
    rank = len(o.shape(x))
    behind = 0 if p.axis is None else rank - 1 - p.axis % rank
    return o.node("Unsqueeze", w, o.const(np.arange(1, behind + 1))) if behind else w


@Scale.on("onnx", W="W: c", b="B: c")
@Scale.on("onnx", when=lambda p: p.axis is None, W="W:", b="B:")
def _(p, o, x, W, b=None):
    y = o.node("Mul", x, _unsqueezed(p, o, W, x))
    return o.node("Add", y, _unsqueezed(p, o, b, x)) if b else y


@Bias.on("onnx", b="B: c")
def _(p, o, x, b):
    return o.node("Add", x, _unsqueezed(p, o, b, x))
