"""The table of losses in the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parity.errors import BadInput
from parity.measure.precision.show import ROW, row, used
from parity.results import Record

BEGIN, END = "<!-- losses: parity precision --page writes what stands here -->", "<!-- end of losses -->"


def tables(losses: Sequence[Record], cells: Mapping[tuple[str, str], Record]) -> str:
    """A table for each case, Markdown; targets with the same figures share a line.

    Args:
        losses: records.
        cells: (case, target) → record.
    """
    cases: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for loss in sorted(losses, key=lambda r: (r["case"], r["precision"], r["target"])):
        precision, target, *rest = row(loss, cells.get((loss["case"], loss["target"])))
        cases.setdefault(loss["case"], {}).setdefault((precision, *rest), []).append(target)
    out = []
    for case, rows in cases.items():
        lines = [[key[0], ", ".join(targets), *key[1:]] for key, targets in rows.items()]
        columns = used(lines)
        head = [[name for name, _ in ROW], ["--:" if justify == "right" else "---" for _, justify in ROW]]
        out += [f"`{case}`", "", *(_line([cells[i] for i in columns]) for cells in (*head, *lines)), ""]
    return "\n".join(out)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(c.replace('|', ' ') for c in cells)} |"


def put(text: str, new: str, file: str) -> str:
    """A page with other tables.

    Raises:
        BadInput: the page does not say where they go.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadInput(f"found no place for the tables, expected a line {BEGIN} and a line {END}", file=file)
    return f"{before}{begin}\n\n{new}\n{end}{after}"
