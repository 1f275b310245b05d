"""pytest collects case files: an item for each case and target.

Registered wherever parity is installed, so it must cost other projects nothing: nothing else of parity is imported, and
no file opened, before pytest meets a ``*.yaml`` in a folder called cases or named on its command line.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from parity.case.case import Case
    from parity.errors import BadInput
    from parity.session import Prepared
    from parity.targets import Target

SCHEMA = b"case.schema.json"
"""In the first line of a file: it is a case file, however broken."""
LAYERS = re.compile(rb"""^["']?layers["']?[ \t]*:""", re.MULTILINE)
LAYER = re.compile(rb"""^[ \t]+.*\blayer["']?[ \t]*:""", re.MULTILINE)
SNIFFED = 1_000_000
"""Bytes of a file that are looked at, as many as a case file may have."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--parity-targets``."""
    parser.getgroup("parity").addoption(
        "--parity-targets",
        metavar="TARGETS",
        help="Run case files on these targets alone: names or wildcards, separated by commas.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the option; this needs the list of targets, so only where it is given."""
    text = config.getoption("--parity-targets")
    if text is not None:
        from parity.errors import BadInput
        from parity.targets import select

        try:
            config.stash[_chosen] = select([p.strip() for p in text.split(",") if p.strip()])
        except BadInput as error:
            raise pytest.UsageError(f"--parity-targets: {error}") from None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CaseFile | None:
    """Take case files; leave all others alone."""
    if file_path.suffix != ".yaml":
        return None
    meant = _under_cases(file_path, parent.config.rootpath) or parent.session.isinitpath(file_path)
    return CaseFile.from_parent(parent, path=file_path) if meant and looks_like_case(file_path) else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the workers."""
    if _bench in config.stash:
        config.stash[_bench].close()
        del config.stash[_bench]


def _under_cases(path: Path, root: Path) -> bool:
    """Whether a folder above the file is called cases; of those above pytest's root only the root itself counts."""
    if path.is_relative_to(root):
        return "cases" in (root.name, *path.relative_to(root).parts[:-1])
    return "cases" in path.parts[:-1]


def looks_like_case(path: Path) -> bool:
    """Whether the first line names the schema of case files, or there are ``layers`` with a ``layer`` among them."""
    try:
        with path.open("rb") as file:
            text = file.read(SNIFFED)
    except OSError:
        return False
    return SCHEMA in text.partition(b"\n")[0] or bool(LAYERS.search(text) and LAYER.search(text))


class CaseFile(pytest.File):
    """A case file: an item for each of its cases and targets."""

    def collect(self) -> Iterator[CaseItem]:
        """The items.

        Raises:
            CollectError: the file is no sound case; parity's message.
        """
        from parity.case.case import find, load
        from parity.errors import BadInput
        from parity.targets import ALL

        try:
            [(path, root)] = find([self.path])
            cases = load(path, root)
        except BadInput as error:
            raise self.CollectError(_told(error, self)) from None
        chosen = self.config.stash.get(_chosen, ALL)
        for case in cases:
            for target in chosen:
                if case.runs_on(target):
                    yield CaseItem.from_parent(self, case=case, target=target)


class CaseItem(pytest.Item):
    """One case on one target, e.g. ``conv2d:stride-2x1@keras-jax`` or, without a sweep, ``add@keras-jax``.

    Not ``conv2d[stride-2x1]@keras-jax``: JUnit files of pytest 9.2 take all behind a bracket for parameters.

    Args:
        case: the case.
        target: where it runs.
    """

    def __init__(self, *, case: Case, target: Target, **kwargs: Any):
        short = str(target).replace("@cpu", "").replace("@", "-").replace(":", "-")
        name = f"{case.file.stem}:{case.variant}" if case.variant else case.file.stem
        super().__init__(name=f"{name}@{short}", **kwargs)
        self.case, self.target = case, target
        if self.config.pluginmanager.has_plugin("xdist"):
            # One group a target: with --dist loadgroup each framework starts once. Under pytest 9.2 xdist 3.8 overlooks
            # the mark (its issue 1386), but takes what follows the last @ of a name for the group anyway.
            self.add_marker(pytest.mark.xdist_group(short))

    def runtest(self) -> None:
        """Run it and judge it."""
        from parity.errors import BadInput
        from parity.judge.verdict import FAILED, NEUTRAL

        bench = self.config.stash.setdefault(_bench, _Bench())
        try:
            record = bench.run(self.case, self.target)
        except BadInput as error:
            raise pytest.fail.Exception(_told(error, self), pytrace=False) from None
        if record.get("trace"):
            self.add_report_section("call", f"by {self.target}", record["trace"])
        verdict = record["verdict"]
        if record["ok"] and "expected" in record:
            # Not a plain pass: a known failure stays in sight, and pytest -rx and --runxfail mean just this.
            pytest.xfail(f"{verdict}, as expected: {record['expected']['reason']}")
        if record["ok"] and verdict in NEUTRAL:
            pytest.skip(record["message"])
        if not record["ok"] or verdict in FAILED:
            about = bench.about(self.case) if record.get("diagnosis") else {}
            pytest.fail(failure_text(record, about), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where pytest says that it is."""
        return self.path, 0, self.name


class _Bench:
    """What the items of one pytest process share: a session, and the case prepared last.

    The items of a case follow each other, so more than one need not be kept.
    """

    def __init__(self) -> None:
        from parity.session import Session
        from parity.workers.pool import Pool

        self._session = Session(Pool(), jobs=1)
        self._prepared: Prepared | None = None

    def run(self, case: Case, target: Target) -> dict[str, Any]:
        """The record of one cell."""
        if self._prepared is None or self._prepared.case is not case:
            self._drop()
            self._prepared = self._session.prepare(case)
        return self._session.cell(self._prepared, target)

    def about(self, case: Case) -> dict[str, Any]:
        """The record of a case."""
        from parity.case_record import case_record

        return case_record(self._prepared or self._session.prepare(case))

    def _drop(self) -> None:
        if self._prepared:
            self._prepared.close()
        self._prepared = None

    def close(self) -> None:
        """Stop the workers."""
        self._drop()
        self._session.close()


_bench = pytest.StashKey[_Bench]()
_chosen = pytest.StashKey["tuple[Target, ...]"]()


def _told(error: BadInput, node: pytest.Item | pytest.Collector) -> str:
    """The message, with the file named as seen from where pytest was started."""
    file = os.path.relpath(node.path, node.config.invocation_params.dir)
    return str(type(error)(error.message, path=error.path, file=file, line=error.line))


def failure_text(record: dict[str, Any], case: dict[str, Any]) -> str:
    """What went wrong on one cell, in a few lines: the verdict, the cause, figures of the layers to blame, commands.

    Args:
        record: of kind ``cell``, as in :mod:`parity.results`.
        case: of kind ``case``.
    """
    from parity.story import cause_lines

    stale = "expected" in record and not record["ok"]
    lines = [record["message"] if stale else f"{record['verdict']}: {record['message']}"]
    lines += cause_lines(case, record)
    bad: list[dict[str, Any]] = []
    for findings in (record.get("layers", ()), record.get("final", ())):  # the output only where no layer is to blame
        bad = bad or [f for f in findings if f["verdict"] not in ("equal", "rounding")]
    for finding in bad[:3]:
        lines += _figures(finding)
    if len(bad) > 3:
        lines.append(f"  and {len(bad) - 3} more tensor{'s' * (len(bad) > 4)}")
    where = f"{shlex.quote(record['case'])} {record['target']}"
    lines.append(f"all of it: parity explain {where}")
    lines.append(f"reproduce: parity reproduce {where}")
    return "\n".join(lines)


def _figures(finding: dict[str, Any]) -> Iterator[str]:
    where = " + ".join(finding["nodes"]) or "output"
    yield f"  {where}, tensor {finding['tensor']}: {finding['verdict']}"
    metrics = finding["metrics"]
    if metrics is None:
        yield f"    {finding['message']}"
        return
    ratio = metrics["bound_ratio"]
    yield f"    error ÷ bound  {'no bound' if ratio is None else _number(ratio)}"
    yield f"    max |d|        {_number(metrics['max_abs'])} over {metrics['count']:,} elements"
    if metrics["worst"] is not None:
        actual, expected = _number(metrics["worst_actual"], 9), _number(metrics["worst_reference"], 9)
        yield f"    worst          at {metrics['worst']}: {actual}, expected {expected}"


def _number(value: float | str, digits: int = 3) -> str:
    return value if isinstance(value, str) else f"{value:.{digits}g}"
