"""Engines and environments two by two, and who stands apart."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.report.agreement import agreement
from parity.report.agreement.pairs import APART, camps, row

ENGINES = ("chainer@cpu", "keras-jax@cpu", "onnxruntime@cpu")


def kept(errors, bits=None):
    """What a result keeps of an output: signed error ÷ bound at some elements, and a hash of all."""
    values = np.asarray(errors, "<f2")
    return {"sample": base64.b64encode(values.tobytes()).decode(), "bits": bits or values.tobytes().hex()[:16]}


def finding(tensor, *more, **keys):
    return {"tensor": tensor, "metrics": None, **kept(*more, **keys)}


def cell(errors, verdict="rounding", **keys):
    return {"verdict": verdict, "ok": verdict in ("equal", "rounding"), "final": [finding("y", errors, **keys)]}


@pytest.fixture
def agreeing(make):
    """Three engines, three cases, two environments; all near each other."""
    for environment in ("new", "old"):
        make.fill(["a", "b", "c"], ENGINES, environment)
    for (_, case, target), found in make.results.cells.items():
        shift = 0.01 * ENGINES.index(target) if case != "c" else 0.0
        found["final"][0] |= kept([0.1 + shift, 0.2, -0.3])
    return make


def pair(found, *names):
    group = found["index"]["groups"][0]
    places = sorted(group["columns"].index(list(n)) for n in names)
    return next(p for p in group["pairs"] if p[:2] == places)


def test_pairs_are_counted_and_measured(agreeing):
    found = agreement(agreeing.results)
    _, _, compared, same, apart, typical, furthest = pair(found, ("chainer@cpu", "new"), ("onnxruntime@cpu", "new"))
    assert (compared, same, apart) == (3, 1, 0)
    assert typical == pytest.approx(0.02 / 3**0.5, rel=0.02)
    assert [case for case, _ in furthest] == ["a", "b"]
    assert pair(found, ("chainer@cpu", "new"), ("chainer@cpu", "old"))[2:5] == [3, 3, 0]
    assert "None of 3 engines stands apart from the others in any case." in found["said"]
    assert (
        "chainer, keras-jax and onnxruntime give the same in both environments, bit for bit, in all cases."
        in found["said"]
    )


def test_the_outlier_is_named_with_its_layer(agreeing):
    wrong = agreeing.cell("b", "keras-jax@cpu", "differs", "new", ratio=40.0, blame=["conv"])
    wrong["final"][0] |= kept([40.0, 0.2, -0.3])
    found = agreement(agreeing.results)
    assert found["said"][0] == "keras-jax stands apart from the others in 1 case: Conv2D (1)."
    (lone,) = found["index"]["groups"][0]["alone"]
    assert (lone["case"], lone["target"], lone["environments"], lone["of"]) == ("b", "keras-jax@cpu", ["new"], 3)
    assert lone["distance"] == pytest.approx(40 / 3**0.5, rel=0.01)
    assert not lone["known"]
    wrong |= {"ok": True, "expected": {"reason": "known"}}
    assert "; known." in agreement(agreeing.results)["said"][0]


def test_of_two_camps_of_one_size_nobody_is_the_outlier(make):
    make.fill(["a"], [*ENGINES, "onnx-reference@cpu"])
    for i, found in enumerate(make.results.cells.values()):
        found["final"][0] |= kept([0.1 if i < 2 else 30.0])
    found = agreement(make.results)
    assert found["index"]["groups"][0]["alone"] == []
    assert found["said"][0] == "In 1 case engines disagree with no majority among them: a."


def test_two_engines_here_and_two_there_have_no_majority(make):
    """So that it cannot be said that none of four stands apart."""
    for environment, engines in (("new", ENGINES[:2]), ("old", (ENGINES[2], "onnx-reference@cpu"))):
        make.fill(["a"], engines, environment)
    for found in make.results.cells.values():
        found["final"][0] |= kept([0.1])
    assert not any("None of" in line for line in agreement(make.results)["said"])
    make.results.cells["new", "a", ENGINES[0]]["final"][0] |= kept([30.0])
    assert "In 1 case engines disagree with no majority among them: a." in agreement(make.results)["said"]


def test_environments_that_have_a_part_of_the_cases_are_not_called_all(agreeing):
    agreeing.fill(["a"], ENGINES[:1], "third")
    agreeing.results.cells["third", "a", ENGINES[0]]["final"][0] |= kept([0.1, 0.2, -0.3])
    said = agreement(agreeing.results)["said"]
    assert "chainer gives the same in every environment with a result, bit for bit, in all cases." in said
    assert "keras-jax and onnxruntime give the same in both environments, bit for bit, in all cases." in said


def test_the_furthest_within_rounding_is_named(agreeing):
    for (_, case, target), found in agreeing.results.cells.items():
        if target == "onnxruntime@cpu" and case != "c":
            found["final"][0] |= kept([0.5, 0.2, -0.3])
    assert any(
        line.startswith("Within rounding, onnxruntime is furthest") for line in agreement(agreeing.results)["said"]
    )


def test_the_environment_with_other_bits_is_named(agreeing):
    agreeing.fill(["a", "b", "c"], ENGINES, "third")
    for (environment, case, _), found in agreeing.results.cells.items():
        found["final"][0] |= kept([0.1 if environment != "old" or case != "a" else 0.4])
    found = agreement(agreeing.results)
    assert "chainer gives the same in all 3 environments, bit for bit, in 2 of 3 cases (67%)." in found["said"]
    told = "Of the environments, old is the outlier: its bits are not the others' in 3 results, on "
    assert any(line.startswith(told) for line in found["said"])
    assert found["index"]["groups"][0]["moved"]["chainer@cpu"] == {"old": [1, "a"]}


def test_a_case_that_fewer_environments_compared_is_not_the_same_in_all(agreeing):
    agreeing.fill(["a", "b", "c"], ENGINES, "third")
    for found in agreeing.results.cells.values():
        found["final"][0] |= kept([0.1])
    agreeing.cell("a", "chainer@cpu", "crashed", "third")
    said = agreement(agreeing.results)["said"]
    assert "chainer gives the same in every environment with a result, bit for bit, in all cases." in said
    assert "keras-jax and onnxruntime give the same in all 3 environments, bit for bit, in all cases." in said


def test_of_environments_that_differ_as_often_none_is_the_outlier(agreeing):
    for name in ("third", "fourth", "fifth"):
        agreeing.fill(["a", "b", "c"], ENGINES, name)
    odd = {("old", "a"), ("third", "b")}
    for (environment, case, _), found in agreeing.results.cells.items():
        found["final"][0] |= kept([0.4 if (environment, case) in odd else 0.1])
    said = agreement(agreeing.results)["said"]
    assert "old and third each have other bits than most environments in 3 results." in said
    assert not any("outlier" in line for line in said)


def test_results_that_keep_no_outputs_are_not_compared(make):
    assert agreement(make.fill(["a"])) == {}
    cells = list(make.results.cells.values())
    cells[0]["final"][0] |= kept([0.1])
    assert agreement(make.results) == {}
    cells[1]["final"][0] |= kept([0.1])
    assert agreement(make.results)["index"]["groups"][0]["pairs"][0][2:4] == [1, 1]


@pytest.mark.parametrize("sample", [None, "", "no base64!", "QQ==", 7, "A" * 400_000])
def test_a_sample_that_cannot_be_read_gives_no_distance(sample):
    bad = cell([0.5])
    bad["final"][0] |= {"sample": sample, "bits": "other"}
    found = row("a", {0: cell([0.1]), 1: bad})
    assert np.isnan(found.distance[0, 1])
    assert np.isnan(found.error[1])
    assert not found.same[0, 1]
    assert not found.apart[0, 1]


def test_infinities_are_apart_from_all_but_themselves():
    found = row("a", {0: cell([np.inf], bits="1"), 1: cell([np.inf], bits="2"), 2: cell([0.0], bits="3")})
    assert found.distance[0, 1] == 0
    assert np.isinf(found.distance[0, 2])
    assert found.apart.tolist() == [[False, False, True], [False, False, True], [True, True, False]]


def test_precisions_are_compared_apart(agreeing):
    for target in ("chainer@cpu:float16", "onnxruntime@cpu:float16"):
        agreeing.cell("a", target, environment="new")["final"][0] |= kept([0.1])
    groups = agreement(agreeing.results)["index"]["groups"]
    assert [g["precision"] for g in groups] == ["float32", "float16"]
    assert len(groups[1]["columns"]) == 2


@given(st.lists(st.lists(st.floats(-4, 4), min_size=3, max_size=3), min_size=2, max_size=6))
def test_rows_are_symmetric_and_apart_means_beyond_two_bounds(errors):
    found = row("a", {i: cell(e, bits=str(i)) for i, e in enumerate(errors)})
    assert np.array_equal(found.distance, found.distance.T)
    rounded = np.asarray(errors, "<f2").astype(float)
    gap = np.abs(rounded[:, None] - rounded[None]).max(axis=-1)
    assert np.array_equal(found.apart, gap > APART)
    groups = camps(found.apart)
    assert sorted(i for g in groups for i in g) == list(range(len(errors)))
    for g in groups:
        assert not found.apart[np.ix_(g, [i for i in range(len(errors)) if i not in g])].size or all(
            found.apart[i, j] for i in g for j in range(len(errors)) if j not in g
        )


def test_hostile_names_do_nothing_in_the_view(make, visit):
    hostile = "<img src=x onerror=document.title='broken'>"
    targets = [f"{hostile}{i}@cpu" for i in range(3)]
    for environment in (hostile, "other"):
        make.fill([hostile], targets, environment)
    for i, found in enumerate(make.results.cells.values()):
        found["final"][0] |= kept([0.1 * i, np.inf if i % 3 == 2 else 0.0])
        found["blame"] = ["conv"]
    make.results.cases[hostile]["layers"][0]["layer"] = hostile
    opened = visit(make.results, "#agreement").ready()
    opened.page.locator("#agreement a.pairing").first.click()
    opened.page.get_by_role("heading", name="Furthest apart").wait_for()
    assert "> 65,000" in opened.page.locator("#agreement").inner_text()
    assert hostile in opened.page.locator("#agreement").inner_text()
    for link in opened.page.locator("#agreement a[href*='case=']").all()[:1]:
        link.click()
        opened.page.locator("#case h2").first.wait_for()
    assert opened.page.locator("img").count() == 0
    assert "broken" not in opened.page.title().replace(hostile, "")
    assert opened.console == []
