from __future__ import annotations

import pytest

from parity import session as session_module
from parity.commands import run as run_module
from parity.errors import BadInput
from tests.commands.running import cells, differ
from tests.stand_in import answer, lines, write_case


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
