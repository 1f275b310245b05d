"""Products of two inputs, sums over one of their axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Layer, Spec
from parity.layers.sizes import axis_of


@dataclass(frozen=True)
class MatMul(Layer):
    """Matrix product of the last two axes. y[…, i, k] = Σ_j a[…, i, j]·b[…, j, k]; all other axes broadcast.

    Args:
        transpose_a: whether the last two axes of a are swapped first (Chainer's ``transa``).
        transpose_b: the same for b.
    """

    transpose_a: bool = False
    transpose_b: bool = False
    inputs: ClassVar[tuple[str, ...]] = ("a", "b")
    independent: ClassVar[bool] = True

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(…, i, j) and (…, j, k) → (…, i, k)."""
        found = " and ".join(str(list(s.shape)) for s in x)
        if min(len(s.shape) for s in x) < 2:
            raise BadInput(f"found {found}, expected two axes or more in each", path="from")
        (*a, i, j), (*b, k, l) = x[0].shape, x[1].shape
        i, j = (j, i) if self.transpose_a else (i, j)
        k, l = (l, k) if self.transpose_b else (k, l)
        if j != k:
            turned = [name for name in ("transpose_a", "transpose_b") if getattr(self, name)]
            how = f" with {' and '.join(turned)}" if turned else ""
            raise BadInput(f"found {found}{how}: rows have {j} elements and columns have {k}", path="from")
        try:
            batch = np.broadcast_shapes(tuple(a), tuple(b))
        except ValueError:
            text = f"found {found}; the axes before the last two must have equal sizes, or 1"
            raise BadInput(text, path="from") from None
        return (Spec((*batch, i, l), x[0].dtype),)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b."""
    return a @ b


def product_magnitude(n: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Magnitude of a @ b, as of any sum of products."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    w = np.broadcast_to(a, (*batch, *a.shape[-2:])).reshape(-1, *a.shape[-2:])
    cols = np.broadcast_to(b, (*batch, *b.shape[-2:])).reshape(-1, *b.shape[-2:])
    return n.sum_magnitude(cols, w, None, [n.blocks(w.shape[2], 8)]).reshape(*batch, a.shape[-2], b.shape[-1])


def product_carry(ea: np.ndarray, eb: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What independent errors of the factors become: the root of the sum of the products' squared errors."""
    each = ((ea * ea) @ (b * b), (a * a) @ (eb * eb), (ea * ea) @ (eb * eb))
    return np.sqrt(sum(each))


def _turned(p, a, b):
    return (a.swapaxes(-1, -2) if p.transpose_a else a), (b.swapaxes(-1, -2) if p.transpose_b else b)


@MatMul.on("numpy")
def _(p, n, a, b):
    return product(*_turned(p, a, b))


@MatMul.on("magnitude", c=2.2)
def _(p, n, y, a, b):
    return product_magnitude(n, *_turned(p, a, b))


@MatMul.on("carry")
def _(p, n, y, e, a, b):
    return product_carry(*_turned(p, *e), *_turned(p, a, b))


@MatMul.on("operations")
def _(p, a, b):
    return 2 * a.shape[-2 if p.transpose_a else -1] * math.prod(p.infer(a, b)[0].shape)


@MatMul.on("chainer")
def _(p, c, a, b):
    return lambda v, w: c.F.matmul(v, w, transa=p.transpose_a, transb=p.transpose_b)


@MatMul.on("keras", x="=", y="=")
def _(p, k, a, b):
    a = k.ops.swapaxes(a, -1, -2) if p.transpose_a else a
    b = k.ops.swapaxes(b, -1, -2) if p.transpose_b else b
    return k.ops.matmul(a, b)


@MatMul.on("onnx")
def _(p, o, a, b):
    ready = []
    for x, swap in ((a, p.transpose_a), (b, p.transpose_b)):
        rank = len(o.shape(x))
        order = [*range(rank - 2), rank - 1, rank - 2]
        ready.append(o.node("Transpose", x, perm=order) if swap else x)
    return o.node("MatMul", *ready)


@dataclass(frozen=True)
class Dot(Layer):
    """Sum of products along one axis of each input, sample by sample, as keras.layers.Dot has it.

    y[n, …, …'] = Σ_i a[n, … i …]·b[n, …' i …']. Two matrices give (N, 1).

    Args:
        axes: the axis of a and that of b.
    """

    axes: tuple[int, int]
    inputs: ClassVar[tuple[str, ...]] = ("a", "b")
    independent: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "axes", tuple(self.axes))

    def _axes(self, *x: Spec) -> tuple[int, ...]:
        return tuple(axis_of(a, len(s.shape), "axes") for a, s in zip(self.axes, x, strict=True))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """(N, …, i, …) and (N, …', i, …') → (N, …, …'), two or three axes each."""
        found = " and ".join(str(list(s.shape)) for s in x)
        if any(len(s.shape) not in (2, 3) for s in x) or x[0].shape[0] != x[1].shape[0]:
            raise BadInput(f"found {found}, expected one batch size and two or three axes each", path="from")
        axes = self._axes(*x)
        if 0 in axes:
            raise BadInput(f"found {list(self.axes)}; axis 0 is the batch's, the others are accepted", path="axes")
        if x[0].shape[axes[0]] != x[1].shape[axes[1]]:
            sizes = " and ".join(str(s.shape[a]) for s, a in zip(x, axes, strict=True))
            raise BadInput(f"the axes must have one size, found {sizes} in {found}", path="axes")
        rest = [s.shape[i] for s, a in zip(x, axes, strict=True) for i in range(1, len(s.shape)) if i != a]
        return (Spec((x[0].shape[0], *(rest or [1])), x[0].dtype),)


