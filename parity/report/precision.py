"""The precision page's data: a small index of all cases, and by case what its layers lose, in pieces."""

from __future__ import annotations

from typing import Any

from parity.report.data import PIECE, filled, natural, rounded, text
from parity.results import Record, Results
from parity.story.loss import (
    about_loss,
    about_losses,
    broken,
    decisions,
    largest_part,
    order,
    precision_of,
    worst,
)
from parity.story.words import parts, precise, some

NOT_KEPT = frozenset({"kind", "case", "network"})
IMAGES = ("reference", "actual", "difference")


def precision(results: Results) -> dict[str, Any]:
    """What the page says and draws of precisions; empty where none was looked at.

    Returns:
        said: sentences over all cases.
        index: cases with a row for each target and environment, and the precisions in the order they are told.
        pieces: case id → its losses and sensitivities, whole, and the images that the losses show by their places.
    """
    losses, ranks = results.measured["loss"], results.measured["sensitivity"]
    if not losses and not ranks:
        return {}
    by_case: dict[str, dict[str, list[Record]]] = {}
    for what, found in (("losses", losses), ("sensitivity", ranks)):
        for key in sorted(found, key=lambda k: tuple(map(str, k))):
            entry = by_case.setdefault(found[key]["case"], {"losses": [], "sensitivity": []})
            entry[what].append(found[key])
    pieces: list[dict[str, Any]] = [{}]
    cases, size = [], 0
    for name in sorted(by_case, key=natural):
        if size > PIECE:
            pieces.append({})
            size = 0
        entry = by_case[name]
        entry["losses"].sort(key=_place)
        entry["sensitivity"].sort(key=lambda r: order(r.get("precision", "")))
        known = results.cases.get(name, {}).get("network")
        images: dict[str, int] = {}
        detail = {
            "losses": [_detail(r, images) for r in entry["losses"]],
            "sensitivity": [rounded({k: v for k, v in r.items() if k not in NOT_KEPT}) for r in entry["sensitivity"]],
        }
        pieces[-1][name] = detail | {"images": list(images)}
        size += len(text(pieces[-1][name]))
        rows = [_row(r, results, known) for r in entry["losses"]]
        cases.append({"id": name, "piece": len(pieces) - 1, "rows": rows})
        cases[-1]["said"] = [*about_losses(entry["losses"]), *_fails(cases[-1:])]
    precisions = sorted(
        {precision_of(r) for r in losses.values()} | {r.get("precision", "") for r in ranks.values()}, key=order
    )
    several = len({r.get("environment") for r in losses.values()}) > 1
    index = {"cases": cases, "precisions": [[p, precise(p)] for p in precisions], "several": several}
    ordered = [r for name in sorted(by_case, key=natural) for r in by_case[name]["losses"]]
    return {"said": [*about_losses(ordered), *_fails(cases)], "index": index, "pieces": pieces}


def _place(record: Record) -> tuple[Any, ...]:
    engine, device, name = parts(record["target"])
    return order(precision_of(record) or name), engine, device, record.get("environment", "")


def _detail(record: Record, images: dict[str, int]) -> Record:
    kept: Record = rounded({k: v for k, v in record.items() if k not in NOT_KEPT})
    kept["pictures"] = [_picture(p, images) for p in record.get("pictures") or ()]
    return kept | {"story": about_loss(record)}


def _picture(picture: Record, images: dict[str, int]) -> Record:
    """With places in place of images: the reference is the same for all targets."""
    found = {k: images.setdefault(str(picture[k]), len(images)) for k in IMAGES if picture.get(k)}
    return {k: rounded(v) for k, v in picture.items() if k not in IMAGES} | found


def _row(record: Record, results: Results, network: str | None) -> Record:
    """What the tables over cases and targets show."""
    engine, device, _ = parts(record["target"])
    output, decided, found = worst(record), decisions(record), record.get("bytes") or {}
    cell = results.cells.get((record.get("environment", ""), record["case"], record["target"]), {})
    row = {
        "target": record["target"],
        "environment": record.get("environment", ""),
        "engine": engine if device == "cpu" else f"{engine}@{device}",
        "precision": precision_of(record),
        "bytes": [found.get("before"), found.get("after")],
        **{k: output.get(k) for k in ("tensor", "rel_l2", "snr_db", "psnr_db", "max_abs")},
        "argmax": [decided.get("argmax_changed"), decided.get("argmax_of")],
        "decided": decided.get("tensor") if decided is not output else None,
        "nonfinite": broken(record),
        "part": largest_part(output),
        "parts": output.get("parts") or {},
        "outputs": len(record.get("outputs") or ()),
        "computed": record.get("computed") or {},
        "verdict": cell.get("verdict"),
        "ok": bool(cell.get("ok", True)),
        "message": record.get("message", ""),
        "other": _other(record, network),
    }
    kept: Record = rounded(filled(row))
    return kept


def _fails(cases: list[dict[str, Any]]) -> list[str]:
    """A sentence on the verdicts of what was measured, where some fail."""
    bad = [f"{c['id']} on {r['target']} ({r['verdict']})" for c in cases for r in c["rows"] if not r.get("ok")]
    return [f"The verdict fails for {some(bad, most=3)}."] if bad else []


def _other(record: Record, network: str | None) -> bool:
    """Whether the verdicts of the case are of another network than what was measured."""
    return bool(network and record.get("network") and record["network"] != network)
