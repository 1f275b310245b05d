"""Kinds of records in results, and what each of them has to say so that a reader can go by it."""

from __future__ import annotations

from typing import Any

MEASURED = {
    "loss": ("environment", "case", "target"),
    "sensitivity": ("environment", "case", "precision"),
    "timing": ("environment", "case", "target", "batch", "threads"),
}
"""Kinds of records that say what was measured → the keys of which the latest record counts."""
REQUIRED: dict[str, dict[str, type]] = {
    "run": dict.fromkeys(("environment", "parity", "started", "python", "numpy", "platform"), str),
    "target": dict.fromkeys(("environment", "target", "status"), str),
    "case": {"case": str, "hash": dict},
    "cell": {**dict.fromkeys(("environment", "case", "target", "verdict"), str), "ok": bool, "hash": dict},
    "loss": {"case": str, "target": str},
    "sensitivity": {"case": str, "precision": str},
    "timing": {"case": str, "target": str},
}
"""Kind → key → type of what a record of that kind cannot be read without; dots lead into objects."""
READY: dict[str, type] = {"facts": dict, "facts.versions": dict, "facts.mode": str}
GPU: dict[str, type] = {
    "facts.gpu": dict,
    **{f"facts.gpu.{k}": str for k in ("name", "capability", "driver", "cuda")},
    "facts.gpu.memory": int,
}
"""What a target says beside that where it is ready, and where it is one of a GPU."""
FINDING: dict[str, type] = {"tensor": str, "verdict": str, "nodes": list}
"""What a finding of a cell cannot be read without, beside its figures, which may be null."""
SPREAD: dict[str, type] = {"zero": int, "from": int, "counts": list}
"""The same of how its errors are distributed, where it says so."""
_WORDS = {str: "a string", dict: "an object", bool: "true or false", int: "a whole number", list: "a list"}


def lacking(record: dict[str, Any]) -> str:
    """What a record lacks that its kind must say, in words; empty where it has all of it, or is of no kind known here.

    Args:
        record: with a ``kind``, which is a string.
    """
    kind = record["kind"]
    wanted = dict(REQUIRED.get(kind, {}))
    if kind == "target" and record.get("status") == "ready":
        wanted |= READY | (GPU if "@gpu" in str(record.get("target")) else {})
    elif kind == "target":
        wanted["reason"] = str
    return _first(record, wanted) or (_in_findings(record) if kind == "cell" else "")


def _first(record: Any, wanted: dict[str, type]) -> str:
    for key, form in wanted.items():
        found = record
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if not isinstance(found, form):
            return f"{key}, {_WORDS[form]}"
    return ""


def _in_findings(cell: dict[str, Any]) -> str:
    """Of the findings of a cell, with the path to what is lacking."""
    probe = cell.get("probe")
    if probe is not None and not isinstance(probe, dict):
        return f"probe, {_WORDS[dict]}"
    if not isinstance(cell.get("message", ""), str):
        return f"message, {_WORDS[str]}"
    for path, found in (("layers", cell), ("final", cell), ("probe.layers", probe or {})):
        findings = found.get(path.rpartition(".")[2]) or []
        if not isinstance(findings, list):
            return f"{path}, {_WORDS[list]}"
        for i, finding in enumerate(findings):
            if lacks := _first(finding, FINDING) or _of_figures(finding):
                return f"{path}.{i}.{lacks}"
    return ""


def _of_figures(finding: dict[str, Any]) -> str:
    figures = finding.get("metrics", None if "ratio" in finding else "")  # a calibration keeps the ratio alone
    if not isinstance(figures, (dict, type(None))):
        return "metrics, an object or null"
    return f"spread.{lacks}" if "spread" in finding and (lacks := _first(finding["spread"], SPREAD)) else ""
