from __future__ import annotations

import threading

import numpy as np
import pytest

from parity import session as session_module
from parity.results import Writer, read
from parity.session import Session
from parity.targets import Target
from parity.workers.pool import Stopped, TargetUnavailable, TimedOut, WorkerDied
from tests.stand_in import A, StandInPool, answer, cells, lines, load_cases, run_fixture, write_case  # noqa: F401


def changed(what: str, change):
    """An engine that gives one tensor otherwise; what follows from it follows."""

    def wrong(_, *request):
        reply, out = answer(*request)
        for key in [k for k in out if k[2:] == what]:
            new = change(out.pop(key))
            if new is not None:
                out[key] = new
        if what == "fc" and "t:fc" in out:
            out["t:act"] = out["y:act"] = np.maximum(out["t:fc"], 0).astype(np.float32)
        return reply, out

    return StandInPool(wrong)


def test_records_of_every_kind(tmp_path, run):
    write_case(tmp_path, "a")
    write_case(tmp_path, "b", more="sweep: {product: {fc.units: [1, 4]}}\n")
    records = run()
    assert sorted(r["kind"] for r in records) == ["case"] * 3 + ["cell"] * 6 + ["target"] * 2
    found = cells(records)
    assert {case for case, _ in found} == {"a", "b[units-1]", "b[units-4]"}
    assert all(r["ok"] and r["verdict"] in ("equal", "rounding") and r["seconds"] >= 0 for r in found.values())
    case = next(r for r in records if r["kind"] == "case" and r["case"] == "a")
    cell = found["a", "chainer@cpu"]
    assert cell["hash"] == case["hash"]
    assert cell["network"] == case["network"]
    assert cell["facts"]["device"] == "cpu"
    assert [f["tensor"] for f in cell["layers"]] == ["fc", "act"]
    assert case["parameters"] == 16


@pytest.mark.parametrize(
    ("what", "change", "verdict", "blame"),
    [
        ("fc", lambda a: a + 1e-3, "differs", ["fc"]),
        ("act", lambda a: a + np.float32(1e-6), "differs", ["act"]),
        ("fc", lambda a: a * np.float32(np.nan), "nonfinite", ["fc"]),
        ("fc", lambda a: a[:1], "shape", ["fc"]),
        ("act", lambda a: a[:1], "shape", ["act"]),
        ("fc", lambda a: a.astype(np.float64), "differs", ["fc"]),
        ("fc", lambda _: None, "missing", ["fc"]),
        ("act", lambda _: None, "missing", ["act"]),
    ],
)
def test_what_an_engine_does_wrong_is_the_verdict(tmp_path, run, what, change, verdict, blame):
    write_case(tmp_path, "a")
    cell = cells(run(changed(what, change)))["a", "chainer@cpu"]
    assert cell["verdict"] == verdict
    assert cell["blame"] == blame
    assert not cell["ok"]
    assert what in cell["message"]


def test_a_copy_that_is_not_certain_fails_however_close_the_numbers(tmp_path, run):
    def uncertain(_, *request):
        reply, out = answer(*request)
        return reply | {"certificate": {"ok": False, "problems": ["fc: W is not there"], "rows": []}}, out

    write_case(tmp_path, "a")
    cell = cells(run(StandInPool(uncertain)))["a", "chainer@cpu"]
    assert (cell["verdict"], cell["blame"], cell["message"]) == ("differs", ["copy"], "fc: W is not there")


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (WorkerDied("signal 9", "trace"), "crashed"),
        (TimedOut("too long"), "timeout"),
        (TargetUnavailable("no card"), "skipped"),
    ],
)
def test_what_becomes_of_a_worker_costs_its_own_cell(tmp_path, run, error, verdict):
    for name in "abc":
        write_case(tmp_path, name)
    pool = StandInPool()

    def sometimes(target, *request):
        if target == A and pool.asked.count(A) == 2:
            raise error
        return answer(*request)

    pool.answer = sometimes
    found = cells(run(pool))
    assert [found[c, "chainer@cpu"]["verdict"] for c in "abc"] == ["equal", verdict, "equal"]
    assert all(found[c, "onnx-reference@cpu"]["ok"] for c in "abc")
    assert found["b", "chainer@cpu"]["message"] == str(error)
    assert found["b", "chainer@cpu"]["ok"] == (verdict == "skipped")


