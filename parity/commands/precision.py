"""``parity precision``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity import results
from parity.case.case import Case
from parity.commands.progress import Bar, wide
from parity.commands.select import chosen_targets, load_all, matching
from parity.errors import BadInput
from parity.measure.precision.page import put, tables
from parity.measure.precision.show import ROW, advice_lines, failure_lines, row, used
from parity.measure.precision.take import Taking, chosen_precisions, planned
from parity.results import Record
from parity.session import Session
from parity.story.words import USUAL
from parity.targets import Target, missing
from parity.workers.pool import Pool
from parity.written import write_text

NETWORKS = ("char_lstm", "lenet", "residual", "transformer_encoder")
FILES = (
    *(Path("cases/networks") / f"{name}.yaml" for name in NETWORKS),
    *(Path("cases/seeds") / f"dcgan_{name}.yaml" for name in ("generator", "70mb")),
)
"""By default one network of each kind, for an answer within a minute or two."""
SLOW = "onnx-reference"
"""An evaluator for checking, left out by default: its loops took a seventh of the CPU time."""
DEFAULT = ("float16", "storage_float16")
"""What a download is halved by, computed in it or not; both halve it, and every engine that is here has them."""
NONE = "none"
"""In place of targets: emulation alone."""


def measure(
    files: Sequence[Path] | None,
    expression: str | None,
    targets: str | None,
    precisions: str | None,
    jobs: int | None,
    out: Path,
    page: Path | None = None,
) -> int:
    """Measure losses, print the table and the advice; the exit status, 1 if a verdict fails, as of ``parity run``.

    Args:
        targets: engines and devices, without precisions, which are the next argument's. "none" for the emulation alone.
        precisions: names, with commas.
        page: a Markdown page whose tables are to become those of this run; read first, since a run takes minutes.

    Raises:
        BadInput: a target has a precision, or the page has no place for tables.
    """
    console = Console()
    text = read_page(page) if page else ""
    chosen = chosen_precisions(precisions, DEFAULT)
    engines = () if targets == NONE else here(chosen_targets(targets))
    if not files and not targets:
        engines = tuple(t for t in engines if t.engine != SLOW)
    cases, bad = load_all(files or FILES)
    for error in bad:
        print(f"bad input: {error}", file=sys.stderr)
    wanted = matching(cases, expression) if cases else []
    if not wanted:
        return 2
    known = results.read(out).cases if (out / results.FILE).exists() else {}
    cores = jobs or os.cpu_count() or 1
    found: list[Record] = []
    bar = Bar(console, sum(map(len, planned(wanted, engines).values())))
    with results.Writer(out, resume=True) as writer, Session(Pool(), cores) as session, bar:
        writer.add(results.run_record())

        def write(record: Record) -> None:
            writer.add(record)
            found.append(record)

        def on_bad(case: Case, error: BadInput) -> None:
            bad.append(error)
            print(f"bad input: {error}", file=sys.stderr)

        taking = Taking(session, chosen, cores, write, on_bad, lambda t, _: bar.step(f"{t!s:>22}"), known)
        try:
            taking.run(wanted, engines)
            bar.done()
        finally:  # what is finished is worth showing, whatever came in between
            bar.stop()
            show(found, console)
    if page:
        write_page(page, text, found)
        print(f"written: {page}")
    if bad:
        return 2
    return 1 if any(r["kind"] == "cell" and not r["ok"] for r in found) else 0


def read_page(page: Path) -> str:
    """The page, which has a place for tables and can be written.

    Raises:
        BadInput: there is no such page, or no place in it.
    """
    try:
        with page.open("r+", encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the page cannot be written or read: {error}", file=str(page)) from None
    put(text, "", str(page))
    return text


def write_page(page: Path, text: str, found: Sequence[Record]) -> None:
    """Put the tables of a run into a page.

    Args:
        text: of the page.

    Raises:
        BadInput: it cannot be written.
    """
    cells = {(r["case"], r["target"]): r for r in found if r["kind"] == "cell"}
    write_text(page, put(text, tables([r for r in found if r["kind"] == "loss"], cells), str(page)), "the page")


def here(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Engines and devices of targets whose packages are installed; what is left out is said.

    Raises:
        BadInput: a target names a precision, which is a matter of ``--precisions``.
    """
    named = [t for t in targets if t.precision != USUAL]
    if named:
        raise BadInput(
            f"--targets: found {named[0]}; expected engine or engine@device, since precisions are asked for with "
            f"--precisions {','.join(dict.fromkeys(t.precision for t in named))}"
        )
    absent = {t: why for t in targets if (why := missing(t))}
    for target, why in absent.items():
        print(f"{target}: {why}; left out", file=sys.stderr)
    return tuple(t for t in targets if t not in absent)


def show(found: Sequence[Record], console: Console) -> None:
    """A table of losses for each case, what fails, and what to keep in float32."""
    cells = {(r["case"], r["target"]): r for r in found if r["kind"] == "cell"}
    cases: dict[str, list[Record]] = {}
    for record in found:
        if record["kind"] == "loss":
            cases.setdefault(record["case"], []).append(record)
    for case, losses in sorted(cases.items()):
        table = Table(header_style="bold", title=Text(case), title_justify="left")
        losses.sort(key=lambda r: (r["precision"], r["target"]))
        rows = [row(loss, cells.get((case, loss["target"]))) for loss in losses]
        for i in used(rows):
            table.add_column(ROW[i][0], justify=ROW[i][1])
        for cell in rows:
            table.add_row(*(Text(cell[i]) for i in used(rows)))
        wide(console).print(table)
    for line in failure_lines(cells.values()):
        console.print(Text(line, "bold red"), soft_wrap=True)
    for line in advice_lines([r for r in found if r["kind"] == "sensitivity"]):
        console.print(Text(line), soft_wrap=True)
