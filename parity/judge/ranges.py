"""Whether a layer's own steps leave the range of the type it was asked to compute in, where its result does not.

A bound allows roundings of relative size u. A square of 1e-4 is no number of float16 that has any digits left, nor is
an epsilon of 1e-12; what an engine makes of them, infinity, NaN or numbers far off, looks like a mistake that no
parameter explains. So the numpy rule is run on the engine's own inputs with every step rounded to the type, and once
more with as many digits but no ends of range. A range is to blame where the first gives the engine's numbers and the
second does not. Runtimes differ in what they do below the normal numbers and with a constant, so each way is tried.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.dialects.numpy import NumpyKit
from parity.judge.bound import as_exact
from parity.judge.diagnosis import Cause
from parity.judge.trial import Stretch
from parity.layers.evaluate import values
from parity.node import Node
from parity.precision import LARGEST, ROUNDOFF, SMALLEST, significant

NAME = "range"
MOST = 0.9
"""Share of the elements beyond their bounds that must come out as the engine's."""
NEAR = 0.5
"""Of the engine's error: how far from it. The digits of a subnormal number depend on the order of the steps."""
UNDER = "underflow inside the layer: on the way to its result are numbers below {:.2g}, the smallest normal one of {}"
OVER = "overflow inside the layer: on the way to its result are numbers above {:.5g}, the largest of {}"
ADVICE = "Keep this layer in float32, or scale what it reads; a constant such as epsilon must be a normal number too."


@dataclass(frozen=True)
class Steps:
    """How the results of single steps are rounded.

    Args:
        dtype: its digits.
        below: of what is below its smallest normal number: ``kept``, ``gradual``, as IEEE says, or ``flushed``.
        above: whether there is a largest number.
        constants: whether a step with a number of Python is rounded too; some runtimes promote there.
    """

    dtype: str
    below: str = "kept"
    above: bool = False
    constants: bool = True

    def fit(self, x: np.ndarray) -> np.ndarray:
        """Rounded; float64."""
        bits, smallest = round(-np.log2(ROUNDOFF[self.dtype])), SMALLEST[self.dtype]
        y = significant(x, bits)
        if self.below != "kept":
            grid = smallest * 2.0 ** (1 - bits)
            y = np.where(np.abs(y) < smallest, np.rint(x / grid) * grid if self.below == "gradual" else 0.0, y)
        return np.where(np.abs(y) > LARGEST[self.dtype], np.copysign(np.inf, y), y) if self.above else y


def _hypot(a: Any, b: Any) -> Any:
    return np.sqrt(a * a + b * b)


def _arcsinh(x: Any) -> Any:
    return np.sign(x) * np.log1p(np.abs(x) + x * x / (np.sqrt(x * x + 1.0) + 1.0))


def _arccosh(x: Any) -> Any:
    return np.log1p(x - 1.0 + np.sqrt((x - 1.0) * (x + 1.0)))


COMPOSED: dict[np.ufunc, Callable[..., Any]] = {np.hypot: _hypot, np.arcsinh: _arcsinh, np.arccosh: _arccosh}
"""Functions of NumPy that are a step of their own there, and several in frameworks that lack them, with squares."""


class Stepwise(np.ndarray):
    """Float64 numbers of which every function of NumPy rounds what it gives."""

    steps: Steps

    @classmethod
    def of(cls, array: Any, steps: Steps, rounds: bool = True) -> Any:
        """The array; anything but floats as it is."""
        if isinstance(array, tuple | list):
            return type(array)(cls.of(a, steps, rounds) for a in array)
        if not isinstance(array, np.ndarray | np.generic) or array.dtype.kind != "f":
            return array
        plain = np.asarray(array, np.float64)
        made = np.asarray(steps.fit(plain) if rounds else plain).view(cls)  # of no axes NumPy makes a number
        made.steps = steps
        return made

    def __array_finalize__(self, obj: Any) -> None:
        self.steps = getattr(obj, "steps", Steps("float64"))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc in COMPOSED and method == "__call__" and not kwargs:
            return COMPOSED[ufunc](*inputs)
        constant = any(isinstance(i, float | int) for i in inputs)
        rounds = self.steps.constants or not constant
        plain = [self._plain(i, rounds) for i in inputs]
        out = kwargs.pop("out", None)
        made = Stepwise.of(getattr(ufunc, method)(*plain, **kwargs), self.steps, rounds)
        if out is None:
            return made
        out[0][...] = made
        return out[0]

    def _plain(self, value: Any, rounds: bool) -> Any:
        if isinstance(value, Stepwise):
            return value.view(np.ndarray)
        if isinstance(value, float | np.floating):
            return float(self.steps.fit(np.asarray(value, np.float64))) if rounds else value
        return value

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return Stepwise.of(super().__array_function__(function, types, args, kwargs), self.steps)


def outside(stretch: Stretch) -> Iterator[Cause]:
    """The layer whose steps leave the range of the type, as a cause, if that explains what the engine returned."""
    dtype = stretch.precision.tensors
    if dtype == "float64":  # so has the reference
        return
    kit = NumpyKit(stretch.precision)
    for node, constants in itertools.product(stretch.nodes, (True, False)):
        free = Steps(dtype, constants=constants)
        ways = (replace(free, above=True), replace(free, below="gradual"), replace(free, below="flushed"))
        for way in ways:
            near = _near(stretch, _made(stretch, node, kit, way))
            if near is not None and _near(stretch, _made(stretch, node, kit, free)) is None:
                words = OVER.format(LARGEST[dtype], dtype) if way.above else UNDER.format(SMALLEST[dtype], dtype)
                yield Cause(node.name, type(node.layer).__name__, NAME, words, near, ADVICE, None, NAME)
                return


def _made(stretch: Stretch, node: Node, kit: NumpyKit, steps: Steps) -> Mapping[str, np.ndarray]:
    """What the stretch ends in with the steps of one layer rounded; nothing where its rule cannot be run so."""
    seen = stretch.seen(node)
    inputs = [Stepwise.of(x, steps) for x in seen.inputs]
    weights = {k: Stepwise.of(w, steps) for k, w in seen.weights.items()}
    try:
        with np.errstate(all="ignore"):
            made = values(node.layer, kit, inputs, weights)
            return stretch.onward(node, [np.asarray(as_exact(y)).view(np.ndarray) for y in made])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return {}


def _near(stretch: Stretch, made: Mapping[str, np.ndarray]) -> float | None:
    """How near numbers are to the engine's, 0 … 1 of what is allowed; None where they do not explain them."""
    failing, right, worst = 0, 0, 0.0
    for t, found in made.items():
        actual, expected = as_exact(stretch.actual[t]), stretch.right[t]
        if actual.dtype.kind != "f" or not actual.shape == found.shape == expected.value.shape:
            return None
        bound = 0.0 if expected.bound is None else expected.bound
        with np.errstate(all="ignore"):
            error = np.abs(actual - expected.value)
            left = np.abs(found - actual) / (bound + NEAR * error)
            left = np.where(np.isfinite(actual), left, np.where(np.isfinite(found), np.inf, 0.0))
            left = np.where(actual == found, 0.0, left)  # also where both are exact
            bad = ~(error <= bound) & ~(actual == expected.value)
        fits = left <= 1
        if np.mean(fits) < MOST:
            return None
        failing, right = failing + int(bad.sum()), right + int((bad & fits).sum())
        worst = max(worst, float(left[fits].max(initial=0.0)))
    return worst if failing and right >= MOST * failing else None