def test_a_target_that_does_not_come_up_says_so(tmp_path, run, monkeypatch):
    def fail(self):
        raise WorkerDied("broken installation")

    write_case(tmp_path, "a")
    monkeypatch.setattr("tests.stand_in.StandInWorker.start", fail)
    record = next(r for r in run() if r["kind"] == "target")
    assert (record["status"], record["reason"]) == ("crashed", "broken installation")


def test_a_package_that_is_not_installed_is_a_reason_to_skip(tmp_path, run, monkeypatch):
    monkeypatch.setattr(session_module, "missing", lambda t: "package chainer is not installed" if t == A else None)
    write_case(tmp_path, "a")
    pool = StandInPool()
    records = run(pool)
    target = next(r for r in records if r["kind"] == "target" and r["target"] == "chainer@cpu")
    assert target["reason"] == "package chainer is not installed"
    cell = cells(records)["a", "chainer@cpu"]
    assert (cell["verdict"], cell["message"], cell["ok"]) == ("skipped", "package chainer is not installed", True)
    assert A not in pool.asked


def test_a_declared_gap_asks_nobody(tmp_path, run):
    write_case(tmp_path, "a", """
        description: Keras takes strides or dilation, not both.
        inputs: {x: {shape: [1, 1, 9, 9]}}
        layers: [{layer: Conv2D, name: conv, filters: 1, kernel: 2, stride: 2, dilation: 2}]
    """)  # fmt: skip
    pool = StandInPool()
    cell = cells(run(pool, targets=[Target("keras-jax")]))["a", "keras-jax@cpu"]
    assert cell["verdict"] == "unsupported"
    assert cell["message"].startswith("conv (Conv2D): ")
    assert not pool.asked


def test_cells_that_are_done_are_left_out(tmp_path, run):
    for name in "ab":
        write_case(tmp_path, name)
    found = cells(run(done=[("a", "chainer@cpu"), ("b", "chainer@cpu"), ("b", "onnx-reference@cpu")]))
    assert set(found) == {("a", "onnx-reference@cpu")}


def test_a_case_runs_on_the_targets_it_names(tmp_path, run):
    write_case(tmp_path, "a", more="targets: [onnx-*]\n")
    assert set(cells(run())) == {("a", "onnx-reference@cpu")}


def test_our_own_bugs_are_not_verdicts(tmp_path, run):
    def bug(*_):
        raise ZeroDivisionError

    write_case(tmp_path, "a")
    with pytest.raises(ZeroDivisionError):
        run(StandInPool(bug))


def test_an_interrupted_run_keeps_what_was_finished(tmp_path, run, monkeypatch):
    """The main thread is interrupted while one target is in mid-case: its cell is no verdict."""
    for name in "abc":
        write_case(tmp_path, name)
    pool, asked, stopped = StandInPool(), threading.Event(), threading.Event()

    def answered(target, *request):
        if target == A and pool.asked.count(A) == 2:
            asked.set()
            assert stopped.wait(30)
            raise Stopped
        return answer(*request)

    def stop():
        pool.stopped = True
        stopped.set()

    def join(thread, timeout=None):
        if not stopped.is_set():
            assert asked.wait(30)
            raise KeyboardInterrupt
        original(thread, timeout)

    original = threading.Thread.join
    pool.answer, pool.stop = answered, stop
    monkeypatch.setattr(threading.Thread, "join", join)
    with pytest.raises(KeyboardInterrupt):
        run(pool, targets=[A])
    assert set(cells(lines(tmp_path))) == {("a", "chainer@cpu")}


EXPECT = """
expect:
  - {target: chainer, verdict: differs, reason: it is known}
  - {target: "onnx-*", case: "units-4", verdict: crashed, reason: this too}
sweep: {product: {fc.units: [1, 4]}}
"""


def test_expectations(tmp_path, run):
    write_case(tmp_path, "a", more=EXPECT)

    def wrong(target, *request):
        reply, out = answer(*request)
        return reply, {k: v + (1 if target == A else 0) for k, v in out.items()}

    found = cells(run(StandInPool(wrong)))
    assert all(found[f"a[units-{n}]", "chainer@cpu"]["ok"] for n in (1, 4))
    assert found["a[units-1]", "chainer@cpu"]["expected"]["reason"] == "it is known"
    assert "expected" not in found["a[units-1]", "onnx-reference@cpu"]
    broken = found["a[units-4]", "onnx-reference@cpu"]
    assert not broken["ok"]
    assert broken["verdict"] == "equal"
    assert broken["message"].startswith("expected crashed (this too), found equal: the expectation no longer holds")