def _matrices(p, a, b):
    """(N, rows, i), (N, i, columns) of NumPy arrays."""
    i, j = (axis % x.ndim for axis, x in zip(p.axes, (a, b), strict=True))
    left = a[:, None] if a.ndim == 2 else a.swapaxes(i, 2)
    right = b[:, :, None] if b.ndim == 2 else b.swapaxes(j, 1)
    return left, right


def _shape(a, b):
    ranks = (a.ndim, b.ndim)
    return (lambda y: y[:, 0]) if ranks[0] == 2 else (lambda y: y[..., 0]) if ranks[1] == 2 else (lambda y: y)


@Dot.on("numpy")
def _(p, n, a, b):
    return _shape(a, b)(product(*_matrices(p, a, b)))


@Dot.on("magnitude", c=2.2)
def _(p, n, y, a, b):
    return _shape(a, b)(product_magnitude(n, *_matrices(p, a, b)))


@Dot.on("carry")
def _(p, n, y, e, a, b):
    return _shape(a, b)(product_carry(*_matrices(p, *e), *_matrices(p, a, b)))


def _equation(p, a, b):
    """For an einsum: ``nab,nca->nbc``, over axes as they are here."""
    names = [["n", *"xy"[: len(a) - 1]], ["n", *"zw"[: len(b) - 1]]]
    for i, axis in enumerate(p.axes):
        names[i][axis % len(names[i])] = "s"
    rest = [m for part in names for m in part if m not in "ns"]
    return f"{''.join(names[0])},{''.join(names[1])}->n{''.join(rest)}", not rest


@Dot.on("operations")
def _(p, a, b):
    return 2 * a.shape[p.axes[0]] * math.prod(p.infer(a, b)[0].shape)


@Dot.on("chainer")
def _(p, c, a, b):
    equation, single = _equation(p, a.shape, b.shape)
    if single:
        return lambda v, w: c.F.expand_dims(c.F.einsum(equation, v, w), 1)
    return lambda v, w: c.F.einsum(equation, v, w)


@Dot.on("keras", x="=", y="=")
def _(p, k, a, b):
    return k.layers.Dot(tuple(axis % len(k.shape(x)) for axis, x in zip(p.axes, (a, b), strict=True)))([a, b])


@Dot.on("onnx")
def _(p, o, a, b):
    equation, single = _equation(p, o.shape(a), o.shape(b))
    y = o.node("Einsum", a, b, equation=equation)
    return o.node("Unsqueeze", y, o.const(np.array([1], np.int64))) if single else y
