"""Results of many environments, merged: of each case what the latest run of it found, and what had to be left out.

Cells of one case stand side by side only if they were computed on the same network, inputs and weights. Where runs
differ in that, the run that began last is right, and the others' cells are left out, counted and named. The same goes
for an environment that was run again after a framework in it changed. The order of the folders does not matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from parity import results
from parity.errors import BadInput
from parity.results import FILE, Record, Results

CellKey = tuple[str, str, str]
OTHER, VERSIONS, AGAIN = "other", "versions", "again"
"""Why cells are left out: of other arrays or another network, of an environment whose versions changed since, or since
a later run has the same ones."""


def read(folders: Iterable[Path], expected: Sequence[str] = ()) -> Results:
    """Results of folders, merged.

    Args:
        folders: each with ``results.jsonl``, or with folders that have one, or the file itself.
        expected: environments that must be there.

    Raises:
        BadInput: a folder without results, or none that can be read.
    """
    parts: list[tuple[str, Results]] = []
    unread, wrong = dict[str, str](), list[BadInput]()
    for file in files(folders):
        try:
            found = results.read(file)
        except BadInput as error:
            wrong.append(error)
            unread[str(file.parent)] = str(error)
            continue
        if not any((found.runs, found.cells, *found.measured.values())):
            unread[str(file.parent)] = "the run that made its file ended before it wrote anything"
        parts.append((str(file), found))
    if wrong and not parts:
        raise wrong[0]
    merged = merge(parts)
    merged.unread, merged.expected = unread, tuple(expected)
    return merged


def files(folders: Iterable[Path]) -> list[Path]:
    """The files of results in folders and in the folders in these, each once; not those of calibrations.

    Raises:
        BadInput: none in one of the folders.
    """
    found: dict[Path, Path] = {}
    for folder in folders:
        inside = folder.glob(f"*/{FILE}") if folder.is_dir() else ()
        below = sorted(f for f in inside if f.is_file() and not _calibrates(f))
        own = folder / FILE if folder.is_dir() else folder
        here = [*([own] if own.is_file() else []), *below]
        if not here:
            looked = f"neither {FILE} nor a folder with one" if folder.is_dir() else "no such folder or file"
            text = f"no results here: {looked}; parity run --out {folder} leaves some"
            raise BadInput(text, file=str(folder))
        for file in here:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _calibrates(file: Path) -> bool:
    """Whether a file is of ``parity calibrate``, whose variants of cases are no verdicts."""
    try:
        with file.open("rb") as opened:
            first = json.loads(opened.readline())
    except (OSError, ValueError, RecursionError):  # told when it is read
        return False
    return isinstance(first, dict) and first.get("kind") == "run" and "rules" in first


def merge(parts: Iterable[tuple[str, Results]]) -> Results:
    """Merge what was read.

    Args:
        parts: (name, what stands there).

    Returns:
        Of each case the cells that fit its latest run, with ``left_out``.
    """
    ordered = [found for _, found in sorted(parts, key=lambda part: (_began(part[1]), part[0]))]
    merged = Results()
    for found in ordered:
        for name, case in found.cases.items():
            if name not in merged.cases or _stated(found, name) >= _stated(merged, name):
                merged.cases[name], merged.since[name] = case, found.since.get(name, "")
    for place, found in enumerate(ordered):
        _take(found, ordered[:place], ordered[place + 1 :], merged)
    return merged


def _take(found: Results, earlier: Sequence[Results], later: Sequence[Results], merged: Results) -> None:
    """Add to what is merged what of these results can stand beside it."""
    out: dict[tuple[str, str], dict[str, set[str]]] = {}
    changed = {e for e in found.runs for other in later if e in other.runs and _versions_differ(found, other, e)}

    def leave_out(why: str, record: Record) -> None:
        parts = out.setdefault((record.get("environment", ""), why), {}).setdefault(record["case"], set())
        known = merged.cases[record["case"]]["hash"] if why == OTHER else {}
        parts |= {k for k in known if (record.get("hash") or known).get(k) != known[k]}

    tables: list[dict[Any, Record]] = [found.runs, found.targets, *([{0: found.exam}] if found.exam else [])]
    for record in (r for table in tables for r in table.values()):
        if record.get("environment") not in changed and not _older_exam(record, merged):
            merged.add(record)
    for key, cell in found.cells.items():
        if cell["environment"] in changed:
            leave_out(VERSIONS, cell)
        elif cell["hash"] != merged.cases[cell["case"]]["hash"]:
            leave_out(OTHER, cell)
        elif _judged_again(found, earlier, later, key):
            if not any(r.cells.get(key) == cell for r in (*earlier, *later)):  # a copy was not run again
                leave_out(AGAIN, cell)
        else:
            merged.add(cell)
    for record in (r for table in found.measured.values() for r in table.values()):
        case = merged.cases.get(record["case"], {})
        if record.get("environment") in changed:
            leave_out(VERSIONS, record)
        elif case and record.get("network") != case.get("network"):
            leave_out(OTHER, record)
        else:
            merged.add(record)
    for (environment, why), cases in sorted(out.items()):
        started = found.runs.get(environment, {}).get("started", "")
        parts = sorted(set().union(*cases.values()))
        merged.left_out.append(
            {"environment": environment, "cases": sorted(cases), "started": started, "why": why, "other": parts}
        )


def _judged_again(found: Results, earlier: Sequence[Results], later: Sequence[Results], key: CellKey) -> bool:
    """Whether a cell stands in results whose run stated its case after this one's did, on the same arrays."""
    since = found.since.get(key[1], "")
    after = [r.since.get(key[1], "") > since for r in earlier] + [r.since.get(key[1], "") >= since for r in later]
    same = [r.cells.get(key, {}).get("hash") == found.cells[key]["hash"] for r in (*earlier, *later)]
    return any(a and s for a, s in zip(after, same, strict=True))


def _older_exam(record: Record, merged: Results) -> bool:
    return record["kind"] == "exam" and str(record.get("date", "")) < str(merged.exam.get("date", ""))


def _began(found: Results) -> tuple[str, str]:
    """When the last of its runs began; runs of the same second are told apart by what they say."""
    runs = sorted(found.runs.values(), key=lambda r: r["started"])
    return (runs[-1]["started"] if runs else "", json.dumps([runs, sorted(found.since)], sort_keys=True))


def _stated(found: Results, case: str) -> tuple[str, str]:
    return found.since.get(case, ""), json.dumps(found.cases[case]["hash"], sort_keys=True)


def _versions_differ(one: Results, other: Results, environment: str) -> bool:
    """Whether two results of an environment are of other software, as far as both say."""
    a, b = one.runs[environment], other.runs[environment]
    if any(a.get(k) != b.get(k) for k in ("python", "numpy", "platform")):
        return True
    for key in one.targets.keys() & other.targets.keys():
        found = [r.targets[key].get("facts", {}).get("versions") for r in (one, other)]
        if key[0] == environment and all(found) and found[0] != found[1]:
            return True
    return False
