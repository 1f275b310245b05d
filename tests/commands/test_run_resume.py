"""What ``parity run`` keeps, with ``--resume`` and without."""

from __future__ import annotations

import json

import numpy as np
import pytest

from parity.results import FILE, read
from tests.commands.running import cells, differ
from tests.stand_in import answer, lines, write_case


def test_resume_runs_what_is_missing(tmp_path, run, pool):
    for name in "abc":
        write_case(tmp_path, name)
    run()
    file = tmp_path / "reports" / FILE
    whole = file.read_bytes().splitlines(keepends=True)
    kept = [line for line in whole if json.loads(line).get("case") != "c"]
    file.write_bytes(b"".join(kept) + whole[-1][:50])  # killed in the middle of a line
    pool.asked.clear()
    assert run("--resume").exit_code == 0
    assert len(pool.asked) == 2
    assert sorted(cells(tmp_path)) == [(c, t) for c in "abc" for t in ("chainer@cpu", "onnx-reference@cpu")]
    pool.asked.clear()
    assert run("--resume").exit_code == 0
    assert not pool.asked


def test_resume_tells_what_failed_before(tmp_path, run, pool):
    write_case(tmp_path, "a")
    pool.answer = differ
    run()
    assert run("--resume").exit_code == 1


@pytest.mark.parametrize("verdict", ["crashed", "unsupported"])
def test_resume_tries_again_where_there_was_no_answer(tmp_path, run, pool, verdict):
    write_case(tmp_path, "a")
    pool.answer = lambda *_: ({"status": verdict, "message": "no"}, {})
    run()
    pool.answer = lambda _, *request: answer(*request)
    pool.asked.clear()
    run("--resume")
    assert len(pool.asked) == (2 if verdict == "crashed" else 0)


def test_resume_runs_a_changed_case_again(tmp_path, run, pool):
    for name in "ab":
        write_case(tmp_path, name)
    run()
    write_case(tmp_path, "b", more="seed: 5\n")
    pool.asked.clear()
    run("--resume", "--targets", "chainer")
    assert len(pool.asked) == 1
    run("--resume")  # the other target has not seen the new case either
    assert len(pool.asked) == 2
    run("--resume")
    assert len(pool.asked) == 2


def test_resume_runs_a_case_again_whose_expectation_changed(tmp_path, run, pool):
    write_case(tmp_path, "a")
    run()
    write_case(tmp_path, "a", more='expect: [{target: "*", verdict: differs, reason: it is known}]\n')
    assert run("--resume").exit_code == 1


def test_resume_runs_a_case_again_whose_weights_file_changed(tmp_path, run, pool):
    write_case(tmp_path, "a", more="weights: {file: w.npz}\n")
    for value in (1, 2):
        w = {"fc/W": np.full((4, 3), value, np.float32), "fc/b": np.zeros(4, np.float32)}
        np.savez(tmp_path / "cases" / "w.npz", **w)
        pool.asked.clear()
        assert run("--resume").exit_code == 0
        assert len(pool.asked) == 2


def test_resume_without_earlier_results_is_a_run(tmp_path, run, pool):
    write_case(tmp_path, "a")
    assert run("--resume").exit_code == 0
    assert len(pool.asked) == 2


def test_without_resume_everything_runs_again(tmp_path, run, pool):
    write_case(tmp_path, "a")
    run()
    run()
    assert len(pool.asked) == 4
    assert len(cells(tmp_path)) == 2


def test_without_resume_what_was_measured_stays(tmp_path, run):
    path = write_case(tmp_path, "a")
    run()
    network = next(r["network"] for r in lines(tmp_path / "reports") if r["kind"] == "case")
    timing = {"kind": "timing", "case": "a", "target": "chainer@cpu", "network": network}
    with (tmp_path / "reports" / FILE).open("a") as file:
        file.write(json.dumps(timing) + "\n")
    run()
    assert [r for r in lines(tmp_path / "reports") if r["kind"] == "timing"] == [timing]
    assert read(tmp_path / "reports").measured["timing"]
    path.write_text(path.read_text() + "seed: 5\n")
    run()
    assert not read(tmp_path / "reports").measured["timing"], "of another network"


def test_no_time_is_nothing_begun_and_what_is_done_is_kept(tmp_path, run):
    for name in "abc":
        write_case(tmp_path, name)
    assert run("-k", "a").exit_code == 0
    found = run("--resume", "--seconds", "0")
    assert sorted(cells(tmp_path)) == [("a", "chainer@cpu"), ("a", "onnx-reference@cpu")]
    assert found.exit_code == 0, "the rest is for the next --resume"
    assert run("--resume", "--seconds", "60").exit_code == 0
    assert len(cells(tmp_path)) == 6
