"""Whether a cell counts as passed, given what its case says in advance."""

from __future__ import annotations

from collections.abc import Mapping

from parity.case.case import Case
from parity.judge.verdict import FAILED
from parity.results import Record
from parity.targets import Target

NUMBERS = frozenset({"differs", "nonfinite"})
"""Verdicts on numbers, which a wrong rule leads to in any precision."""


def with_expectation(record: Record, case: Case, target: Target, versions: Mapping[str, str] | None = None) -> Record:
    """The record with ``ok``, and the message that says why not.

    Args:
        versions: package → version of the target, for failures of some versions alone.

    Known failures and loosened bounds must be needed; one that is not is no pass. What an engine is known to get wrong
    in float32 it may get wrong, or hide, in another precision: there a failure is excused and a pass is one.
    """
    expect = case.expected(target, versions)
    verdict = record["verdict"]
    if stale := [e["layer"] for e in record.get("loosened", ()) if e["stale"]]:
        note = f"the loosening of {', '.join(stale)} is no longer needed: all is within the bounds without it"
        return record | {"ok": False, "message": f"{note}. {record['message']}".strip()}
    if expect is None or verdict == "skipped":
        known = case.expected(target.machine, versions) if verdict in NUMBERS else None
        return record | ({"ok": True, "expected": known.model_dump()} if known else {"ok": verdict not in FAILED})
    if verdict == expect.verdict:
        named = {d["causes"][0]["name"] for d in record.get("diagnosis", ()) if d["causes"]}
        if expect.cause and expect.cause not in named:
            found = f"found {', '.join(sorted(named)) or 'none'}"
            message = f"expected the cause {expect.cause}, {found}. {record.get('message', '')}".strip()
            return record | {"ok": False, "expected": expect.model_dump(), "message": message}
        return record | {"ok": True, "expected": expect.model_dump()}
    note = f"expected {expect.verdict} ({expect.reason}), found {verdict}: the expectation no longer holds"
    message = f"{note}. {record.get('message', '')}".strip()
    return record | {"ok": False, "expected": expect.model_dump(), "message": message}
