"""What the results say of a case: its network, and what it would notice."""

from __future__ import annotations

import numpy as np

from parity.catalogue.families import family_of
from parity.judge.ledger import lets_through
from parity.judge.spots import spots
from parity.loosened import entries
from parity.prepare import Prepared
from parity.results import Record


def case_record(prepared: Prepared) -> Record:
    """What the report says of a network."""
    case, graph = prepared.case, prepared.case.graph
    layers = []
    for node in graph.nodes:
        weights = graph.node_weights(node)
        layers.append(
            {
                "name": node.name,
                "layer": type(node.layer).__name__,
                "family": family_of(type(node.layer).__module__),
                "from": list(node.inputs),
                "parameters": {k: v for k, v in node.layer.described().items() if k != "layer"},
                "shapes": {o: list(graph.specs[o].shape) for o in node.outputs},
                "weights": {
                    c: {"name": node.weight_name(c), "axes": w.axes, "shape": list(w.shape)} for c, w in weights.items()
                },
                "count": sum(int(np.prod(w.shape)) for w in weights.values()),
            }
        )
    return {
        "kind": "case",
        "case": case.id,
        "description": case.spec.description,
        "file": case.file.as_posix(),
        "inputs": {k: [list(s.shape), s.dtype] for k, s in graph.inputs.items()},
        "outputs": list(graph.outputs),
        "layers": layers,
        "parameters": graph.parameter_count,
        "hash": prepared.hash,
        "expect": [e.model_dump() for e in case.spec.expect],
        "loosen": [
            model.model_dump() | {"lets_through": lets_through(prepared.reference, entry)}
            for model, entry in zip(case.loosened(), entries(case), strict=True)
        ],
        "spots": spots(prepared.reference),
        "network": prepared.network,
        **prepared.noticed(),
    }
