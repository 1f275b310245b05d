"""Why it differs, and what to change."""

from __future__ import annotations

from collections.abc import Iterator

from parity.judge.verdict import FAILED
from parity.story.advice import advice
from parity.story.causes import grouped, others_too, phrase, same
from parity.story.reading import Record, place
from parity.story.words import capital, cut, engine, number, plural, times

LONGEST = 1000
"""Characters of a framework's last words."""


def why(case: Record, cell: Record) -> Iterator[str]:
    """What was tried, and what explains the numbers."""
    several = len(cell.get("diagnosis") or ()) > 1
    for found in cell.get("diagnosis") or ():
        before = f"At {place(case, found['nodes'])}: " if several else ""
        yield from _diagnosis(found, before, engine(cell["target"]))
    blame = list(cell.get("blame") or ())
    if blame == ["copy"]:
        yield "The weights that the framework holds were read back, and are not those that were sent."
    if blame == ["fusion"]:
        yield (
            "With its layers looked at, the network passes; run as a user runs it, it does not. Then the runtime joins "
            "layers into one step, which computes, or rounds, differently from its parts."
        )
    if trace := str(cell.get("trace") or "").strip():
        yield f"Its last words: {cut(trace.splitlines()[-1], LONGEST)}"


def _diagnosis(found: Record, before: str, who: str) -> Iterator[str]:
    tried, causes = found["tried"], found["causes"]
    was = "was" if tried == 1 else "were"
    tests = f"{plural(tried, 'known mistake')} {was} made in float64 on the numbers {who} had there"
    rest = "" if found.get("complete", True) else " Time ran out before all were tried."
    shrunk = "" if number(found["ratio"]) == float("inf") else f" in place of {times(found['ratio'])}"
    groups = grouped(causes)
    if len(groups) == 1:
        cause, more = causes[0], others_too(causes)
        only = ", and one explains every element" if tried > 1 else ", and it explains every element"
        left = f" What is left is {times(cause['ratio'])}{shrunk}."
        yield f"{before}{tests}{only}: {phrase(cause)}.{left}{rest}"
        if more:
            yield f"{capital(more)}."
    elif groups:
        yield f"{before}{tests}; {len(groups)} explain every element, and these inputs cannot tell them apart.{rest}"
        for i, group in enumerate(groups, 1):
            more = others_too(group)
            yield f"({i}) {phrase(group[0])}{f'; {more}' if more else ''}."
        if same(causes):
            yield "They make the same numbers to the last digit, so here they are the same mistake."
    elif found.get("closest"):
        near = found["closest"]
        yield (
            f"{before}{tests}, and none explains every element. Closest comes this: {phrase(near)}; it leaves "
            f"{times(near['ratio'])}{shrunk}.{rest}"
        )
    else:
        near = "it does not come" if tried == 1 else "none of them comes"
        yield f"{before}{tests}, and {near} near.{rest}" if tried else f"{before}No known mistake could be tried.{rest}"


def change(case: Record, cell: Record) -> Iterator[str]:
    """What to do now."""
    verdict, blame, who = cell["verdict"], list(cell.get("blame") or ()), engine(cell["target"])
    parameters = {layer["name"]: layer["parameters"] for layer in case.get("layers", ())}
    told: set[str] = set()
    for found in cell.get("diagnosis") or ():
        groups = grouped(found["causes"])
        for cause, *_ in groups[: 1 if same(found["causes"]) else 2]:
            said = " ".join(advice(cause, cell["target"], parameters.get(cause["node"], {})))
            if said and said not in told:
                told.add(said)
                yield f"If {phrase(cause)}: {said}" if len(groups) > 1 and not same(found["causes"]) else said
    if told:
        return
    if blame == ["copy"]:
        yield "Copy the weights by name and layout, and read them back; the certificate says which is wrong."
    elif blame == ["fusion"]:
        yield "Switch the runtime's optimisations off one by one, to see which of them changes the result."
    elif verdict == "crashed":
        yield f"Let parity write the script below and run it: it needs {who} alone, so its makers can use it too."
    elif verdict == "timeout":
        yield "Give the case more seconds with the key timeout, or make it smaller."
    elif verdict == "unsupported":
        yield "Compare on another target, or write the network without that layer."
    elif verdict == "skipped":
        yield "parity targets shows what runs here, and what is missing for the others."
    elif verdict in FAILED:
        yield "Compare how both sides state this layer, argument by argument, beginning with those that have defaults."
