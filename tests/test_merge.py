"""Results of several runs become one; what does not fit is left out and said, in whatever order the folders come."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from parity.errors import BadInput
from parity.merge import files, read
from parity.report.environments import amiss, idle, left_out
from parity.report.overview import overview
from parity.results import FILE
from tests.made import case, cell, loss, run, target, timing, write


def of(folder, environment="py311", started="2026-11-26T12:00:00+00:00", *, names=("a",), run_more=(), **hashes):
    """A run of cases on one target."""
    made = [r for n in names for r in (case(n, **hashes), cell(n, environment=environment, **hashes))]
    write(folder, run(environment, started) | dict(run_more), target(environment), *made)
    return folder


def red(found):
    return [said for _, said in amiss(found)]


def either_way(*folders):
    """What is merged, which is the same for every order of the folders."""
    found = [read(order) for order in itertools.permutations(folders)]
    assert all(f == found[0] for f in found)
    assert len({tuple(red(f)) + tuple(left_out(f)) for f in found}) == 1
    return found[0]


def test_two_environments_stand_side_by_side(tmp_path):
    found = either_way(of(tmp_path / "a", "py311"), of(tmp_path / "b", "py312", names=("a", "b")))
    assert set(found.cells) == {
        ("py311", "a", "chainer@cpu"),
        ("py312", "a", "chainer@cpu"),
        ("py312", "b", "chainer@cpu"),
    }
    assert set(found.cases) == {"a", "b"}
    assert set(found.targets) == {("py311", "chainer@cpu"), ("py312", "chainer@cpu")}
    assert not red(found)


def test_an_environment_with_a_part_of_the_cases_is_told_and_red_where_all_of_it_must_be_there(tmp_path):
    folders = of(tmp_path / "a", "py311"), of(tmp_path / "b", "py312", names=("a", "b", "c"))
    said = "Environment py311 has no verdict on 2 of 3 cases: b and c."
    found = either_way(*folders)
    assert list(left_out(found)) == [said]
    assert overview(found).tone == "good"
    assert said in overview(found).asides
    strict = read(folders, ["py311"])
    assert (red(strict), list(left_out(strict)), overview(strict).tone) == ([said], [], "bad")
    assert not red(read(folders, ["py312"]))


def test_a_folder_of_folders(tmp_path):
    of(tmp_path / "py311", "py311")
    of(tmp_path / "py312", "py312")
    of(tmp_path / "deep" / "er", "py313")
    (tmp_path / "index.html").write_text("no results")
    assert set(read([tmp_path]).runs) == {"py311", "py312"}
    of(tmp_path, "here")
    assert set(read([tmp_path]).runs) == {"here", "py311", "py312"}
    assert files([tmp_path, tmp_path / "py311", tmp_path / "py311" / FILE]) == files([tmp_path])


def test_a_calibration_is_no_environment(tmp_path):
    of(tmp_path / "py311", "py311")
    of(tmp_path / "calibration", "py312", run_more={"rules": {}})
    assert set(read([tmp_path]).runs) == {"py311"}


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: (p / "x" / "y").mkdir(parents=True)])
def test_no_results_are_bad_input(tmp_path, make):
    of(tmp_path / "good")
    make(tmp_path / "none")
    with pytest.raises(BadInput, match=r"no results here.*parity run --out .*none leaves some"):
        read([tmp_path / "good", tmp_path / "none"])


@pytest.mark.parametrize("what", ["inputs", "weights", "graph"])
def test_cells_of_other_arrays_or_networks_are_left_out(tmp_path, what):
    old = of(tmp_path / "a", "py311", "2026-11-25T12:00:00+00:00", names=("a", "b"))
    new = of(tmp_path / "b", "py312", names=("a",), **{what: "9"})
    found = either_way(old, new)
    assert set(found.cells) == {("py312", "a", "chainer@cpu"), ("py311", "b", "chainer@cpu")}
    assert found.cases["a"]["hash"][what] == "9"
    [line] = [said for said in left_out(found) if "py311" in said]
    assert line.startswith(
        f"py311: 1 case was run on other {what} than in the latest run of the same (started 2026-11-25"
    )
    assert "run it again" in line
    assert line in overview(found).asides
    assert overview(found).tone == "good"
    again = read([old, new], ["py311", "py312"])
    assert line in red(again)
    assert overview(again).tone == "bad", "an environment that must be there must be there whole"


def test_the_run_that_states_a_case_last_is_right_not_the_file(tmp_path):
    """A resumed file has runs of many days: a case is as old as the run that stated it."""
    one = of(tmp_path / "a", "py311", "2026-11-25T12:00:00+00:00")
    write(one, run("py311", "2026-11-27T12:00:00+00:00"), case("b"), cell("b", environment="py311"), resume=True)
    found = either_way(one, of(tmp_path / "b", "py312", "2026-11-26T12:00:00+00:00", weights="9"))
    assert set(found.cells) == {("py311", "b", "chainer@cpu"), ("py312", "a", "chainer@cpu")}


def test_runs_of_the_same_second_are_told_apart_by_what_they_say(tmp_path):
    found = either_way(of(tmp_path / "a", "py311"), of(tmp_path / "b", "py312", weights="9"))
    assert list(found.cells) == [("py312", "a", "chainer@cpu")]


def test_an_environment_of_which_nothing_is_left_is_red(tmp_path):
    found = either_way(of(tmp_path / "a", "py311", "2026-11-25T12:00:00+00:00"), of(tmp_path / "b", "py312", graph="9"))
    assert idle(found) == {"py311": "all of its cells are left out"}
    assert overview(found).tone == "bad"
    assert overview(found).rest == "py311 compared nothing"


def test_measurements_of_another_network_are_left_out(tmp_path):
    old = of(tmp_path / "a", "py311", "2026-11-25T12:00:00+00:00")
    write(old, timing(environment="py311"), loss(environment="py311"), resume=True)
    new = tmp_path / "b"
    write(new, run("py312"), case() | {"network": "other"}, cell(environment="py312"))
    found = either_way(old, new)
    assert not any(found.measured.values())
    assert [(e["environment"], e["why"], e["cases"]) for e in found.left_out] == [("py311", "other", ["a"])]
    assert len(found.cells) == 2, "the arrays are the same"


def test_parts_of_an_environment_are_one(tmp_path):
    found = either_way(of(tmp_path / "a", names=("a", "b")), of(tmp_path / "b", names=("c",)))
    assert len(found.cells) == 3
    assert not [*red(found), *left_out(found)]


def test_of_two_runs_of_an_environment_the_latest_counts(tmp_path):
    old = of(tmp_path / "a", started="2026-11-25T12:00:00+00:00", names=("a", "b"))
    new = of(tmp_path / "b")
    write(new, cell(environment="py311", verdict="rounding"), resume=True)
    found = either_way(old, new)
    assert {k[1]: c["verdict"] for k, c in found.cells.items()} == {"a": "rounding", "b": "equal"}
    assert list(left_out(found)) == [
        "py311: 1 case was run again since (started 2026-11-25 12:00 UTC); the later results count."
    ]


def test_a_run_that_went_on_elsewhere_is_not_later_for_what_it_did_before(tmp_path):
    """Times that were taken today do not make yesterday's verdicts today's."""
    old = of(tmp_path / "a", started="2026-11-25T12:00:00+00:00")
    write(old, run("py311", "2026-11-27T12:00:00+00:00"), timing(environment="py311"), resume=True)
    new = tmp_path / "b"
    write(new, run("py311"), target("py311"), case(), cell(environment="py311", verdict="rounding"))
    found = either_way(old, new)
    assert [c["verdict"] for c in found.cells.values()] == ["rounding"]
    assert len(found.measured["timing"]) == 1


@pytest.mark.parametrize("changed", ["python", "numpy", "chainer"])
def test_an_environment_whose_software_changed_counts_as_it_is_now(tmp_path, changed):
    old = of(tmp_path / "a", started="2026-11-25T12:00:00+00:00", names=("a", "b"), run_more={changed: "0.9"})
    if changed == "chainer":
        write(old, target("py311", chainer="0.9"), resume=True)
    found = either_way(old, of(tmp_path / "b"))
    assert list(found.cells) == [("py311", "a", "chainer@cpu")]
    [line] = left_out(found)
    assert line.startswith("py311: 2 cases were run with other versions of the software than since (started 2026-11-25")


def test_the_latest_exam_counts(tmp_path):
    write(of(tmp_path / "a"), {"kind": "exam", "date": "1"}, {"kind": "exam", "date": "2"}, resume=True)
    write(of(tmp_path / "b", "py312"), {"kind": "exam", "date": "1"}, resume=True)
    assert either_way(tmp_path / "a", tmp_path / "b").exam["date"] == "2"
    assert read([tmp_path / "b"]).exam["date"] == "1"


def test_an_environment_that_compared_nothing_is_red(tmp_path):
    good, ended, skipped = of(tmp_path / "a"), tmp_path / "b", tmp_path / "c"
    write(ended, run("py312"), case())
    reason = {"status": "skipped", "reason": "chainer is not installed"}
    write(skipped, run("py313"), target("py313") | reason, case(), cell(environment="py313", verdict="skipped"))
    found = either_way(good, ended, skipped)
    assert idle(found) == {
        "py312": "its run ended before the first verdict",
        "py313": "1 cell and no comparison among them; chainer@cpu: chainer is not installed",
    }
    assert (overview(found).tone, overview(found).rest) == ("bad", "py312 and py313 compared nothing")


def test_skipped_in_another_precision_is_no_comparison_either(tmp_path):
    write(
        tmp_path / "b", run("py312"), case(), cell(target="chainer@gpu:float16", environment="py312", verdict="skipped")
    )
    assert list(idle(read([of(tmp_path / "a"), tmp_path / "b"]))) == ["py312"]


@pytest.mark.parametrize("content", ["", "nonsense\nmore\n", '{"kind": "run", "schema": 99}\n{}\n'])
def test_a_file_that_says_nothing_is_red_and_the_others_are_shown(tmp_path, content):
    of(tmp_path / "py311")
    (tmp_path / "py312").mkdir()
    (tmp_path / "py312" / FILE).write_text(content)
    found = read([tmp_path])
    [line] = red(found)
    assert line.startswith(f"Nothing was read of {tmp_path / 'py312'}: ")
    assert overview(found).tone == "bad"
    assert len(found.cells) == 1


def test_an_interrupted_file_is_read_as_far_as_it_goes(tmp_path):
    of(tmp_path / "py311", names=("a", "b"))
    path = tmp_path / "py311" / FILE
    path.write_bytes(path.read_bytes()[:-20])
    assert [name for _, name, _ in read([tmp_path]).cells] == ["a"]


def test_of_nothing_but_broken_files_the_first_is_told(tmp_path):
    (tmp_path / FILE).write_text("nonsense\nmore\n")
    with pytest.raises(BadInput, match="not a record of parity's results"):
        read([tmp_path])


def test_an_environment_that_is_missing_is_red(tmp_path):
    found = read([of(tmp_path / "a")], ["py311", "py312", "py312"])
    assert red(found) == ["Environment py312 left no results, though they were expected; there are py311."]
    assert (overview(found).tone, overview(found).rest) == ("bad", "py312 left no results")
    assert overview(read([tmp_path / "a"], ["py311"])).tone == "good"


def test_hostile_names_are_words(tmp_path):
    name = "<script>alert(1)</script>"
    write(tmp_path / "b", run(name), case())
    found = read([of(tmp_path / "a"), tmp_path / "b"])
    from parity.report.page import render

    assert name in idle(found)
    assert "<script>alert" not in render(found)


def test_files_alone_are_named_too(tmp_path):
    of(tmp_path / "a")
    assert files([Path(tmp_path / "a" / FILE)]) == [tmp_path / "a" / FILE]
