"""How far one weight moves a layer's outputs, where the layer is a sum of products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_BLOCK = 1 << 18
_FEW = 64


@dataclass(frozen=True)
class Products:
    """max over q of |cols[k, i, q]|·g[k, o, q]: for y = w·cols, the largest |∂y/∂w[k, o, i]| in units of 1 / g.

    Args:
        cols: (groups, n, columns), the inputs of every output element.
        g: (groups, filters, columns), one over the bound.
        shape: of the weight.
        order: for each product in the order (group, filter, input) the flat index of its weight; None where it is the
            same.
    """

    cols: np.ndarray
    g: np.ndarray
    shape: tuple[int, ...]
    order: np.ndarray | None = None

    @property
    def work(self) -> int:
        """Products in all."""
        return self.cols.size * self.g.shape[1]

    def all(self) -> np.ndarray:
        """Of every weight, in its shape."""
        cols, g = np.abs(self.cols), self.g
        groups, terms, columns = cols.shape
        out = np.zeros((groups, g.shape[1], terms))
        if columns <= _FEW:
            for q in range(columns):
                np.maximum(out, g[:, :, None, q] * cols[:, None, :, q], out=out)
        else:
            step = max(1, _BLOCK // columns)
            for k in range(groups):
                for o in range(g.shape[1]):
                    for i in range(0, terms, step):
                        out[k, o, i : i + step] = (cols[k, i : i + step] * g[k, o]).max(-1)
        flat = out.reshape(-1)
        if self.order is not None:
            placed = np.empty_like(flat)
            placed[self.order] = flat
            flat = placed
        return flat.reshape(self.shape)

    def at(self, indices: np.ndarray) -> np.ndarray:
        """Of the weights with these flat indices."""
        groups, terms, columns = self.cols.shape
        if self.order is not None:
            places = np.empty(self.order.size, np.intp)
            places[self.order] = np.arange(self.order.size)
            indices = places[indices]
        k, o, i = np.unravel_index(indices, (groups, self.g.shape[1], terms))
        step = max(1, _BLOCK // max(columns, 1))
        parts = [slice(s, s + step) for s in range(0, indices.size, step)]
        found = [(np.abs(self.cols[k[s], i[s]]) * self.g[k[s], o[s]]).max(-1) for s in parts]
        return np.concatenate(found) if found else np.zeros(0)
