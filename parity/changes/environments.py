"""Which version changed a result: environments of one merged report, grouped by what they found.

Two environments found the same where the verdict is of one kind and the error did not change beyond noise; that a
result is right bit for bit in one and within rounding in the other is noise too, where few elements err. A package
tells the groups apart where no version of it occurs in two of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parity.changes.noise import shift
from parity.changes.suspects import UNKNOWN, separates, suspects
from parity.changes.versions import are_told, name_of, versions
from parity.report.failures import GOOD, kind
from parity.results import Record, Results
from parity.story.words import engine, figure, listing, percent, plural, sentence, some

NAMED = 4
"""Packages that a sentence names before it counts."""


@dataclass(frozen=True)
class Group:
    """Environments that found the same.

    Args:
        environments: their names, sorted.
        cell: of the first of them.
        kind: what was found, in a word or a few.
    """

    environments: tuple[str, ...]
    cell: Record
    kind: str


@dataclass(frozen=True)
class Split:
    """A case on a target, of which environments found different things.

    Args:
        case: id.
        target: name.
        groups: from the largest; at least two.
        packages: what tells them apart exactly, the target's own packages first; may be empty.
        found: package → version in each environment.
        likely: of these packages, what the other targets leave under suspicion; empty where they say nothing of it.
        why: how so, as part of a sentence.
    """

    case: str
    target: str
    groups: tuple[Group, ...]
    packages: tuple[str, ...]
    found: Mapping[str, Mapping[str, str]]
    likely: tuple[str, ...] = ()
    why: str = ""

    @property
    def text(self) -> str:
        """``keras-jax: differs with jax 0.6.0 (oldest), rounding with jax 0.10.0 (py311 and py312)``."""
        one = self.packages[0] if len(self.packages) == 1 else ""
        told = [f"{g.kind} {self._with(g, one)}" for g in self.groups]
        text = f"{engine(self.target)}: {', '.join(told)}"
        if not self.packages:
            return sentence(f"{text}; no version of what is recorded tells them apart")
        if one:
            return sentence(text)
        each = [f"{p} ({listing([self._versions(g, p, 'or') for g in self.groups], 'and')})" for p in self.packages]
        text = f"{text}; with it changed {some(each, most=NAMED)}"
        if self.likely:
            return sentence(f"{text}; {listing(self.likely, 'or')} is to be suspected, since {self.why}")
        return sentence(f"{text}, and nothing tells which of them did it")

    def _with(self, group: Group, package: str) -> str:
        where = listing(list(group.environments))
        return f"with {self._versions(group, package, 'and')} ({where})" if package else f"in {where}"

    def _versions(self, group: Group, package: str, last: str) -> str:
        seen = dict.fromkeys(self.found.get(package, {}).get(e) for e in group.environments)
        bare = len(self.packages) > 1
        return listing([(v or "none") if bare else name_of(package, v) for v in seen], last)


def splits(results: Results) -> list[Split]:
    """All of them, by case and target."""
    cells: dict[tuple[str, str], dict[str, Record]] = {}
    for (environment, case, target), cell in results.cells.items():
        if cell["verdict"] != "skipped":
            cells.setdefault((case, target), {})[environment] = cell
    known: dict[str, dict[str, dict[str, str]]] = {}
    apart: dict[str, dict[str, tuple[Group, ...]]] = {}
    of_case: dict[str, list[str]] = {}
    for (case, target), found in cells.items():
        of_case.setdefault(case, []).append(target)
        if len(groups := _groups(found)) > 1:
            apart.setdefault(case, {})[target] = groups
    made = []
    for case, changes in sorted(apart.items()):
        targets = of_case[case]
        for target in targets:
            known.setdefault(target, _by_package(results, target))
        names = {t: [g.environments for g in groups] for t, groups in changes.items()}
        for target, groups in sorted(changes.items()):
            packages = _separating(groups, known[target])
            beside = {t: known[t] for t in targets if cells[case, t].keys() >= cells[case, target].keys()}
            likely, why = suspects(
                target, names[target], packages, beside, {t: g for t, g in names.items() if t in beside}
            )
            made.append(Split(case, target, groups, packages, known[target], likely, why))
    return made


def changed(results: Results, found: Sequence[Split] | None = None) -> dict[str, list[tuple[str, str]]]:
    """Case id → targets of which environments found different things, each with a sentence on it.

    Args:
        found: :func:`splits` of the results, where they are known already.
    """
    told: dict[str, list[tuple[str, str]]] = {}
    for split in splits(results) if found is None else found:
        told.setdefault(split.case, []).append((split.target, split.text))
    return told


def counted(found: Sequence[Split]) -> str:
    """One sentence on all of them; empty where there are none.

    ``In 12 cases, environments found different things: with jax in 10 of them, with numpy in 3.``
    """
    if not found:
        return ""
    cases = {s.case for s in found}
    by_package: Counter[str] = Counter()
    for package, _ in sorted({(p, s.case) for s in found for p in s.likely or s.packages}):
        by_package[package] += 1
    ranked = sorted(by_package, key=lambda p: (-by_package[p], p))
    said = [f"{p} in {by_package[p]:,}" for p in ranked]
    unknown = len({s.case for s in found if not s.packages})
    if unknown:
        said.append(f"no version at all in {unknown:,}")
    text = f"In {plural(len(cases), 'case')}, environments found different things"
    return f"{text}; what tells them apart: {some(said, most=NAMED)}."


def _groups(cells: Mapping[str, Record]) -> tuple[Group, ...]:
    """Largest first; of equals the one whose first environment comes first."""
    found: list[tuple[Record, list[str]]] = []
    for environment in sorted(cells):
        cell = cells[environment]
        for first, members in found:
            if _class(first) == _class(cell) and shift(first, cell) is None:
                members.append(environment)
                break
        else:
            found.append((cell, [environment]))
    ordered = sorted(found, key=lambda g: (-len(g[1]), g[1]))
    usual = ordered[0][0]
    return tuple(Group(tuple(members), cell, f"{_word(cell)}{_against(usual, cell)}") for cell, members in ordered)


def _word(cell: Record) -> str:
    word = kind(cell)
    return "a known failure" if word == "known" else "a loosened bound" if word == "loosened" else word


def _class(cell: Record) -> str:
    found = kind(cell)
    return "good" if found in GOOD and cell["ok"] else found if cell["ok"] else f"{found}, failed"


def _against(usual: Record, cell: Record) -> str:
    """`` at 9 times the error``, where the verdict alone does not tell a group from the largest one."""
    moved = shift(usual, cell) if kind(usual) == kind(cell) else None
    if moved is None or not moved.before or not moved.after:
        return ""
    factor = moved.after / moved.before
    return f" at {figure(factor, 2)} times the error" if factor > 1 else f" at {percent(factor)} of the error"


def _by_package(results: Results, target: str) -> dict[str, dict[str, str]]:
    """Package → environment → version; the target's own packages first."""
    found: dict[str, dict[str, str]] = {}
    for environment in sorted(results.runs):
        for package, version in versions(results, environment, target).items():
            found.setdefault(package, {})[environment] = version
    for environment in results.runs:
        if not are_told(results, environment, target):
            for by_environment in found.values():
                by_environment.setdefault(environment, UNKNOWN)
    own = [p for p in found if engine(target).startswith(p) or p in engine(target)]
    return {p: found[p] for p in (*own, *(p for p in found if p not in own))}


def _separating(groups: Sequence[Group], found: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Packages of which no version occurs in two groups."""
    names = [g.environments for g in groups]
    return tuple(p for p in found if separates(p, found, names))
