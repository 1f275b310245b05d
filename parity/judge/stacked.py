"""Many variants of an array at once: a NumPy array with one hidden axis in front, which the numpy rules do not see.

A layer evaluated for many values of a weight costs one call in place of many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

_HANDLERS: dict[Any, Callable[..., Any]] = {}


class Stacked(NDArrayOperatorsMixin):
    """Variants of an array; its shape, axes and elements are those of one.

    Args:
        variants: (number of variants, *shape).
    """

    __array_priority__ = 1000.0

    def __init__(self, variants: np.ndarray):
        self.variants = variants

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one variant."""
        return self.variants.shape[1:]

    @property
    def ndim(self) -> int:
        """Of one variant."""
        return self.variants.ndim - 1

    @property
    def size(self) -> int:
        """Elements of one variant."""
        return self.variants[0].size

    @property
    def dtype(self) -> np.dtype:
        """Of all."""
        return self.variants.dtype

    @property
    def T(self) -> Stacked:
        """Axes in the opposite order."""
        return self.transpose()

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("a rule asks for one array in place of a stack")

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        raise TypeError("a rule asks for the truth of a stack; its variants may differ")

    def __getitem__(self, key: Any) -> Stacked:
        keys = key if isinstance(key, tuple) else (key,)
        arrays = [k for k in keys if isinstance(k, np.ndarray | list | Stacked)]
        if arrays and (len(keys) > 1 or isinstance(key, Stacked)):
            return _each(lambda a, *k: a[tuple(k)], self, *keys)  # where such axes go depends on the others
        return Stacked(self.variants[(slice(None), *keys)])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A method of arrays: the function of that name."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(name)
        function = getattr(np, name, None)
        if function in _HANDLERS:
            return lambda *args, **kwargs: _HANDLERS[function](self, *args, **kwargs)
        return lambda *args, **kwargs: _each(lambda a: getattr(a, name)(*args, **kwargs), self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return _each(lambda *a: getattr(ufunc, method)(*a, **kwargs), *inputs)
        if ufunc.signature and min(map(np.ndim, inputs)) < 2:
            return _each(ufunc, *inputs)
        made = ufunc(*_of_one_rank(inputs))
        return tuple(map(Stacked, made)) if isinstance(made, tuple) else Stacked(made)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in _HANDLERS:
            return _HANDLERS[function](*args, **kwargs)
        return _each(function, *args, **kwargs)

    def reshape(self, *shape: Any, **kwargs: Any) -> Stacked:
        """As of arrays."""
        new = shape[0] if len(shape) == 1 and not isinstance(shape[0], int | np.integer) else shape
        return Stacked(self.variants.reshape(len(self.variants), *new, **kwargs))

    def transpose(self, *axes: Any) -> Stacked:
        """As of arrays."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        order = tuple(order or ()) or tuple(reversed(range(self.ndim)))
        return Stacked(self.variants.transpose(0, *(a % self.ndim + 1 for a in order)))

    def astype(self, dtype: Any, **kwargs: Any) -> Stacked:
        """As of arrays."""
        return Stacked(self.variants.astype(dtype, **kwargs))


def _of_one_rank(args: Sequence[Any]) -> list[Any]:
    """Arrays that broadcast as one variant of each would."""
    rank = max(map(np.ndim, args))
    return [a.variants.reshape(-1, *(1,) * (rank - a.ndim), *a.shape) if isinstance(a, Stacked) else a for a in args]


def _count(args: Any) -> int:
    """Variants of the first stack among arguments, which may be in lists; 0 where there is none."""
    for a in args:
        if isinstance(a, Stacked):
            return len(a.variants)
        if isinstance(a, tuple | list) and (found := _count(a)):
            return found
    return 0


def _pick(a: Any, k: int) -> Any:
    if isinstance(a, Stacked):
        return a.variants[k]
    return type(a)(_pick(x, k) for x in a) if type(a) in (tuple, list) else a


def _each(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The function on every variant by itself."""
    count = _count((*args, *kwargs.values()))
    made = [function(*_pick(args, k), **{n: _pick(v, k) for n, v in kwargs.items()}) for k in range(count)]
    if isinstance(made[0], tuple | list):
        return tuple(Stacked(np.stack(parts)) for parts in zip(*made, strict=True))
    return Stacked(np.stack(made))


def _handles(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        _HANDLERS.update(dict.fromkeys(functions, handler))
        return handler

    return register


def _axes(x: Stacked, axis: Any) -> Any:
    if axis is None:
        return tuple(range(1, x.ndim + 1))
    return tuple(a % x.ndim + 1 for a in axis) if isinstance(axis, tuple) else axis % x.ndim + 1


def _reduction(function: Any) -> None:
    @_handles(function)
    def _(x: Stacked, axis: Any = None, **kwargs: Any) -> Stacked:
        return Stacked(function(x.variants, _axes(x, axis), **kwargs))


for _function in (np.sum, np.mean, np.max, np.min, np.var, np.std, np.prod, np.any, np.all):
    _reduction(_function)


def _alike(parts: Sequence[Any]) -> list[np.ndarray]:
    """Arrays with the hidden axis and all variants: to be joined."""
    count = _count(parts)
    arrays = [p.variants if isinstance(p, Stacked) else np.asarray(p)[None] for p in parts]
    return [np.broadcast_to(a, (count, *a.shape[1:])) for a in arrays]


@_handles(np.concatenate)
def _(parts: Sequence[Any], axis: int = 0) -> Stacked:
    return Stacked(np.concatenate(_alike(parts), axis % np.ndim(parts[0]) + 1))


@_handles(np.stack)
def _(parts: Sequence[Any], axis: int = 0) -> Stacked:
    return Stacked(np.stack(_alike(parts), axis % (np.ndim(parts[0]) + 1) + 1))


@_handles(np.where)
def _(condition: Any, x: Any, y: Any) -> Stacked:
    return Stacked(np.where(*_of_one_rank((condition, x, y))))


@_handles(np.ndim)
def _(x: Stacked) -> int:
    return x.ndim


@_handles(np.shape)
def _(x: Stacked) -> tuple[int, ...]:
    return x.shape


@_handles(np.swapaxes)
def _(x: Stacked, a: int, b: int) -> Stacked:
    return Stacked(np.swapaxes(x.variants, _axes(x, a), _axes(x, b)))


@_handles(np.moveaxis)
def _(x: Stacked, source: Any, destination: Any) -> Stacked:
    return Stacked(np.moveaxis(x.variants, _axes(x, source), _axes(x, destination)))


@_handles(np.expand_dims)
def _(x: Stacked, axis: int) -> Stacked:
    return Stacked(np.expand_dims(x.variants, axis % (x.ndim + 1) + 1))


@_handles(np.broadcast_to)
def _(x: Stacked, shape: tuple[int, ...]) -> Stacked:
    wide = x.variants.reshape(-1, *(1,) * (len(shape) - x.ndim), *x.shape)
    return Stacked(np.broadcast_to(wide, (len(wide), *shape)))


@_handles(np.clip)
def _(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


def _elementwise(function: Any) -> None:
    @_handles(function)
    def _(x: Stacked, **kwargs: Any) -> Stacked:
        return Stacked(function(x.variants, **kwargs))


for _alike_function in (np.zeros_like, np.ones_like, np.copy):
    _elementwise(_alike_function)
