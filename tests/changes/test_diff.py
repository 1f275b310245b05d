import copy

import pytest

from parity.changes.diff import diff
from parity.changes.tell import headline, notes, sections
from parity.errors import BadInput
from parity.results import Results

WIDE, TIES, LENET = "layers/elu[wide]", "layers/elu[ties]", "networks/lenet"
JAX, CHAINER = "keras-jax@cpu", "chainer@cpu"


def compare(make, other, **more):
    return diff(make.results, other.results, **more)


def told(found):
    """(what, direction, case, target) of each change."""
    return [(c.what, c.direction, c.case, c.target) for c in found.changes]


def test_nothing_changed(make, other):
    found = compare(make, other)
    assert (found.changes, found.cells, found.is_worse) == ([], 9, False)
    assert headline(found) == "Nothing changed: 9 cells compared."
    assert notes(found) == ["py311: no version changed."]
    assert sections(found) == []


@pytest.mark.parametrize("verdict", ["differs", "nonfinite", "crashed", "timeout", "unsupported", "skipped"])
def test_a_worse_verdict(make, other, verdict):
    other.cell(WIDE, JAX, verdict, message="off the mark")
    for back in (False, True):
        found = compare(other, make) if back else compare(make, other)
        assert told(found) == [("verdict", "better" if back else "worse", WIDE, JAX)]
        assert found.is_worse is not back
    assert f"{verdict} → rounding" in found.changes[0].text


def test_a_worse_verdict_says_what_the_page_says(make, other):
    other.cell(WIDE, JAX, "crashed", message="out of memory")
    (section,) = sections(compare(make, other))
    assert section.title == "Worse (1)"
    assert section.parts[0].lines == (
        "layers/elu[wide] on keras-jax: rounding → crashed. keras-jax failed to run this network: out of memory.",
    )


def test_a_known_failure_is_no_regression(make, other):
    known = {"ok": True, "expected": {"verdict": "differs", "reason": "a defect"}}
    other.cell(WIDE, JAX, "differs", **known)
    found = compare(make, other)
    assert told(found) == [("verdict", "other", WIDE, JAX)]
    assert found.changes[0].text == "rounding → known failure"
    assert not found.is_worse


def test_a_known_failure_that_is_gone_fails(make, other):
    expected = {"expected": {"verdict": "differs", "reason": "a defect"}}
    make.cell(WIDE, JAX, "differs", ok=True, **expected)
    other.cell(WIDE, JAX, "rounding", ok=False, **expected)
    found = compare(make, other)
    assert told(found) == [("verdict", "worse", WIDE, JAX)]
    assert found.changes[0].text == "known failure → rounding, which was not expected"


def test_failing_in_another_way(make, other):
    make.cell(WIDE, JAX, "differs")
    other.cell(WIDE, JAX, "crashed")
    assert told(compare(make, other)) == [("verdict", "other", WIDE, JAX)]


def test_bit_for_bit_or_within_rounding_is_counted_only(make, other):
    make.cell(WIDE, JAX, "equal", ratio=0.0)
    found = compare(make, other)
    assert (found.changes, found.bits) == ([], 1)
    assert any("bit for bit in one" in note for note in notes(found))


def test_an_error_beyond_noise(make, other):
    for finding in other.results.cells["py311", WIDE, JAX]["layers"]:
        finding["spread"] = {"zero": 0, "from": -2, "counts": [500]}
    for finding in make.results.cells["py311", WIDE, JAX]["layers"]:
        finding["spread"] = {"zero": 0, "from": -9, "counts": [500]}
    assert told(compare(make, other)) == [("error", "worse", WIDE, JAX)]
    assert told(compare(other, make)) == [("error", "better", WIDE, JAX)]


def test_an_error_that_grew_and_is_tiny_still_is_no_regression(make, other):
    for results, start in ((make.results, -12), (other.results, -8)):
        for finding in results.cells["py311", WIDE, JAX]["layers"]:
            finding["spread"] = {"zero": 0, "from": start, "counts": [500]}
    found = compare(make, other)
    assert told(found) == [("error", "other", WIDE, JAX)]
    assert not found.is_worse


def test_versions_that_changed_with_it(make, other):
    other.results.runs["py311"]["python"] = "3.12.1"
    record = copy.deepcopy(other.results.targets["py311", JAX])
    record["facts"]["versions"] = {"jax": "0.10.2", "chainer": "7.8.1"}
    other.results.targets["py311", JAX] = record
    other.cell(WIDE, JAX, "crashed")
    other.cell(WIDE, CHAINER, "crashed")
    found = compare(make, other)
    assert {c.target: c.versions for c in found.changes} == {JAX: "jax none → 0.10.2", CHAINER: ""}
    assert notes(found) == ["py311: Python 3.11.7 → 3.12.1 and jax none → 0.10.2."]


def test_a_cell_is_gone(make, other):
    del other.results.cells["py311", WIDE, JAX]
    found = compare(make, other)
    assert told(found) == [("gone", "worse", WIDE, JAX)]
    assert told(compare(make, other, allow_fewer=True)) == [("gone", "other", WIDE, JAX)]
    assert told(compare(other, make)) == [("new", "other", WIDE, JAX)]


