"""``parity time`` from its arguments to the records; numbers of a short run, which is all that a test can afford."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from parity import results
from parity.cli import app
from parity.commands import time as command
from parity.commands.time import chosen_baseline, duration, numbers, row, words
from parity.errors import BadInput
from parity.measure.rounds import Plan
from parity.measure.timing import Judged, time_network
from parity.prepare import prepare
from parity.targets import Target, missing

REFERENCE, CHAINER = Target("onnx-reference"), Target("chainer")
here = pytest.mark.skipif(bool(missing(REFERENCE) or missing(CHAINER)), reason="chainer or onnx is not installed")
TEXT = """
description: A small network.
inputs: {x: {shape: [4, 6]}}
layers:
  - {layer: Linear, name: fc, units: 5}
  - {layer: ReLU, name: relu}
"""


@pytest.fixture(autouse=True)
def own_lock(tmp_path, monkeypatch):
    """Somebody may be measuring on this machine; a test has a lock of its own."""
    monkeypatch.setattr("parity.measure.machine.tempfile.gettempdir", lambda: str(tmp_path))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(TEXT)
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["time", *map(str, arguments)], env={"COLUMNS": "200"})


def records(folder):
    return [json.loads(line) for line in (folder / results.FILE).read_text().splitlines()]


@here
def test_from_the_command_line_to_the_records(file, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / results.FILE).write_text(json.dumps(results.run_record() | {"environment": "before"}) + "\n")
    made = run(file, "--targets", "chainer,onnx-reference", "--rounds", 2, "--batch", "4,9", "--out", out)
    assert made.exit_code == 0, made.output
    found = records(out)
    assert found[0]["environment"] == "before", "what was there stays"
    assert {r["kind"] for r in found} == {"run", "case", "target", "cell", "timing"}
    timed = [r for r in found if r["kind"] == "timing"]
    assert [(r["batch"], r["target"]) for r in timed] == [(b, str(t)) for b in (4, 9) for t in (CHAINER, REFERENCE)]
    for r in timed:
        assert r["verdict"] in ("equal", "rounding")
        assert r["threads"] == 1
        assert r["cores"] is None or len(r["cores"]) == 1
        assert r["operations"] == r["batch"] * (2 * 6 * 5 + 5)
        assert r["rate"] == pytest.approx(r["operations"] / r["steady"]["median"])
        assert 0 < r["steady"]["q1"] <= r["steady"]["median"] <= r["steady"]["q3"]
        assert (r["steady"]["rounds"], r["steady"]["builds"]) == (2, 6)
        assert r["first"]["build"] > 0
        assert r["first"]["call"] > 0
        assert r["memory"]["peak"] >= r["memory"]["before"] > 1 << 20
        assert r["ratio"]["baseline"] == str(CHAINER)
        assert not r["ratio"]["reached"], "two rounds are not enough"
        assert len(r["load"]) == 2
    base, other = timed[0]["ratio"], timed[1]["ratio"]
    assert (base["value"], base["says"]) == (1.0, "baseline")
    assert other["low"] < other["value"] < other["high"]
    assert "onnx-reference@cpu" in made.output
    assert results.read(out).measured["timing"]


@here
def test_a_verdict_that_failed_is_timed_and_flagged(file, tmp_path):
    [case] = command.load_all([file])[0]
    plan = Plan(rounds=1, builds=1, turns=1, turn=0.01, settle=0.0)
    judged = {CHAINER: Judged("rounding"), REFERENCE: Judged("differs", "fc is off")}
    made = time_network(prepare(case, tmp_path), judged, CHAINER, plan, "hash")
    flagged = next(r for r in made if r["target"] == str(REFERENCE))
    assert (flagged["verdict"], flagged["message"]) == ("differs", "fc is off")
    assert flagged["steady"]["median"] > 0
    assert "but its verdict is differs" in row(flagged)[6]


@here
def test_the_timed_build_itself_is_judged(file, tmp_path):
    """The reference is another network than the one that is sent, so that what comes back must not pass."""
    [case] = command.load_all([file])[0]
    prepared = prepare(case, tmp_path)
    prepared.weights["fc/W"][0, 0] += 1
    plan = Plan(rounds=1, builds=1, turns=1, turn=0.01, settle=0.0)
    [record] = time_network(prepared, {CHAINER: Judged("rounding")}, CHAINER, plan, "hash")
    assert record["verdict"] == "differs"
    assert "output of the timed build" in record["message"]


@here
def test_only_products_in_float32_are_held_against_the_machines_rate(file, tmp_path):
    [case] = command.load_all([file])[0]
    plan = Plan(rounds=1, builds=1, turns=1, turn=0.01, settle=0.0)
    judged = {Target.parse(f"chainer@cpu{p}"): Judged("equal") for p in ("", ":float16", ":storage_float16")}
    whole, half, stored = time_network(prepare(case, tmp_path), judged, CHAINER, plan, "hash")
    assert whole["machine_rate"] == stored["machine_rate"] > 0
    assert half["machine_rate"] is None
    assert "%" in row(whole)[7]
    assert "%" not in row(half)[7]


def test_what_did_not_run_is_not_timed(file, tmp_path):
    [case] = command.load_all([file])[0]
    judged = {CHAINER: Judged("unsupported", "no such layer")}
    [record] = time_network(prepare(case, tmp_path), judged, CHAINER, Plan(), "hash")
    assert (record["verdict"], record["message"]) == ("unsupported", "no such layer")
    assert "steady" not in record
    assert "no such layer" in row(record)[6]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--batch", "4,x"], "--batch: found '4,x', accepted: whole numbers above 0"),
        (["--threads", "0"], "--threads: found '0'"),
        (["--threads", "100000"], "--threads: found 100000, accepted: 1 …"),
        (["--baseline", "chaner"], "unknown target 'chaner'"),
        (["--targets", "nothing"], "no target matches 'nothing'"),
    ],
)
def test_bad_input_is_told_before_anything_starts(file, tmp_path, arguments, words):
    made = run(file, *arguments, "--out", tmp_path / "out")
    assert isinstance(made.exception, BadInput)
    assert words in str(made.exception)
    assert not (tmp_path / "out").exists()


@here
def test_a_batch_that_a_network_refuses_is_told_and_the_others_are_timed(file, tmp_path):
    fixed = tmp_path / "fixed.yaml"
    fixed.write_text(TEXT + "  - {layer: Transpose, name: t, axes: [1, 0]}\n")
    made = run(fixed, "--batch", "8", "--out", tmp_path / "none")
    assert made.exit_code == 2
    assert "does not run at batch 8" in made.stderr
    assert not (tmp_path / "none").exists()
    made = run(fixed, file, "--batch", "8", "--targets", "chainer", "--rounds", 1, "--out", tmp_path / "out")
    assert made.exit_code == 2
    assert "does not run at batch 8" in made.stderr
    assert [r["case"] for r in records(tmp_path / "out") if r["kind"] == "timing"] == ["small"]


@here
def test_a_case_that_becomes_bad_input_meanwhile_ends_nothing(file, tmp_path, monkeypatch):
    """It was judged; when its turn comes its file is gone."""
    other = tmp_path / "zoo.yaml"
    other.write_text(TEXT)
    known = command.prepare

    def gone(case, folder):
        if case.id == "small":
            raise BadInput("its weights are gone", file="small.yaml")
        return known(case, folder)

    monkeypatch.setattr(command, "prepare", gone)
    made = run(file, other, "--targets", "chainer", "--rounds", 1, "--out", tmp_path / "out")
    assert made.exit_code == 2
    assert "bad input: small.yaml: its weights are gone" in made.stderr
    assert [r["case"] for r in records(tmp_path / "out") if r["kind"] == "timing"] == ["zoo"]


@pytest.mark.parametrize(
    ("target", "memory", "shown"),
    [
        ("chainer@cpu", {"before": 1 << 20, "peak": 3 << 20, "own": True}, "3 MiB"),
        ("chainer@gpu", {"before": 1 << 20, "peak": 3 << 20, "own": True, "device": 7 << 20}, "7 MiB"),
        ("onnxruntime@gpu", {"before": 1 << 20, "peak": 3 << 20, "own": True, "device": None}, ""),
    ],
)
def test_memory_is_that_of_the_device(target, memory, shown):
    record = {"target": target, "verdict": "equal", "first": {"build": 1.0, "call": 1.0}, "ratio": None, "rate": 1e9,
              "steady": {"median": 1.0, "q1": 1.0, "q3": 1.0}, "machine_rate": None, "memory": memory}  # fmt: skip
    assert row(record)[-1] == shown


def test_numbers_are_read_once_each():
    assert numbers("--batch", "1, 8,1") == [1, 8]


def test_the_baseline_is_chainer_or_the_first():
    jax = Target("keras-jax")
    assert chosen_baseline(None, [jax, CHAINER]) == CHAINER
    assert chosen_baseline(None, [jax, REFERENCE]) == jax
    assert chosen_baseline("onnxruntime", [jax]) == Target("onnxruntime")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5, "2.5 s"),
        (0.0123, "12.3 ms"),
        (0.00045678, "457 µs"),
        (1e-3, "1 ms"),
        (0.9998e-3, "1 ms"),
        (3e-7, "0.3 µs"),
    ],
)
def test_durations_have_a_unit_that_suits_them(seconds, text):
    assert duration(seconds) == text


def test_words_say_what_was_not_reached():
    ratio = {"says": "undecided", "reached": False, "asked": 0.02, "value": 1.0, "low": 0.9, "high": 1.1}
    assert words({"ratio": ratio, "verdict": "equal"}) == "undecided, not yet ±2 %"
    assert words({"ratio": ratio | {"reached": True, "says": "faster"}, "verdict": "equal"}) == "faster"
