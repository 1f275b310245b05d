"""A transposed convolution: every input times every tap, or a convolution over its input with zeros between."""

from __future__ import annotations

from typing import Any

import numpy as np


def columns(p, n, x):
    """The transpose as a convolution over the input with stride − 1 zeros between its elements."""
    spread = x
    for a in range(p.nd):
        if p.stride[a] > 1:
            spread = _spread(spread, 2 + a, p.stride[a])
        low, high = (p.extent[a] - 1 - pad for pad in p.pad[a])
        high += p.output_padding[a]
        width = [(0, 0)] * x.ndim
        width[2 + a] = (max(low, 0), max(high, 0))
        keep = [slice(None)] * x.ndim
        keep[2 + a] = slice(max(-low, 0), spread.shape[2 + a] + max(low, 0) + min(high, 0) + max(high, 0))
        spread = np.pad(spread, width)[tuple(keep)]
    return n.columns(spread, p.groups, p.kernel, (1,) * p.nd, p.dilation)


def matrix(p, W):
    """The kernel flipped, (groups, filters / groups, n)."""
    w = W[(..., *[slice(None, None, -1)] * p.nd)]
    return w.reshape(p.groups, -1, *W.shape[1:]).swapaxes(1, 2).reshape(p.groups, W.shape[1], -1)


def product(p, n, x, W):
    """y without a bias, (N, filters, *out): all products of one input and one tap, then the sum of those that meet.

    The same numbers as by :func:`columns`, but for the order of the sum, without multiplying the zeros between.
    """
    each = np.moveaxis(x, 1, 0).reshape(p.groups, x.shape[1] // p.groups, -1)
    taps = W.reshape(p.groups, each.shape[1], -1).swapaxes(1, 2) @ each
    y = taps.reshape(-1, *p.kernel, x.shape[0], *x.shape[2:])
    for a in range(p.nd):
        y = _met(p, y, a, p.out(x.shape[2 + a], a))
    return np.moveaxis(y, 0, 1)


def _met(p, y, a, size):
    """Taps of one spatial axis, which are axis 1, added up where they meet on that axis."""
    axis = p.nd + 1  # of a part's positions, whichever a: 1 + (nd − 1 − a) tap axes that are left + 1 + a
    total: Any = 0.0
    for r in range(y.shape[1]):
        part = _spread(y[:, r], axis, p.stride[a])
        first = r * p.dilation[a] - p.pad[a][0]
        width = [(0, 0)] * part.ndim
        width[axis] = (max(first, 0), max(size - first - part.shape[axis], 0))
        keep = [slice(None)] * part.ndim
        keep[axis] = slice(max(-first, 0), max(-first, 0) + size)
        total = total + np.pad(part, width)[tuple(keep)]
    return total


def _spread(x, axis, stride):
    """Zeros between the elements along an axis."""
    stacked = np.stack([x, *[np.zeros_like(x)] * (stride - 1)], axis + 1)
    size = x.shape[axis] * stride
    keep = [slice(None)] * x.ndim
    keep[axis] = slice(0, size - stride + 1)
    return stacked.reshape(*x.shape[:axis], size, *x.shape[axis + 1 :])[tuple(keep)]