def test_an_expectation_does_not_fail_where_nothing_ran(tmp_path, run, monkeypatch):
    monkeypatch.setattr(session_module, "missing", lambda _: "not installed")
    write_case(tmp_path, "a", more=EXPECT)
    assert all(c["ok"] and c["verdict"] == "skipped" for c in cells(run()).values())


def test_figures_before_the_copy(tmp_path, run):
    def before(_, *request):
        reply, out = answer(*request)
        assert request[0]["before"]
        return reply, out | {"b:act": np.full((2, 4), np.nan, np.float32)}

    write_case(tmp_path, "a", more="before: true\n")
    cell = cells(run(StandInPool(before)))["a", "chainer@cpu"]
    assert cell["ok"]
    assert cell["before"]["act"]["bound_ratio"] is None
    assert cell["before"]["act"]["mismatched_nonfinite"] == 8


def test_results_can_be_read_while_the_run_goes_on(tmp_path):
    write_case(tmp_path, "a")
    seen = []
    with Writer(tmp_path) as writer, Session(StandInPool()) as session:
        session.run(load_cases(tmp_path), [A], writer, on_cell=lambda _: seen.append(len(read(tmp_path).cells)))
    assert seen == [1]


LOOSE = """
loosen:
  - {layer: fc, target: "chainer*", factor: 1000, reason: it takes a shortcut}
"""


def test_what_a_cell_says_of_the_difference(tmp_path, run):
    write_case(tmp_path, "a")
    records = run(changed("fc", lambda a: a + np.float32(1e-3)), targets=[A])
    cell, case = cells(records)["a", "chainer@cpu"], next(r for r in records if r["kind"] == "case")
    assert [(s["nodes"], s["output"]) for s in cell["shares"]] == [(["fc"], "act")]
    assert cell["shares"][0]["part"] == pytest.approx(1e-3, rel=1e-2)
    assert cell["final"][0]["carried"]["measured"] == pytest.approx(1e-3, rel=1e-2)
    said = {c["rule"].partition(":")[0]: c for c in cell["customary"]}
    assert not said["onnx-chainer"]["ok"]
    assert said["NNSmith"]["ok"]
    assert case["spots"] == []


def test_a_loosened_bound(tmp_path, run):
    write_case(tmp_path, "a", more=LOOSE)
    records = run(changed("fc", lambda a: a + np.float32(2e-5)))
    found, case = cells(records), next(r for r in records if r["kind"] == "case")
    assert (found["a", "chainer@cpu"]["ok"], found["a", "onnx-reference@cpu"]["ok"]) == (True, False)
    [row] = found["a", "chainer@cpu"]["loosened"]
    assert (row["layer"], row["factor"], row["reason"]) == ("fc", 1000, "it takes a shortcut")
    assert row["needed"] > 1
    assert found["a", "onnx-reference@cpu"]["loosened"] == []
    [entry] = case["loosen"]
    assert (entry["layer"], entry["target"], entry["factor"]) == ("fc", "chainer*", 1000)
    [stretch] = entry["lets_through"]
    assert [w["change"] for w in stretch["weights"]] == [0.01, 0.1]


def test_a_loosened_bound_that_is_no_longer_needed(tmp_path, run):
    write_case(tmp_path, "a", more=LOOSE)
    cell = cells(run())["a", "chainer@cpu"]
    assert not cell["ok"]
    assert cell["message"].startswith("the loosening of fc is no longer needed")


def test_a_factor_for_an_exact_layer(tmp_path, run):
    write_case(tmp_path, "a", more=LOOSE.replace("fc", "act"))
    write_case(tmp_path, "b", more=LOOSE.replace("fc", "act").replace("factor: 1000", "absolute: 1e-3"))
    told = []
    records = run(changed("act", lambda a: a + np.float32(1e-4)), on_bad=lambda case, error: told.append(str(error)))
    assert len(told) == 1
    assert "a.yaml:9: loosen.0.factor: act must be exact, and no factor changes that; give absolute" in told[0]
    assert cells(records)["b", "chainer@cpu"]["ok"]
