"""Losses in words and rows of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from parity.results import Record
from parity.story.loss import decisions, elsewhere, largest_part, worst
from parity.story.words import cut

MESSAGE = 200
"""Letters of a verdict's message that a line shows."""

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
    """A line of a case's table; of several outputs the one that lost most, and the one whose argmax changes most.

    Args:
        loss: the record.
        cell: of the same case and target, where an engine ran.
    """
    target = loss["target"].partition(":")[0].removesuffix("@cpu")
    verdict = cell["verdict"] if cell else ""
    start = [loss["precision"], target]
    if "outputs" not in loss:
        return [*start, *[""] * 6, verdict or loss["message"]]
    most, decided = worst(loss), decisions(loss)
    where = f" ({decided['tensor']})" if decided and decided is not most else ""
    other = elsewhere(loss)
    size = loss["bytes"]
    return [
        *start,
        f"{size['before']:,} → {size['after']:,}",
        figure(most["rel_l2"]),
        decibel(most["snr_db"]),
        decibel(most["psnr_db"]),
        f"{decided['argmax_changed']} of {decided['argmax_of']}{where}" if decided else "",
        largest_part(most),
        ", ".join(filter(None, (verdict, other and f"computed in {other}"))),
    ]


def used(rows: Sequence[Sequence[str]]) -> list[int]:
    """Columns that have anything in them."""
    return [i for i in range(len(ROW)) if any(r[i] for r in rows)]


def figure(x: float | str) -> str:
    """Three digits."""
    return f"{float(x):.3g}"


def decibel(x: float | str | None) -> str:
    """One digit behind the point."""
    return "" if x is None else f"{float(x):.1f} dB"


def advice_lines(sensitivities: Sequence[Record]) -> Iterator[str]:
    """A line for each network and precision: what to keep in float32."""
    for record in sorted(sensitivities, key=lambda r: (r["case"], r["precision"])):
        yield f"{record['case']}, {record['precision']}: {record['advice']['text']}"


def failure_lines(cells: Iterable[Record]) -> Iterator[str]:
    """A line for each verdict that fails."""
    for cell in sorted((c for c in cells if not c["ok"]), key=lambda c: (c["case"], c["target"])):
        why = cut(str(cell.get("message") or ""), MESSAGE)
        yield f"{cell['case']} on {cell['target']}: {cell['verdict']}" + (f", {why}" if why else "")
