"""docs/calibration.md, from the record alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from parity.calibrate.hold import ENOUGH, LOOSE, MARGIN, SLACK, loose
from parity.calibrate.known import TIGHT_ENOUGH
from parity.calibrate.variants import CROSSED, DEEP, LARGE
from parity.judge.regimes import REGIMES, WEIGHT_REGIMES

HOW = """# Calibration: how near sound engines come to the bound

A layer's error is at most `c·u·m` ([verdict](verdict.md)). Whether `c` is right is a matter of measurement: too small,
and a sound engine is called wrong; too large, and a wrong weight passes. Every figure here is error ÷ bound, the
largest over all elements: 1 is where a verdict fails. `parity calibrate --page` writes this page from
`parity/records/calibration.json`.

```sh
parity calibrate
parity calibrate cases/layers/gelu.yaml --seeds 3 --targets "keras-*,onnxruntime" --regimes normal,wide --weights drawn
parity calibrate --resume
parity calibrate --out parity/records/calibration.json
parity calibrate --page
```

Each case runs on each target with its float inputs drawn anew, for the layer that reads them, in each of these
regimes: {regimes}.
Cases with kernels or tables also run with other weights ({weights}), on the
regimes {crossed} alone; networks of more than {deep} layers on {first} alone, and those of more than {large}
parameters once. Not every product of the two is run: it would take three times as long. All else, a bias or a variance,
is as the case has it. Finished cells are kept in `reports/calibration/results.jsonl`, and `--resume` goes on with them
as long as no rule has changed.

