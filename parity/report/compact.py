"""A piece of the page's data in fewer words; the page's script says them in full when it opens the piece.

Names stand once a piece instead of beside every value, and what an engine gives in one environment is not said again
where it gives the same in another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from parity.results import Record

TIME_DIGITS = 3
"""Significant digits of a time."""


def compacted(piece: Mapping[str, Record], targets: list[str]) -> dict[str, Any]:
    """A piece in fewer words.

    Args:
        piece: case → its record and its cells by column.
        targets: of each column.

    Returns:
        ``named``: the keys of ``findings``, their ``figures``, ``rows`` of certificates and ``timings``, each of which
        is a list of values in ``cases``, in that order, null where there is none, without the last nulls; times are in
        microseconds. A cell with a ``same`` says only what is different in that earlier column of its target.
    """
    named: dict[str, dict[str, int]] = {k: {} for k in ("findings", "figures", "rows", "timings")}
    cases = {}
    for case, detail in piece.items():
        cells = {int(number): _cell(cell, named) for number, cell in detail["cells"].items()}
        cases[case] = {**detail, "cells": _differences(cells, targets)}
    return {"named": {k: list(names) for k, names in named.items()}, "cases": cases}


def _cell(cell: Record, named: Mapping[str, dict[str, int]]) -> Record:
    def finding(found: Mapping[str, Any]) -> list[Any]:
        figures = found.get("metrics") and _listed(found["metrics"], named["figures"])
        return _listed({**found, "metrics": figures}, named["findings"])

    out = _with_findings(cell, finding)
    if out.get("certificate"):
        rows = [_listed(row, named["rows"]) for row in out["certificate"].get("rows", ())]
        out["certificate"] = {**out["certificate"], "rows": rows}
    if "timings" in out:
        out["timings"] = _listed({k: _microseconds(v) for k, v in out["timings"].items()}, named["timings"])
    return out


def _with_findings(cell: Record, made: Callable[[Any], Any]) -> Record:
    """The cell with what is made of each of its findings."""
    out = dict(cell)
    for kind in ("layers", "final"):
        if kind in out:
            out[kind] = [made(f) for f in out[kind]]
    if out.get("probe"):
        out["probe"] = {**out["probe"], "layers": [made(f) for f in out["probe"]["layers"]]}
    return out


def _listed(record: Mapping[str, Any], names: dict[str, int]) -> list[Any]:
    """Its values in the order of names, to which new ones are added."""
    for key in record:
        names.setdefault(key, len(names))
    values: list[Any] = [None] * len(names)
    for key, value in record.items():
        values[names[key]] = value
    while values and values[-1] is None:
        values.pop()
    return values


def _microseconds(seconds: float) -> int | float:
    short = float(f"{seconds * 1e6:.{TIME_DIGITS}g}")
    return int(short) if short.is_integer() else short


def _differences(cells: Mapping[int, Record], targets: list[str]) -> dict[str, Record]:
    kept: dict[str, Record] = {}
    whole: dict[int, Record] = {}
    for number in sorted(cells):
        cell = cells[number]
        others = [n for n in whole if targets[n] == targets[number] and whole[n].keys() <= cell.keys()]
        alike = {n: sum(cell[k] == v for k, v in whole[n].items()) for n in others}
        base = max(others, key=lambda n: alike[n], default=None)
        if base is not None and alike[base] > len(cell) / 2:
            first = whole[base]
            kept[str(number)] = {"same": base, **{k: v for k, v in cell.items() if k not in first or first[k] != v}}
        else:
            kept[str(number)] = whole[number] = cell
    return kept


def expanded(compact: Mapping[str, Any]) -> dict[str, Record]:
    """The piece in full, as the page's script makes it of :func:`compacted`; values that are null are left out."""
    named = compact["named"]

    def record(values: Iterable[Any], kind: str) -> Record:
        pairs = zip(named[kind], values, strict=False)  # the last ones may be left out
        return {k: v for k, v in pairs if v is not None}

    def finding(values: list[Any]) -> Record:
        found = record(values, "findings")
        return {**found, "metrics": record(found["metrics"], "figures") if "metrics" in found else None}

    def cell(kept: Record) -> Record:
        out = _with_findings(kept, finding)
        if out.get("certificate"):
            rows = [record(row, "rows") for row in out["certificate"]["rows"]]
            out["certificate"] = {**out["certificate"], "rows": rows}
        if "timings" in out:
            out["timings"] = {k: v / 1e6 for k, v in record(out["timings"], "timings").items()}
        return out

    cases = {}
    for case, detail in compact["cases"].items():
        cells: dict[str, Record] = {}
        for number, kept in detail["cells"].items():
            base = cells[str(kept["same"])] if "same" in kept else {}
            cells[number] = {**base, **cell({k: v for k, v in kept.items() if k != "same"})}
        cases[case] = {**detail, "cells": cells}
    return cases
