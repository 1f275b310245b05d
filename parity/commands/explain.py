"""``parity explain``: what a verdict means, in plain words."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from parity import merge
from parity.case_record import case_record
from parity.commands.select import one_case
from parity.errors import BadInput, listed, near
from parity.judge.verdict import NEUTRAL
from parity.prepare import prepare
from parity.results import Record
from parity.session import Session
from parity.story import AGAIN, Section, story
from parity.targets import Target
from parity.workers.pool import Pool

WIDEST = 110
"""Letters of a line."""


def explain(case: str, target: str, source: Path | None) -> int:
    """Print the story of one case on one target.

    Args:
        case: id of a case, or its file if that holds one.
        target: its name.
        source: folder of results to read; None to run it.

    Returns:
        The exit status, as of ``parity run``: 1 for a failed verdict, and where nothing was compared.

    Raises:
        BadInput: an unknown case or target, or results without the two.
    """
    found = from_run(case, target) if source is None else from_results(case, target, source)
    show(story(*found), found[1])
    return status(found[1])


def from_run(case: str, target: str) -> tuple[Record, Record]:
    """Records of a case that is run now."""
    chosen, where = one_case(case), Target.parse(target)
    with tempfile.TemporaryDirectory(prefix="parity-") as folder, Session(Pool(), jobs=1, scripts=False) as session:
        try:
            prepared = prepare(chosen, Path(folder))
        except BadInput as error:
            raise error.within(file=str(chosen.file)) from None
        return case_record(prepared), session.cell(prepared, where)


def from_results(case: str, target: str, folder: Path) -> tuple[Record, Record]:
    """Records of a run that was; of several environments, the last one's."""
    found, where = merge.read([folder]), str(Target.parse(target))
    names = {c for _, c, _ in found.cells}
    fitting = [case] if case in names else [n for n in sorted(names) if _file(found.cases.get(n, {}), n, case)]
    if len(fitting) != 1:
        known = f"{near(case, names)}; there are {listed(sorted(names), 8)}"
        some = f"; name one of {listed(fitting, 8)}" if fitting else known
        raise BadInput(f"{case!r} means {len(fitting)} cases here{some}", file=str(folder))
    cells = [c for (_, name, t), c in found.cells.items() if (name, t) == (fitting[0], where)]
    if not cells:
        ran = sorted({t for _, name, t in found.cells if name == fitting[0]})
        raise BadInput(f"{fitting[0]} did not run on {where}; it ran on {listed(ran)}", file=str(folder))
    return found.cases.get(fitting[0], {}), cells[-1]


def _file(record: Record, name: str, asked: str) -> bool:
    """Whether a case is meant by its id without the part in brackets, or by its file."""
    return asked in (name.partition("[")[0], record.get("file"))


def status(cell: Record) -> int:
    """As of ``parity run`` on this cell alone."""
    return 0 if cell["ok"] and cell["verdict"] not in NEUTRAL else 1


def show(sections: list[Section], cell: Record, console: Console | None = None) -> None:
    """Print sections, each under its title."""
    out = console or Console(highlight=False)
    width = min(out.width, WIDEST)
    tone = "red" if not cell["ok"] else "yellow" if "expected" in cell or cell["verdict"] in NEUTRAL else "green"
    for section in sections:
        if section.title:
            out.print()
            out.print(Text(section.title, style="bold"))
        for number, paragraph in enumerate(section.paragraphs):
            if section.title == AGAIN:
                out.print(Text(f"  {paragraph}"), soft_wrap=True)  # a command is copied whole
                continue
            style = f"bold {tone}" if not section.title and not number else ""
            indent = "  " if section.title else ""
            for line in Text(paragraph, style=style).wrap(out, width - len(indent)):
                line.rstrip()
                out.print(Text(indent) + line)
