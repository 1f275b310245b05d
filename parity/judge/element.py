"""One wrong element of a weight, found from what it does to the output."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from parity.judge.bound import KIT, as_exact
from parity.judge.trial import Stretch
from parity.layers import Layer
from parity.layers.evaluate import values
from parity.layers.mistake import Change, Seen
from parity.mistakes.wrong import Wrong, replaced
from parity.node import Node

STEP = 2.0**-10
"""Of the largest weight: by so much an element is moved to see what it does."""
SHARE = 0.1
"""An element is a candidate if it explains all but this share of the weighted residual."""
CANDIDATES = 3
ROUNDS = 4
"""Secant steps for layers in which the output is no linear function of the weight."""


def one_element(stretch: Stretch, node: Node, end: float) -> Iterator[Wrong]:
    """Networks in which one element of one weight of the node is another number, the likeliest first.

    Args:
        end: of ``time.monotonic``, when to stop looking.
    """
    seen = stretch.seen(node)
    right = [stretch.right[o].value for o in node.outputs]
    scale = [b for o in node.outputs if (b := stretch.right[o].bound) is not None]
    if seen.outputs is None or len(scale) < len(right) or [a.shape for a in seen.outputs] != [r.shape for r in right]:
        return
    with np.errstate(all="ignore"):
        residual = _joined([(a - r) / b for a, r, b in zip(seen.outputs, right, scale, strict=True)])
    if not np.isfinite(residual).all():
        return
    found: list[tuple[float, str, tuple[int, ...], float]] = []
    for c, weight in seen.weights.items():
        if weight.dtype.kind != "f" or not weight.size:
            continue
        for index, effect in _effects(node.layer, seen, c, right[0], np.abs(residual), scale, end):
            size = float(effect @ effect)
            if size == 0:
                continue
            delta = float(effect @ residual) / size
            rest = residual - delta * effect
            found.append((float(rest @ rest) / float(residual @ residual), c, index, delta))
    found.sort(key=lambda f: f[0])
    for left, c, index, delta in found[:CANDIDATES]:
        if left < SHARE:
            value = _refined(node.layer, seen, c, index, delta, residual, right, scale)
            yield _wrong(stretch, node, seen, c, index, value)


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([a.ravel() for a in arrays])


def _outputs(layer: Layer, seen: Seen, c: str, weight: np.ndarray) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        return [as_exact(y) for y in values(layer, KIT, seen.inputs, {**seen.weights, c: weight})]


def _moved(weight: np.ndarray, index: tuple[int, ...], by: float) -> np.ndarray:
    out = weight.copy()
    out[index] += by
    return out


def _effects(
    layer: Layer,
    seen: Seen,
    c: str,
    value: np.ndarray,
    residual: np.ndarray,
    scale: Sequence[np.ndarray],
    end: float,
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """(index of an element, what one unit of it adds to the outputs ÷ bound)."""
    weight = seen.weights[c]
    if layer.linear and weight.ndim > 1 and value.ndim > 1 and weight.shape[0] == value.shape[1]:
        yield from _of_one_filter(layer, seen, c, residual.reshape(value.shape), scale[0])
        return
    right = _joined(_outputs(layer, seen, c, weight))
    by = STEP * (float(np.abs(weight).max()) or 1.0)
    bounds = _joined(scale)
    for index in np.ndindex(weight.shape):
        if time.monotonic() > end:
            return
        yield index, (_joined(_outputs(layer, seen, c, _moved(weight, index, by))) - right) / by / bounds


def _of_one_filter(
    layer: Layer, seen: Seen, c: str, residual: np.ndarray, bound: np.ndarray
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """A weighted sum whose filters do not see each other: all but one may serve to look at that one's terms."""
    weight = seen.weights[c]
    per_filter = residual.max(tuple(i for i in range(residual.ndim) if i != 1))
    wrong = np.flatnonzero(per_filter > 1)
    if len(wrong) != 1:
        return
    filter_ = int(wrong[0])
    count = weight.shape[0] // int(getattr(layer, "groups", 1))
    first = filter_ // count * count
    terms = list(np.ndindex(weight.shape[1:]))
    silent = {name: np.zeros_like(w) for name, w in seen.weights.items()}
    for start in range(0, len(terms), count):
        basis = np.zeros_like(weight)
        some = terms[start : start + count]
        for k, term in enumerate(some):
            basis[(first + k, *term)] = 1.0
        y = as_exact(values(layer, KIT, seen.inputs, {**silent, c: basis})[0])
        for k, term in enumerate(some):
            effect = np.zeros_like(residual)
            effect[:, filter_] = y[:, first + k] / bound[:, filter_]
            yield (filter_, *term), effect.ravel()


def _refined(
    layer: Layer,
    seen: Seen,
    c: str,
    index: tuple[int, ...],
    delta: float,
    residual: np.ndarray,
    right: Sequence[np.ndarray],
    scale: Sequence[np.ndarray],
) -> float:
    """The element's value: secant steps, each along what the step before did."""
    weight, bounds = seen.weights[c], _joined(scale)
    for _ in range(ROUNDS):
        effect = (_joined(_outputs(layer, seen, c, _moved(weight, index, delta))) - _joined(right)) / bounds
        size = float(effect @ effect)
        if not 0 < size < np.inf:
            break
        delta *= float(effect @ residual) / size
    return float(weight[index] + delta)


def _wrong(stretch: Stretch, node: Node, seen: Seen, c: str, index: tuple[int, ...], value: float) -> Wrong:
    weight = seen.weights[c].copy()
    old, weight[index] = float(weight[index]), value
    change = f", {100 * (value - old) / abs(old):+.3g} %" if old else ""
    words = f"{c}[{', '.join(map(str, index))}] is {value:.6g} instead of {old:.6g}{change}"
    made = Change((node.layer,), {**seen.weights, c: weight}, words)
    advice = "One element of the weight is wrong; the rest of it is right."
    return replaced(stretch.graph, node, made, seen.weights, "one wrong element", advice=advice, value=value)
