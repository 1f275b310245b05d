"""``parity exam``."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from parity.commands.progress import Bar
from parity.commands.select import chosen_targets, load_all, matching
from parity.errors import BadInput
from parity.exam.page import page
from parity.exam.record import record, share
from parity.exam.sit import Answer, Exam, planned
from parity.records import dump
from parity.results import Record
from parity.session import Session
from parity.workers.pool import Pool
from parity.written import write_text

EVERY = 60.0
"""Seconds after which what was answered so far is written."""
LARGEST = 1_000_000
"""Weights of a case that is asked by default: what is done a thousand times should not take a second each."""


def exam(
    files: Sequence[Path] | None,
    expression: str | None,
    targets: str | None,
    jobs: int | None,
    most: int | None,
    out: Path | None,
    show: Path | None,
) -> int:
    """Sit the exam, print the table, write the record; the exit status.

    Args:
        most: questions a case; all of them without.
        out: file of the record.
        show: file of the page made of it.
    """
    console = Console()
    cases, bad = load_all(files)
    for error in bad:
        print(error, file=sys.stderr)
    wanted = [c for c in matching(cases, expression) if c.graph.parameter_count <= LARGEST] if cases else []
    if bad or not wanted:
        return 2
    chosen = chosen_targets(targets)
    cores = jobs or os.cpu_count() or 1
    answers: list[Answer] = []
    wrong: list[BadInput] = []
    lock = threading.Lock()
    bar = Bar(console, sum(len(plan) for plan in planned(wanted, chosen).values()))
    with Session(Pool(), cores, scripts=False) as session, bar:
        written = time.monotonic()

        def so_far() -> Record:
            facts = {str(t): session.facts(t) for t in chosen}
            parameters = {"cases": len(wanted), "questions_a_case": most, "most_weights": LARGEST}
            made = record(answers, facts, parameters)
            _write(made, out, show)
            return made

        def on_answer(answer: Answer) -> None:
            nonlocal written
            with lock:
                answers.append(answer)
                if time.monotonic() > written + EVERY:  # hours of work are not to be lost, whatever happens
                    so_far()
                    written = time.monotonic()
            if answer.outcome in ("missed", "false alarm"):
                bar.console.print(f"{answer.outcome}: {answer}", style="red", markup=False)

        sitting = Exam(
            session, cores, most, on_answer, lambda _, e: wrong.append(e), lambda target: bar.step(f"{target!s:>22}")
        )
        try:
            sitting.run(wanted, chosen)
        except KeyboardInterrupt:
            print("stopped; what was answered is counted", file=sys.stderr)
        finally:
            made = so_far()
    for error in wrong:
        print(error, file=sys.stderr)
    console.print(table(made))
    for file in filter(None, (out, show)):
        print(f"written: {file}")
    if not made["totals"]["committed"]:
        print("nothing was asked: no target runs here", file=sys.stderr)
        return 1
    failed = made["totals"]["missed"] or made["clean"]["false_alarms"] or made["elsewhere"]
    return 2 if wrong else int(bool(failed))


def _write(made: Record, out: Path | None, show: Path | None) -> None:
    for file, text in ((out, dump(made)), (show, page(json.loads(dump(made))))):
        if file is not None:
            write_text(file, text, "the record")


def table(made: Record) -> Table:
    """A line for each mistake, and the sum."""
    shown = Table(header_style="bold")
    shown.add_column("mistake")
    shown.add_column("from")
    for name in ("committed", "hidden by rounding", "caught", "named", "named at all", "missed"):
        shown.add_column(name, justify="right")
    total = {"mistake": "all", "kind": "", **made["totals"]}
    for row in (*made["rows"], total):
        seen = row["committed"] - row["hidden"]
        figures = (share(row["caught"], seen), share(row["named"], row["caught"]), share(row["among"], row["caught"]))
        counts = (str(row["committed"]), str(row["hidden"]), *figures, str(row["missed"]))
        shown.add_row(row["mistake"], row["kind"], *counts, style="bold" if row is total else "")
    clean = made["clean"]
    shown.caption = f"{clean['false_alarms']} false alarms in {clean['cells']} cells without a mistake"
    return shown
