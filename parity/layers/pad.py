"""Elements put around a tensor, or cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from parity.errors import BadInput
from parity.layers.base import Spec
from parity.layers.composite import Composite, Parts
from parity.layers.cut import Slice
from parity.layers.shape import Move, by_floats
from parity.layers.sizes import Accepts, Natural, Pads, need_rank, pads_per_axis
from parity.layers.spec import is_float

Widths = Annotated[tuple[tuple[int, int], ...], Accepts(tuple[Natural | tuple[Natural, Natural], ...])]


@dataclass(frozen=True)
class Pad(Move):
    """Elements around the input along any axes, as ``numpy.pad`` puts them.

    Args:
        pad_width: for each axis, the batch's too, [begin, end] or one number for both.
        mode: constant; reflect, at the edge element, which is not repeated; symmetric, at the edge itself; edge, which
            repeats the edge element; wrap, which takes what is at the other end.
        constant_values: what mode constant puts there.
    """

    pad_width: Widths
    mode: Literal["constant", "reflect", "symmetric", "edge", "wrap"] = "constant"
    constant_values: float = 0.0
    kinds: ClassVar[tuple[str, ...]] = ("fi",)

    def __post_init__(self):
        object.__setattr__(self, "pad_width", pads_per_axis(self.pad_width, len(self.pad_width), "pad_width"))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Sizes and what is around."""
        shape, pads = x[0].shape, self.pad_width
        if len(pads) != len(shape):
            text = f"found {[list(p) for p in pads]}, expected a pair for each axis of {list(shape)}"
            raise BadInput(text, path="pad_width")
        room = {"reflect": -1, "symmetric": 0, "wrap": 0}
        for axis, (size, pair) in enumerate(zip(shape, pads, strict=True)):
            if self.mode in room and max(pair) > size + room[self.mode]:
                text = f"axis {axis} has size {size}, so mode {self.mode} can put {size + room[self.mode]} there"
                raise BadInput(f"{text} at most, found {list(pair)}", path="pad_width")
        if not is_float(x[0].dtype) and not float(self.constant_values).is_integer():
            text = f"found {self.constant_values}, the input has whole numbers"
            raise BadInput(text, path="constant_values")
        return (Spec(tuple(b + s + e for s, (b, e) in zip(shape, pads, strict=True)), x[0].dtype),)

    @property
    def value(self) -> float:
        """What mode constant puts there; whole numbers as integers, which tensors of every type take."""
        return int(self.constant_values) if float(self.constant_values).is_integer() else self.constant_values

    def taken(self, shape: tuple[int, ...]) -> dict[int, np.ndarray]:
        """Axis → which of its elements the output has, of the axes that are padded; not for constants."""
        pads = enumerate(zip(shape, self.pad_width, strict=True))
        return {a: np.pad(np.arange(size), pair, self.mode) for a, (size, pair) in pads if any(pair)}


@Pad.on("numpy")
def _(p, n, x):
    if p.mode == "constant":
        return np.pad(x, p.pad_width, constant_values=p.value)
    return np.pad(x, p.pad_width, p.mode)


@Pad.on("carry")
def _(p, n, y, e, x):
    return np.pad(e, p.pad_width, p.mode)


@Pad.on("chainer")
def _(p, c, x):
    if p.mode == "constant":
        return by_floats(c, x, lambda v: c.F.pad(v, p.pad_width, "constant", constant_values=p.value))
    return by_floats(c, x, lambda v: c.F.pad(v, p.pad_width, p.mode))


@Pad.on("keras", when=lambda p: p.mode == "constant")
def _(p, k, x):
    return k.ops.pad(x, k.along(x, p.pad_width), constant_values=p.value)


@Pad.on("keras", when=lambda p: p.mode in ("reflect", "symmetric"))
def _(p, k, x):
    return k.ops.pad(x, k.along(x, p.pad_width), mode=p.mode)


Pad.unsupported(
    "keras-torch",
    when=lambda p: p.mode in ("reflect", "symmetric") and any(p.pad_width[0]),
    why="PyTorch pads the first of four axes with a constant alone",
)


@Pad.on("keras", x="=", y="=")
def _(p, k, x):
    y = x
    for axis, indices in p.taken(k.shape(x)).items():
        y = k.ops.take(y, k.const(indices), axis=axis)
    return y


