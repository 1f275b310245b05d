"""What the start page says on trust: loosened bounds, and the exam."""

import pytest

from parity.report.sections import exam, ledger
from parity.results import Results

LOOSE = {"layer": "conv", "target": "onnx*", "case": "*", "factor": 100.0, "absolute": None, "reason": "a shortcut"}
COST = [{"nodes": ["conv"], "weights": [{"change": 0.01, "passes": 0.5, "before": 0.1, "elements": 9}],
         "mistakes": ["bias dropped"], "tried": 30}]  # fmt: skip


@pytest.fixture
def loosened(make):
    make.fill(["a[1]", "a[2]", "b"])
    for name, needed in (("a[1]", 3.0), ("a[2]", 40.25)):
        make.results.cases[name]["loosen"] = [LOOSE | {"lets_through": COST if name == "a[2]" else []}]
        entry = {k: LOOSE[k] for k in ("layer", "factor", "absolute", "reason")}
        make.cell(name, "onnxruntime@cpu", loosened=[entry | {"needed": needed, "stale": False}])
    return make.results


def test_a_row_for_each_entry_of_a_file(loosened):
    [row] = ledger(loosened)
    assert (row["name"], row["count"], row["target"], row["needed"]) == ("a", "2 cases", "onnx*", "40.2 times")
    assert row["said"] == "The bound of conv is loosened 100 times: a shortcut."
    assert row["cost"] == (
        "Of the weights of conv, 50% could be wrong by 1% unseen (10% without it).",
        "By the loosening alone these mistakes pass: bias dropped.",
    )


def test_other_reasons_are_other_rows(loosened):
    loosened.cases["b"]["loosen"] = [LOOSE | {"reason": "another", "factor": None, "absolute": 0.5}]
    rows = ledger(loosened)
    assert [r["name"] for r in rows] == ["a", "b"]
    assert rows[1]["said"] == "The bound of conv is loosened to an error of 0.5: another."
    assert (rows[1]["needed"], rows[1]["cost"]) == ("", ())


def test_exact_layers_need_more_than_any_factor(loosened):
    loosened.cells["py311", "a[1]", "onnxruntime@cpu"]["loosened"][0]["needed"] = "inf"
    assert ledger(loosened)[0]["needed"] == "exact"


def test_no_loosening_no_ledger(make):
    assert ledger(make.fill(["a"])) == []


COUNTS = {"committed": 10, "hidden": 1, "caught": 9, "missed": 0, "named": 8, "among": 9, "refused": 3}
ONE = {"committed": 1, "hidden": 0, "caught": 1, "missed": 0, "named": 1, "among": 1, "refused": 0}
EXAM = {
    "kind": "exam", "version": 1, "date": "2026-11-26", "versions": {"python": "3.11"}, "targets": {}, "parameters": {},
    "by_target": {"chainer@cpu": COUNTS}, "rows": [{"mistake": "epsilon", "kind": "declared", **COUNTS}],
    "totals": ONE, "clean": {"cells": 3700, "false_alarms": 0}, "elsewhere": 0, "failures": [], "unnamed": [],
}  # fmt: skip


def test_an_exam_in_words():
    found = exam(Results(exam=EXAM))
    assert found["said"] == [
        "1 mistake of those that people make when they move a network was made on purpose. 0 of them moved no number "
        "further than rounding could on those inputs, so that nobody could tell. Of the other 1, 1 (100%) were caught. "
        "Of these, 1 (100%) were called by their name, and 1 (100%) stood among the causes that were given.",
        "Networks without a mistake were judged 3,700 times, with no false alarm.",
        "Never was a layer blamed that had nothing to do with it.",
    ]
    assert found["date"] == "2026-11-26"
    assert found["targets"] == [
        {"target": "chainer@cpu", "committed": 10, "hidden": 1, "caught": 9, "named": 8, "among": 9}
    ]
    assert found["rows"] == [["epsilon", "declared", 10, 1, 9, 8, 9]]


def test_what_an_exam_found_wrong_is_not_hidden():
    alarm = exam(
        Results(exam=EXAM | {"clean": {"cells": 10, "false_alarms": 2}, "elsewhere": 1, "failures": ["a on b"]})
    )
    assert alarm["said"][1].endswith("with 2 false alarms.")
    assert alarm["said"][2] == "1 time, a layer was blamed that had nothing to do with it."
    assert alarm["failures"] == ["a on b"]
    missed = {"committed": 100000, "hidden": 0, "caught": 99999, "named": 45000, "among": 9}
    assert "99,999 (more than 99.9%) were caught" in exam(Results(exam=EXAM | {"totals": missed}))["said"][0]


def test_no_exam():
    assert exam(Results()) == {}
