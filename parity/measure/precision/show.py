"""Losses in words and rows of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from parity.results import Record

ROW: tuple[tuple[str, Literal["left", "right"]], ...] = (
    ("precision", "left"),
    ("target", "left"),
    ("bytes of weights", "right"),
    ("relative L2", "right"),
    ("SNR", "right"),
    ("PSNR", "right"),
    ("argmax changed", "right"),
    ("largest part", "left"),
    ("verdict", "left"),
)
"""Columns of a case's table."""


def row(loss: Record, cell: Record | None = None) -> list[str]:
    """A line of a case's table; of several outputs the one that lost most.

    Args:
        loss: the record.
        cell: of the same case and target, where an engine ran.
    """
    target = loss["target"].partition(":")[0].removesuffix("@cpu")
    verdict = cell["verdict"] if cell else ""
    start = [loss["precision"], target]
    if "outputs" not in loss:
        return [*start, *[""] * 6, verdict or loss["message"]]
    worst = most_lost(loss)
    size = loss["bytes"]
    return [
        *start,
        f"{size['before']:,} → {size['after']:,}",
        figure(worst["rel_l2"]),
        decibel(worst["snr_db"]),
        decibel(worst["psnr_db"]),
        "" if worst["argmax_of"] is None else f"{worst['argmax_changed']} of {worst['argmax_of']}",
        largest_part(worst["parts"]),
        ", ".join(filter(None, (verdict, elsewhere(loss["computed"])))),
    ]


def used(rows: Sequence[Sequence[str]]) -> list[int]:
    """Columns that have anything in them."""
    return [i for i in range(len(ROW)) if any(r[i] for r in rows)]


def most_lost(loss: Record) -> dict[str, Any]:
    """The output with the largest relative L2."""
    return max(loss["outputs"], key=lambda o: float(o["rel_l2"]))


def figure(x: float | str) -> str:
    """Three digits."""
    return f"{float(x):.3g}"


def decibel(x: float | str | None) -> str:
    """One digit behind the point."""
    return "" if x is None else f"{float(x):.1f} dB"


def largest_part(parts: dict[str, Any]) -> str:
    """The part that makes most of a loss, empty where nothing is lost."""
    there = {k: float(v) for k, v in parts.items() if v is not None}
    name = max(there, key=lambda k: there[k])
    return name if there[name] > 0 else ""


def elsewhere(computed: dict[str, Any]) -> str:
    """What a network was computed in, where it is not what was asked for."""
    seen = computed["seen"]
    return f"computed in {seen}" if seen not in (None, computed["asked"]) else ""


def advice_lines(sensitivities: Sequence[Record]) -> Iterator[str]:
    """A line for each network and precision: what to keep in float32."""
    for record in sorted(sensitivities, key=lambda r: (r["case"], r["precision"])):
        yield f"{record['case']}, {record['precision']}: {record['advice']['text']}"
