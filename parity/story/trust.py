"""How far a verdict can be trusted: what the case would notice, where it is blind, what was loosened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parity.judge.verdict import NEUTRAL
from parity.story.reading import Record
from parity.story.words import capital, figure, listing, percent, plural, sentence, some

USUAL = "0.01"
"""The change of a weight that counts."""
ENOUGH = 0.95
"""Share of the weights whose change by 1% must be noticed; below it a case is weak."""
MISTAKES = 4
"""Of those that a loosening lets through, how many are named."""
CHANGES = (("0.001", "0.1%"), (USUAL, "1%"), ("0.1", "10%"))


def weak(case: Record, cell: Record | None = None) -> bool:
    """Whether agreement on a case proves little: many of its weights could be wrong without notice."""
    said = (cell or {}).get("weak", case.get("weak"))
    if said is not None:
        return bool(said)
    power = case.get("power") or {}
    return bool(power.get("weights")) and power.get(USUAL, 1.0) < ENOUGH


def power(case: Record) -> Iterator[str]:
    """What changes of weights would be noticed, and which weights could be anything."""
    found = case.get("power") or {}
    if not found.get("weights"):
        return
    yield _noticed(found, plural(found["weights"], "weight"))
    if not found.get("exact", True):
        low, high = (percent(x) for x in found["interval"])
        yield (
            f"This is estimated from {plural(found['looked_at'], 'weight')} drawn at random; the true share at 1% is "
            f"between {low} and {high} with 95% certainty."
        )
    if found.get("probe") and found.get("alone") is not None and found["alone"] < found[USUAL]:
        yield f"The network's own inputs would show {percent(found['alone'])}; its layers, run alone, show the rest."
    dead: dict[str, Any] = found.get("dead") or {}
    if dead:
        rows = [f"{name} ({d['count']:,} of {d['of']:,})" for name, d in sorted(dead.items(), key=_largest)]
        yield f"Some could even be 0 without notice: {some(rows)}."


def _noticed(found: Record, weights: str) -> str:
    least = next((name for key, name in CHANGES if found.get(key) == 1), "")
    smaller = [(key, name) for key, name in CHANGES if key in found and key != USUAL and found[key] != 1]
    rest = listing([f"{percent(found[key])} if by {name}" for key, name in smaller])
    if least in ("0.1%", "1%"):
        return f"Each of the {weights} would be noticed if changed by {least}{f', {rest}' if rest else ''}."
    more = f"; {rest}" if rest else ""
    more += f"{' and' if rest else ';'} all if by 10%" if least else ""
    return capital(f"{percent(found[USUAL])} of the {weights} would be noticed if changed by 1%{more}.")


def _largest(item: tuple[str, Any]) -> tuple[float, str]:
    return -item[1]["count"] / max(item[1]["of"], 1), item[0]


def weakness(case: Record, cell: Record | None = None) -> Iterator[str]:
    """That a case is weak, and why, if it says so."""
    if weak(case, cell):
        yield "So this case is weak: agreement on it proves little. Other inputs, or other weights, would see more."
        if reason := case.get("weak_reason"):
            yield sentence(f"The case says why: {reason}")


def spots(case: Record) -> Iterator[str]:
    """Elements of which little can be said."""
    for spot in case.get("spots") or ():
        yield sentence(capital(str(spot["words"])))


def loosened(case: Record, cell: Record) -> Iterator[str]:
    """Bounds that the case loosens on this target, why, and what they let through by that."""
    for entry in cell.get("loosened") or ():
        yield loosening(entry)
        if entry.get("stale"):
            yield "That is no longer needed: all is within the plain bound. Take the entry out of the case."
        elif (needed := entry.get("needed")) is not None and needed != "inf":
            yield f"Without it the error is {figure(needed)} times what rounding allows."
        for same in case.get("loosen") or ():
            if all(same.get(k) == entry.get(k) for k in ("layer", "factor", "absolute", "reason")):
                yield from lets_through(same)


def loosening(entry: Record) -> str:
    """``The bound of fc is loosened 100 times: it takes a shortcut.``"""
    factor = entry.get("factor")
    how = f"{figure(factor)} times" if factor is not None else f"to an error of {figure(entry.get('absolute'))}"
    return sentence(f"The bound of {entry['layer']} is loosened {how}: {entry['reason']}")


def lets_through(entry: Record) -> Iterator[str]:
    """What a loosening costs, for each stretch of layers that it is about."""
    for stretch in entry.get("lets_through") or ():
        shares = [
            f"{percent(w['passes'])} could be wrong by {percent(w['change'])} unseen "
            f"({percent(w['before'])} without it)"
            for w in stretch["weights"]
            if w["passes"] != w["before"]
        ]
        names = listing(stretch["nodes"])
        unseen = f"Of the weights of {names}, {listing(shares)}." if shares else ""
        if unseen or any(w.get("elements", 1) for w in stretch["weights"]):
            yield unseen or f"No weight of {names} goes unseen by it."
        if mistakes := stretch.get("mistakes"):
            more = f"; and {len(mistakes) - MISTAKES} more" if len(mistakes) > MISTAKES else ""
            yield f"By the loosening alone these mistakes pass: {'; '.join(mistakes[:MISTAKES])}{more}."
        elif tried := stretch.get("tried"):
            yield f"Of {plural(tried, 'known mistake')} in {names}, it lets none pass."


def probe(cell: Record, name: str) -> Iterator[str]:
    """What each layer did by itself, on inputs that reach all of its weights."""
    found = cell.get("probe")
    if not found:
        return
    layers = found.get("layers") or []
    how = f"{plural(len(layers), 'layer')} with weights also ran alone on {name}, on inputs that reach every weight"
    if found["verdict"] in NEUTRAL:
        yield sentence(f"The layers did not run alone on {name}: {found.get('message') or found['verdict']}")
        return
    if found["verdict"] in ("equal", "rounding"):
        passes = "it passes" if len(layers) == 1 else "all pass"
        yield f"{how}: {passes}, so nothing hides behind the network's inputs."
        return
    names = list(found.get("blame") or ())
    blame = f"{listing(names)} {'fails' if len(names) == 1 else 'fail'}" if names else "not all of them pass"
    yield sentence(f"{how}, and there {blame}: {found.get('message') or found['verdict']}")


def repeats(cell: Record, name: str) -> Iterator[str]:
    """That the same network on the same inputs gives other bits each time, and how far apart."""
    found = cell.get("repeats")
    if not found or found["distinct"] == 1:
        return
    yield (
        f"{capital(name)} does not give the same result again: {found['runs']} runs on the same inputs gave "
        f"{found['distinct']} different ones, up to {figure(found['max_abs'])} apart."
    )
    yield "A verdict is about one of them; another run may differ from it in as much."


def provisional(cell: Record) -> Iterator[str]:
    """That the bounds were not measured on the device."""
    if cell.get("calibrated") is False:
        yield sentence(f"This verdict is provisional: {cell['provisional']}")
        yield "To measure them there, run parity calibrate; docs/gpu.md tells how."
