"""What people get wrong about a layer: declared beside its rules, committed by the exam, tried by the diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]
Advice = str | Callable[[Any, float | None], str]
"""A sentence, or a function of the layer and the number that the mistake leaves open."""
DIGITS, EXACT = 6, 17
"""Digits of a number that people read, and those that tell every float64 from every other."""
Layer = Any
"""A :class:`parity.layers.base.Layer`, which has what is defined here."""


class Seen(NamedTuple):
    """What there is to make a mistake of.

    Args:
        inputs: of the layer: float64, or integers.
        weights: canonical name → float64.
        outputs: what an engine returned, where its mistake is looked for; None where one is committed.
    """

    inputs: Sequence[np.ndarray]
    weights: Arrays
    outputs: Sequence[np.ndarray] | None = None


@dataclass(frozen=True)
class Change:
    """What takes a layer's place.

    Args:
        layers: one after the other; each reads as many of the tensors as it has inputs, the layer's own inputs at
            first, and puts its outputs before those that are left. The last makes the layer's outputs.
        weights: by the canonical names that the layers have for them.
        words: what was done, shorter than a sentence: "epsilon 0 instead of 2e-05".
    """

    layers: tuple[Layer, ...]
    weights: Arrays
    words: str


@dataclass(frozen=True)
class Free:
    """A number that a mistake leaves open: known values are tried, then it is estimated from what the engine returned.

    Args:
        low: the smallest magnitude that is searched, > 0.
        high: the largest.
        known: values that people use; the first that changes something is the one that an exam commits.
        whole: it is a whole number.
    """

    low: float
    high: float
    known: tuple[float, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class Mistake:
    """A mistake about one kind of layer.

    Args:
        name: for tables: "epsilon", "kernel flipped".
        fn: ``(p, seen)``, with ``free`` ``(p, seen, value)`` → what takes the layer's place: a layer, several of them
            in a list, a mapping of its weights that changed, a pair of both, or None where it cannot be made. A
            generator gives several, each behind its words.
        when: a condition on the parameters.
        free: the number that it leaves open.
        advice: what to change.
    """

    name: str
    fn: Callable[..., Any]
    when: Callable[[Any], bool] | None = None
    free: Free | None = None
    advice: Advice = ""

    def advised(self, layer: Layer, value: float | None) -> str:
        """What to change where it was made of this layer, a sentence."""
        return self.advice(layer, value) if callable(self.advice) else self.advice

    def changes(self, layer: Layer, seen: Seen, value: float | None = None) -> Iterator[Change]:
        """All ways to make it.

        Raises:
            BadInput: the parameters that it leads to do not go together.
        """
        if self.when is not None and not self.when(layer):
            return
        made = self.fn(layer, seen) if self.free is None else self.fn(layer, seen, value)
        several: Any = made if isinstance(made, Iterator) else [("", made)]
        for words, one in several:
            layers, weights = _parts(layer, one)
            if layers != (layer,) or weights:
                told = words or difference(layer, layers) or self.name
                yield Change(layers, {**seen.weights, **weights}, told)


class HasMistakes:
    """What :class:`parity.layers.base.Layer` has of it."""

    own_mistakes: ClassVar[list[Mistake]] = []

    @classmethod
    def mistake(
        cls, name: str, *, when: Callable[[Any], bool] | None = None, free: Free | None = None, advice: Advice = ""
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare what people get wrong; the arguments are those of :class:`Mistake`."""

        def register(fn: Callable[..., Any]) -> Callable[..., Any]:
            cls.own_mistakes.append(Mistake(name, fn, when, free, advice))
            return fn

        return register

    @classmethod
    def known_mistakes(cls) -> list[Mistake]:
        """All that is declared of it and of its bases."""
        return [m for base in cls.__mro__ for m in vars(base).get("own_mistakes", ())]


def _parts(layer: Layer, made: Any) -> tuple[tuple[Layer, ...], Arrays]:
    if made is None:
        return (layer,), {}
    if isinstance(made, Mapping):
        return (layer,), made
    layers, weights = made if isinstance(made, tuple) else (made, {})
    return tuple(layers) if isinstance(layers, list) else (layers,), weights


def difference(layer: Layer, layers: Sequence[Layer]) -> str:
    """The parameters that changed: "epsilon 0 instead of 2e-05"; empty where it is no matter of parameters."""
    if len(layers) != 1 or type(layers[0]) is not type(layer):
        return ""
    told = []
    for name, old in layer.parameters().items():
        new = getattr(layers[0], name)
        if isinstance(old, HasMistakes):
            told += [f"{name}.{inner}" for inner in (difference(old, [new]),) if inner]
        elif new != old:
            told.append(f"{name} {instead(new, old)}")
    return " and ".join(told)


def instead(new: Any, old: Any) -> str:
    """Two parameters: "0 instead of 2e-05", with as many digits as it takes to tell them apart."""
    digits = next((d for d in range(DIGITS, EXACT) if shortly(new, d) != shortly(old, d)), EXACT)
    return f"{shortly(new, digits)} instead of {shortly(old, digits)}"


def shortly(value: Any, digits: int = DIGITS) -> str:
    """A parameter as a case file writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(shortly(v, digits) for v in value) + "]"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
