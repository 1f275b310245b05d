"""What a precision rounds, and what becomes of numbers that are rounded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.graph import Graph, Node
from parity.precision import KEPT, SMALLEST, Precision, numpy_dtype, rounded

EXACT = "float64"


def as_type(array: np.ndarray, dtype: str) -> np.ndarray:
    """Floats rounded to a type, in float64 again; overflow gives infinities. Everything else as it is."""
    if array.dtype.kind != "f" or dtype == EXACT:
        return array
    with np.errstate(all="ignore"):
        return rounded(array, dtype).astype(np.float64)


def itemsize(dtype: str) -> int:
    """Bytes of a number."""
    return numpy_dtype(dtype).itemsize


@dataclass(frozen=True)
class Format:
    """Types that weights, the network's inputs and the tensors between layers are rounded to.

    Args:
        weights: of those that are not kept.
        inputs: of the network.
        tensors: that layers make, and read.
        kept: roles of weights that stay float32, as they are given.
    """

    weights: str = EXACT
    inputs: str = EXACT
    tensors: str = EXACT
    kept: frozenset[str] = frozenset()

    def of_role(self, role: str) -> str:
        """Type of a weight."""
        return "float32" if role in self.kept else self.weights


@dataclass(frozen=True)
class Formats:
    """The runs that a loss is split by.

    Args:
        weights: their rounding alone.
        all: inputs and tensors rounded too.
    """

    weights: Format
    all: Format

    @classmethod
    def of(cls, precision: Precision) -> Formats:
        """Those of a precision. TensorFloat-32 rounds inside of products, which counts as arithmetic."""
        w, t, kept = precision.weights, precision.tensors, kept_roles(precision)
        return cls(Format(w, kept=kept), Format(w, t, t, kept))


def kept_roles(precision: Precision) -> frozenset[str]:
    """Roles of weights that a precision leaves in float32."""
    return KEPT if precision.mixed else frozenset()


@dataclass(frozen=True)
class Counts:
    """What became of numbers that were rounded.

    Args:
        count: of them.
        zero: that were not 0 and are now.
        subnormal: that are not 0, and below the smallest normal number, so that digits are missing.
        infinite: that were finite and are not now.
    """

    count: int = 0
    zero: int = 0
    subnormal: int = 0
    infinite: int = 0

    @classmethod
    def of(cls, before: np.ndarray, after: np.ndarray, dtype: str) -> Counts:
        """Compare numbers with themselves, rounded."""
        if before.dtype.kind != "f":
            return cls(before.size)
        size = np.abs(after)
        return cls(
            before.size,
            int(np.count_nonzero((size == 0) & (before != 0))),
            int(np.count_nonzero((size > 0) & (size < SMALLEST[dtype]))),
            int(np.count_nonzero(~np.isfinite(after) & np.isfinite(before))),
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def held(precision: Precision, dialect: str | None) -> Format:
    """Types in which weights are kept, which are those they are rounded to but for Keras's mixed policies.

    Under those a variable is float32, in memory and in a file, and is rounded whenever its layer is called.

    Args:
        dialect: of the engine; None for emulation.
    """
    if precision.mixed and dialect == "keras":
        return Format(precision.held)
    return Formats.of(precision).all


def sizes(graph: Graph, node: Node, form: Format, seen: set[str]) -> tuple[int, int]:
    """Bytes of a layer's weights as float32 and in the types of a format; a shared weight counts once.

    Args:
        form: what they are kept in.
        seen: names of weights that were counted; added to.
    """
    before = after = 0
    for canonical, weight in graph.node_weights(node).items():
        name = node.weight_name(canonical)
        if name not in seen:
            seen.add(name)
            count = int(np.prod(weight.shape, dtype=np.int64))
            before += count * itemsize("float32")
            after += count * itemsize(form.of_role(weight.role))
    return before, after
