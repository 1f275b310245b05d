"""What is read off the records in more than one place."""

from __future__ import annotations

from typing import Any

from parity.judge.verdict import FAILED
from parity.story.words import listing, number

Record = dict[str, Any]
INPUTS_ABSENT = "its inputs are not there"
"""In the message on a layer that could not be judged."""


def ratio(finding: Record) -> float | None:
    """Error ÷ bound of one finding."""
    return number((finding.get("metrics") or {}).get("bound_ratio"))


def failing(cell: Record) -> list[Record]:
    """Findings on layers that failed by themselves."""
    return [f for f in cell.get("layers", ()) if f["verdict"] in FAILED and INPUTS_ABSENT not in f["message"]]


def kinds(case: Record) -> dict[str, str]:
    """Layer name → its class."""
    return {layer["name"]: layer["layer"] for layer in case.get("layers", ())}


def place(case: Record, nodes: list[str], tensor: str = "") -> str:
    """``Conv2D conv and BatchNorm bn``; the output of a tensor without layers."""
    known = kinds(case)
    if not nodes:
        return f"the output {tensor}"
    return listing([f"{known[n]} {n}" if n in known else n for n in nodes])


def worst_of(findings: list[Record]) -> Record | None:
    """The one with the largest error ÷ bound; None where nothing was compared."""
    compared = [f for f in findings if ratio(f) is not None]
    return max(compared, key=lambda f: ratio(f) or 0.0, default=None)


def unexpected(cell: Record) -> bool:
    """Whether a case expected another verdict, or another cause."""
    return "expected" in cell and not cell["ok"]
