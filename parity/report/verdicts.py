"""``verdicts.csv``: a row for each cell, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from parity.report.data import natural, whole
from parity.report.failures import kind
from parity.report.overview import largest_ratio
from parity.results import Record, Results
from parity.story.causes import first_value
from parity.story.reading import worst_of
from parity.story.words import clean, parts

FILE = "verdicts.csv"
COLUMNS = (
    *("environment", "case", "target", "engine", "device", "precision", "verdict", "kind", "ok", "error_over_bound"),
    *("max_abs", "worst_layer", "cause", "message", "seconds", "versions"),
)
FORMULA = re.compile(r"^\s*[=+\-@\t\r]")
"""How a text begins that a spreadsheet computes (OWASP, CSV Injection)."""


def verdicts(results: Results) -> str:
    """The table, with lines that end as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for key in sorted(results.cells, key=lambda k: (natural(k[1]), k[2], k[0])):
        writer.writerow(map(field, _row(results, results.cells[key])))
    return out.getvalue()


def field(value: Any) -> str:
    """A field: numbers as they are, true and false, nothing as nothing; a text is one line that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    text = whole(clean(" ".join(str(value).splitlines())))
    return f"'{text}" if FORMULA.match(text) else text


def _row(results: Results, cell: Record) -> list[Any]:
    engine, device, precision = parts(cell["target"])
    findings = [f for f in (*(cell.get("layers") or ()), *(cell.get("final") or ())) if f.get("metrics")]
    worst = worst_of(findings)
    largest = max((float(f["metrics"]["max_abs"]) for f in findings if f["metrics"].get("max_abs") is not None),
                  default=None)  # fmt: skip
    causes = [c for d in cell.get("diagnosis") or () for c in d["causes"][:1]]
    facts = cell.get("facts") or results.targets.get((cell["environment"], cell["target"]), {}).get("facts") or {}
    return [
        *(cell["environment"], cell["case"], cell["target"], engine, device, precision, cell["verdict"], kind(cell)),
        *(cell["ok"], largest_ratio(cell), largest, worst and (" ".join(worst["nodes"]) or worst["tensor"])),
        "; ".join(f"{c['kind']} {c['node']}: {first_value(c)}" for c in causes),
        *(cell.get("message", ""), cell.get("seconds")),
        "; ".join(f"{name} {version}" for name, version in (facts.get("versions") or {}).items()),
    ]
