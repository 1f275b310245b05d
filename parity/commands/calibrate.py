"""``parity calibrate``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from parity import records, results
from parity.calibrate.hold import loose
from parity.calibrate.measure import measure, rules
from parity.calibrate.page import page
from parity.calibrate.record import record
from parity.calibrate.variants import Variant, variants
from parity.commands.progress import Bar
from parity.commands.run import finished
from parity.commands.select import chosen_targets, load_all, matching
from parity.errors import BadInput, near
from parity.judge.regimes import REGIMES, WEIGHT_REGIMES
from parity.results import Record
from parity.session import Session
from parity.workers.pool import Pool
from parity.written import write_text

WORK = Path("reports/calibration")
PAGE = Path("docs/calibration.md")


def calibrate(
    files: Sequence[Path] | None,
    expression: str | None,
    seeds: int,
    regimes: str | None,
    weights: str | None,
    targets: str | None,
    jobs: int | None,
    out: Path | None,
    resume: bool,
    seconds: float | None = None,
) -> int:
    """Measure, write the record, say what is beyond a bound; the exit status.

    Raises:
        BadInput: a case is wrong, a name is unknown, or the rules have changed since what is to be gone on with.
    """
    console = Console()
    cases, bad = load_all(files)
    if bad:
        raise bad[0]
    chosen = chosen_targets(targets)
    inputs, kernels = _names(regimes, tuple(REGIMES), "--regimes"), _names(weights, WEIGHT_REGIMES, "--weights")
    plan = list(variants(matching(cases, expression), seeds, inputs, kernels))
    done = _done(plan) if resume else set()
    total = sum((v.id, str(t)) not in done for v in plan for t in chosen if v.runs_on(t))
    with Session(Pool(), jobs or os.cpu_count() or 1, (), scripts=False) as session, Bar(console, total) as progress:

        def on_cell(cell: Record) -> None:
            progress.step(f"{cell['target']:>22}")
            if not cell["ok"]:
                text = f"{cell['verdict']}: {cell['case']} on {cell['target']}: {cell['message']}"
                progress.console.print(Text(text, style="red"))

        found = measure(plan, chosen, WORK, session, resume=resume, done=done, on_cell=on_cell, seconds=seconds)
        progress.done()
    parameters = {
        "cases": [f.as_posix() for f in files or ()] or "all",
        "seeds": seeds,
        "regimes": list(inputs),
        "weights": list(kernels),
        "targets": [str(t) for t in chosen],
    } | ({"k": expression} if expression else {})
    made = record(found, plan, parameters)
    file = out or WORK / "calibration.json"
    return _tell(made, write_text(file, records.dump(made), "the record"))


def _names(text: str | None, known: Sequence[str], option: str) -> tuple[str, ...]:
    found = [n.strip() for n in text.split(",") if n.strip()] if text else list(known)
    for name in found:
        if name not in known:
            raise BadInput(f"{option}: found {name!r}{near(name, known)}, accepted are {', '.join(known)}")
    return tuple(k for k in known if k in found)


def _done(plan: Sequence[Variant]) -> set[tuple[str, str]]:
    if not (WORK / results.FILE).exists():
        return set()
    old = results.read(WORK)
    run = old.runs.get(results.environment(), {})
    if run.get("rules") != rules():
        text = "the rules of the layers or the judge have changed since these cells ran; begin anew, without --resume"
        raise BadInput(text, file=str(WORK / results.FILE))
    return finished(old, plan, ())


def _tell(made: dict[str, Any], file: Path) -> int:
    figures = [float(line["ratio"]) for line in made["layers"]]
    if not figures:
        print("nothing was compared", file=sys.stderr)
        return 1
    count, elements = made["cells"], sum(line["elements"] for line in made["layers"])
    print(f"{count:,} cells, {elements:,} elements; largest error ÷ bound {max(figures):.3g}")
    for excess in made["excesses"]:
        where = "{case}, inputs {regime}, weights {weights}, seed {seed}".format_map(excess)
        ratio = "" if excess["ratio"] is None else f"{excess['ratio']} times the bound"
        text = f"beyond: {excess['layer']} on {excess['target']} ({where}): {ratio}"
        print(text + (f", known: {excess['reason']}" if excess["reason"] else f" {excess['message']}"))
    for left in made["left_out"]:
        print(f"not run: {left['case']} on {left['target']}: {left['verdict']}: {left['reason']}")
    for layer, figure in loose(made).items():
        print(f"loose: {layer}: largest error ÷ bound {figure:.3g}")
    print(f"record: {file}")
    return 1 if any(e["reason"] is None for e in made["excesses"]) else 0


def write_page() -> Path:
    """The page about the record that the package has."""
    others = {name: records.load(name) for name in records.names("calibration-")}
    return write_text(PAGE, page(records.load("calibration"), others), "the page")
