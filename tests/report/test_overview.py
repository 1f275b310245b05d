import pytest

from parity.report.overview import KINDS, largest_ratio, overview, target_rows
from parity.results import Results
from parity.story.words import listing


def known(verdict="differs"):
    return {"ok": True, "expected": {"target": "*", "case": "*", "verdict": verdict, "reason": "a defect of it"}}


def test_all_agree(make):
    found = overview(make.fill(["a", "b"]))
    assert (found.tone, found.headline, found.rest) == ("good", "2 cases × 3 engines agree within rounding", "")


def test_bit_for_bit_is_said_only_when_all_are(make):
    make.fill(["a", "b"], ["chainer@cpu"])
    make.cell("a", verdict="equal", ratio=0.0)
    assert overview(make.results).headline.endswith("agree within rounding")
    make.cell("b", verdict="equal", ratio=0.0)
    assert overview(make.results).headline == "2 cases × 1 engine agree bit for bit"


def test_failures_are_named_by_file(make):
    make.fill(["a[1]", "a[2]", "b", "c", "d"])
    for case in ("a[1]", "a[2]"):
        make.cell(case, "onnxruntime@cpu", "differs", ratio=9.0, message="conv: 9 times")
    make.cell("b", "chainer@cpu", "differs", ratio=9.0)
    found = overview(make.results)
    assert found.tone == "bad"
    assert found.headline == "2 cases × 3 engines agree within rounding"
    assert found.rest == "3 differ: 2 of a on onnxruntime and b on chainer"
    assert found.failures[0].answers == (
        "onnxruntime differs at Conv2D conv: the error is 9 times what rounding allows; 1 other tensor too.",
    )
    assert found.failures[0].where == "differs on onnxruntime"


def test_a_crash_is_not_called_a_difference(make):
    make.fill(["a", "b"])
    make.cell("b", "chainer@cpu", "crashed")
    assert overview(make.results).rest == "1 fails: b on chainer"


def test_many_failures_are_cut_short(make):
    make.fill([f"f{i}" for i in range(6)])
    for i in range(6):
        make.cell(f"f{i}", verdict="timeout")
    assert overview(make.results).rest == "6 fail: f0 on chainer, f1 on chainer, f2 on chainer and 3 more"


def test_known_failures_are_counted_apart(make):
    make.fill(["a", "b"])
    make.cell("b", "chainer@cpu", "differs", ratio=9.0, **known())
    found = overview(make.results)
    assert found.tone == "good"
    assert found.headline == "2 cases × 3 engines agree within rounding, but for 1 known failure"
    assert found.counts == {"rounding": 5, "known": 1}


def test_loosened_bounds_are_counted_apart(make):
    make.fill(["a", "b", "c"], ["chainer@cpu"])
    make.cell("b", ratio=0.9, loosened=[{"layer": "conv", "stale": False}])
    make.cell("c", verdict="differs", ratio=9.0, **known())
    found = overview(make.results)
    assert found.headline == "1 case × 1 engine agrees within rounding, but for 1 known failure and 1 loosened bound"
    assert found.counts == {"rounding": 1, "loosened": 1, "known": 1}
    [row] = target_rows(make.results)
    assert (row["passed"], row["known"], row["failed"]) == (1, 2, 0)
    assert row["ratio"] < 0.9 or row["ratio"] == largest_ratio(make.results.cells["py311", "a", "chainer@cpu"])


def test_an_expectation_that_no_longer_holds_fails(make):
    make.fill(["a"])
    make.cell("a", "chainer@cpu", "rounding", **(known() | {"ok": False, "message": "expected differs"}))
    found = overview(make.results)
    assert (found.tone, found.rest) == ("bad", "1 fails: a on chainer")
    assert "known" not in found.counts


def test_no_comparison_is_no_success(make):
    make.run()
    make.case("a")
    make.cell("a", verdict="skipped")
    make.cell("a", "onnxruntime@cpu", "unsupported")
    found = overview(make.results)
    assert (found.tone, found.headline) == ("empty", "Nothing was compared: 2 cells and no comparison among them.")
    assert overview(Results()).tone == "empty"


def test_an_environment_that_compared_nothing_is_red(make):
    make.fill(["a"])
    make.run("py312")
    found = overview(make.results)
    assert (found.tone, found.rest) == ("bad", "py312 compared nothing")
    assert "Environment py312 compared nothing: its run ended before the first verdict." in found.asides


def test_environments_are_counted(make):
    make.fill(["a"])
    assert overview(make.fill(["a"], environment="py312")).headline.startswith("1 case × 3 engines × 2 environments")


def test_weak_cases_are_counted(make):
    make.fill(["a", "b", "c"])
    make.results.cases["a"]["weak"] = True
    assert overview(make.results).asides == (
        "1 case is weak, so that agreement proves little: fewer than 95% of the weights would be noticed if changed by "
        "1% (a).",
    )
    make.results.cases["c"]["power"] = {"weights": 6, "0.01": 0.5}
    assert "2 cases are weak" in overview(make.results).asides[0]


def test_what_says_nothing_is_said(make):
    make.fill(["a", "b"])
    make.cell("a", "chainer@cpu", "unsupported", message="no such thing")
    assert overview(make.results).asides == ("Of 6 cells, 1 unsupported: these say nothing about the numbers.",)


def test_targets_with_facts_or_reasons(make):
    make.fill(["a", "b"], ["chainer@cpu"])
    make.cell("a", verdict="differs", ratio=9.0)
    make.cell("b", verdict="differs", ratio=1e6, **known())
    make.target("onnxruntime@cpu", reason="package onnxruntime is not installed")
    chainer, ort = target_rows(make.results)
    assert (chainer["passed"], chainer["known"], chainer["failed"], chainer["ratio"]) == (0, 1, 1, 9.0)
    assert (chainer["versions"], chainer["threads"]) == ("chainer 7.8.1", 1)
    assert (ort["status"], ort["reason"]) == ("skipped", "package onnxruntime is not installed")


def test_largest_ratio(make):
    make.case("a")
    assert largest_ratio(make.cell("a", ratio=0.25)) == 0.25
    assert largest_ratio(make.cell("a", verdict="nonfinite", ratio="inf")) == float("inf")
    assert largest_ratio(make.cell("a", verdict="crashed")) is None
    shape = make.cell("a", verdict="differs", ratio=2.0)
    shape["final"][0]["metrics"] = None
    assert largest_ratio(shape) == 2.0


@pytest.mark.parametrize(("words", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_listing(words, text):
    assert listing(words) == text


def test_kinds_are_all_verdicts():
    from parity.judge.verdict import ORDER

    assert sorted(KINDS) == sorted([*ORDER, "known", "loosened"])


def test_where_nothing_agrees_no_case_is_said_to(make):
    make.fill(["a", "b"], ["chainer@cpu"])
    for case in "ab":
        make.cell(case, "chainer@cpu", "differs", ratio=9.0)
    found = overview(make.results)
    assert found.headline == "None of 2 cases agrees within rounding"
    assert found.rest.startswith("2 differ: ")
    assert found.tone == "bad"
