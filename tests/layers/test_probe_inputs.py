"""Inputs of unit probes, for every layer as the cases have it."""

import numpy as np

from parity.graph import Graph
from parity.judge.probe import probe_of
from parity.judge.regimes import weights_of
from parity.node import Node


def test_layers_take_them(case_layers):
    """They are in the layer's domain, finite, and keep the shapes of its weights."""
    seen = 0
    for layer, specs in case_layers:
        if not layer.weights(*specs) and not layer.has("probe"):
            continue
        names = tuple(f"x{i}" for i in range(len(specs)))
        graph = Graph(dict(zip(names, specs, strict=True)), (Node("n", layer, names, {}),), ("n",))
        weights = {f"n/{k}": w for k, w in weights_of(layer, specs, "w").items()}
        pieces, inputs = probe_of(graph, weights, 1)
        shapes = ({k: w.shape for k, w in g.weights.items()} for g in (pieces, graph))
        assert next(shapes) == next(shapes), layer
        assert [s.dtype for s in pieces.inputs.values()] == [s.dtype for s in specs]
        for x in inputs.values():
            if x.dtype.kind == "f":
                assert np.isfinite(x).all()
                assert (x > layer.domain[0]).all()
                assert (x < layer.domain[1]).all()
        seen += 1
    assert seen > 200