def test_a_case_or_a_target_that_is_gone_is_told_once(make, other):
    for key in [k for k in other.results.cells if k[1] == LENET or k[2] == JAX]:
        del other.results.cells[key]
    found = compare(make, other)
    assert told(found) == [("gone", "worse", "", JAX), ("gone", "worse", LENET, "")]
    assert [c.text for c in found.changes] == [
        "the target is gone: 3 cells, 3 of which agreed", "the case is gone: 2 cells, 2 of which agreed",
    ]  # fmt: skip


def test_what_was_never_compared_may_go(make, other):
    make.cell(WIDE, JAX, "unsupported")
    del other.results.cells["py311", WIDE, JAX]
    assert told(compare(make, other)) == [("gone", "other", WIDE, JAX)]


def test_a_new_case_that_fails_is_a_regression_and_one_that_agrees_is_none(make, other):
    other.case("new/one")
    other.cell("new/one", JAX, "differs", message="off")
    other.cell("new/one", CHAINER)
    found = compare(make, other)
    assert told(found) == [("new", "worse", "new/one", JAX), ("new", "other", "new/one", "")]
    assert "keras-jax" in found.changes[0].said
    assert found.is_worse
    other.cell("new/one", JAX)
    assert not compare(make, other).is_worse


def test_other_inputs_are_not_compared(make, other):
    other.cell(WIDE, JAX, "differs", hash={"inputs": "9" * 16, "weights": "2" * 16})
    found = compare(make, other)
    assert (found.changes, found.cells, found.others) == ([], 8, {WIDE})
    assert any(WIDE in note for note in notes(found))


def test_nothing_compared_is_no_pass(make, other):
    for cell in other.results.cells.values():
        cell["hash"] = {"inputs": "9" * 16}
    found = compare(make, other)
    assert found.is_worse
    assert headline(found).startswith("Nothing was compared")
    assert diff(make.results, make.results).is_worse is False


def test_all_silent_is_no_pass(make):
    for key, cell in list(make.results.cells.items()):
        make.results.cells[key] = {**cell, "verdict": "skipped", "layers": [], "final": []}
    assert diff(make.results, make.results).is_worse


def test_a_case_that_became_weak(make, other):
    for made, weak in ((make, False), (other, True)):
        made.results.cells["py311", WIDE, JAX]["weak"] = weak
    assert told(compare(make, other)) == [("weak", "worse", WIDE, "")]
    assert told(compare(other, make)) == [("weak", "better", WIDE, "")]


def test_the_worst_comes_first(make, other):
    other.cell(LENET, JAX, "timeout")
    other.cell(WIDE, JAX, "differs")
    make.cell(TIES, JAX, "crashed")
    assert [c.case for c in compare(make, other).changes] == [LENET, WIDE, TIES]


class TestEnvironments:
    def test_one_each_whatever_the_names(self, make, other):
        theirs, moved = other.results, Results()
        moved.runs["report"] = {**theirs.runs["py311"], "environment": "report"}
        moved.targets = {("report", t): {**r, "environment": "report"} for (_, t), r in theirs.targets.items()}
        moved.cells = {("report", *k[1:]): {**c, "environment": "report"} for k, c in theirs.cells.items()}
        found = diff(make.results, moved)
        assert (found.environments, found.cells) == ((("py311", "report"),), 9)
        assert "py311 of the old results is compared with report of the new ones." in notes(found)

    def test_of_the_same_name(self, make, other):
        for made in (make, other):
            made.fill([WIDE], environment="py312")
        other.cell(WIDE, JAX, "crashed", environment="py312")
        found = compare(make, other)
        assert found.cells == 11, "one has no numbers"
        (section,) = sections(found)
        assert section.parts[0].lines[0].startswith("layers/elu[wide] on keras-jax in py312: rounding → crashed")

    def test_one_that_is_gone_or_new(self, make, other):
        for made in (make, other):
            made.fill([WIDE], environment="py312")
        make.fill([WIDE], environment="py313")
        found = compare(make, other)
        assert [(c.what, c.environment, c.direction) for c in found.changes] == [("gone", "py313", "worse")]
        assert "In py313: the environment is gone" in sections(found)[0].parts[0].lines[0]
        assert "Environment py313 is new, with 3 cells." in notes(compare(other, make))
        assert not compare(make, other, allow_fewer=True).is_worse

    def test_none_in_both(self, make):
        theirs = Results()
        for name in ("a", "b"):
            theirs.runs[name] = {"environment": name}
        with pytest.raises(BadInput, match=r"found py311 in the old ones and a and b in the new ones; accepted"):
            diff(make.results, theirs)


def test_the_same_on_several_cases_is_one_line(make, other):
    for case in (WIDE, TIES):
        for target in (JAX, CHAINER):
            other.cell(case, target, "unsupported", message="not here")
            other.results.cells["py311", case, target]["layers"] = []
    (section,) = sections(compare(make, other))
    (part,) = section.parts
    assert [line.partition(":")[0] for line in part.lines] == [
        "layers/elu[ties] and [wide] on chainer", "layers/elu[ties] and [wide] on keras-jax",
    ]  # fmt: skip


def test_long_lists_are_cut_with_a_count(make, other):
    for i in range(30):
        for made, verdict in ((make, "rounding"), (other, "differs")):
            for case in (f"layers/a{i}", f"layers/a{i}[b]"):
                made.case(case)
                made.cell(case, JAX, verdict)
    (section,) = sections(compare(make, other), files=20, each=1)
    assert section.title == "Worse (60)"
    assert len(section.parts) == 20
    assert section.more == "20 more changes in 10 more files"
