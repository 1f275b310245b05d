"""Of several versions that changed at once, which is to be suspected, by what the other targets did in the same case.

A package that another target has too, in the same versions, without any change of its result, is not enough to explain
one. Where several targets changed in the same environments, what they have in common is the simplest explanation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from parity.story.words import engine, listing

Versions = Mapping[str, Mapping[str, str]]
"""Package → environment → version."""
Groups = Sequence[Sequence[str]]
"""Environments that found the same, group by group."""

UNKNOWN = ""
"""The version of a package where nothing is said of a target, as when it never started: it may be any."""


def separates(package: str, found: Versions, groups: Groups) -> bool:
    """Whether no version of a package occurs in two groups; an unknown one may occur in any."""
    by_environment = found.get(package, {})
    if any(by_environment.get(e) == UNKNOWN for group in groups for e in group):
        return False
    seen = [{by_environment.get(e) for e in group} for group in groups]
    return not any(a & b for a, b in combinations(seen, 2))


def suspects(
    target: str, groups: Groups, packages: Sequence[str], found: Mapping[str, Versions], changed: Mapping[str, Groups]
) -> tuple[tuple[str, ...], str]:
    """Which of the packages are left, and why the others are not; nothing where that says no more.

    Args:
        target: whose result changed.
        groups: its environments.
        packages: that changed with it.
        found: target → its versions, of all targets that were compared in all these environments in the same case.
        changed: those of them whose result changed as well → their groups.
    """
    steady = [t for t in sorted(found) if t not in changed]
    cleared = {p: [t for t in steady if p in found[t] and separates(p, found[t], groups)] for p in packages}
    left = [p for p in packages if not cleared[p]]
    alike = {frozenset(map(frozenset, groups))}
    peers = [t for t in sorted(changed) if t != target and frozenset(map(frozenset, changed[t])) in alike]
    shared = [p for p in left if all(separates(p, found[t], groups) and p in found[t] for t in peers)]
    if peers and shared:
        left = shared
    if not left or len(left) == len(packages):
        return (), ""
    reasons = []
    if peers and shared:
        reasons.append(f"{listing([engine(t) for t in peers])} changed with it too")
    if free := [p for p in packages if cleared[p]]:
        witness = next(t for t in steady if any(t in cleared[p] for p in free))
        also = [p for p in free if witness in cleared[p]]
        reasons.append(f"{engine(witness)}, where {listing(also)} changed as well, found the same throughout")
    return tuple(left), listing(reasons)
