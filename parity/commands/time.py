"""``parity time``."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity import results
from parity.case.case import Case
from parity.commands.progress import Bar, wide
from parity.commands.select import DEFAULT, chosen_targets, load_all, matching
from parity.errors import BadInput, listed, shown
from parity.judge.verdict import FAILED
from parity.measure.batch import with_batch
from parity.measure.machine import alone, choose_cores
from parity.measure.rounds import Measurement, Plan
from parity.measure.timing import Judged, time_network
from parity.prepare import network_hash, prepare
from parity.results import Record
from parity.session import Session
from parity.story.times import busy
from parity.targets import Target
from parity.workers.pool import Pool

FOLDERS = ("networks", "seeds", "models")
"""Of the cases folder, those that are timed where no file is named: a layer by itself is nobody's program."""
SLOW = "onnx-reference"
"""Not timed unless it is named: it defines what ONNX means, and says itself that it is not made to be fast."""


def time_cases(
    files: Sequence[Path] | None,
    expression: str | None,
    targets: str | None,
    baseline: str | None,
    interval: float,
    rounds: int,
    seconds: float,
    batches: str | None,
    threads: str,
    out: Path,
) -> int:
    """Judge, time, print and append records; the exit status."""
    console, errors = Console(), Console(stderr=True)
    sizes = numbers("--batch", batches) if batches else [None]
    plans = [
        Plan(interval, rounds, seconds, n, None if cores is None else tuple(cores))
        for n in numbers("--threads", threads)
        for cores in [choose_cores(n)]
    ]
    chosen = chosen_targets(targets) if targets else tuple(t for t in chosen_targets(None) if t.engine != SLOW)
    base = chosen_baseline(baseline, chosen)
    cases, bad = load_all(files or [f for name in FOLDERS if (f := DEFAULT / name).is_dir()] or None)

    def complain(error: BadInput) -> None:
        errors.print(Text(f"bad input: {error}", style="red"), soft_wrap=True)

    for error in bad:
        complain(error)
    wanted = matching(cases, expression) if cases else []
    work = []
    for case, size in itertools.product(wanted, sizes):
        try:
            work.append((case, case if size is None else with_batch(case, size)))
        except BadInput as error:  # the others can be timed all the same
            bad.append(error)
            complain(error)
    if not work:
        return 2
    wanted = list({case.id: case for case, _ in work}.values())
    timed = False
    with alone(), results.Writer(out, resume=True) as writer, tempfile.TemporaryDirectory(prefix="parity-") as folder:
        writer.add(results.run_record())
        judged = judge_all(wanted, tuple(dict.fromkeys((base, *chosen))), writer, console, bad)
        work = [w for w in work if judged.get(w[0].id)]
        total = len(work) * len(plans)
        console.print(
            f"judged; {total} timings of about {seconds:g} s each at most, {total * seconds / 60:.0f} min in all"
        )
        with Bar(console, total) as progress:
            for case, sized in work:
                try:
                    prepared = prepare(sized, Path(folder))
                except BadInput as error:  # hours of other timings may have gone before
                    bad.append(error)
                    complain(error)
                    continue
                for plan in plans:

                    def on_round(measurement: Measurement, number: int, case: Case = case) -> None:
                        progress.say(f"{case.id}: round {number}, {open_intervals(measurement)}")

                    found = time_network(prepared, judged[case.id], base, plan, network_hash(case), on_round)
                    for record in found:
                        writer.add(record)
                    timed = timed or any("steady" in r for r in found)
                    progress.step(case.id)
                    wide(progress.console).print(table(found))
                prepared.close()
            progress.done()
    if not timed:
        print("nothing was timed", file=sys.stderr)
    return 2 if bad else 0 if timed else 1


