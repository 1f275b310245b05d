"""A network on one target as a script that needs no parity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from parity.engines.base import to_targets
from parity.errors import BadInput
from parity.graph import Graph
from parity.judge.bound import Reference
from parity.judge.ledger import with_loosened
from parity.loosened import entries
from parity.lower import first_gap, lowered
from parity.prepare import Prepared
from parity.scripts import WRITERS
from parity.scripts.page import Page
from parity.targets import Target

EMBEDDED = 24 << 10
"""Bytes of inputs, weights, references and bounds up to which the script of a failing cell stands in its record."""


@dataclass(frozen=True)
class Script:
    """A script.

    Args:
        stem: a name for its file, without the suffix.
        text: Python.
        arrays: what it reads from the .npz of the same name; empty where it holds them itself.
    """

    stem: str
    text: str
    arrays: Mapping[str, np.ndarray]

    def write(self, out: Path) -> Path:
        """Write it, and its arrays beside it; its path.

        Args:
            out: folder, created if it is not there.
        """
        out.mkdir(parents=True, exist_ok=True)
        if self.arrays:
            np.savez(out / f"{self.stem}.npz", **self.arrays)  # type: ignore[arg-type]
        path = out / f"{self.stem}.py"
        path.write_text(self.text, encoding="utf-8")
        return path


def can_say(target: Target) -> bool:
    """Whether there are scripts for a target: they compute in float32 on a CPU, also on weights in half precision."""
    return target.device == "cpu" and target.computes.tensors == "float32" and not target.computes.products


def check_target(target: Target) -> None:
    """Refuse a target that no script is written for.

    Raises:
        BadInput: found and accepted targets.
    """
    if not can_say(target):
        text = f"scripts compute in float32 on a CPU, {target} does not; {target.machine.engine} is accepted"
        raise BadInput(f"{text}, also with weights in half precision: {target.engine}:storage_float16")


def script(
    case: str,
    graph: Graph,
    weights: Mapping[str, np.ndarray],
    reference: Reference,
    target: Target,
    *,
    embed: bool = False,
) -> Script:
    """Write the script of a network.

    Args:
        case: id of its case.
        graph: the network as the target gets it.
        weights: its weights, name → float32, before the target's precision rounds them.
        reference: inputs, and what the outputs should be.
        target: where it runs.
        embed: whether the script holds its arrays itself.

    Raises:
        BadInput: a layer that the target cannot say, or a target that no script is written for.
    """
    check_target(target)
    if found := first_gap(graph, target.dialect, target.engine):
        node, why = found
        raise BadInput(f"{target} cannot say {type(node.layer).__name__} {node.name}: {why}")
    graph = lowered(graph, target.dialect)
    arrays = {f"inputs/{name}": array for name, array in reference.inputs.items()}
    for name in graph.outputs:
        judged = reference.tensors[name]
        arrays[f"reference/{name}"] = judged.value
        arrays[f"bound/{name}"] = np.zeros(()) if judged.bound is None else judged.bound
    stem = re.sub(r"[^\w.]+", "-", f"{case}-{target}")
    copies = to_targets(graph, target.dialect, target.computes.sent(weights))
    page = Page(case, graph, target, copies, f"{stem}.npz", arrays, embed)
    text = WRITERS[target.dialect](page)
    return Script(stem, text, {} if embed else page.arrays)


def of_cell(prepared: Prepared, target: Target) -> dict[str, str]:
    """What the record of a failing cell says of its script.

    The network is the one that was run and judged: mistakes that its case makes on purpose are in it, and its bounds
    are loosened.

    Args:
        prepared: the case, in the target's precision.

    Returns:
        ``script``, its text, which needs no other file; nothing where there are no scripts for the target or the arrays
        are more than :data:`EMBEDDED`; ``no_script``, why, where one cannot be written that should be: a defect of
        ours must not cost the verdict.
    """
    graph, weights, _ = prepared.sent_to(target)
    if not can_say(target) or _bytes(prepared, weights) > EMBEDDED or first_gap(graph, target.dialect, target.engine):
        return {}
    try:
        reference = with_loosened(prepared.reference, entries(prepared.case, target))
        return {"script": script(prepared.case.id, graph, weights, reference, target, embed=True).text}
    except Exception as error:  # noqa: BLE001  whatever it is, the cell is finished
        return {"no_script": f"{type(error).__name__}: {error}"}


def _bytes(prepared: Prepared, weights: Mapping[str, np.ndarray]) -> int:
    """Of all that a script reads, but for what layers hold themselves."""
    ends = [prepared.reference.tensors[name] for name in prepared.graph.outputs]
    bounds = [j.bound for j in ends if j.bound is not None]
    return sum(a.nbytes for a in (*prepared.inputs.values(), *weights.values(), *(j.value for j in ends), *bounds))
