"""Layers that are made of other layers, and in some dialects are a layer of their own all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from parity.layers.base import Layer, Spec, Weight
from parity.layers.evaluate import carried, rounding, total, values


class Part(NamedTuple):
    """One layer inside another.

    Args:
        name: unique among the parts.
        layer: what it does.
        inputs: names of the tensors it reads: those of the whole (``x``), or of other parts.
        outputs: names of those it makes.
        weights: its own canonical name of a weight → the whole's.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    weights: Mapping[str, str]


@dataclass
class Parts:
    """What a composite layer is handed to name its parts; shapes are inferred as they come.

    Args:
        specs: tensor name → shape and dtype, the inputs at first.
    """

    specs: dict[str, Spec]
    all: list[Part] = field(default_factory=list)
    weights: dict[str, Weight] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()

    def add(self, name: str, layer: Layer, *inputs: str, **weights: str) -> Any:
        """Add a part.

        Args:
            name: unique among the parts.
            layer: what it does.
            inputs: names of tensors.
            weights: the part's canonical name of a weight → the whole's; ``<name>_<weight>`` where it is not given.

        Returns:
            The name of its output, or a tuple of them.

        Raises:
            BadInput: the layer does not fit its inputs.
            ValueError: two parts share a weight and disagree on its shape.
        """
        given = tuple(self.specs[i] for i in inputs)
        made = (name, *(f"{name}.{o}" for o in layer.output_names[1:]))
        self.specs |= dict(zip(made, layer.infer(*given), strict=True))
        names = {}
        for own, weight in layer.weights(*given).items():
            names[own] = weights.get(own, f"{name}_{own}")
            same = self.weights.setdefault(names[own], weight)
            if same.shape != weight.shape:
                raise ValueError(f"{names[own]} has shape {same.shape} and, in {name}, {weight.shape}")
        self.all.append(Part(name, layer, inputs, made, names))
        return made[0] if len(made) == 1 else made


@dataclass(frozen=True)
class Composite(Layer, abstract=True):
    """Base of layers that are a small network. Shapes, weights and the rules about numbers follow from the parts.

    In a dialect for which such a layer has a rule it is said by that; in all others by its parts
    (:func:`parity.lower.lowered`).
    """

    multiplies: ClassVar[bool] = False  # its parts do

    def parts(self, b: Parts, *x: str) -> Any:
        """Add the parts to b, reading the tensors x; give the name of the output, or a tuple of them.

        Each output is made by a part: an input cannot be handed through.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it is made of")

    def made_of(self, *x: Spec) -> Parts:
        """The parts for inputs of these shapes."""
        return _made_of(self, x)

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Those of the parts that make the outputs."""
        made = self.made_of(*x)
        return tuple(made.specs[o] for o in made.outputs)

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """Those of all parts."""
        return self.made_of(*x).weights

    def says(self, dialect: str) -> bool:
        """Whether a rule of the dialect says the whole layer."""
        return any(rule.when is None or rule.when(self) for rule in self._lookup("rules", dialect))


@lru_cache(maxsize=256)
def _made_of(layer: Composite, specs: tuple[Spec, ...]) -> Parts:
    names = tuple(f"x{i}" for i in range(len(specs)))
    made = Parts(dict(zip(names, specs, strict=True)))
    out = layer.parts(made, *names)
    made.outputs = out if isinstance(out, tuple) else (out,)
    return made


def _run(
    p: Composite,
    n: Any,
    x: Sequence[np.ndarray],
    weights: Mapping[str, np.ndarray],
    errors: Sequence[np.ndarray | None] | None = None,
    *,
    rounds: bool = False,
) -> tuple[tuple, tuple]:
    """The parts one after the other: outputs, and their errors.

    Args:
        errors: of the inputs.
        rounds: whether the parts make errors of their own.
    """
    made = p.made_of(*(Spec(v.shape, v.dtype.name) for v in x))
    names = [f"x{i}" for i in range(len(x))]
    tensors = dict(zip(names, x, strict=True))
    bounds: dict[str, np.ndarray | None] = dict(zip(names, errors or [None] * len(x), strict=True))
    for part in made.all:
        given, own = [tensors[i] for i in part.inputs], {k: weights[w] for k, w in part.weights.items()}
        ys = values(part.layer, n, given, own)
        new = rounding(part.layer, n, ys, given, own) if rounds else (None,) * len(ys)
        old = carried(part.layer, n, ys, [bounds[i] for i in part.inputs], given, own)
        tensors |= dict(zip(part.outputs, ys, strict=True))
        bounds |= {o: total(a, b) for o, a, b in zip(part.outputs, new, old, strict=True)}
    return tuple(tensors[o] for o in made.outputs), tuple(bounds[o] for o in made.outputs)


@Composite.on("operations")
def _(p, *x):
    made = p.made_of(*x)
    return sum(t.layer.rule("operations").fn(t.layer, *(made.specs[i] for i in t.inputs)) for t in made.all)


def _one_or_all(found: tuple) -> Any:
    return found if len(found) > 1 else found[0]


@Composite.on("numpy")
def _(p, n, *x, **weights):
    return _one_or_all(_run(p, n, x, weights)[0])


@Composite.on("magnitude", c=1.0)
def _(p, n, y, *x, **weights):
    bounds = _run(p, n, x, weights, rounds=True)[1]
    return _one_or_all(tuple(None if b is None else b / n.u for b in bounds))


@Composite.on("carry")
def _(p, n, y, e, *x, **weights):
    found, bounds = _run(p, n, x, weights, errors=e if isinstance(e, list) else [e])
    return _one_or_all(tuple(np.zeros(v.shape) if b is None else b for v, b in zip(found, bounds, strict=True)))
