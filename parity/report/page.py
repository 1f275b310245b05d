"""Writes the page: one HTML file that needs no network and no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from parity.changes.environments import Split, changed, counted, splits
from parity.report.agreement import agreement
from parity.report.compact import compacted
from parity.report.data import collect, packed, text, whole
from parity.report.files import write_summaries
from parity.report.overview import LISTED, overview, target_rows
from parity.report.precision import precision
from parity.report.sections import exam, ledger
from parity.report.timing import timing
from parity.results import Results
from parity.written import write_text

STYLES = ("page", "matrix", "case", "graph", "agreement", "measured", "print")
SCRIPTS = (
    *(
        "dom",
        "data",
        "state",
        "cell",
        "filters",
        "rows",
        "matrix",
        "plot",
        "tables",
        "story",
        "detail",
        "targets",
        "measured",
    ),
    *("network", "graph", "spread", "where", "layer", "network-view", "case", "agreement"),
    *("precision-plots", "precision-layers", "precision", "timing-plots", "timing-tables", "timing", "main"),
)
TOLD = 2
"""Sentences of the precision and the timing view that the start page says."""
LIBRARIES = ("d3.min.js", "plot.umd.min.js", "dagre.min.js")
"""Each is opened by the part of its name before the first dot, when something is drawn that needs it."""


def write(results: Results, out: Path) -> Path:
    """Write ``index.html``, and beside it the summaries of :mod:`parity.report.files`.

    Args:
        results: of one run or many merged; the page depends on nothing else.
        out: folder; made if it is not there.

    Returns:
        Path of the page.

    Raises:
        BadInput: nothing can be written there.
    """
    found = splits(results)
    path = write_text(out / "index.html", render(results, found), "the page")
    write_summaries(results, out, found)
    return path


def render(results: Results, found: Sequence[Split] | None = None) -> str:
    """The page as text.

    Args:
        found: :func:`parity.changes.environments.splits` of the results, where they are known already.

    Its content policy forbids every load, and every script but its own by their SHA-256, so that a name that gets past
    the escaping is inert still.
    """
    found = splits(results) if found is None else found
    data, examined = collect(results, changed(results, found)), exam(results)
    lost, timed, agreed = precision(results), timing(results), agreement(results)
    targets = [column["target"] for column in data.index["columns"]]
    script = _script()
    libraries = [_read("vendor", name) for name in LIBRARIES]
    environment = Environment(loader=PackageLoader("parity.report", "."), autoescape=True, undefined=StrictUndefined)
    environment.filters["ratio"] = lambda r: "" if r is None else f"{r:.2g}"
    environment.filters["in_address"] = lambda name: quote(whole(name))
    rendered = environment.get_template("page.html.jinja").render(
        overview=overview(results),
        changed=counted(found),
        listed=LISTED,
        told=TOLD,
        runs=sorted(results.runs.values(), key=lambda r: r["environment"]),
        targets=target_rows(results),
        ledger=ledger(results),
        exam=examined,
        precision=lost
        and {
            "said": lost["said"],
            "index": packed(text({"said": lost["said"], **lost["index"]})),
            "pieces": [packed(text(piece)) for piece in lost["pieces"]],
        },
        timing=timed and {"said": timed["said"], "index": packed(text({"said": timed["said"], **timed["index"]}))},
        agreement=agreed and {"said": agreed["said"], "index": packed(text(agreed["index"]))},
        exam_rows=packed(text(examined["rows"])) if examined else "",
        several=len({environment for environment, *_ in results.cells}) > 1,
        cells=len(results.cells),
        hashes=" ".join(f"'sha256-{_sha256(s)}'" for s in (script, *libraries)),
        style="\n".join(_read("style", f"{name}.css") for name in STYLES),
        script=script,
        licences=_read("vendor", "LICENSES.txt"),
        index=packed(text(data.index)),
        pieces=[packed(text(compacted(piece, targets))) for piece in data.pieces],
        libraries=[(name.partition(".")[0], packed(source)) for name, source in zip(LIBRARIES, libraries, strict=True)],
    )
    return whole(rendered)


def _script() -> str:
    """The page's own modules, one after the other in a scope of their own."""
    modules = "\n".join(_read("script", f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{modules}\n}})();\n'


def _read(*parts: str) -> str:
    return files("parity.report").joinpath(*parts).read_text(encoding="utf-8")


def _sha256(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
