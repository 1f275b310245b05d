"""The numpy dialect: the meaning of every layer, in the dtype of the arrays it is given (float64 for the reference)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from parity.precision import FLOAT32, SMALLEST, Precision, rounded

Array = np.ndarray


def _bits(u: float) -> int:
    """Bits of fraction that a number has."""
    return round(-math.log2(u)) - 1


class NumpyKit:
    """What a numpy, magnitude or carry rule is handed as ``n``. Nothing here writes in place.

    Args:
        precision: in which the engine computes whose errors are bounded; values are float64 whatever it is.
        products: for a layer that multiplies matrices, whose factors a precision may round to another type.
    """

    np = np
    FEW = 25
    """Terms up to which the roundings of a sum may all go one way and stay within what is allowed to random ones."""

    def __init__(self, precision: Precision = FLOAT32, products: bool = False):
        self.precision = precision
        self.u = precision.u_products if products else precision.u
        self.smallest = SMALLEST[precision.tensors]
        self.inside = NumpyKit() if precision.is_half else None
        """The kit for what a layer with 16-bit tensors computes in 32 bits."""
        self._multiplies = NumpyKit(precision, products=True) if precision.products and not products else self

    def of(self, layer: Any) -> NumpyKit:
        """The kit for one layer: products may have another unit roundoff."""
        return self._multiplies if layer.multiplies else self

    def off(self, value: Any) -> Array:
        """How far the precision's numbers are from a constant, in u; every precision has infinity."""
        exact = np.asarray(value, np.float64)
        nearest = self.nearest(exact)
        return np.abs(np.subtract(nearest, exact, out=np.zeros_like(exact), where=nearest != exact)) / self.u

    def nearest(self, value: Any) -> Array:
        """A constant as the precision has it, in float64."""
        return rounded(np.asarray(value, np.float64), self.precision.tensors).astype(np.float64)

    def pad(self, x: Array, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Array:
        """Pad the spatial axes, (begin, end) each."""
        if not any(map(any, pads)):
            return x
        return np.pad(x, [(0, 0), (0, 0), *pads], constant_values=value)

    def channel(self, v: Array, rank: int) -> Array:
        """A vector over channels, shaped to broadcast against an array of that rank (N C …)."""
        return v.reshape(1, -1, *(1,) * (rank - 2))

    def windows(self, x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Array:
        """Sliding windows: (N, C, *spatial) → (N, C, *out, *kernel), a view."""
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        axes = tuple(range(2, x.ndim))
        view = np.lib.stride_tricks.sliding_window_view(x, extent, axis=axes)
        at: list[Any] = [slice(None), slice(None)]
        at += [slice(None, None, s) for s in stride] + [slice(None, None, d) for d in dilation]
        return view[tuple(at)]

    def columns(
        self, x: Array, groups: int, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
    ) -> tuple[Array, tuple[int, ...]]:
        """The inputs of every output element: (groups, C/groups·kernel, N·out), and the output's spatial shape."""
        view = self.windows(x, kernel, stride, dilation)
        nd = x.ndim - 2
        out = view.shape[2 : 2 + nd]
        order = (1, *range(2 + nd, 2 + 2 * nd), 0, *range(2, 2 + nd))
        cols = view.transpose(order).reshape(groups, x.shape[1] // groups * math.prod(kernel), -1)
        return cols, out

    def from_columns(self, y: Array, batch: int, out: tuple[int, ...]) -> Array:
        """(groups, filters/groups, N·out) → (N, filters, *out)."""
        y = y.reshape(-1, batch, *out)
        return np.moveaxis(y, 1, 0).copy()

    def sigmoid(self, x: Array) -> Array:
        """1 / (1 + e^-x) without overflow."""
        e = np.exp(-np.abs(x))
        return np.where(x >= 0, 1 / (1 + e), e / (1 + e))

    def erf(self, x: Array) -> Array:
        """The error function, element by element from the C library: NumPy has none."""
        return np.frompyfunc(math.erf, 1, 1)(x).astype(x.dtype)

    def sum_magnitude(self, cols: Array, w: Array, b: Array | None, sections: Sequence[Sequence[slice]]) -> Array:
        """Magnitude m of y = w·cols + b, whose rounding error is at most about c·u·m.

        m = min(R, S): R = (√n + 1)(√Σ(wx)² + largest prefix sum), S = (√n + 1)(Σ|wx| + |b|)·2.4/2.2, after Higham,
        Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2, with √n in place of n (section 2.8: errors
        that behave as independent). The prefix sums are needed: without them weights that are sorted by sign, as in an
        edge filter, exceed R by far. :meth:`drift` is added.

        Args:
            cols: (groups, n, columns). w: (groups, filters, n). b: (groups, filters, 1) or None.
            sections: ways to cut the sum into consecutive parts, each a list of slices of the n terms, in the order in
                which runtimes may sum them (blocks of channels, kernel rows).

        Returns:
            (groups, filters, columns).
        """
        root = math.sqrt(w.shape[-1]) + 1
        bias = 0.0 if b is None else b
        plain = np.abs(w) @ np.abs(cols) + np.abs(bias)
        squares = np.sqrt((w * w) @ (cols * cols) + bias * bias)
        prefix = np.zeros_like(plain)
        for parts in sections:
            total = np.zeros_like(plain)
            for part in parts:
                total = total + w[..., part] @ cols[..., part, :]
                prefix = np.maximum(prefix, np.abs(total))
            prefix = np.maximum(prefix, np.abs(total + bias))
        return root * np.minimum(squares + prefix, plain * (2.4 / 2.2)) + self.drift(cols, w)

    def rounded_sum(self, y: Array, b: Array | None) -> Array:
        """Magnitude of rounding a sum to 16 bits that was made in 32, and once more when the bias is added."""
        return np.abs(y) + np.abs(y if b is None else y - b)

    def drift(self, cols: Array, w: Array) -> Array | float:
        """What is lost :meth:`one_way` in w·cols: n/4·Σ|wx| over weights and inputs that are both all but equal."""
        equal = self.repeats(w)
        # Below the grid of the last partial sums.
        narrow = np.ptp(w, -1) <= w.shape[-1] * 4 * self.u * np.abs(w).max(-1)
        if np.count_nonzero(equal) < 1e-3 * equal.size and not narrow.any():  # random weights repeat by chance alone
            return 0.0
        alike, sizes = np.abs(w) * (equal | narrow[..., None]), np.abs(cols)
        share = self.one_way(cols.swapaxes(-1, -2))[..., None, :]
        return w.shape[-1] / 4 * np.maximum(alike @ (sizes * self.repeats(cols, -2)), (alike @ sizes) * share)

    def repeats(self, x: Array, axis: int = -1) -> Array:
        """Where an element equals the one before it along an axis, bool.

        Equal addends round alike: in a serial sum of n of them the errors add up, to as much as n/2·u times the sum, in
        place of cancelling. A magnitude allows n/4·u times what is repeated, which its constant doubles.
        """
        x = np.moveaxis(x, axis, -1)
        equal = np.concatenate([np.zeros(x[..., :1].shape, bool), x[..., 1:] == x[..., :-1]], -1)
        return np.moveaxis(equal, -1, axis)

    def one_way(self, terms: Array) -> Array:
        """Share of the roundings of a sum along the last axis that go the same way, so that they add up, 0 … 1.

        An addend is rounded to the grid of the partial sum. Equal addends are rounded alike (:meth:`repeats`, found by
        sorting, since runtimes store axes in different orders). So are addends whose spread is below the grid, as e^x
        of small x, nearly 1: twice the mean of what is rounded off, in units of the grid, at the worst of the grids
        that partial sums go through, as far as it is beyond chance. In a serial sum they lose n/2·u times the sum, of
        which a magnitude allows half, which its constant doubles; for few terms the √n of all others is more than that.
        Measured: onnxruntime's ReduceLogSumExp, n/30·u for x of about 1e-4; TensorFlow's mean of a 224 × 223 image
        whose pixels differ by 1e-6, 8,400 u.
        """
        terms = np.sort(terms, -1)
        count, sizes = terms.shape[-1], np.abs(terms)
        total = sizes.sum(-1)
        if count <= self.FEW:
            return np.zeros_like(total)
        grid = 2.0 ** (np.floor(np.log2(np.maximum(total, 2.0**-100))) - _bits(self.u))
        bias = np.zeros_like(total)
        for halvings in range(count.bit_length()):
            steps = terms * (2**halvings / grid)[..., None]
            bias = np.maximum(bias, np.abs((steps - np.rint(steps)).mean(-1)))
        equal = (sizes * self.repeats(terms)).sum(-1) / np.maximum(total, 2.0**-1000)
        return np.maximum(equal, 2 * np.maximum(bias - 1 / math.sqrt(count), 0))

    def lost(self, terms: Array) -> Array:
        """What is added to the magnitude of a sum along the last axis for roundings that go :meth:`one_way`."""
        return terms.shape[-1] / 4 * np.abs(terms).sum(-1) * self.one_way(terms)

    def blocks(self, terms: int, parts: int, unit: int = 1) -> list[slice]:
        """At most ``parts`` consecutive slices of ``terms`` terms, cut at multiples of ``unit``."""
        units = terms // unit
        edges = np.linspace(0, units, min(parts, units) + 1).astype(int) * unit
        return [slice(a, b) for a, b in itertools.pairwise(edges)]
