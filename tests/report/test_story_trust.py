"""The story of a verdict: what others would have said, and how far it can be trusted."""

import pytest

from parity.story import about_case, weak
from parity.story.trust import lets_through

RULES = [{"rule": "np.allclose(0.001, 0.001)", "ok": True, "failing": 0, "count": 6},
         {"rule": "Polygraphy, default: 1e-5 and 1e-5", "ok": False, "failing": 4, "count": 6},
         {"rule": "article: Σ|d|, no threshold", "ok": None, "failing": None, "count": 6, "sum": 0.000326}]  # fmt: skip


def test_what_others_would_have_said(told):
    found = told("differs", customary=RULES)["What others would have said"].splitlines()
    assert found[0] == "1 of 2 customary tolerances would have passed it: np.allclose(0.001, 0.001)."
    assert found[1] == "It would have been caught by: Polygraphy, default: 1e-5 and 1e-5."
    assert found[2].endswith("prints, is 0.000326.")
    found = told("rounding", customary=RULES)["What others would have said"]
    assert "would have called it wrong, although every difference is within its bound" in found
    assert "the strictest in 4 of 6 elements" in found
    found = told("rounding", customary=[RULES[0]])["What others would have said"]
    assert found == "All 1 customary tolerances would have passed it too."


POWER = {"0.001": 0.6, "0.01": 0.99, "0.1": 1.0, "weights": 1403, "exact": True, "looked_at": 1403,
         "interval": [0.99, 0.99], "each": {}, "dead": {}}  # fmt: skip


def test_power(told):
    found = told(case={"power": POWER})["How far this can be trusted"]
    assert found == "99% of the 1,403 weights would be noticed if changed by 1%; 60% if by 0.1% and all if by 10%."
    feeble = POWER | {"0.01": 0.7, "exact": False, "looked_at": 500, "interval": [0.66, 0.74],
                      "dead": {"conv/W": {"count": 7, "of": 135, "first": [[0, 0]]}}}  # fmt: skip
    found = told(case={"power": feeble})["How far this can be trusted"]
    assert "estimated from 500 weights drawn at random; the true share at 1% is between 66% and 74%" in found
    assert "Some could even be 0 without notice: conv/W (7 of 135)." in found
    assert "So this case is weak" in found


@pytest.mark.parametrize(
    ("shares", "text"),
    [((1, 1, 1), "Each of the 9 weights would be noticed if changed by 0.1%."),
     ((0.6, 1, 1), "Each of the 9 weights would be noticed if changed by 1%, 60% if by 0.1%."),
     ((0.5, 0.6, 0.7), "60% of the 9 weights would be noticed if changed by 1%; 50% if by 0.1% and 70% if by 10%."),
     ((0.5, 0.99999, 1), "More than 99.9% of the 9 weights would be noticed if changed by 1%; 50% if by 0.1% and all "
                         "if by 10%.")],
)  # fmt: skip
def test_shares_that_are_all(shares, text):
    found = POWER | {"weights": 9} | dict(zip(("0.001", "0.01", "0.1"), shares, strict=True))
    assert about_case({"power": found})[0].paragraphs[0] == text


def test_power_of_a_probe_and_a_reason_for_being_weak(told):
    feeble = POWER | {"0.01": 0.9, "probe": True, "alone": 0.5}
    found = told(case={"power": feeble, "weak": True, "weak_reason": "a lookup reads few rows"})
    assert "The network's own inputs would show 50%; its layers" in found["How far this can be trusted"]
    assert found["How far this can be trusted"].endswith("The case says why: a lookup reads few rows.")


@pytest.mark.parametrize(
    ("case", "cell", "expected"),
    [({}, None, False), ({"power": POWER}, None, False), ({"power": POWER | {"0.01": 0.94}}, None, True),
     ({"power": POWER}, {"weak": True}, True), ({"power": POWER | {"0.01": 0.1}}, {"weak": False}, False),
     ({"power": {"weights": 0, "0.01": 0.0}}, None, False)],
)  # fmt: skip
def test_weak(case, cell, expected):
    assert weak(case, cell) is expected
    assert any("weak" in p for s in about_case(case, cell) for p in s.paragraphs) is expected


def test_spots(told):
    words = "the variance of 3 of 5 in bn is far below epsilon, which alone decides their scale."
    assert told(case={"spots": [{"words": words}]})["Where little can be said"] == f"T{words[1:]}"


LOOSE = {"layer": "bn", "factor": 100.0, "absolute": None, "reason": "it takes a shortcut"}


def test_loosened(told):
    through = [{"nodes": ["conv", "bn"], "weights": [{"change": 0.01, "passes": 0.5, "before": 0.1, "elements": 9}]}]
    case = {"loosen": [LOOSE | {"target": "*", "case": "*", "lets_through": through}]}
    found = told(case=case, loosened=[LOOSE | {"needed": 40.2, "stale": False}])["What was loosened"].splitlines()
    assert found == [
        "The bound of bn is loosened 100 times: it takes a shortcut.",
        "Without it the error is 40.2 times what rounding allows.",
        "Of the weights of conv and bn, 50% could be wrong by 1% unseen (10% without it).",
    ]
    assert told(loosened=[LOOSE | {"needed": 40.2}])[""].startswith(
        "chainer agrees with the reference, but within bounds that the case loosens for bn: the largest error is 0.25 "
        "of what is allowed"
    )
    assert "rounding" not in told(loosened=[LOOSE | {"needed": 40.2}])["Where"]
    same = {"nodes": ["bn"], "weights": [{"change": 0.01, "passes": 0.5, "before": 0.5}], "mistakes": list("abcde")}
    assert list(lets_through({"lets_through": [same]})) == [
        "No weight of bn goes unseen by it.",
        "By the loosening alone these mistakes pass: a; b; c; d; and 1 more.",
    ]
    none = same | {"weights": [{"change": 0.01, "passes": 1.0, "before": 1.0, "elements": 0}], "mistakes": []}
    assert list(lets_through({"lets_through": [none]})) == []
    found = list(lets_through({"lets_through": [none | {"tried": 11}]}))
    assert found == ["Of 11 known mistakes in bn, it lets none pass."]
    stale = told(loosened=[LOOSE | {"factor": None, "absolute": 1e-3, "needed": None, "stale": True}])[
        "What was loosened"
    ]
    assert "loosened to an error of 0.001: it takes a shortcut." in stale
    answer = told(ok=False, loosened=[LOOSE | {"stale": True}])[""]
    assert answer.endswith("The case fails all the same, since it loosens the bound of bn, which is no longer needed.")
    assert "Take the entry out of the case." in stale
