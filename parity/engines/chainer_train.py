"""A few steps of training in Chainer, so that a net's weights and BatchNorm statistics are those of a trained one.

Adam divides a gradient by its own size. A bias in front of a BatchNorm has a gradient of nothing but rounding, so after
training it differs from machine to machine; that is why the result is kept as a file.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from parity.engines.base import Arrays, certificate
from parity.graph import Graph


def train(chainer: Any, model: Any, graph: Graph, inputs: Arrays, steps: int) -> tuple[Arrays, list[float]]:
    """Updates by Adam with Chainer's default values, on the mean squared error of the first output against zeros.

    Args:
        chainer: the module.
        model: a ``ChainerModel`` with Chainer's own initial values; changed in place.
        inputs: the only batch there is.
        steps: updates; each also moves the statistics of every BatchNorm.

    Returns:
        Network weight name → float32 array in canonical layout, read back through the inverse layout maps; and the
        loss before each update.

    Raises:
        FloatingPointError: the loss is no finite number any more.
        RuntimeError: what was read back does not give Chainer's own arrays.
    """
    optimizer = chainer.optimizers.Adam()
    optimizer.setup(chainer.ChainList(*model.links.values()))
    _freeze(model, graph)
    losses: list[float] = []

    def loss() -> Any:
        output = model.forward(inputs)[graph.outputs[0]]
        error = chainer.functions.mean_squared_error(output, np.zeros_like(output.array))
        losses.append(float(error.array))
        if not math.isfinite(losses[-1]):
            raise FloatingPointError(f"the loss is {losses[-1]} after {len(losses) - 1} steps")
        return error

    with chainer.using_config("train", True), chainer.using_config("enable_backprop", True):
        for _ in range(steps):
            optimizer.update(loss)
    return _canonical(model, graph), losses


def _freeze(model: Any, graph: Graph) -> None:
    """Keep at 0 what a link has and the layer has not: StatelessLSTM's bias, which cannot be left out."""
    for node in graph.nodes:
        if node.name in model.links:
            declared = graph.node_weights(node)
            own = {p.target for p in node.layer.layout_map("chainer", declared).places if p.source in declared}
            for path, parameter in model.links[node.name].namedparams():
                if path.strip("/") not in own:
                    parameter.array[...] = 0
                    parameter.update_rule.enabled = False


def _canonical(model: Any, graph: Graph) -> Arrays:
    read = model.read()
    out: Arrays = {}
    for node in graph.nodes:
        declared = graph.node_weights(node)
        if declared:
            shapes = {name: weight.shape for name, weight in declared.items()}
            back = node.layer.layout_map("chainer", declared).inverse(read[node.name], shapes)
            out.update({node.weight_name(name): array for name, array in back.items()})
    missing = sorted(set(graph.weights) - set(out))
    if missing:
        raise RuntimeError(f"Chainer holds {', '.join(missing)} added to another weight, so it cannot be read back")
    proof = certificate(graph, "chainer", out, read)
    if not proof["ok"]:
        raise RuntimeError("; ".join(proof["problems"]))
    return {name: np.ascontiguousarray(out[name], np.float32) for name in graph.weights}
