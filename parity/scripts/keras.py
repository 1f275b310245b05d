"""Scripts in Keras's words: a functional model, called as the engine of its backend calls it."""

from __future__ import annotations

import numpy as np

from parity.dialects.keras import KerasKit, Stored, define, input_orders
from parity.dialects.record import Expr, RecordedNumPy
from parity.dialects.text import quoted
from parity.dialects.writer import Writer
from parity.scripts.page import USED, Page, listed

OWN = (
    "keras",
    "os",
    "tf",
    "jax",
    "model",
    "layers",
    "layer",
    "variable",
    "trainable",
    "fixed",
    "run",
    "v",
    "names",
    "key",
)
LAYER = ".layer"
"""Stands behind a node's name where its layer is meant; no tensor is called so."""


def write(page: Page) -> str:
    """The text of a script.

    Args:
        page: gets ``weights/<node>/<variable>``.
    """
    graph, keras = page.graph, Expr("name", "keras")
    kit = KerasKit(keras.layers, keras.ops, RecordedNumPy())
    orders = input_orders(graph)
    stored: dict[str, Stored] = {}
    for name, spec in graph.inputs.items():
        shape = tuple(spec.shape[a] for a in orders[name])
        stored[name] = Stored(keras.Input(batch_shape=shape, dtype=spec.dtype), orders[name])
    tensors = define(graph, kit, stored)
    writer = Writer((*USED, *OWN), page.arrays)
    held = {f"{node}/{prefix}".strip("/"): layer for node, found in kit.holders.items() for prefix, layer in found}
    layers = [(name + LAYER, layer) for name, layer in held.items()]
    within = [name + LAYER for name in held if name not in kit.holders]
    # A model takes all inputs, read or not; a layer's parts are not reached from what it gives.
    roots = [*graph.inputs, *graph.outputs, *within]
    texts = writer.write(layers + [(name, t.tensor) for name, t in tensors.items()], roots)

    for node in kit.holders:
        for target, array in page.copies.get(node, {}).items():
            page.arrays[f"weights/{node}/{target}"] = array
    outputs = [(f"{quoted(o)}: {texts[o]}",) for o in graph.outputs]
    model = [(listed("", "[", [(texts[i],) for i in graph.inputs], "]"),), (listed("", "{", outputs, "}"),)]
    holders = [(f"{quoted(n)}: {texts[n + LAYER]}",) for n in held if n + LAYER in texts]
    fed = [(_transposed(f"arrays[{quoted(f'inputs/{n}')}]", orders[n]),) for n in graph.inputs]
    compares = []
    for o in graph.outputs:
        back = tuple(int(a) for a in np.argsort(tensors[o].order))
        actual = _transposed(f"np.asarray(outputs[{quoted(o)}])", back)
        compares.append(listed("compare", "(", [(quoted(o),), (actual,)], ")"))
    return page.render(
        "keras",
        "Keras",
        backend=page.target.engine.removeprefix("keras-"),
        network=writer.lines,
        moved=any("transpose" in c for (c,) in fed) or any("transpose" in c for c in compares),
        model=listed("model = keras.Model", "(", model, ")"),
        feed=listed("feed = ", "[", fed, "]"),
        nested=any("/" in target for copies in page.copies.values() for target in copies),
        holders=listed("layers = ", "{", holders, "}") if holders else "",
        compares=compares,
    )


def _transposed(array: str, order: tuple[int, ...]) -> str:
    return array if order == tuple(range(len(order))) else f"{array}.transpose({', '.join(map(str, order))})"
