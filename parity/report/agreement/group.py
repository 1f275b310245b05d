"""All cases of one precision: pairs of columns, and who stands alone where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, takewhile

import numpy as np

from parity.judge.verdict import NEUTRAL
from parity.report.agreement.pairs import Column, Pair, Row, outsiders, row
from parity.report.data import natural
from parity.results import Record, Results

MAJORITY = 3
"""Columns from which on there can be an outlier; of two that disagree, neither is one."""


@dataclass
class Engine:
    """One target over all cases and environments.

    Args:
        compared: results that could be compared with another's.
        equal: of these, the rounded reference bit for bit.
        errors: root mean squares of the distance from the reference in bounds, where there is any.
        distances: the same from the other engines of the environment, the median of them, where there is any.
    """

    compared: int = 0
    equal: int = 0
    errors: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)


@dataclass
class Alone:
    """A target that is apart from the majority of the engines in a case.

    Args:
        environments: where it is.
        of: engines that were compared there, at most.
        distance: from the nearest of the others, in bounds; NaN where there is no figure.
        layers: kinds of the layers to blame.
        known: whether the case expects it.
    """

    case: str
    target: str
    environments: list[str]
    of: int
    distance: float
    layers: list[str]
    known: bool


@dataclass
class Group:
    """What was found in one precision.

    Args:
        columns: all that compared something, by target and environment.
        pairs: places of two columns of one environment or of one target → what lies between them.
        engines: target → what is to be said of it.
        alone: targets apart from the others in their environments.
        moved: target → environment → cases in which its bits are not those of the majority of environments.
        everywhere: target → how many cases several environments ``compared``, in how many of them the bits are the
            ``same`` in all, and the ``fewest`` environments that said what the outputs of a case were.
        judged: how often, by case and environment, there was a majority to be apart from.
        tied: cases in which engines of an environment are apart with no majority among them.
    """

    columns: Sequence[Column]
    pairs: dict[tuple[int, int], Pair]
    engines: dict[str, Engine]
    alone: list[Alone]
    moved: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    everywhere: dict[str, dict[str, int]] = field(default_factory=dict)
    judged: int = 0
    tied: dict[str, None] = field(default_factory=dict)


def group(results: Results, columns: Sequence[Column]) -> Group:
    """Compare columns of one precision in all cases."""
    place = {column: i for i, column in enumerate(columns)}
    cases: dict[str, dict[int, Record]] = {}
    for (environment, case, target), cell in results.cells.items():
        if (target, environment) in place and cell["verdict"] not in NEUTRAL:
            cases.setdefault(case, {})[place[target, environment]] = cell
    pairs = {
        (a, b): Pair()
        for a, b in combinations(range(len(columns)), 2)
        if (columns[a][0] == columns[b][0]) != (columns[a][1] == columns[b][1])
    }
    made = Group(columns, pairs, {target: Engine() for target, _ in columns}, [])
    for case in sorted(cases, key=natural):
        if (found := row(case, cases[case])) is not None:
            _take(made, found, results.cases.get(case, {}))
        said = Counter(columns[i][0] for i in (found.columns if found else ()))
        for target in {columns[i][0] for i in cases[case]}:
            count = made.everywhere.setdefault(target, {"compared": 0, "same": 0})
            count["fewest"] = min(count.get("fewest", said[target]), said[target])
    return made


def _take(made: Group, found: Row, record: Record) -> None:
    there = [made.columns[i] for i in found.columns]
    for a, b in combinations(range(len(there)), 2):
        pair = made.pairs.get((found.columns[a], found.columns[b]))
        if pair is not None:
            pair.add(found, a, b)
    for environment, among in by(there, 1).items():
        if len(among) > 1:
            _engines(made, found, among)
            _lone(made, found, among, environment, record)
    for target, among in by(there, 0).items():
        if len(among) < 2:
            continue
        same = found.same[np.ix_(among, among)]
        count = made.everywhere.setdefault(target, {"compared": 0, "same": 0})
        count["compared"] += 1
        count["same"] += int(same.all())
        for odd in _minority(same) if len(among) >= MAJORITY else ():
            environment = there[among[odd]][1]
            made.moved.setdefault(target, {}).setdefault(environment, []).append(found.case)


def by(columns: Sequence[Column], part: int) -> Mapping[str, list[int]]:
    """Target (part 0) or environment (part 1) → places of its columns."""
    found: dict[str, list[int]] = {}
    for i, column in enumerate(columns):
        found.setdefault(column[part], []).append(i)
    return found


def _engines(made: Group, found: Row, among: Sequence[int]) -> None:
    for i in among:
        engine = made.engines[made.columns[found.columns[i]][0]]
        engine.compared += 1
        engine.equal += found.cells[i]["verdict"] == "equal"
        if found.error[i] > 0 and np.isfinite(found.error[i]):
            engine.errors.append(float(found.error[i]))
        others = [found.distance[i, j] for j in among if j != i and not np.isnan(found.distance[i, j])]
        if others and (middle := float(np.median(others))) > 0:
            engine.distances.append(middle)


def _lone(made: Group, found: Row, among: Sequence[int], environment: str, record: Record) -> None:
    odd = outsiders(found, among)
    made.judged += len(among) >= MAJORITY and odd is not None
    if odd is None:
        made.tied[found.case] = None
    for i in odd or ():
        target, cell = made.columns[found.columns[i]][0], found.cells[i]
        rest = [found.distance[i, j] for j in among if j not in (odd or ()) and not np.isnan(found.distance[i, j])]
        distance = float(min(rest)) if rest else float("nan")
        known = bool(cell["ok"] and "expected" in cell)
        there = takewhile(lambda a: a.case == found.case, reversed(made.alone))  # cases come one after the other
        if (other := next((a for a in there if a.target == target), None)) is None:
            layers = sorted(set(_kinds(record, cell)))
            made.alone.append(Alone(found.case, target, [environment], len(among), distance, layers, known))
            continue
        other.environments.append(environment)
        other.of, other.distance = max(other.of, len(among)), float(np.fmax(other.distance, distance))
        other.known = other.known and known


def _kinds(record: Record, cell: Record) -> Iterator[str]:
    blamed = set(cell.get("blame") or ())
    return (layer["layer"] for layer in record.get("layers", ()) if layer["name"] in blamed)


def _minority(same: np.ndarray) -> list[int]:
    """Places whose bits are not those of a majority; empty where there is none."""
    counts = same.sum(axis=1)
    largest = int(counts.argmax())
    if counts[largest] * 2 <= len(same):
        return []
    return [i for i in range(len(same)) if not same[largest, i]]
