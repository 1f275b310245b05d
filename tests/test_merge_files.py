"""Files that are no results though they are called so, and what is left of an environment that was run again."""

from __future__ import annotations

import pytest

from parity.errors import BadInput
from parity.merge import read
from parity.report.environments import amiss, left_out
from parity.report.overview import overview
from parity.results import FILE
from tests.made import case, cell, run, target, write


def of(folder, *names, started="2026-11-26T12:00:00+00:00", python="3.11.7"):
    made = [r for n in names for r in (case(n), cell(n))]
    write(folder, run(started=started) | {"python": python}, target(), *made)
    return folder


def test_a_folder_called_like_a_file_of_results(tmp_path):
    (tmp_path / "odd" / FILE).mkdir(parents=True)
    with pytest.raises(BadInput, match="no results here"):
        read([tmp_path])
    of(tmp_path / "good", "a")
    assert set(read([tmp_path]).runs) == {"here"}


def test_brackets_without_end_are_no_record(tmp_path):
    of(tmp_path / "good", "a")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / FILE).write_text("[" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match="not a record"):
        read([tmp_path / "deep"])
    found = read([tmp_path])
    assert list(found.unread) == [str(tmp_path / "deep")]
    assert overview(found).tone == "bad"


def test_an_environment_of_other_versions_than_since_lacks_what_was_not_run_again(tmp_path):
    before = of(tmp_path / "a", "a", "b", "c", started="2026-11-25T12:00:00+00:00", python="3.11.2")
    elsewhere = tmp_path / "c"
    write(
        elsewhere, run("other"), target("other"), *(r for n in "abc" for r in (case(n), cell(n, environment="other")))
    )
    folders = [before, of(tmp_path / "b", "a"), elsewhere]
    lacks = "Environment here has no verdict on 2 of 3 cases: b and c."
    strict = read(folders, ["here", "other"])
    assert lacks in [said for _, said in amiss(strict)]
    assert overview(strict).tone == "bad"
    loose = list(left_out(read(folders)))
    assert lacks in loose
    assert any("other versions of the software" in said for said in loose)


def test_a_copy_was_not_run_again(tmp_path):
    one = of(tmp_path / "a", "a", "b")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / FILE).write_bytes((one / FILE).read_bytes())
    found = read([tmp_path])
    assert len(found.cells) == 2
    assert list(left_out(found)) == []
