"""Where the error is, how large, and what it does at the end."""

from __future__ import annotations

import math
from collections.abc import Iterator

from parity.judge.verdict import FAILED
from parity.story.answer import size
from parity.story.reading import INPUTS_ABSENT, Record, failing, place, ratio, worst_of
from parity.story.words import (
    capital,
    engine,
    exactly,
    figure,
    listing,
    number,
    parts,
    percent,
    plural,
    precise,
    sentence,
    some,
)

SHOWN = 4
"""Layers that are told one by one."""


def where(case: Record, cell: Record) -> Iterator[str]:
    """Each layer to blame; of a case that passes, the largest error."""
    who, bad = engine(cell["target"]), failing(cell)
    for finding in bad[:SHOWN]:
        yield _finding(case, who, finding)
    if len(bad) > SHOWN:
        rest = bad[SHOWN:]
        yield f"The same holds for {plural(len(rest), 'more tensor')}: {some([f['tensor'] for f in rest])}."
    lost = [f for f in cell.get("final", ()) if f["verdict"] in FAILED]
    if lost and not bad:
        for finding in lost[:SHOWN]:
            yield _finding(case, who, finding)
    alone = [] if bad else failing(cell.get("probe") or {})
    for finding in alone[:SHOWN]:
        yield f"Alone, on inputs that reach all of its weights: {_finding(case, who, finding)}"
    if not bad and not lost and cell["verdict"] == "rounding":
        worst = worst_of([*cell.get("layers", ()), *cell.get("final", ())])
        if worst is not None:
            yield _finding(case, who, worst)
    yield from _rest(cell, bad, lost)
    if cell.get("in_full"):
        precision = precise(parts(cell["target"])[2])
        yield f"{precision} was asked for, and not used: all products have the digits of float32."
    if cell.get("unrounded"):
        yield (f"{who} goes on with more digits than it returns, so what comes into a layer is allowed 2.5 roundings.")


def _finding(case: Record, who: str, finding: Record) -> str:
    nodes, metrics = finding["nodes"], finding.get("metrics")
    name = place(case, nodes, finding["tensor"])
    together = ", judged together since runtimes make one step of them" if len(nodes) > 1 else ""
    if not metrics or ratio(finding) is None:
        return sentence(f"{capital(name)}{together}: {finding['message']}")
    if number(metrics.get("mismatched_nonfinite")):
        count = f"{metrics['mismatched_nonfinite']:,} of {plural(metrics['count'], 'element')}"
        verb = "is" if metrics["mismatched_nonfinite"] == 1 else "are"
        return f"{capital(name)}{together}: {count} {verb} finite on one side only. {_worst(who, metrics)}"
    return f"{capital(name)}{together}: {size(finding)}. {_worst(who, metrics)}"


def _worst(who: str, m: Record) -> str:
    if m.get("worst") is None:
        return f"{plural(m.get('count', 0), 'element')} were compared."
    bound = number(m.get("worst_bound"))
    allowed = f", where rounding explains a difference of {figure(bound)}" if bound else ""
    gave, expected = exactly(m.get("worst_actual")), exactly(m.get("worst_reference"))
    count = f"of {plural(m['count'], 'element')}, the worst is" if m.get("count", 0) > 1 else "the one element is"
    return f"{capital(count)} {m['worst']}: {who} gave {gave} instead of {expected}{allowed}."


def _rest(cell: Record, bad: list[Record], lost: list[Record]) -> Iterator[str]:
    """What is not to blame."""
    layers = cell.get("layers", ())
    fine = [f for f in layers if f["verdict"] not in FAILED]
    blind = [f for f in layers if INPUTS_ABSENT in f["message"]]
    if bad and fine:
        subject = "The other tensor is" if len(fine) == 1 else f"The {len(fine)} other tensors are"
        yield f"{subject} fine: each layer is judged on what the framework itself gave it, so no error is inherited."
    elif not bad and not lost and layers:
        counted = sum((f.get("metrics") or {}).get("count", 0) for f in layers)
        yield (
            f"{plural(len(layers), 'tensor')} inside the network ({plural(counted, 'element')}) and "
            f"{plural(len(cell.get('final', ())), 'output')} of a run as a user has it were compared, each layer on "
            f"what the framework itself gave it."
        )
    if blind:
        reads = "it reads" if len(blind) == 1 else "they read"
        yield f"{capital(some([f['tensor'] for f in blind]))} could not be judged: what {reads} was not returned."


def end(cell: Record) -> Iterator[str]:
    """What the errors do to the outputs."""
    for finding in cell.get("final", ()):
        name, m = finding["tensor"], finding.get("metrics")
        if m and finding["verdict"] in FAILED:
            agree = m.get("argmax_agreement")
            same = "" if agree is None else f"; the largest class is the same {_share(agree)}"
            relative = number(m.get("rel_l2"))
            far = "" if relative is None else f", a relative error of {figure(relative)} in all"
            yield f"The output {name} is off by up to {figure(m['max_abs'])}{far}{same}."
        elif not m and finding["verdict"] in FAILED and failing(cell):
            yield sentence(f"At the end, {finding['message']}")
        if not failing(cell):  # else the shares say more
            yield from _carried(finding)
    yield from _shares(cell)
    if cell.get("tapping_changes"):
        yield (
            "Reading the layers changes the last bits of the output here: the runtime fuses differently when nobody "
            "looks. The output's own verdict is from a run in which nobody did."
        )


def _carried(finding: Record) -> Iterator[str]:
    name, carried = finding["tensor"], finding.get("carried")
    if carried and number(carried.get("allowed")) and carried.get("measured") is not None:  # an exact network has none
        yield (
            f"Rounding in all layers may add up to {figure(carried['allowed'])} at the output {name}; the errors that "
            f"they were seen to make come to {figure(carried['measured'])} there."
        )


def _shares(cell: Record) -> Iterator[str]:
    """What each layer to blame does to the outputs by itself."""
    shares = sorted(cell.get("shares") or (), key=lambda s: -_size(s["part"]))
    for share in shares[:SHOWN] if len(shares) > 1 else ():  # of one alone, it is the whole difference
        part = number(share["part"])
        changes = f"changes the output {share['output']} by up to {figure(part)}" if part else "changes no output"
        yield f"What {listing(share['nodes'])} {'does' if len(share['nodes']) == 1 else 'do'} wrong {changes}."


def _size(part: object) -> float:
    x = number(part)
    return math.inf if x is None or math.isnan(x) else x


def _share(agree: float) -> str:
    return "everywhere" if agree == 1 else "nowhere" if agree == 0 else f"in {percent(agree)} of the places"
