"""The numbers of one layer of a case."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from parity.case.case import Case, find, load
from parity.catalogue.recording import alone
from parity.dialects.numpy import NumpyKit
from parity.graph import Graph
from parity.judge.bound import Reference
from parity.layers import Layer
from parity.layers.evaluate import values as evaluated

Arrays = dict[str, np.ndarray]


@functools.cache
def case_of(file: Path, id_: str) -> Case:
    """A case by its file and id."""
    return next(c for path, root in find([file]) for c in _load(path, root) if c.id == id_)


@functools.cache
def _load(path: Path, root: Path) -> tuple[Case, ...]:
    return load(path, root)


def sample_arrays(case: Case, node: str) -> tuple[Graph, Arrays, Arrays]:
    """A network of one node of a case: graph, inputs, weights by their names in the network, float32 or int32."""
    found = next(n for n in case.graph.nodes if n.name == node)
    inputs, weights = case.inputs(), case.weights()
    if set(found.inputs) <= set(inputs):
        values: Mapping[str, Any] = inputs
    else:
        reference = Reference.of(case.graph, inputs, weights)
        values = inputs | {
            name: reference.tensors[name].value.astype(case.graph.specs[name].dtype)
            for name in found.inputs
            if name not in inputs
        }
    graph = alone(case.graph, found)
    return graph, {n: values[n] for n in graph.inputs}, {n: weights[n] for n in graph.weights}


def meaning(graph: Graph, layer: Layer, inputs: Arrays, weights: Arrays) -> np.ndarray:
    """First output of the numpy rule in float64.

    Args:
        graph: of one node.
        layer: in its place.
    """
    node = graph.nodes[0]
    fed = [inputs[i].astype(np.float64) if inputs[i].dtype.kind == "f" else inputs[i] for i in node.inputs]
    own = {name: weights[node.weight_name(name)].astype(np.float64) for name in layer.weights(*graph.input_specs(node))}
    with np.errstate(all="ignore"):
        return np.asarray(evaluated(layer, NumpyKit(), fed, own)[0])


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Relative L2 distance of b from a; infinite where only one of them is zero or finite.

    Raises:
        ValueError: another shape.
    """
    if a.shape != b.shape:
        raise ValueError(f"{list(a.shape)} and {list(b.shape)}")
    size, distance = float(np.linalg.norm(a.ravel())), float(np.linalg.norm((b - a).ravel()))
    return 0.0 if distance == 0 else distance / size if size and np.isfinite(distance) else float("inf")
