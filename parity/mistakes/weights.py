"""Mistakes that a copy of weights invites: axes, gates, layouts, a bias left out, two exchanged, initial values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from parity.layers import Layer, Spec, Weight
from parity.layout import split_order

Arrays = Mapping[str, np.ndarray]
SPATIAL = ("d", "h", "w")
INITIAL = {"gamma": 1.0, "beta": 0.0, "mean": 0.0, "variance": 1.0}
"""Role → what a framework holds before anything is copied."""
FRAMEWORKS = {"keras": "Keras", "chainer": "Chainer", "onnx": "ONNX"}
MOST_GATES = 4
ADVICE = {
    "weight transposed": "Transpose it: a Linear's W is [o i] in Chainer and in Gemm with transB, [i o] in Keras.",
    "weight reshaped": "Transpose the axes: reshape leaves every element where it is in memory.",
    "weight axes exchanged": "Transpose the axes: o i h w in Chainer and ONNX, h w i o in Keras.",
    "kernel flipped": "All these frameworks compute cross-correlations: flip kernels that come from elsewhere, alone.",
    "bias dropped": "Copy the bias too.",
    "half precision": "Store it in float32.",
    "gate order": "Permute the gates: i f c o in Keras, i o f c in ONNX, c i f o in Chainer's LSTM; z r n, or r z n.",
    "weights exchanged": "Copy by name, not in the order in which they are listed.",
    "initial values": "Copy these too: nothing was copied here.",
}
"""Name of a mistake → what to change."""


def mixed_up(layer: Layer, weights: Arrays, *x: Spec) -> Iterator[tuple[str, str, Arrays]]:
    """(name of the mistake, words, the weights that are wrong)."""
    declared = layer.weights(*x)
    for c, weight in declared.items():
        for name, words, array in _alone(c, weight, weights[c]):
            yield name, words, {c: array}
    yield from _reshaped(layer, declared, weights)
    yield from _gates(declared, weights)
    for a, b in itertools.combinations(declared, 2):
        if weights[a].shape == weights[b].shape:
            yield "weights exchanged", f"{a} and {b} exchanged", {a: weights[b], b: weights[a]}
    first = {c: np.full_like(weights[c], INITIAL[w.role]) for c, w in declared.items() if w.role in INITIAL}
    if len(first) > 1:
        yield "initial values", f"{', '.join(first)} at their initial values", first
    for c, array in first.items():
        yield "initial values", f"{c} at its initial value {INITIAL[declared[c].role]:g}", {c: array}


def _alone(c: str, weight: Weight, w: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """What happens to one weight by itself."""
    axes = split_order(weight.axes)[0].split()
    for i, j in itertools.combinations(range(len(axes)), 2):
        if w.shape[i] == w.shape[j] > 1 and "g" not in (axes[i], axes[j]):
            name = "weight transposed" if len(axes) == 2 else "weight axes exchanged"
            yield name, f"{c} with its axes {axes[i]} and {axes[j]} exchanged", np.swapaxes(w, i, j)
    if spatial := tuple(i for i, a in enumerate(axes) if a in SPATIAL and w.shape[i] > 1 and weight.role == "kernel"):
        yield "kernel flipped", f"{c} flipped: convolution in place of cross-correlation", np.flip(w, spatial)
    if weight.role == "bias":
        yield "bias dropped", f"{c} dropped", np.zeros_like(w)
    if weight.role in ("kernel", "table"):
        yield "half precision", f"{c} stored in float16", w.astype(np.float16).astype(w.dtype)


def _reshaped(layer: Layer, declared: Mapping[str, Weight], weights: Arrays) -> Iterator[tuple[str, str, Arrays]]:
    """An array in one layout that was given another layout's shape without moving its elements."""
    for dialect in FRAMEWORKS:
        if layer.gap(dialect):
            continue
        try:
            layouts = layer.layout_map(dialect, declared)
        except LookupError:
            continue  # this dialect says the layer by its parts
        for place in layouts.places:
            w = weights.get(place.source)
            if w is None or not place.pattern or layouts.is_sum(place.target, declared):
                continue
            stored = place.put(w)
            if stored.size != w.size or stored.ndim < 2 or np.array_equal(stored.ravel(), w.ravel()):
                continue
            wrong = np.zeros_like(w)
            place.take(w.reshape(stored.shape), w.shape, wrong)
            whose = f"{FRAMEWORKS[dialect]}'s [{place.pattern}]"
            words = f"{place.source} reshaped to {whose}, not transposed"
            yield "weight reshaped", words, {place.source: wrong}
            words = f"{place.source} reshaped from {whose}, not transposed"
            yield "weight reshaped", words, {place.source: stored.reshape(w.shape)}


def _gates(declared: Mapping[str, Weight], weights: Arrays) -> Iterator[tuple[str, str, Arrays]]:
    """All gates of a recurrent layer in another order."""
    orders = {c: "".join(g for g, _ in split_order(w.axes)[1]) for c, w in declared.items()}
    home = max(orders.values(), key=len, default="")
    if not 1 < len(home) <= MOST_GATES:
        return
    of = [c for c, order in orders.items() if order == home and split_order(declared[c].axes)[0].startswith("g ")]
    for order in itertools.permutations(range(len(home))):
        if order != tuple(range(len(home))) and of:
            words = f"gates in the order {' '.join(home[i] for i in order)} where {' '.join(home)} is expected"
            yield "gate order", words, {c: weights[c][list(order)] for c in of}
