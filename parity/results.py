"""Results on disk: ``results.jsonl``, one strict JSON record a line, appended as verdicts come.

Records have a ``kind``: ``run`` (schema version, when, where, versions), ``target`` (facts, or why it is skipped),
``case`` (the network), ``cell`` (a case on a target), ``exam`` (what was caught of mistakes made on purpose), and what
was measured of a case: ``loss`` (in a precision, on a target), ``sensitivity`` (of its layers to a precision) and
``timing``. The report is made of nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import parity
from parity.errors import BadInput, shown
from parity.kinds import MEASURED, REQUIRED, lacking

SCHEMA = 1
FILE = "results.jsonl"
Record = dict[str, Any]


def environment() -> str:
    """What to call this environment: as PARITY_ENVIRONMENT says, or tox, or by the versions of Python and NumPy."""
    python = ".".join(map(str, sys.version_info[:2]))
    named = os.environ.get("PARITY_ENVIRONMENT") or os.environ.get("TOX_ENV_NAME")
    return named or f"python{python}-numpy{'.'.join(np.__version__.split('.')[:2])}"


def run_record() -> Record:
    """Who ran, when and where."""
    return {
        "kind": "run",
        "schema": SCHEMA,
        "environment": environment(),
        "parity": parity.__version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
    }


class Writer:
    """Appends records; safe from several threads.

    Args:
        folder: created if it is not there.
        resume: keep what is there; otherwise what was measured alone stays, the latest of each, since it may have
            taken hours: who reads it forgets what turns out to be of another network.

    Raises:
        BadInput: nothing can be written there, or what is there cannot be read.
    """

    def __init__(self, folder: Path, *, resume: bool = False):
        self.path = folder / FILE
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if resume:
                _drop_broken_tail(self.path)
            elif self.path.exists():
                _keep_measurements(folder)
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise BadInput(f"results cannot be written there: {error}", file=str(folder)) from None

    def add(self, record: Record) -> None:
        """Write one record, whole and at once."""
        text = _line(record)
        with self._lock:
            self._file.write(text)
            self._file.flush()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._file.close()


def _line(record: Record) -> str:
    return json.dumps(record, allow_nan=False, separators=(",", ":")) + "\n"


def _keep_measurements(folder: Path) -> None:
    """Leave of earlier results what was measured, and the runs that it is of, in one step."""
    found = Results()
    try:
        for record in records(folder, ("case", *MEASURED)):
            if record["kind"] == "case":
                found.forget(record["case"], record.get("network"))
            elif record["kind"] in ("run", *MEASURED):
                found.add(record)
    except BadInput as error:
        text = f"{error.message}. A run that starts anew keeps what was measured there; remove the file if it may go"
        raise BadInput(text, file=error.file, line=error.line) from None
    kept = [record for table in found.measured.values() for record in table.values()]
    of = {record.get("environment", "") for record in kept}
    path = folder / FILE
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(map(_line, [*(r for e, r in found.runs.items() if e in of), *kept])), encoding="utf-8")
    fresh.replace(path)


def _drop_broken_tail(path: Path) -> None:
    """Cut off a last line that a kill left unfinished."""
    if path.exists():
        data = path.read_bytes()
        end = data.rfind(b"\n") + 1
        if end != len(data):
            with path.open("r+b") as file:
                file.truncate(end)


@dataclass
class Results:
    """What one or many runs found.

    Args:
        runs: environment → run record, the latest.
        targets: (environment, target) → target record.
        cases: case id → case record.
        cells: (environment, case id, target) → cell record, the latest.
        exam: the exam's record, the latest; empty where there is none.
        measured: kind of :data:`MEASURED` → the values of its keys → record, the latest.
        since: case id → when the run that states the case began.
        left_out: what a merge could not use: ``environment``, ``cases``, ``started``, and ``why``.
        unread: folder → why its file holds no results.
        expected: environments that must be there.
    """

    runs: dict[str, Record] = field(default_factory=dict)
    targets: dict[tuple[str, str], Record] = field(default_factory=dict)
    cases: dict[str, Record] = field(default_factory=dict)
    cells: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    exam: Record = field(default_factory=dict)
    measured: dict[str, dict[tuple[Any, ...], Record]] = field(default_factory=lambda: {k: {} for k in MEASURED})
    since: dict[str, str] = field(default_factory=dict)
    left_out: list[Record] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    expected: tuple[str, ...] = ()

    def add(self, record: Record) -> None:
        """Take in a record; of two on the same thing the later one counts."""
        kind, env = record["kind"], record.get("environment", "")
        if kind == "run":
            self.runs[env] = record
        elif kind == "target":
            self.targets[env, record["target"]] = record
        elif kind == "case":
            self.cases[record["case"]] = record
        elif kind == "cell":
            self.cells[env, record["case"], record["target"]] = record
        elif kind == "exam":
            self.exam = record
        elif kind in MEASURED:
            key = tuple(record.get(k, "" if k == "environment" else None) for k in MEASURED[kind])
            self.measured[kind].pop(key, None)  # the latest stands last
            self.measured[kind][key] = record

    def forget(self, case: str, network: str | None) -> None:
        """Forget what was measured of a case before it became this network."""
        for found in self.measured.values():
            for key in [k for k, r in found.items() if r["case"] == case and r.get("network") != network]:
                del found[key]

    def drop_stale(self) -> None:
        """Forget cells of a case that was run again since, on another network or other arrays."""
        self.cells = {k: c for k, c in self.cells.items() if c["hash"] == self.cases.get(k[1], {}).get("hash")}


def records(folder: Path, whole: Collection[str] = tuple(REQUIRED)) -> Iterator[Record]:
    """The records of a folder.

    Args:
        whole: kinds that must say all that theirs has to.

    Raises:
        BadInput: no results, another schema version, a line that is no record, or that lacks what its kind must say. An
            unfinished last line is left out.
    """
    path = folder / FILE if folder.is_dir() else folder
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"no results here: {error}", file=str(path)) from None
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        record: Any = None
        with contextlib.suppress(ValueError, RecursionError):  # the latter: brackets in brackets without end
            record = json.loads(line, parse_constant=_refuse)
        if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
            if number == len(lines):
                return
            raise BadInput("not a record of parity's results", file=str(path), line=number)
        if record["kind"] == "run" and record.get("schema") != SCHEMA:
            raise BadInput(
                f"found schema {record.get('schema')!r}, this version reads {SCHEMA}", file=str(path), line=number
            )
        if record["kind"] in whole and (lacks := lacking(record)):
            raise BadInput(f"a record of kind {record['kind']!r} lacks {lacks}", file=str(path), line=number)
        yield record


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def read(folder: Path) -> Results:
    """Results of one folder; :mod:`parity.merge` reads many.

    Raises:
        BadInput: as :func:`records`, or there are cells of a case that no record states.
    """
    found, started = Results(), ""
    for record in records(folder):
        if record["kind"] == "run":
            started = record["started"]
        elif record["kind"] == "case":  # a resumed run states its cases again
            found.since[record["case"]] = started
            found.forget(record["case"], record.get("network"))
        found.add(record)
    if unknown := sorted({case for _, case, _ in found.cells} - found.cases.keys()):
        text = f"there are cells of {shown(unknown[0])} and no record of kind 'case' that says what it is"
        more = f"; the same goes for {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise BadInput(text + more, file=str(folder))
    found.drop_stale()
    return found
