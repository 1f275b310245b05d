"""A page about a run on a CUDA device, Markdown: what there was, what ran, what failed, what does not repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from parity.errors import BadInput
from parity.judge.verdict import FAILED, ORDER
from parity.report.overview import largest_ratio
from parity.results import Record, Results
from parity.story.words import figure, listing, plural

DEVICE = "@gpu"
MESSAGE = 200
"""Characters of a message; results.jsonl has it whole."""
CASES = 6
"""Cases that share a message, named before it is said how many more there are."""


def page(results: Results) -> str:
    """The whole page.

    Raises:
        BadInput: nothing was asked of a GPU.
    """
    targets = [t for t in results.targets.values() if DEVICE in t["target"]]
    if not targets:
        raise BadInput("no target of a GPU in these results; parity run --targets '*@gpu' asks for them")
    ready = [t for t in targets if t["status"] == "ready"]
    names = list(dict.fromkeys(t["facts"]["gpu"]["name"] for t in ready))
    dates = sorted({run["started"][:10] for run in results.runs.values()})
    lines = [f"# {listing(names) or 'No CUDA device'}, {listing(dates)}", ""]
    lines += ["`parity gpu` writes this page from the results of a run; [gpu.md](../gpu.md) tells how to make one.", ""]
    lines += [*_machine(results, ready), *_engines(results.targets.values())]
    cells = list(results.cells.values())
    lines += _counts(cells)
    lines += _section("What failed", _failures([c for c in cells if DEVICE in c["target"] and not c["ok"]]))
    lines += _section("What is known to fail", _failures([c for c in cells if DEVICE in c["target"] and _known(c)]))
    lines += _section("What does not repeat bit for bit", _repeats(cells))
    lines += _section("Provisional verdicts", _provisional(cells))
    return "\n".join(lines).rstrip() + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""]


def _machine(results: Results, ready: Sequence[Record]) -> Iterator[str]:
    for gpu in {repr(t["facts"]["gpu"]): t["facts"]["gpu"] for t in ready}.values():
        memory = f"{gpu['memory'] / 2**30:.1f} GiB"
        driver = f"driver {gpu['driver']}, " if gpu["driver"] else ""
        yield f"{gpu['name']}: {memory}, compute capability {gpu['capability']}, {driver}CUDA {gpu['cuda']}."
    for run in results.runs.values():
        cores = f", {plural(run['cpus'], 'core')}" if run.get("cpus") else ""
        yield f"Python {run['python']}, NumPy {run['numpy']}, {run['platform']}{cores}."
    yield ""


def _engines(targets: Iterable[Record]) -> Iterator[str]:
    yield from ("## Engines", "", "| target | versions | how | repeats by request |", "|---|---|---|---|")
    for target in sorted(targets, key=lambda t: t["target"]):
        if target["status"] != "ready":
            yield f"| {target['target']} | – | {_cell(target['reason'])} | |"
            continue
        facts = target["facts"]
        versions = ", ".join(f"{k} {v}" for k, v in sorted(facts["versions"].items()))
        yield f"| {target['target']} | {versions} | {_cell(facts['mode'])} | {facts.get('deterministic', '')} |"
    yield ""


def _counts(cells: Sequence[Record]) -> Iterator[str]:
    kinds = [v for v in ORDER if any(c["verdict"] == v for c in cells)]
    yield from ("## Verdicts", "", "Error ÷ bound is the largest of cells that pass; above 1 a verdict fails.", "")
    yield "| target | " + " | ".join(kinds) + " | error ÷ bound |"
    yield "|---|" + "---:|" * (len(kinds) + 1)
    for target in sorted({c["target"] for c in cells}):
        own = [c for c in cells if c["target"] == target]
        count = Counter(c["verdict"] for c in own)
        ratios = [r for c in own if c["ok"] and not _known(c) and (r := largest_ratio(c)) is not None]
        worst = figure(max(ratios)) if ratios else ""
        yield f"| {target} | " + " | ".join(str(count[k] or "") for k in kinds) + f" | {worst} |"
    yield ""


def _known(cell: Record) -> bool:
    return bool(cell.get("expected")) and cell["verdict"] in FAILED


def _failures(cells: Sequence[Record]) -> Iterator[str]:
    """One line for each message of a target; those that differ in nothing but numbers stay apart."""
    if not cells:
        yield "Nothing."
    groups: dict[tuple[str, str, str], list[str]] = {}
    for cell in cells:
        message = " ".join(cell.get("message", "").split())[:MESSAGE]
        groups.setdefault((cell["target"], cell["verdict"], message), []).append(cell["case"])
    for (target, verdict, message), cases in sorted(groups.items()):
        more = f" and {len(cases) - CASES} more" if len(cases) > CASES else ""
        yield f"- {target}, {verdict}, {', '.join(sorted(cases)[:CASES])}{more}: {_cell(message)}"


def _repeats(cells: Sequence[Record]) -> Iterator[str]:
    asked = [c for c in cells if "repeats" in c]
    if not asked:
        yield "Nothing was run more than once."
        return
    yield from (
        "| target | cases run again | that differ | largest difference | for example |",
        "|---|---:|---:|---:|---|",
    )
    for target in sorted({c["target"] for c in asked}):
        own = [c for c in asked if c["target"] == target]
        moved = sorted((c for c in own if c["repeats"]["distinct"] > 1), key=lambda c: -float(c["repeats"]["max_abs"]))
        worst, example = "", ""
        if moved:
            found = moved[0]["repeats"]
            worst = figure(found["max_abs"])
            example = f"{moved[0]['case']}: {found['distinct']} different ones of {found['runs']}"
        yield f"| {target} | {len(own)} | {len(moved) or ''} | {worst} | {example} |"


def _provisional(cells: Sequence[Record]) -> Iterator[str]:
    """Cells whose bounds were not measured on the device, by target."""
    open_ = Counter(c["target"] for c in cells if c.get("calibrated") is False)
    if not open_:
        yield "None: all layers were calibrated here before they were judged, or nothing ran on a GPU."
    for target, count in sorted(open_.items()):
        total = sum(c["target"] == target and "calibrated" in c for c in cells)
        yield f"- {target}: {count} of {plural(total, 'cell')}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
