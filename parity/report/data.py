"""The data of the page: a small index for the matrix, and details in compressed pieces that are opened on demand."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from parity.judge.verdict import ORDER
from parity.report.budget import NOT_SHOWN, affordable, errors_of, scripts
from parity.report.overview import largest_ratio
from parity.results import Record, Results
from parity.story import COPY, Section, about_case, about_cell, weak
from parity.story.loss import about_losses
from parity.story.times import told_first

PIECE = 1 << 18
"""Characters of JSON a piece holds before it is closed; large ones compress better, small ones open faster."""
MESSAGE = 240
"""Characters of a message that the index keeps, for the search and the tip over a cell; the details have it whole."""
DIGITS = 4
"""Significant digits of figures; results.jsonl has them all."""
EXACT = {"cosine": 17, "worst_actual": 9, "worst_reference": 9}
"""Figures whose last digits are the point; 9 tell every float32 apart."""
TOLD = ("diagnosis", "committed", "loosened", "blame", "weak", "shares")
"""Keys of a cell that its story tells in words, so that the page needs nothing else of them."""
NOT_KEPT = frozenset({"kind", "case", "target", "environment", "network", "hash", "customary", "script", *TOLD})
PER_LAYER = ("count", "bound_ratio", "max_abs", "rel_l2", "ulp_max", "worst", "worst_actual", "worst_reference")
"""Figures a layer shows; the outputs of the network show all."""


@dataclass(frozen=True)
class Data:
    """What the page embeds.

    Args:
        index: columns, cases, and for each cell ``[verdict, error ÷ bound, ok, excuse, message]``, the excuse 1 for a
            failure that is expected and 2 for a loosened bound; a case that would not notice much is ``weak``, one with
            losses or times is ``measured``; what environments found differently stands in ``changed``.
        pieces: case id → its record and the records of its cells by column; a case stands in one piece.
    """

    index: dict[str, Any]
    pieces: tuple[dict[str, Any], ...]


def collect(results: Results, changed: Mapping[str, Sequence[tuple[str, str]]] | None = None) -> Data:
    """Cut results into index and pieces.

    Args:
        changed: case id → what environments found differently: :func:`parity.changes.environments.changed`.
    """
    columns, rules = _columns(results), _rules(results)
    measured = _measured(results)
    place = {key: i for i, key in enumerate(columns)}
    rows: dict[str, dict[int, Record]] = {case: {} for case in results.cases}
    for (environment, case, target), cell in results.cells.items():
        row = rows.setdefault(case, {})
        if (target, environment) in place:
            row[place[target, environment]] = cell
    pieces: list[dict[str, Any]] = [{}]
    cases, size = [], 0
    named = sorted(rows, key=natural)
    shown = affordable(rows, natural) | scripts(rows[case][i] for case in named for i in sorted(rows[case]))
    for case in named:
        record, row = results.cases.get(case, {}), rows[case]
        if size > PIECE:
            pieces.append({})
            size = 0
        detail = {
            "case": rounded({k: v for k, v in record.items() if k not in ("kind", "case", "spots", "loosen")})
            | {"story": _story(about_case(record, _knowing(row)))},
            "cells": {str(i): _detail(row[i], record, results, rules, shown) for i in sorted(row)},
        }
        if case in measured:
            detail["measured"] = measured[case]
        pieces[-1][case] = detail
        size += len(text(detail))
        kinds = sorted({layer["layer"] for layer in record.get("layers", ())})
        cells = [_entry(row[i]) if i in row else None for i in range(len(columns))]
        entry = {"id": case, "layers": kinds, "piece": len(pieces) - 1, "cells": cells}
        marks = {"weak": weak(record, _knowing(row)), "measured": case in measured}
        more = {"changed": list(changed[case])} if changed and case in changed else {}
        cases.append(entry | {k: 1 for k, marked in marks.items() if marked} | more)
    index = {
        "verdicts": ORDER,
        "rules": list(rules),
        "families": _families(results),
        "columns": [{"target": t, "environment": e, "facts": _facts(results, t, e)} for t, e in columns],
        "cases": cases,
    }
    return Data(index, tuple(pieces))


def _columns(results: Results) -> list[tuple[str, str]]:
    """(target, environment) of the matrix: all that were not skipped as a whole, which the table of targets tells."""
    ran = {(target, environment) for (environment, _, target), c in results.cells.items() if c["verdict"] != "skipped"}
    return sorted(ran)


def _families(results: Results) -> dict[str, str]:
    """Layer → its family, of the layers in these results."""
    layers = [layer for record in results.cases.values() for layer in record.get("layers", ())]
    return dict(sorted((layer["layer"], layer["family"]) for layer in layers if layer.get("family")))


def _measured(results: Results) -> dict[str, list[list[str]]]:
    """Case id → views that show what was measured of it, each with a sentence, which may be empty."""
    found: dict[str, list[list[str]]] = {}
    for view, kinds in (("precision", ("loss", "sensitivity")), ("timing", ("timing",))):
        by_case: dict[str, list[Record]] = {}
        for record in (r for kind in kinds for r in results.measured[kind].values()):
            by_case.setdefault(record["case"], []).append(record)
        for case, records in by_case.items():
            of_target = sorted((r for r in records if "target" in r), key=lambda r: json.dumps(r, sort_keys=True))
            said = next(iter(about_losses(of_target)), "") if view == "precision" else told_first(of_target)
            found.setdefault(case, []).append([view, said])
    return found


def _facts(results: Results, target: str, environment: str) -> dict[str, Any]:
    facts: dict[str, Any] = results.targets.get((environment, target), {}).get("facts", {})
    return facts


def _entry(cell: Record) -> list[Any]:
    ratio = largest_ratio(cell)
    message = cell.get("message", "")
    short = message if len(message) <= MESSAGE else message[: MESSAGE - 1] + "…"
    excuse = 1 if "expected" in cell else 2 if cell.get("loosened") else 0
    return [ORDER.index(cell["verdict"]), _figure(ratio, 3), int(cell["ok"]), excuse, short]


def _knowing(row: dict[int, Record]) -> Record | None:
    """A cell that says whether its case is weak."""
    return next((cell for cell in row.values() if "weak" in cell), None)


def _rules(results: Results) -> dict[str, int]:
    """Names of the tolerances that some cell was looked at by → their places."""
    cells = (results.cells[key] for key in sorted(results.cells))
    names = dict.fromkeys(r["rule"] for cell in cells for r in cell.get("customary") or ())
    return {name: i for i, name in enumerate(names)}


def _story(sections: list[Section]) -> list[Any]:
    return [[s.title, list(s.paragraphs)] for s in sections]


def _detail(cell: Record, case: Record, results: Results, rules: dict[str, int], shown: Set[int]) -> Record:
    out = {k: v for k, v in cell.items() if k not in NOT_KEPT}
    if out.get("facts") == _facts(results, cell["target"], cell["environment"]):
        del out["facts"]  # most cells: the column states them once
    if out.get("layers"):
        out["layers"] = [_finding(f, shown, PER_LAYER) for f in out["layers"]]
    if out.get("probe"):
        out["probe"] = {"layers": [_finding(f, shown, PER_LAYER) for f in out["probe"].get("layers", ())]}
    if out.get("final"):
        out["final"] = [_finding(f, shown, f["metrics"] or ()) for f in out["final"]]
    kept: Record = rounded(out)
    if id(cell) in shown:
        kept["script"] = cell["script"]
    kept["story"] = _story([s for s in about_cell(case, cell) if s.title != COPY])  # the certificate's table shows it
    if cell.get("loosened"):
        kept["loosened"] = True
    if cell.get("customary"):
        kept["customary"] = [
            [rules[r["rule"]], r["ok"], r["failing"], r["count"], _figure(r.get("sum"), DIGITS)]
            for r in cell["customary"]
        ]
    return kept


def _finding(finding: dict[str, Any], shown: Set[int], figures: Iterable[str]) -> dict[str, Any]:
    metrics = finding["metrics"]
    return (
        {k: v for k, v in finding.items() if k != "carried" and k not in NOT_SHOWN}
        | {"metrics": metrics and {k: metrics[k] for k in figures if k in metrics}}
        | (errors_of(finding) if id(finding) in shown else {})
    )


def rounded(value: Any, key: str = "") -> Any:
    """With figures of so many digits as the page shows, at any depth."""
    if type(value) in (str, int, bool):  # most there is
        return value
    if isinstance(value, float):
        return _figure(value, EXACT.get(key, DIGITS))
    if isinstance(value, dict):
        return {k: rounded(v, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v, key) for v in value]
    return value


def _figure(value: float | None, digits: int) -> float | int | str | None:
    """To so many significant digits; what JSON has no number for becomes a string, as in results.jsonl."""
    if value is None:
        return None
    short = float(f"{value:.{digits}g}")
    if short - short != 0:  # inf or nan
        return str(short)
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def filled(row: dict[str, Any]) -> dict[str, Any]:
    """Without keys that say nothing; a zero says something."""
    return {k: v for k, v in row.items() if v is not None and v is not False and v not in ("", {})}


def natural(name: str) -> list[Any]:
    """Sorts conv2 before conv10; of numbers the longer is the larger, however long it is."""
    parts = re.split(r"(\d+)", name)
    return [(len(p.lstrip("0")), p.lstrip("0")) if i % 2 else p for i, p in enumerate(parts)]


def text(value: Any) -> str:
    """Strict JSON without blanks."""
    return whole(json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False))


def whole(content: str) -> str:
    """Without halves of letters, which come from file names that are no UTF-8 and which no page can hold."""
    return re.sub("[\ud800-\udfff]", "\ufffd", content)


def packed(content: str) -> str:
    """gzip in base64: letters that mean nothing to an HTML parser. The same for the same content."""
    return base64.b64encode(gzip.compress(content.encode(), 9, mtime=0)).decode("ascii")
