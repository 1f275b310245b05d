"""``parity reproduce``: one case on one target as a script that needs no parity."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from parity.case.case import Case
from parity.commands.select import one_case
from parity.engines.base import to_targets
from parity.errors import BadInput
from parity.judge.bound import Reference
from parity.lower import first_gap, lowered
from parity.prepare import check_indices
from parity.scripts import WRITERS
from parity.scripts.page import Page
from parity.targets import Target


def write_script(case: str, target: str, out: Path) -> Path:
    """Write the script and the arrays beside it.

    Args:
        case: id of a case, or its file if that holds one.
        target: its name.
        out: folder, created if it is not there.

    Returns:
        The script's path; the arrays have the suffix .npz instead.

    Raises:
        BadInput: an unknown case or target, or a layer that the target cannot say.
    """
    return script_of(one_case(case), Target.parse(target), out)


def script_of(case: Case, target: Target, out: Path) -> Path:
    """As :func:`write_script`, of a case that is loaded."""
    computes = target.computes
    if target.device != "cpu" or computes.tensors != "float32" or computes.products:
        text = f"scripts compute in float32 on a CPU, {target} does not; {target.machine.engine} is accepted"
        raise BadInput(f"{text}, also with weights in half precision: {target.engine}:storage_float16")
    if found := first_gap(case.graph, target.dialect, target.engine):
        node, why = found
        raise BadInput(f"{target} cannot say {type(node.layer).__name__} {node.name}: {why}", file=str(case.file))
    graph = lowered(case.graph, target.dialect)
    inputs, weights = case.inputs(), computes.sent(case.weights())
    check_indices(case.graph, inputs)
    reference = Reference.of(case.graph, inputs, weights)
    stem = re.sub(r"[^\w.]+", "-", f"{case.id}-{target}")
    copies = to_targets(graph, target.dialect, weights)
    arrays = {f"inputs/{name}": array for name, array in inputs.items()}
    page = Page(case.id, graph, target, copies, f"{stem}.npz", arrays)
    text = WRITERS[target.dialect](page)
    for name in graph.outputs:
        judged = reference.tensors[name]
        arrays[f"reference/{name}"] = judged.value
        arrays[f"bound/{name}"] = np.zeros(()) if judged.bound is None else judged.bound
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / page.npz, **arrays)  # type: ignore[arg-type]
    path = out / f"{stem}.py"
    path.write_text(text, encoding="utf-8")
    return path
