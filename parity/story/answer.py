"""The answer in one sentence, and what is known about it."""

from __future__ import annotations

from collections.abc import Iterator

from parity.story.causes import either, grouped
from parity.story.reading import Record, failing, place, ratio, unexpected, worst_of
from parity.story.words import cut, engine, listing, plural, sentence, times

LONGEST = 400
"""Characters of a framework's own message that the answer holds."""
LAYERS = 3
"""Layers with a cause that the answer names."""
NONFINITE = "has NaN or infinity where the reference has numbers, or the other way round"
VERBS = {"shape": "gives another shape", "nonfinite": NONFINITE}
"""Verdict → what is said in place of ``differs``."""


def answer(case: Record, cell: Record) -> str:
    """One sentence."""
    who, message = engine(cell["target"]), cut(str(cell.get("message", "")), LONGEST)
    verdict = cell["verdict"]
    if verdict == "equal":
        return f"{who} agrees with the reference bit for bit: every element is the float64 result, rounded."
    if verdict == "rounding":
        if loose := [e["layer"] for e in cell.get("loosened") or () if not e.get("stale")]:
            layers, largest = listing(loose), allowed(_largest(cell), cell)
            return f"{who} agrees with the reference, but within bounds that the case loosens for {layers}{largest}."
        return f"{who} agrees with the reference within rounding{_largest(cell)}."
    if verdict == "crashed":
        return sentence(f"{who} failed to run this network: {message}")
    if verdict == "timeout":
        return sentence(f"{who} took too long, and was stopped: {message}")
    if verdict == "unsupported":
        return sentence(f"{who} has no way to say this network, so nothing was compared: {message}")
    if verdict == "skipped":
        return sentence(f"{who} did not run here, so nothing was compared: {message}")
    return sentence(f"{who} {_wrong(case, cell, message)}")


def _largest(cell: Record) -> str:
    worst = worst_of([*cell.get("layers", ()), *cell.get("final", ())])
    if worst is None:
        return ""
    kind = "layers" if len(worst["nodes"]) > 1 else "layer"
    at = f"at the {kind} {listing(worst['nodes'])}" if worst["nodes"] else f"at the output {worst['tensor']}"
    return f": the largest error is {times(ratio(worst))}, {at}"


def _wrong(case: Record, cell: Record, message: str) -> str:
    blame, verdict = list(cell.get("blame") or ()), cell["verdict"]
    if blame == ["copy"]:
        return f"differs, since its weights are not those that were sent: {message}"
    if blame == ["fusion"]:
        worst = worst_of(list(cell.get("final", ())))
        by = f" by {times(ratio(worst))}" if worst else ""
        return f"differs{by}, but every layer passes by itself: the runtime's own fusion of layers is to blame"
    if found := [d for d in cell.get("diagnosis") or () if d["causes"]]:
        said = [either(d["causes"]) for d in found[:LAYERS]]
        more = len(list(cell.get("diagnosis") or ())) - len(said)
        rest = f"; and {plural(more, 'other place')} besides" if more > 0 else ""
        if most := max(len(grouped(d["causes"])) for d in found) - 1:
            rest += f". These inputs cannot tell {'the two' if most == 1 and len(found) == 1 else 'them'} apart"
        return f"{VERBS.get(verdict, 'differs')}: {'; and '.join(said)}{rest}"
    return _unexplained(case, cell, verdict, message)


def _unexplained(case: Record, cell: Record, verdict: str, message: str) -> str:
    bad = failing(cell)
    if verdict == "shape":
        return f"gives a result of another shape: {message}"
    if verdict == "missing":
        return f"gave too little to compare: {message}"
    if verdict == "nonfinite":
        return f"{NONFINITE}: {message}"
    if not bad:
        return f"differs: {message}"
    first = bad[0]
    where = place(case, first["nodes"], first["tensor"])
    rest = f"; {plural(len(bad) - 1, 'other tensor')} too" if len(bad) > 1 else ""
    if ratio(first) is None:
        return f"differs: {message}"
    tried = sum(d["tried"] for d in cell.get("diagnosis") or ())
    why = f". None of the {tried:,} known mistakes that were tried explains it" if tried > 1 else ""
    return f"differs at {where}: {size(first)}{rest}{why}"


def allowed(text: str, cell: Record) -> str:
    """A sentence on a bound, where the case loosens some: then it is not rounding that allows what is allowed."""
    if not cell.get("loosened"):
        return text
    text = text.replace("what rounding allows", "what is allowed").replace(
        "Rounding in all layers may", "All layers may"
    )
    return text.replace("where rounding explains a difference of", "where this much is allowed:")


def size(finding: Record) -> str:
    """How large an error is, against what is allowed."""
    r = ratio(finding)
    if r == float("inf") and (finding["metrics"] or {}).get("worst_bound") == 0:
        return "it only moves numbers, so no error is allowed, and there is one"
    return f"the error is {times(r)}"


def known(cell: Record) -> Iterator[str]:
    """What the case expected, and what was made wrong on purpose."""
    who = engine(cell["target"])
    for made in cell.get("committed") or ():
        yield f"The case makes {who} do something wrong on purpose, in layer {made['layer']}: {sentence(made['words'])}"
    if stale := [e["layer"] for e in cell.get("loosened") or () if e.get("stale")]:
        yield f"The case fails all the same, since it loosens the bound of {listing(stale)}, which is no longer needed."
    expected = cell.get("expected")
    if not expected:
        return
    if not unexpected(cell):
        yield sentence(f"The case expects this, so it counts as known and not as a failure: {expected['reason']}")
        return
    if cell["verdict"] == expected["verdict"]:
        found = [c["name"] for d in cell.get("diagnosis") or () for c in d["causes"][:1]]
        seen = listing(found) if found else "none"
        yield f"The case expects the cause {expected.get('cause')}, and the diagnosis gives {seen}."
        return
    yield sentence(
        f"The case expects the verdict {expected['verdict']}, which no longer holds; take the entry out of its expect "
        f"if that is meant to last. Its reason was: {expected['reason']}"
    )
