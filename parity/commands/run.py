"""``parity run``."""

from __future__ import annotations

import math
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity import records, results
from parity.case.case import Case
from parity.commands.progress import Bar
from parity.commands.report import write_report
from parity.commands.select import chosen_targets, load_all, matching
from parity.errors import BadInput, shown
from parity.judge.customary import RULES, Rule, allclose
from parity.prepare import network_hash
from parity.report.failures import KINDS, kind
from parity.results import Record
from parity.session import Session
from parity.story import cause_lines
from parity.workers.pool import Pool

COLOURS = {
    "equal": "green",
    "rounding": "green",
    "known": "yellow",
    "loosened": "yellow",
    "unsupported": "bright_black",
    "skipped": "bright_black",
}


def run_cases(
    files: Sequence[Path] | None,
    expression: str | None,
    targets: str | None,
    jobs: int | None,
    out: Path,
    resume: bool,
    tolerances: str | None = None,
    repeat: int | None = None,
    seconds: float | None = None,
) -> int:
    """Run, print the summary, write the page; the exit status."""
    console, errors = Console(), Console(stderr=True)
    rules = RULES if tolerances is None else (*RULES, chosen_rule(tolerances))
    cases, bad = load_all(files)
    told: set[str] = set()

    def complain(error: BadInput) -> None:
        if str(error) not in told:  # a file that all cases of a sweep read is wrong once
            told.add(str(error))
            errors.print(Text(f"bad input: {error}", style="red"), soft_wrap=True)

    for error in bad:
        complain(error)
    chosen = chosen_targets(targets)
    wanted = matching(cases, expression) if cases else []
    if not wanted:
        return 2
    old = results.Results()
    if resume and (out / results.FILE).exists():
        old = results.read(out)
    done = finished(old, wanted, rules)

    total = sum((c.id, str(t)) not in done for t in chosen for c in wanted if c.runs_on(t))
    with (
        results.Writer(out, resume=resume) as writer,
        Session(Pool(), jobs or os.cpu_count() or 1, rules, repeat) as session,
        Bar(console, total) as progress,
    ):
        writer.add(results.run_record())
        if records.there("exam"):
            writer.add({"kind": "exam", **records.load("exam")})

        def on_cell(record: Record) -> None:
            progress.step(f"{record['target']:>22}")
            if not record["ok"]:
                text = f"{record['verdict']}: {record['case']} on {record['target']}: {record['message']}"
                progress.console.print(Text(text, style="red"))
                for line in cause_lines({}, record):
                    progress.console.print(Text(f"  {line}"))

        def on_bad(case: Case, error: BadInput) -> None:
            bad.append(error)
            complain(error)

        session.run(wanted, chosen, writer, done=done, on_cell=on_cell, on_bad=on_bad, seconds=seconds)
        progress.done()
    found = results.read(out)
    console.print(summary(found))
    for line in remarks(found):
        console.print(Text(line, style="yellow"))
    print(f"report: {write_report(found, out)}")
    if bad:
        return 2
    compared = [c for c in found.cells.values() if c["verdict"] not in ("skipped", "unsupported")]
    if not compared:
        print("nothing was compared: every cell was skipped", file=sys.stderr)
    return 1 if any(not c["ok"] for c in found.cells.values()) or not compared else 0


def chosen_rule(text: str) -> Rule:
    """The rule that ``--allclose RTOL,ATOL`` asks for.

    Raises:
        BadInput: not two numbers, negative ones, or not finite.
    """
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 2 or not all(math.isfinite(x) and x >= 0 for x in numbers):
        raise BadInput(f"--allclose: found {shown(text)}, accepted: RTOL,ATOL, two numbers >= 0, for example 1e-3,1e-5")
    return allclose(*numbers)


def finished(old: results.Results, cases: Sequence[Case], rules: Sequence[Rule]) -> set[tuple[str, str]]:
    """(case, target) of this environment that an earlier run finished, on the same network and by all of the rules."""
    here, known, wanted = results.environment(), {c.id: c for c in cases}, {r.name for r in rules}
    done, networks = set(), dict[str, str]()
    for (environment, case, target), cell in old.cells.items():
        if environment != here or case not in known:
            continue
        if "customary" in cell and not wanted <= {said["rule"] for said in cell["customary"]}:
            continue
        if case not in networks:
            networks[case] = network_hash(known[case])
        if cell.get("network") == networks[case] and cell["verdict"] not in ("skipped", "crashed", "timeout"):
            done.add((case, target))
    return done


def summary(found: results.Results) -> Table:
    """Verdicts by target. Failures that a case expects, and bounds that it loosens, are counted apart."""
    table = Table(header_style="bold")
    kinds = [v for v in KINDS if any(kind(c) == v for c in found.cells.values())]
    table.add_column("target", no_wrap=True)
    for name in kinds:
        table.add_column(name, justify="right", style=COLOURS.get(name, "red"))
    table.add_column("error ÷ bound", justify="right")
    rows: dict[str, Counter] = {}
    ratios: dict[str, float] = {}
    for cell in found.cells.values():
        rows.setdefault(cell["target"], Counter())[kind(cell)] += 1
        for finding in (*cell.get("layers", ()), *cell.get("final", ())):
            ratio = (finding["metrics"] or {}).get("bound_ratio")
            if ratio is not None and kind(cell) not in ("known", "loosened"):
                ratios[cell["target"]] = max(ratios.get(cell["target"], 0.0), float(ratio))
    for target in sorted(rows):
        ratio = ratios.get(target)
        counts = (str(rows[target][v] or "") for v in kinds)
        table.add_row(target, *counts, "" if ratio is None else f"{ratio:.3g}")
    return table


def remarks(found: results.Results) -> Iterator[str]:
    """What the table does not say: verdicts that are provisional, and results that do not repeat, by target."""
    cells = list(found.cells.values())
    for target in sorted({c["target"] for c in cells}):
        own = [c for c in cells if c["target"] == target]
        if count := sum(c.get("calibrated") is False for c in own):
            yield f"{target}: {count} of {len(own)} verdicts are provisional, since bounds were not measured there"
        if count := sum(c.get("repeats", {}).get("distinct", 1) > 1 for c in own):
            yield f"{target}: {count} of {len(own)} results are not the same bit for bit when run again"
