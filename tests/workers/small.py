"""A network of two layers, and the request that opens it for timing."""

from __future__ import annotations

import numpy as np

from parity.graph import Graph, Node
from parity.layers import Layer, Spec

GRAPH = Graph(
    {"x": Spec((2, 3))},
    (Node("fc", Layer.registry["Linear"](4), ("x",), {}), Node("relu", Layer.registry["ReLU"](), ("fc",), {})),
    ("relu",),
)
ARRAYS = {
    "x:x": np.ones((2, 3), np.float32),
    "w:fc/W": np.ones((4, 3), np.float32),
    "w:fc/b": np.zeros(4, np.float32),
}
HEADER = {"graph": GRAPH.to_json(), "precision": "float32", "weights_file": None, "settle": 0.0}
