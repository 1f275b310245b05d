"""What a diff says where there are no numbers, no versions, or results that could not be used."""

import copy

from parity.changes.diff import diff
from parity.changes.tell import headline, notes
from tests.changes.conftest import CASES

WIDE, _, LENET = CASES
JAX = "keras-jax@cpu"


def crash(made):
    for key in list(made.results.cells):
        made.cell(key[1], key[2], "crashed", environment=key[0])


def test_engines_that_crashed_then_and_now_compared_nothing(make, other):
    crash(make)
    crash(other)
    found = diff(make.results, other.results)
    assert (found.cells, found.is_worse) == (0, True)
    assert headline(found).startswith("Nothing was compared: no cell of both results has numbers")


def test_what_is_worse_is_said_where_nothing_could_be_compared(make, other):
    crash(other)
    said = headline(diff(make.results, other.results))
    assert said.startswith("Worse: 9 verdicts; nothing was compared: no cell")


def test_of_a_target_that_never_started_no_version_is_known(make, other):
    other.results.targets["py311", JAX] = {**make.results.targets["py311", JAX], "facts": {}}
    other.results.runs["py311"]["python"] = "3.12.1"
    other.cell(WIDE, JAX, "crashed")
    for old, new, run in ((make, other, "3.11.7 → 3.12.1"), (other, make, "3.12.1 → 3.11.7")):
        found = diff(old.results, new.results)
        assert [c.versions for c in found.changes] == [""]
        assert notes(found) == [f"py311: Python {run}."]


def test_a_package_that_is_gone_is_told_where_the_others_are(make, other):
    record = copy.deepcopy(make.results.targets["py311", JAX])
    record["facts"]["versions"]["jax"] = "0.6.0"
    make.results.targets["py311", JAX] = record
    other.cell(WIDE, JAX, "crashed")
    assert [c.versions for c in diff(make.results, other.results).changes] == ["jax 0.6.0 → none"]


def test_measurements_that_do_not_say_their_versions(make, other):
    for made, facts in ((make, {"facts": {"versions": {"jax": "0.6.0"}}}), (other, {})):
        made.loss(LENET, error=2e-4 if facts else 2e-2, **facts)
    (change,) = diff(make.results, other.results).changes
    assert (change.what, change.versions) == ("loss", "")


def test_what_could_not_be_used_is_said(make, other):
    entry = {"environment": "py311", "cases": [WIDE], "started": "", "why": "versions", "other": []}
    make.results.left_out.append(entry)
    other.results.unread["new/py312"] = "not a record of parity's results"
    said = notes(diff(make.results, other.results))
    assert any(s.startswith("Of the old results: py311: 1 case was run with other versions") for s in said)
    assert "Of the new results: Nothing was read of new/py312: not a record of parity's results." in said


def test_measurements_that_are_gone_are_counted(make, other):
    for made in (make, other):
        made.loss(LENET)
    make.loss(WIDE)
    make.timing(WIDE)
    told = "2 measurements of time or precision in the old results have no counterpart in the new ones."
    assert told in notes(diff(make.results, other.results))
    assert told not in notes(diff(other.results, make.results))
