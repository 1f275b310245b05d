"""A cause in words."""

from __future__ import annotations

import re

from parity.story.reading import Record
from parity.story.words import listing, plural

CHANGED = re.compile(r"([\w.]+) (.+) instead of (.+)", re.DOTALL)
ALSO = re.compile(r"(?:, or -?[\d.][\w.+-]*)+$")
"""Other values that fit as well, behind the words on the first."""
VERBS = ("reads", "has", "adds", "takes", "uses", "computes", "gives", "divides", "keeps", "ignores", "counts", "pads")
"""With which words about a layer begin where they are half a sentence already."""
OF_WEIGHT = (
    ("with its axes", "has its axes"),
    ("stored in", "is stored in"),
    ("dropped", "is left out"),
    ("flipped", "is flipped"),
    ("reshaped to", "was reshaped to"),
    ("at its initial value", "is still at its initial value"),
)
"""How words about a weight go on, and with a verb."""
AXES = {"o": "output", "i": "input", "d": "depth", "h": "height", "w": "width"}
EXCHANGED = re.compile(r"axes (\w) and (\w) exchanged")


def phrase(cause: Record) -> str:
    """Half a sentence: ``in LeakyReLU act, alpha is 0.25 instead of 0.2``."""
    where, words = f"{cause['kind']} {cause['node']}", first_value(cause)
    changed = CHANGED.fullmatch(words)
    if cause.get("source") == "element":
        return f"one element of a weight of {where} is wrong: {words}"
    if words.split(" ", 1)[0] in VERBS:
        return f"{where} {words}"
    if changed and changed[1] == cause["name"] and " and " not in words:
        name, new, old = changed.groups()
        if name == "epsilon" and new in ("0", "0.0"):
            return f"{where} adds no epsilon (0 instead of {old}): on one side the epsilon is missing"
        return f"in {where}, {name} is {new} instead of {old}"
    if words == "left out":
        return f"{where} is left out"
    weight, _, rest = words.partition(" ")
    for said, better in OF_WEIGHT:
        if rest.startswith(said):
            return EXCHANGED.sub(_exchanged, f"the weight {weight} of {where} {better}{rest[len(said) :]}")
    return f"in {where}: {words}"


def first_value(cause: Record) -> str:
    """The words, without other values of the same number."""
    return ALSO.sub("", str(cause["words"]))


def _exchanged(found: re.Match[str]) -> str:
    if not {found[1], found[2]} <= AXES.keys():
        return found[0]
    return f"{AXES[found[1]]} and {AXES[found[2]]} axes exchanged"


def grouped(causes: list[Record]) -> list[list[Record]]:
    """Causes by layer and mistake: one number that several values fit is one cause."""
    found: dict[tuple[str, str, bool], list[Record]] = {}
    for cause in causes:
        numbered = cause.get("value") is not None
        found.setdefault((cause["node"], cause["name"] if numbered else cause["words"], numbered), []).append(cause)
    return list(found.values())


def others_too(group: list[Record]) -> str:
    """``1e-07 and 1e-08 would look the same here``; empty where one value alone fits."""
    also = ALSO.search(str(group[0]["words"]))
    values = also[0].removeprefix(", or ").split(", or ") if also else []
    values += [m[2] if (m := CHANGED.fullmatch(first_value(c))) else f"{float(c['value']):.6g}" for c in group[1:]]
    return f"{listing(values)} would look the same here" if values else ""


def either(causes: list[Record], most: int = 3) -> str:
    """``a, or b``, the likeliest first."""
    words = [phrase(group[0]) for group in grouped(causes)]
    more = len(words) - most
    return ", or ".join(words[:most]) + (f", or {plural(more, 'other cause')}" if more > 0 else "")


def same(causes: list[Record]) -> bool:
    """Whether all of them make the same numbers, to the last digit."""
    return len({c["ratio"] for c in causes}) == 1
