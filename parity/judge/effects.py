"""How far a change of each single weight moves what is compared, in units of its bound. From the reference alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.draw import Stream
from parity.graph import Graph, Node
from parity.judge.bound import KIT, Judged, Reference, node_weights
from parity.judge.stacked import Stacked
from parity.layers import Layer
from parity.layers.effect import Products
from parity.layers.evaluate import carried, values

EXACT = 1 << 20
"""Elements of a weight up to which all are looked at."""
SAMPLE = 4096
"""Elements of a larger one that are."""
WORK = 1 << 28
"""Products of one weight beyond which a sample is taken too: a quarter of a second."""
CHANGED = 1 << 26
"""Where each element is changed by itself: array elements that may be computed for one weight …"""
LEAST = 256
"""… but at least so many changes."""
STEP = 0.01
AT_ONCE = 1 << 21


@dataclass(frozen=True)
class Reach:
    """What changes of one weight do, to first order.

    Args:
        shape: of the weight.
        ratios: |w·∂y/∂w| / bound, the largest over the compared elements y, for each element w: a change of w by the
            share p moves some y by p·ratio times its bound.
        indices: flat indices of the elements looked at, without repetition; None for all, in order.
    """

    shape: tuple[int, ...]
    ratios: np.ndarray
    indices: np.ndarray | None = None

    def joined(self, other: Reach) -> Reach:
        """The larger of two, on the elements that both have looked at."""
        if self.indices is None:
            mine = self.ratios if other.indices is None else self.ratios[other.indices]
            return Reach(self.shape, np.maximum(mine, other.ratios), other.indices)
        if other.indices is None:
            return other.joined(self)
        common, a, b = np.intersect1d(self.indices, other.indices, return_indices=True)
        return Reach(self.shape, np.maximum(self.ratios[a], other.ratios[b]), common)


def joined(*all_reaches: Mapping[str, Reach]) -> dict[str, Reach]:
    """The larger of several, weight by weight: whatever notices a change counts."""
    found: dict[str, Reach] = {}
    for reaches in all_reaches:
        for name, reach in reaches.items():
            found[name] = found[name].joined(reach) if name in found else reach
    return found


def reaches(reference: Reference) -> dict[str, Reach]:
    """Network weight name → what changes of it do to the tensors that are compared.

    As the verdict: each layer by itself, on exact inputs, against its own bound.
    """
    found: dict[str, Reach] = {}
    with np.errstate(all="ignore"):
        for nodes, tapped in reference.graph.stretches():
            if any(map(reference.graph.node_weights, nodes)):
                found = joined(found, *_of_stretch(reference, nodes, tapped))
    return found


def reaches_between(reference: Reference, nodes: Sequence[Node], tapped: Sequence[str]) -> dict[str, Reach]:
    """:func:`reaches` of the weights of the nodes between two taps."""
    with np.errstate(all="ignore"):
        return joined(*_of_stretch(reference, nodes, tapped))


def _of_stretch(reference: Reference, nodes: Sequence[Node], tapped: Sequence[str]) -> list[dict[str, Reach]]:
    graph, local = reference.graph, reference.local(nodes)
    units = {o: _per_bound(local[o], o in tapped, reference.precision.tiny) for n in nodes for o in n.outputs}
    made = []
    for node in reversed(nodes):
        weights = node_weights(graph, node, reference.weights)
        inputs = [reference.tensors[i].value for i in node.inputs]
        made.append(_of_node(graph, node, [units[o] for o in node.outputs], inputs, weights))
        if node.layer.absorbs:  # y = s·x + t, element by element: |s| is what carries errors
            (name,), ones = node.inputs, np.ones(inputs[0].shape)
            slopes = carried(node.layer, KIT, (local[node.name].value,), [ones], inputs, weights)[0]
            if name in units:
                units[name] = np.maximum(units[name], np.nan_to_num(slopes * units[node.name]))
    return made


def _per_bound(judged: Judged, compared: bool, tiny: float) -> np.ndarray:
    """One over the bound; 0 where nothing is compared, and where the value is not finite."""
    if not compared:
        return np.zeros(judged.value.shape)
    bound = np.broadcast_to(tiny if judged.bound is None else np.maximum(judged.bound, tiny), judged.value.shape)
    return np.where(np.isfinite(judged.value) & np.isfinite(bound), 1 / bound, 0.0)


def _of_node(
    graph: Graph, node: Node, g: list[np.ndarray], inputs: list[np.ndarray], weights: Mapping[str, np.ndarray]
) -> dict[str, Reach]:
    layer, made = node.layer, {}
    if layer.has("effect"):
        given = g[0] if len(g) == 1 else tuple(g)
        effects = layer.rule("effect").fn(layer, KIT, given, *inputs, **weights)
        for canonical, w in weights.items():
            made[canonical] = _structured(effects[canonical], w, node.weight_name(canonical))
    else:
        ys = values(layer, KIT, inputs, weights)
        for canonical, w in weights.items():
            elements = sum(a.size for a in (*inputs, *ys, *weights.values()))
            at = chosen(node.weight_name(canonical), w.size, max(LEAST, CHANGED // elements))
            ratios = changed(layer, ys, g, inputs, weights, canonical, at)
            made[canonical] = Reach(w.shape, ratios, at)
    return {node.weight_name(c): reach for c, reach in made.items()}


def _structured(effect: np.ndarray | Products, w: np.ndarray, name: str) -> Reach:
    if isinstance(effect, Products):
        if w.size > EXACT or effect.work > WORK:
            at = chosen(name, w.size, SAMPLE)
            if at is not None:
                return Reach(w.shape, np.abs(w.reshape(-1)[at]) * effect.at(at), at)
        effect = effect.all()
    return Reach(w.shape, (np.abs(w) * effect).reshape(-1))


def chosen(name: str, size: int, count: int) -> np.ndarray | None:
    """Random flat indices of a weight, the same everywhere, without repetition; None where they are all.

    For a larger count come the same and others behind them.
    """
    if count >= size:
        return None
    stream = Stream("power", name)
    if size <= EXACT >> 3:
        return np.argsort(stream.uniform(size), kind="stable")[:count]
    drawn = np.floor(stream.uniform(2 * count) * size).astype(np.intp)
    _, first = np.unique(drawn, return_index=True)
    return drawn[np.sort(first)][:count]


def changed(
    layer: Layer,
    ys: Sequence[np.ndarray],
    g: Sequence[np.ndarray],
    inputs: Sequence[np.ndarray],
    weights: Mapping[str, np.ndarray],
    name: str,
    at: np.ndarray | None,
) -> np.ndarray:
    """Ratios, as in :class:`Reach`, by changing one element after the other by 1% in the numpy rule.

    Args:
        ys: the outputs.
        g: one over the bound, for each output.
        name: canonical, of the weight.
        at: flat indices; None for all elements.
    """
    w = weights[name]
    at = np.arange(w.size) if at is None else at
    elements = sum(a.size for a in (*inputs, *ys, *weights.values()))
    step = max(1, AT_ONCE // max(elements, 1))
    found = np.zeros(at.size)
    for start in range(0, at.size, step):
        part = at[start : start + step]
        variants = np.repeat(w.reshape(1, -1), part.size, 0)
        variants[np.arange(part.size), part] *= 1 + STEP
        variants = variants.reshape(-1, *w.shape)
        new = of_variants(layer, inputs, weights, name, variants)
        for y, made, per_bound in zip(ys, new, g, strict=True):
            if isinstance(made, Stacked):
                moved = np.abs(made.variants.astype(np.float64) - y) * per_bound
                moved = np.where(per_bound > 0, moved, 0.0).reshape(part.size, -1).max(1, initial=0.0)
                found[start : start + step] = np.maximum(found[start : start + step], moved)
    return np.nan_to_num(found / STEP, nan=np.inf, posinf=np.inf)


def of_variants(
    layer: Layer, inputs: Sequence[np.ndarray], weights: Mapping[str, np.ndarray], name: str, variants: np.ndarray
) -> tuple[Stacked, ...]:
    """The outputs for each of several variants (k, *shape) of a weight, as stacks of k; an output that no variant
    changes may be an array."""
    all_at_once: Any = {**weights, name: Stacked(variants)}
    try:
        return values(layer, KIT, inputs, all_at_once)
    except TypeError:  # the rule does what a stack cannot: one after the other
        each = [values(layer, KIT, inputs, {**weights, name: v}) for v in variants]
        return tuple(Stacked(np.stack(ys)) for ys in zip(*each, strict=True))
