"""Mistakes about a layer within another: TimeDistributed, Bidirectional and NStep make those of their inner layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.errors import BadInput
from parity.layers import Composite, Layer, Spec
from parity.layers.mistake import Change, Mistake, Seen
from parity.layers.nested import nested_fields
from parity.layers.time_distributed import TimeDistributed

Names = Mapping[str, str]
"""The inner layer's name of a weight → the whole's."""


def nested(layer: Layer, seen: Seen, *x: Spec) -> Iterator[Mistake]:
    """The declared mistakes of the layers within a layer, as mistakes of the whole."""
    for field in nested_fields(type(layer)):
        inner = getattr(layer, field)
        assert isinstance(layer, Composite)
        places = list(_places(layer, type(inner), x, {w: w for w in layer.weights(*x)}))
        for mistake in inner.known_mistakes():
            yield _of_inner(mistake, field, inner, places, x)


def _places(layer: Composite, kind: type[Layer], x: tuple[Spec, ...], names: Names) -> Iterator[Names]:
    """Where layers of that kind are, at any depth, and how their weights are called."""
    made = layer.made_of(*x)
    for part in made.all:
        own = {w: names[whole] for w, whole in part.weights.items()}
        if type(part.layer) is kind:
            yield own
        elif isinstance(part.layer, Composite):
            yield from _places(part.layer, kind, tuple(made.specs[i] for i in part.inputs), own)


def _of_inner(mistake: Mistake, field: str, inner: Layer, places: list[Names], x: tuple[Spec, ...]) -> Mistake:
    def fn(p: Layer, seen: Seen, value: float | None = None) -> Iterator[tuple[str, Any]]:
        each = []
        for names in places:
            own = {w: seen.weights[whole] for w, whole in names.items()}
            each.append(mistake.changes(inner, _within(p, seen, own), value))
        for changes in zip(*each, strict=False):
            yield changes[0].words, _around(p, field, changes, places, seen)

    return replace(mistake, fn=fn, when=None, advice=lambda p, value: mistake.advised(getattr(p, field), value))


def _within(p: Layer, seen: Seen, own: Mapping[str, np.ndarray]) -> Seen:
    """What the inner layer sees: of one that is run at every step, all steps as samples."""
    if not isinstance(p, TimeDistributed):
        return Seen(seen.inputs, own, None)
    inputs, outputs = ([v.reshape(-1, *v.shape[2:]) for v in arrays] for arrays in (seen.inputs, seen.outputs or ()))
    return Seen(inputs, own, None if seen.outputs is None else outputs)


def _around(p: Layer, field: str, changes: tuple[Change, ...], places: list[Names], seen: Seen) -> Any:
    """The whole, with the same change made in each place; None where it cannot say it."""
    layers = changes[0].layers
    if any(c.layers != layers for c in changes) or (len(layers) > 1 and not isinstance(p, TimeDistributed)):
        return None
    new = {}
    for change, names in zip(changes, places, strict=True):
        for w, array in change.weights.items():
            if w not in names or array is not seen.weights[names[w]]:
                new[names.get(w, w)] = array
    if any(w not in seen.weights for w in new) and not isinstance(p, TimeDistributed):
        return None  # a weight that the whole has no name for
    try:
        return [replace(p, **{field: layer}) for layer in layers], new
    except BadInput:
        return None  # the whole does not take such a layer
