"""Sentences on how far engines and environments agree, and who does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from parity.story.words import engine, figure, listing, percent, plural, some

FURTHER = 1.25
"""Times as far from the others as the others typically are: from there on an engine is called furthest."""
NAMED = 3


class Lone(Protocol):
    """A target that is apart from the majority in a case."""

    case: str
    target: str
    layers: list[str]
    known: bool


def told_alone(found: Sequence[Lone], engines: int, judged: int, tied: Sequence[str]) -> Iterator[str]:
    """Which engine stands alone, and in what; the most frequent first.

    Args:
        engines: that were compared.
        judged: how often there was a majority to be apart from.
        tied: cases without one.
    """
    if engines < 3:
        return
    if found:
        yield from _alone(found)
    elif judged and not tied:
        yield f"None of {engines} engines stands apart from the others in any case."
    if tied:
        yield f"In {plural(len(tied), 'case')} engines disagree with no majority among them: {some(tied, most=NAMED)}."


def _alone(found: Sequence[Lone]) -> Iterator[str]:
    counts = Counter(f.target for f in found)
    for target, count in counts.most_common(NAMED):
        own = [f for f in found if f.target == target]
        layers = Counter(name for f in own for name in f.layers)
        what = listing([f"{name} ({n:,})" for name, n in layers.most_common(NAMED)]) if layers else ""
        excused = sum(f.known for f in own)
        known = "" if not excused else "; known" if excused == count else f"; {excused:,} of them known"
        where = f": {what}" if what else f": {some(sorted({f.case for f in own}), most=NAMED)}"
        yield f"{engine(target)} stands apart from the others in {plural(count, 'case')}{where}{known}."
    if len(counts) > NAMED:
        rest = list(counts.most_common())[NAMED:]
        yield f"So do {listing([f'{engine(t)} in {n:,}' for t, n in rest])}."


def told_furthest(distances: Mapping[str, float]) -> Iterator[str]:
    """Which engine is furthest from the rest within rounding.

    Args:
        distances: target → its typical distance from the others, in bounds.
    """
    if len(distances) < 3:
        return
    ordered = sorted(distances, key=lambda t: -distances[t])
    far, rest = ordered[0], sorted(distances[t] for t in ordered[1:])
    usual = rest[len(rest) // 2]
    if usual > 0 and distances[far] >= FURTHER * usual:
        yield (
            f"Within rounding, {engine(far)} is furthest from the rest: typically {figure(distances[far], 2)} of a "
            f"bound, {figure(distances[far] / usual, 2)} times what is usual among the others."
        )
    else:
        yield "Within rounding, no engine is notably further from the rest than the others are."


def told_environments(found: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """How often targets give the same bits everywhere; those that always do in one sentence.

    Args:
        found: target → cases ``compared`` in several environments, in how many of them the bits are the ``same``, the
            number of ``environments``, and the ``fewest`` of them that gave a result in a case.
    """
    always: dict[str, list[str]] = {}
    for target, n in found.items():
        if n["same"] == n["compared"]:
            always.setdefault(_where(n), []).append(engine(target))
    for where, engines in always.items():
        give = "give" if len(engines) > 1 else "gives"
        yield f"{listing(engines)} {give} the same in {where}, bit for bit, in all cases."
    for target, n in found.items():
        if n["same"] < n["compared"]:
            of = f"{n['same']:,} of {plural(n['compared'], 'case')} ({percent(n['same'] / n['compared'])})"
            yield f"{engine(target)} gives the same in {_where(n)}, bit for bit, in {of}."


def _where(counted: Mapping[str, int]) -> str:
    environments = counted["environments"]
    if counted["fewest"] < environments:
        return "every environment with a result"
    return "both environments" if environments == 2 else f"all {environments} environments"


def told_moved(counts: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """Which environment is the outlier.

    Args:
        counts: (target, environment) → cases in which its bits are not the majority's.
    """
    by_environment: Counter[str] = Counter()
    for (_, environment), count in counts.items():
        by_environment[environment] += count
    if not by_environment:
        return
    ranked = by_environment.most_common()
    count = ranked[0][1]
    first, others = sorted(e for e, n in ranked if n == count), [(e, n) for e, n in ranked if n < count]
    if len(first) > 1:
        yield f"{listing(first)} each have other bits than most environments in {plural(count, 'result')}."
        return
    name = first[0]
    targets = sorted(((n, t) for (t, e), n in counts.items() if e == name), reverse=True)
    most = listing([f"{engine(t)} ({n:,})" for n, t in targets[:NAMED]])
    what = f"its bits are not the others' in {plural(count, 'result')}, on {most}"
    yield f"Of the environments, {name} is the outlier: {what}."
    if others:
        yield f"Next come {listing([f'{e} with {n:,}' for e, n in others[:NAMED]])}."