def numbers(option: str, text: str) -> list[int]:
    """The numbers of ``1,8,32``.

    Raises:
        BadInput: one is no whole number above 0.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise BadInput(
            f"{option}: found {shown(text)}, accepted: whole numbers above 0 with commas, for example 1,8,32"
        )
    return list(dict.fromkeys(map(int, parts)))


def chosen_baseline(text: str | None, chosen: Sequence[Target]) -> Target:
    """What the others are compared with: as asked, else Chainer on a CPU if it is among them, else the first.

    Raises:
        BadInput: there is no such target.
    """
    if text:
        return Target.parse(text)
    return next((t for t in chosen if t == Target("chainer")), chosen[0])


def judge_all(
    cases: Sequence[Case], targets: Sequence[Target], writer: results.Writer, console: Console, bad: list[BadInput]
) -> dict[str, dict[Target, Judged]]:
    """Case id → target → verdict, as ``parity run`` finds it and records it; the workers are gone afterwards."""
    names = {str(t): t for t in targets}
    found: dict[str, dict[Target, Judged]] = {c.id: {} for c in cases}
    total = sum(c.runs_on(t) for c in cases for t in targets)
    with Session(Pool(), os.cpu_count() or 1) as session, Bar(console, total) as progress:

        def on_cell(record: Record) -> None:
            progress.step(f"judging, {record['target']}")
            found[record["case"]][names[record["target"]]] = Judged(record["verdict"], record["message"])

        def on_bad(case: Case, error: BadInput) -> None:
            bad.append(error)
            progress.console.print(Text(f"bad input: {error}", style="red"), soft_wrap=True)

        session.run(cases, targets, writer, on_cell=on_cell, on_bad=on_bad)
        progress.done()
    order = {t: i for i, t in enumerate(targets)}
    return {c: dict(sorted(cells.items(), key=lambda item: order[item[0]])) for c, cells in found.items()}


def open_intervals(measurement: Measurement) -> str:
    """How wide the intervals are of those that are still measured."""
    widths = []
    for target in measurement.targets:
        found = measurement.estimate(target)
        if found and target != measurement.baseline and not measurement.is_through(target):
            widths.append(f"{target.engine} ±{100 * found.half_width:.2g} %" if found.high else f"{target.engine} …")
    return ", ".join(widths) or "done"


def table(records: Sequence[Record]) -> Table:
    """One network on all its targets."""
    one = records[0]
    batch = "" if one["batch"] is None else f", batch {one['batch']}"
    cores = next((r["cores"] for r in records if r.get("cores")), None)
    where = f"{one['threads']} thread{'s' * (one['threads'] > 1)}" + (
        f" on core {listed(map(str, cores))}" if cores else ""
    )
    crowd = f"; others kept {one['others']:.1f} cores busy, so take it with care" if busy(one, os.cpu_count()) else ""
    made = Table(title=f"{one['case']}{batch}, {where}{crowd}", title_justify="left", header_style="bold")
    for name in (
        "target",
        "first call",
        "median",
        "quartiles",
        "÷ baseline",
        "interval",
        "says",
        "operations/s",
        "peak",
    ):
        made.add_column(name, justify="left" if name in ("target", "says") else "right", no_wrap=name == "target")
    for record in records:
        made.add_row(*row(record), style=None if record["verdict"] not in FAILED else "red")
    return made


def row(record: Record) -> list[str]:
    """What the table says of one target."""
    if "steady" not in record:
        return [record["target"], "", "", "", "", "", f"{record['verdict']}: {record.get('message', '')}", "", ""]
    first, steady, ratio, memory = (record[k] for k in ("first", "steady", "ratio", "memory"))
    held = memory["device" if Target.parse(record["target"]).device == "gpu" else "peak"]
    share = f" ({100 * record['rate'] / record['machine_rate']:.0f} %)" if record["machine_rate"] else ""
    return [
        record["target"],
        f"{duration(first['build'])} + {duration(first['call'])}",
        duration(steady["median"]),
        f"{duration(steady['q1'])} … {duration(steady['q3'])}",
        f"{ratio['value']:.3f}" if ratio else "",
        f"{ratio['low']:.3f} … {ratio['high']:.3f}" if ratio and ratio["low"] and ratio["says"] != "baseline" else "",
        words(record),
        f"{record['rate'] / 1e9:.2f} G{share}",
        f"{held / 2**20:.0f} MiB" if held else "",
    ]


def words(record: Record) -> str:
    """What may be said."""
    ratio = record["ratio"]
    said = ratio["says"] if ratio else "no baseline"
    if ratio and not ratio["reached"] and said != "baseline":
        said += f", not yet ±{100 * ratio['asked']:g} %"
    if record["verdict"] in FAILED:
        said += f"; but its verdict is {record['verdict']}"
    return said


def duration(seconds: float) -> str:
    """In a unit that suits it, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.9995 * size:  # what rounds to 1000 of the next is one of this
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