A test measures a sample of the record again, the same each time. It must stay inside the bound, and within {margin:g}
times the record's figure and {slack:g} more: on the same versions it is the same figure; other versions and processors
sum in another order. On the same versions it must not have fallen below half of it either, or a bound is looser now.
"""


TITLES = {"calibration-half": "In 16 bits", "calibration-torch": "On PyTorch"}
"""Further records → what they are about. Others are named as they are called, as those of GPUs."""
NEAREST = 12
"""Layers of a further record that are shown: those whose figure is largest."""


def page(record: dict[str, Any], others: Mapping[str, dict[str, Any]]) -> str:
    """The page about a record, Markdown.

    Args:
        others: name → record of further targets, told in less detail.
    """
    large = f"{LARGE:,}"
    parts = [
        HOW.format(
            regimes=_and(REGIMES),
            weights=_and(WEIGHT_REGIMES[1:]),
            crossed=_and(CROSSED),
            deep=DEEP,
            first=CROSSED[0],
            large=large,
            margin=MARGIN,
            slack=SLACK,
        ),
        *_summary(record),
        *_layers(record),
        *_networks(record),
        *_beyond(record),
        *_loose(record),
        *(line for name in sorted(others) for line in _other(TITLES.get(name, name), others[name])),
    ]
    return "\n".join(parts)


def _other(title: str, record: dict[str, Any]) -> Iterable[str]:
    yield f"## {title}\n"
    yield from _measured(record)
    rows: dict[str, dict[str, dict]] = {}
    for line in record["layers"]:
        rows.setdefault(line["layer"], {})[line["target"]] = line
    largest = sorted(rows, key=lambda name: -max(float(line["ratio"]) for line in rows[name].values()))[:NEAREST]
    yield f"The {NEAREST} layers that come nearest:\n"
    yield from _table(list(record["engines"]), {name: rows[name] for name in largest})
    yield "\nBeyond the bound, and why:\n"
    yield from _excesses(record)
    yield ""


def _summary(record: dict[str, Any]) -> Iterable[str]:
    yield "## What was measured\n"
    yield from _measured(record)


def _measured(record: dict[str, Any]) -> Iterable[str]:
    lines = record["layers"]
    top = max(lines, key=lambda line: float(line["ratio"]))
    elements = sum(line["elements"] for line in lines)
    yield f"{record['date']}, Python {record['python']}, NumPy {record['numpy']}, {record['platform']}.\n"
    for target, versions in record["engines"].items():
        if isinstance(versions, dict):
            versions = ", ".join(f"{k} {v}" for k, v in versions.items() if k != "numpy")
        yield f"- {target}: {versions}"
    given = record["parameters"]
    which = given["cases"] if isinstance(given["cases"], str) else ", ".join(given["cases"])
    yield f"\nCases: {which}; seeds: {given['seeds']}; {record['cells']:,} cells, {elements / 1e6:,.0f} million"
    yield f"elements of layers' outputs. The largest error ÷ bound: **{float(top['ratio']):.3f}**"
    yield f"({top['layer']} on {top['target']}, {_where(top)}).\n"


def _layers(record: dict[str, Any]) -> Iterable[str]:
    targets = list(record["engines"])
    rows: dict[str, dict[str, dict]] = {}
    for line in record["layers"]:
        rows.setdefault(line["layer"], {})[line["target"]] = line
    exact = [k for k, cells in rows.items() if not any(line["c"] or line["ratio"] for line in cells.values())]
    yield "## Layers\n"
    yield "The largest error ÷ bound, and the regime of inputs where it was seen, with that of the weights where they"
    yield "were not as drawn. No `c`: layers that are judged together, or one that is made of others, by the bounds"
    yield "of the parts. –: a declared gap.\n"
    yield from _table(targets, {name: cells for name, cells in rows.items() if name not in exact})
    compared = sum(line["elements"] for name in exact for line in rows[name].values())
    yield f"\n{len(exact)} layers are exact and were, in {compared / 1e6:,.1f} million elements, but for what stands"
    yield f"under *beyond*: {', '.join(exact)}.\n"


def _table(targets: Sequence[str], rows: Mapping[str, Mapping[str, dict[str, Any]]]) -> Iterable[str]:
    yield f"| layer | c | {' | '.join(t.replace('@cpu', '') for t in targets)} |"
    yield f"|---|--:|{'--:|' * len(targets)}"
    for name, cells in rows.items():
        c = {f"{line['c']:g}" for line in cells.values() if line["c"]}
        figures = " | ".join(_figure(cells.get(t)) for t in targets)
        yield f"| {name} | {' or '.join(sorted(c))} | {figures} |"


def _figure(line: dict[str, Any] | None) -> str:
    if line is None:
        return "–"
    where = line["regime"] + ("" if line["weights"] == "drawn" else f", {line['weights']}")
    return f"{float(line['ratio']):.2g} ({where})" if float(line["ratio"]) else "0"


def _networks(record: dict[str, Any]) -> Iterable[str]:
    targets = list(record["engines"])
    rows: dict[str, dict[str, dict]] = {}
    for line in record["final"]:
        if not line["network"].startswith("layers/"):
            rows.setdefault(line["network"], {})[line["target"]] = line
    yield "## Networks\n"
    yield "The outputs of the run without taps against the bound carried to the end: largest / median over tensors and"
    yield "regimes. Small figures say that the carried bound is loose: it adds what rounding could do in every layer,"
    yield "and errors of many layers partly cancel.\n"
    yield f"| network | {' | '.join(t.removesuffix('@cpu') for t in targets)} |"
    yield f"|---|{'--:|' * len(targets)}"
    for name, cells in rows.items():
        figures = " | ".join(
            f"{float(cells[t]['ratio']):.2g} / {float(cells[t]['median']):.1g}" if t in cells else "–" for t in targets
        )
        yield f"| {name.removeprefix('networks/')} | {figures} |"
    yield ""


def _beyond(record: dict[str, Any]) -> Iterable[str]:
    yield "## Beyond\n"
    yield from _excesses(record)
    yield "\nNot run, since the case expects it to fail:\n"
    for left in record["left_out"]:
        yield f"- {left['case']} on {left['target']}: {left['verdict']}: {left['reason']}"
    yield ""


def _excesses(record: dict[str, Any]) -> Iterable[str]:
    grouped: dict[tuple[str, str, str], list[dict]] = {}
    for excess in record["excesses"]:
        why = excess["reason"] or "**no known reason**"
        grouped.setdefault((excess["layer"] or "a case", excess["target"], why), []).append(excess)
    for (layer, target, why), found in sorted(grouped.items()):
        yield f"- {layer} on {target}, {len(found)} times, first in {_where(found[0])}: {why}"
    if not grouped:
        yield "Nothing was beyond its bound."


def _loose(record: dict[str, Any]) -> Iterable[str]:
    yield "## Loose\n"
    yield f"Layers whose largest figure is below {LOOSE:g} on {ENOUGH:,} elements or more, and why their bound stays:\n"
    for layer, ratio in loose(record).items():
        yield f"- {layer}, {ratio:.2g}: {TIGHT_ENOUGH.get(layer, '**no reason is stated**')}"
    yield ""


def _where(line: dict[str, Any]) -> str:
    return f"{line['case']}, inputs {line['regime']}, weights {line['weights']}"


def _and(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}"