@Pad.on("onnx", when=lambda p: p.mode == "symmetric")
def _(p, o, x):
    y = o.node("Identity", x)
    for axis, indices in p.taken(o.shape(x)).items():
        y = o.node("Gather", y, o.const(indices), axis=axis)
    return y


@Pad.on("onnx")
def _(p, o, x):
    pads = o.const(np.array([*(b for b, _ in p.pad_width), *(e for _, e in p.pad_width)], np.int64))
    kind = "float64" if is_float(o.dtype(x)) else o.dtype(x)
    value = [o.const(np.array(p.constant_values, kind))] if p.mode == "constant" else []
    return o.node("Pad", x, pads, *value, mode=p.mode)


@dataclass(frozen=True)
class _Spatial(Composite, abstract=True):
    """Of the spatial axes."""

    nd: ClassVar[int] = 0
    name: ClassVar[str] = ""
    kinds: ClassVar[tuple[str, ...]] = ("f",)

    @property
    def around(self) -> tuple[tuple[int, int], ...]:
        """(begin, end) for each spatial axis."""
        raise NotImplementedError


@_Spatial.on("keras", x="n ... c")
def _(p, k, x):
    width = p.around if p.nd > 1 else p.around[0]
    return getattr(k.layers, f"{p.name}{p.nd}D")(width)(x)


@dataclass(frozen=True)
class _ZeroPadding(_Spatial, abstract=True):
    """Zeros around the spatial axes.

    Args:
        padding: one number, one for each axis, or [begin, end] for each.
    """

    padding: Pads
    name: ClassVar[str] = "ZeroPadding"

    def __post_init__(self):
        object.__setattr__(self, "padding", pads_per_axis(self.padding, self.nd, "padding"))

    @property
    def around(self):
        """The padding."""
        return self.padding

    def parts(self, b: Parts, *x: str) -> Any:
        """Constants around."""
        need_rank(b.specs[x[0]], self.nd + 2, what=f"N C and {self.nd} spatial axes")
        return b.add("pad", Pad(((0, 0), (0, 0), *self.padding)), *x)


@dataclass(frozen=True)
class _Cropping(_Spatial, abstract=True):
    """The spatial axes without what is at their ends.

    Args:
        cropping: how many elements; one number, one for each axis, or [begin, end] for each.
    """

    cropping: Pads
    name: ClassVar[str] = "Cropping"

    def __post_init__(self):
        object.__setattr__(self, "cropping", pads_per_axis(self.cropping, self.nd, "cropping"))

    @property
    def around(self):
        """What is cut."""
        return self.cropping

    def parts(self, b: Parts, *x: str) -> Any:
        """A slice."""
        need_rank(b.specs[x[0]], self.nd + 2, what=f"N C and {self.nd} spatial axes")
        sizes = b.specs[x[0]].shape[2:]
        if any(s <= sum(c) for s, c in zip(sizes, self.cropping, strict=True)):
            found = [list(c) for c in self.cropping]
            raise BadInput(f"found {found}, which leaves nothing of {list(sizes)}", path="cropping")
        starts = tuple(b for b, _ in self.cropping)
        ends = tuple(s - e for s, (_, e) in zip(sizes, self.cropping, strict=True))
        return b.add("slice", Slice(starts, ends, tuple(range(2, 2 + self.nd))), *x)


@dataclass(frozen=True)
class ZeroPadding1D(_ZeroPadding):
    __doc__ = _ZeroPadding.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class ZeroPadding2D(_ZeroPadding):
    __doc__ = _ZeroPadding.__doc__
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class ZeroPadding3D(_ZeroPadding):
    __doc__ = _ZeroPadding.__doc__
    nd: ClassVar[int] = 3


@dataclass(frozen=True)
class Cropping1D(_Cropping):
    __doc__ = _Cropping.__doc__
    nd: ClassVar[int] = 1


@dataclass(frozen=True)
class Cropping2D(_Cropping):
    __doc__ = _Cropping.__doc__
    nd: ClassVar[int] = 2


@dataclass(frozen=True)
class Cropping3D(_Cropping):
    __doc__ = _Cropping.__doc__
    nd: ClassVar[int] = 3
