"""Which elements of a case are ill-conditioned, so that a large difference there, or none, says little of an engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from parity.judge.bound import KIT, Judged, Reference, node_weights
from parity.layers.base import Elementwise, Layer
from parity.layers.evaluate import as_tuple
from parity.layers.spot import FEW, spots_of

CANCELLED = (
    "{count} of {of} outputs of {layer} keep fewer than 3 of their 7 digits: what they are made of is large against "
    "them, and cancels"
)
SHARE = 0.05
"""Share of a tensor that must cancel to be mentioned: in long sums of random terms a few do so by chance."""


def spots(reference: Reference) -> list[dict[str, Any]]:
    """Every kind of spot that there is, by layer.

    Returns:
        For each ``layer`` (its node), ``tensor`` (its first output), ``name``, ``count`` of the spots and the number
        that there could be, ``of``, the index of the ``first`` in the shape of what is counted, and ``words``.
    """
    out = []
    with np.errstate(all="ignore"):
        for node in reference.graph.nodes:
            inputs = [reference.tensors[i] for i in node.inputs]
            outputs = tuple(reference.tensors[o] for o in node.outputs)
            kinds = spots_of(node.layer)
            weights = node_weights(reference.graph, node, reference.weights) if kinds else {}
            for name, words, share, mask in _masks(node.layer, inputs, outputs, weights):
                count = int(np.count_nonzero(mask))
                if count > share * mask.size:
                    first = [int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape)]
                    said = words.format(count=count, of=mask.size, layer=node.name)
                    out.append(
                        {
                            "layer": node.name,
                            "tensor": node.outputs[0],
                            "name": name,
                            "count": count,
                            "of": mask.size,
                            "first": first,
                            "words": f"{said}.",
                        }
                    )
    return out


def _masks(
    layer: Layer, inputs: list[Judged], outputs: tuple[Judged, ...], weights: dict[str, np.ndarray]
) -> Iterator[tuple[str, str, float, np.ndarray]]:
    y = outputs[0]
    if y.own is not None and not isinstance(layer, Elementwise):
        # A bound this small is for numbers that a runtime may flush to zero; a 0 is one by intention, as in Sparsemax.
        few = (y.own > np.maximum(FEW * np.abs(y.value), 2.0**-100)) & (y.value != 0)
        yield "cancellation", CANCELLED, SHARE, np.asarray(few)
    errors: Any = [0.0 if i.bound is None else i.bound for i in inputs]
    errors = errors if len(errors) > 1 else errors[0]
    for kind in spots_of(layer):
        values = as_tuple(tuple(o.value for o in outputs))
        mask = kind.fn(
            layer, KIT, values if len(values) > 1 else values[0], errors, *(i.value for i in inputs), **weights
        )
        yield kind.name, kind.words, kind.share, np.asarray(mask)
