"""What a request says of a network: the graph, its arrays, how it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from parity.graph import Graph
from parity.lower import lowered
from parity.precision import PRECISIONS, Precision, numpy_dtype, rounded

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Given:
    """A network as its engine gets it.

    Args:
        graph: in the engine's dialect, its floats in the precision's dtype.
        inputs: rounded to that.
        weights: as the framework is to hold them.
        precision: how it is computed.
    """

    graph: Graph
    inputs: Arrays
    weights: Arrays
    precision: Precision

    @classmethod
    def of(cls, engine: Any, header: dict[str, Any], arrays: Arrays) -> Given:
        """What a request says: ``graph``, ``weights_file`` or None, ``precision``; arrays in float32."""
        precision = PRECISIONS[header.get("precision", "float32")]
        numpy_dtype(precision.tensors)  # from here on NumPy knows bfloat16 by its name
        if header.get("weights_file"):
            weights = load_file(header["weights_file"])
        else:
            weights = {k[2:]: v for k, v in arrays.items() if k.startswith("w:")}
        graph = lowered(Graph.from_json(header["graph"]), engine.dialect).in_precision(precision.tensors)
        inputs = {k[2:]: rounded(v, precision.tensors) for k, v in arrays.items() if k.startswith("x:")}
        return cls(graph, inputs, precision.sent(weights), precision)
