"""``parity train``: weights from a few steps in Chainer, kept beside their case."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from parity.case.case import Case, find, load
from parity.errors import BadInput
from parity.graph import Graph
from parity.lower import first_gap
from parity.prepare import check_indices
from parity.targets import Target, missing
from parity.workers.pool import TargetUnavailable, TimedOut, Worker, WorkerDied

TIMEOUT = 3600.0
"""Seconds training may take."""


def train_case(file: Path) -> str:
    """Train as the case says and write the file it names; the case itself stays as it is.

    Args:
        file: a case whose ``weights`` have ``file`` and ``trained``.

    Returns:
        What was done, and the line with the hash that belongs into the case.

    Raises:
        BadInput: the case does not say how, has a sweep, shares weights, or Chainer is not here or fails.
    """
    case = _one(file)
    spec = case.spec.weights
    if spec is None or spec.trained is None or spec.file is None:
        raise BadInput("says nothing of training; expected weights: {file: NAME.safetensors, trained: {steps: N}}",
                       file=str(file), path="weights")  # fmt: skip
    if not spec.file.endswith(".safetensors"):
        raise BadInput(
            f"found {spec.file!r}, trained weights are kept as .safetensors", file=str(file), path="weights.file"
        )
    weights, losses = _trained(case, spec.trained.steps)
    data = save(weights)
    path = case.file.parent / spec.file
    path.write_bytes(data)
    found = hashlib.sha256(data).hexdigest()
    same = ", as the case states" if found == spec.sha256 else "; put this line under weights: in the case"
    return (f"{path}: {len(weights)} tensors after {len(losses)} steps, loss {losses[0]:.6g} at first and "
            f"{losses[-1]:.6g} before the last{same}\n  sha256: {found}")  # fmt: skip


def _one(file: Path) -> Case:
    paths = list(find([file]))
    cases = [c for path, root in paths for c in load(path, root)]
    if len(cases) != 1 or cases[0].spec.sweep:
        raise BadInput(f"holds {len(cases)} cases; weights are trained for one, without a sweep", file=str(file))
    graph = cases[0].graph
    uses = Counter(node.weight_name(w) for node in graph.nodes for w in graph.node_weights(node))
    shared = sorted(name for name, count in uses.items() if count > 1)
    if shared:
        found = f"{', '.join(shared)} is shared, and its uses would move apart in training"
        raise BadInput(f"{found}; give each layer weights of its own", file=str(file), path="weights.trained")
    return cases[0]


def _trained(case: Case, steps: int) -> tuple[dict[str, np.ndarray], list[float]]:
    target = Target("chainer")
    if why := missing(target):
        raise BadInput(f"cannot be trained here: {why}", file=str(case.file), path="weights.trained")
    _can_say(case.graph, case.file)
    inputs = case.inputs()
    check_indices(case.graph, inputs)
    header: dict[str, Any] = {"op": "train", "graph": case.graph.to_json(), "steps": steps, "seed": case.spec.seed}
    worker = Worker(target)
    try:
        reply, out = worker.request(header, {f"x:{k}": v for k, v in inputs.items()}, TIMEOUT)
    except (TargetUnavailable, WorkerDied, TimedOut) as error:
        reply, out = {"status": "crashed", "message": str(error)}, {}
    finally:
        worker.stop()
    if reply["status"] != "done":
        raise BadInput(f"Chainer could not train it: {reply['message']}", file=str(case.file), path="weights.trained")
    return {name[2:]: array for name, array in out.items()}, reply["losses"]


def _can_say(graph: Graph, file: Path) -> None:
    if found := first_gap(graph, "chainer", "chainer"):
        node, why = found
        text = f"Chainer cannot say {type(node.layer).__name__}: {why}"
        raise BadInput(text, file=str(file), path=f"layers.{node.name}")
