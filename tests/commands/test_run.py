from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from parity import session as session_module
from parity.cli import app
from parity.commands import run as run_module
from parity.errors import BadInput
from parity.results import FILE
from tests.stand_in import StandInPool, answer, lines, write_case

TWO = "chainer,onnx-reference"


@pytest.fixture
def pool(monkeypatch):
    """Stands in for every pool that is made."""
    made = StandInPool()
    monkeypatch.setattr(run_module, "Pool", lambda: made)
    monkeypatch.setattr(session_module, "missing", lambda _: None)
    return made


@pytest.fixture
def run(tmp_path, pool, monkeypatch):
    """``parity run`` in a folder of its own; the result of the command."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str):
        pool.stopped = False
        return CliRunner().invoke(app, ["run", "--targets", TWO, *arguments], catch_exceptions=False)

    return invoke


def cells(folder):
    return [(r["case"], r["target"]) for r in lines(folder / "reports") if r["kind"] == "cell"]


def differ(*_request):
    reply, out = answer(*_request[1:])
    return reply, {k: v + np.float32(1) for k, v in out.items()}


def test_all_is_well(tmp_path, run):
    write_case(tmp_path, "a")
    found = run()
    assert found.exit_code == 0
    assert sorted(cells(tmp_path)) == [("a", "chainer@cpu"), ("a", "onnx-reference@cpu")]
    assert "equal" in found.stdout
    assert "report: reports/index.html" in found.stdout
    assert (tmp_path / "reports" / "index.html").exists()
    assert "1 of 2 cells" in found.stdout


def test_a_verdict_that_fails_is_exit_1(tmp_path, run, pool):
    write_case(tmp_path, "a")
    pool.answer = differ
    found = run()
    assert found.exit_code == 1
    told = " ".join(found.stdout.split())
    assert "differs: a on chainer@cpu: fc (Linear): " in told
    assert "chainer differs" in told.partition("fc (Linear): ")[2]  # and then what the diagnosis says


def test_bad_input_is_exit_2_and_the_others_run(tmp_path, run, pool):
    write_case(tmp_path, "a")
    write_case(tmp_path, "b", more="weights: {file: nowhere.npz}\n")
    write_case(tmp_path, "c", "no: case\n")
    pool.answer = differ
    found = run()
    assert found.exit_code == 2
    assert {case for case, _ in cells(tmp_path)} == {"a"}
    assert "bad input: cases/c.yaml" in found.stderr
    assert "nowhere.npz" in found.stderr


@pytest.mark.parametrize("why", ["not installed", None])
def test_nothing_compared_is_exit_1(tmp_path, run, monkeypatch, why):
    if why:
        write_case(tmp_path, "a")
        monkeypatch.setattr(session_module, "missing", lambda _: why)
    else:
        write_case(tmp_path, "a", more="targets: [keras-jax]\n")
    found = run()
    assert found.exit_code == 1
    assert "nothing was compared" in found.stderr


def test_a_known_failure_is_exit_0_as_long_as_it_holds(tmp_path, run, pool):
    write_case(tmp_path, "a", more='expect: [{target: "*", verdict: differs, reason: it is known}]\n')
    assert run().exit_code == 1
    pool.answer = differ
    found = run()
    assert found.exit_code == 0
    assert "known" in found.stdout


def test_a_loosened_bound_is_counted_apart_and_must_be_needed(tmp_path, run, pool):
    write_case(tmp_path, "a", more="loosen: [{layer: '*', absolute: 2, reason: known}]\n")
    pool.answer = differ
    found = run()
    assert found.exit_code == 0
    assert "loosened" in found.stdout
    assert "rounding" not in found.stdout
    pool.answer = lambda _, *request: answer(*request)
    found = run()
    assert found.exit_code == 1
    assert "the loosening of * is no longer needed" in " ".join(found.stdout.split())


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


def test_a_tolerance_of_ones_own(tmp_path, run, pool):
    write_case(tmp_path, "a")
    assert run().exit_code == 0
    pool.answer = differ
    assert run("--resume", "--allclose", "10,0").exit_code == 1  # finished cells lack what this one says
    for cell in (r for r in lines(tmp_path / "reports") if r["kind"] == "cell" and r["verdict"] == "differs"):
        said = {c["rule"]: c for c in cell["customary"]}
        assert said["np.allclose(10, 0)"] == {"rule": "np.allclose(10, 0)", "ok": False, "failing": 4, "count": 8}
        assert not said["onnx-chainer: 1e-5 + 1e-5"]["ok"]
    assert "np.allclose(10, 0)" in said


@pytest.mark.parametrize("text", ["", "1e-3", "1,2,3", "a,b", "-1,0", "nan,0", "inf,0", "1e-3;1e-5"])
def test_a_tolerance_that_is_none(tmp_path, run, text):
    write_case(tmp_path, "a")
    with pytest.raises(BadInput, match=r"--allclose: found .*, accepted: RTOL,ATOL"):
        run("--allclose", text)
    assert not (tmp_path / "reports").exists()


def test_without_resume_everything_runs_again(tmp_path, run, pool):
    write_case(tmp_path, "a")
    run()
    run()
    assert len(pool.asked) == 4
    assert len(cells(tmp_path)) == 2


def test_the_packaged_exam_goes_along(tmp_path, run, monkeypatch):
    write_case(tmp_path, "a")
    exam = {"date": "2026-11-26", "totals": {"committed": 7, "caught": 7, "named": 7, "among": 0, "hidden": 0}}
    monkeypatch.setattr(run_module.records, "there", lambda name: name == "exam")
    monkeypatch.setattr(run_module.records, "load", lambda name: exam)
    assert run().exit_code == 0
    assert [r for r in lines(tmp_path / "reports") if r["kind"] == "exam"] == [{"kind": "exam", **exam}]
    assert "7 mistakes of those that people make" in (tmp_path / "reports" / "index.html").read_text("utf-8")


def test_without_one_nothing_does(tmp_path, run, monkeypatch):
    write_case(tmp_path, "a")
    monkeypatch.setattr(run_module.records, "there", lambda name: False)
    run()
    assert "exam" not in {r["kind"] for r in lines(tmp_path / "reports")}


def test_no_time_is_nothing_begun_and_what_is_done_is_kept(tmp_path, run):
    for name in "abc":
        write_case(tmp_path, name)
    assert run("-k", "a").exit_code == 0
    found = run("--resume", "--seconds", "0")
    assert sorted(cells(tmp_path)) == [("a", "chainer@cpu"), ("a", "onnx-reference@cpu")]
    assert found.exit_code == 0, "the rest is for the next --resume"
    assert run("--resume", "--seconds", "60").exit_code == 0
    assert len(cells(tmp_path)) == 6


def test_runs_more_are_asked_for_and_told(tmp_path, run, pool):
    write_case(tmp_path, "a")

    def restless(target, header, arrays):
        reply, out = answer(header, arrays)
        found = {"runs": header["repeat"] + 1, "distinct": 2, "max_abs": 1e-6}
        return reply | ({"repeats": found} if target.engine == "chainer" else {}), out

    pool.answer = restless
    found = run("--repeat", "4")
    assert "chainer@cpu: 1 of 1 results are not the same bit for bit when run again" in found.stdout
    assert "onnx-reference@cpu: 1 of 1 results" not in found.stdout
    cell = next(r for r in lines(tmp_path / "reports") if r.get("target") == "chainer@cpu" and r["kind"] == "cell")
    assert cell["repeats"]["runs"] == 5


def test_provisional_verdicts_are_counted():
    cells = {(n, "gpu"): {"target": "chainer@gpu", "calibrated": n == "b"} for n in "abc"}
    found = run_module.results.Results(cells=cells)
    (line,) = run_module.remarks(found)
    assert line.startswith("chainer@gpu: 2 of 3 verdicts are provisional")
