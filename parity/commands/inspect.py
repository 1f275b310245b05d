"""``parity check``, ``list``, ``targets`` and ``show``."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from parity.case.case import Case
from parity.commands.select import chosen_targets, load_all, matching, one_case
from parity.errors import BadInput
from parity.judge.power import CHANGES, USUAL
from parity.prepare import prepare
from parity.targets import ALL, missing
from parity.workers.pool import TargetUnavailable, Worker, WorkerDied


def check_cases(files: Sequence[Path] | None) -> int:
    """Validate, files that cases read included."""
    cases, bad = load_all(files)
    well = 0
    for case in cases:
        try:
            case.inputs()
            if case.spec.weights and case.spec.weights.file:
                case.weights()
            well += 1
        except BadInput as wrong:
            bad.append(wrong)
    messages = dict.fromkeys(map(str, bad))  # a file that all cases of a sweep read is wrong once
    for message in messages:
        print(message, file=sys.stderr)
    print(f"{well} cases are well" + (f", {len(messages)} errors" if messages else ""))
    return 2 if bad or not cases else 0


def list_cases(files: Sequence[Path] | None, expression: str | None) -> int:
    """One id a line."""
    cases, bad = load_all(files)
    for error in bad:
        print(error, file=sys.stderr)
    for case in matching(cases, expression) if cases else ():
        print(case.id)
    return 2 if bad else 0


def show_targets(text: str | None = None) -> None:
    """What runs here. Starts every engine that is installed.

    Args:
        text: targets or wildcards, separated by commas; the default ones where nothing is said.
    """
    table = Table("target", "status", "versions", "device", "mode", header_style="bold")
    table.columns[0].no_wrap = True
    for target in chosen_targets(text) if text else ALL:
        why = missing(target)
        if why is None:
            worker = Worker(target)
            try:
                worker.start()
                facts = worker.facts
                versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
                table.add_row(str(target), "ready", versions, facts["device"], facts["mode"])
                continue
            except (TargetUnavailable, WorkerDied) as error:
                why = str(error)
            finally:
                worker.stop()
        table.add_row(str(target), f"skipped: {why}", "", "", "")
    Console().print(table)


def show_case(name: str) -> None:
    """The summary table that Keras users know."""
    case = one_case(name)
    graph = case.graph
    table = Table("layer", "type", "reads", "output shape", "parameters", header_style="bold")
    table.columns[-1].justify = "right"
    for tensor, spec in graph.inputs.items():
        table.add_row(tensor, "input", "", str(list(spec.shape)), "")
    seen: set[str] = set()
    for node in graph.nodes:
        count, tied = 0, False
        for canonical, weight in graph.node_weights(node).items():
            size = 1
            for s in weight.shape:
                size *= s
            tied |= node.weight_name(canonical) in seen
            count += 0 if node.weight_name(canonical) in seen else size
            seen.add(node.weight_name(canonical))
        stated = ", ".join(f"{k}={_short(v)}" for k, v in node.layer.parameters().items())
        table.add_row(
            node.name,
            f"{type(node.layer).__name__}({stated})",
            ", ".join(node.inputs),
            str(list(graph.specs[node.name].shape)),
            f"{count:,}" + (" (shared)" if tied else ""),
        )
    lines = [f"Total parameters: {graph.parameter_count:,}", *_power(case)]
    Console().print(case.spec.description.strip(), table, *lines, sep="\n", highlight=False, markup=False)


def _power(case: Case) -> Iterator[str]:
    """What the case would notice of wrong weights."""
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        record = prepare(case, Path(folder)).noticed()
    if not record:
        return
    power = record["power"]
    shares = ", ".join(f"{_percent(power[f'{c:g}'])} of those that are {100 * c:g}% wrong" for c in CHANGES)
    low, high = map(_percent, power["interval"])
    how = "" if power["exact"] else f"; a sample of {power['looked_at']:,}, at {100 * USUAL:g}% {low} to {high}"
    with_probe = f"; without the probe {_percent(power['alone'])} at {100 * USUAL:g}%" if power["probe"] else ""
    yield f"Wrong weights that would be noticed: {shares}{how}{with_probe}"
    for name, found in power["dead"].items():
        where = ", ".join(map(str, found["first"])) + (", …" if found["count"] > len(found["first"]) else "")
        yield f"Could be 0 unnoticed: {found['count']:,} of {found['of']:,} in {name}, at {where}"
    if record["weak"]:
        more = "" if power["probe"] else "; add probe: true, or larger inputs"
        reason = f" The case says why: {record['weak_reason']}" if record["weak_reason"] else ""
        usual = _percent(power[f"{USUAL:g}"])
        yield f"Weak: only {usual} of the weights would be noticed if they were {100 * USUAL:g}% wrong{more}.{reason}"


def _percent(share: float) -> str:
    """Rounded down, so that 100% means all."""
    return f"{math.floor(share * 1000) / 10:g}%"


def _short(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)
