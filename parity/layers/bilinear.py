"""Products of two inputs with weights between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parity.errors import BadInput
from parity.layers.arithmetic import Add, Mul
from parity.layers.composite import Composite
from parity.layers.dense import Linear
from parity.layers.einsum import EinsumDense
from parity.layers.shape import Reshape
from parity.layers.sizes import Positive


@dataclass(frozen=True)
class Bilinear(Composite):
    """y[o] = Σ_ij l[i]·r[j]·W[o, i, j] + Σ_i l[i]·V1[o, i] + Σ_j r[j]·V2[o, j] + b[o].

    That is chainer.links.Bilinear.

    Args:
        units: number of outputs.
        bias: whether the terms of V1, V2 and b are added; Chainer's ``nobias`` drops all three.
    """

    units: Positive
    bias: bool = True
    inputs: ClassVar[tuple[str, ...]] = ("left", "right")
    independent: ClassVar[bool] = True

    def parts(self, b, *x):
        """(N, I), (N, J) → all products (N, I, J) → (N, units)."""
        left, right = (b.specs[i].shape for i in x)
        if len(left) != 2 or len(right) != 2 or left[0] != right[0]:
            raise BadInput(f"expected [N, I] and [N, J], found {list(left)} and {list(right)}", path="from")
        column = b.add("column", Reshape((left[1], 1)), x[0])
        row = b.add("row", Reshape((1, right[1])), x[1])
        products = b.add("products", Mul(), column, row)
        y = b.add("sum", EinsumDense((self.units,), axes=2, bias=self.bias), products, W="W", b="b")
        if not self.bias:
            return y
        first = b.add("first", Linear(self.units, bias=False), x[0], W="V1")
        second = b.add("second", Linear(self.units, bias=False), x[1], W="V2")
        return b.add("total", Add(), y, first, second)


# The parts' bounds add, as if all errors met in one element: 0.17 of that is the most that was measured.
Bilinear.on("magnitude", c=0.4)(Composite.rules["magnitude"][0].fn)


@Bilinear.on("chainer", W="W: i j o", V1="V1: i o", V2="V2: i o", b="b: o")
def _(p, c, left, right):
    link = c.link(c.L.Bilinear(left.shape[1], right.shape[1], p.units, nobias=not p.bias))
    return lambda v, w: link(v, w)
