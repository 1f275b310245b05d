"""A transposed convolution as a convolution over its input with zeros between the elements."""

from __future__ import annotations

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
    """y without a bias, (N, filters, *out)."""
    cols, out = columns(p, n, x)
    return n.from_columns(matrix(p, W) @ cols, x.shape[0], out)


def _spread(x, axis, stride):
    """Zeros between the elements along an axis."""
    stacked = np.stack([x, *[np.zeros_like(x)] * (stride - 1)], axis + 1)
    size = x.shape[axis] * stride
    keep = [slice(None)] * x.ndim
    keep[axis] = slice(0, size - stride + 1)
    return stacked.reshape(*x.shape[:axis], size, *x.shape[axis + 1 :])[tuple(keep)]
