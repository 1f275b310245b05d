"""``parity calibrate``: what it writes and says, and that nothing finished is lost."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from parity import records
from parity import session as session_module
from parity.calibrate import measure as measure_module
from parity.calibrate.page import page
from parity.calibrated import provisional
from parity.cli import app
from parity.commands import calibrate as module
from parity.errors import BadInput
from parity.targets import Target
from tests.stand_in import StandInPool, StandInWorker, answer, lines, write_case

FEW = ("--regimes", "normal,ties", "--weights", "drawn")
WORK = Path("reports/calibration")


@pytest.fixture
def calibrate(tmp_path, monkeypatch):
    """``parity calibrate`` in a folder of its own, on a pool; the result of the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session_module, "missing", lambda _: None)
    write_case(tmp_path, "a")

    def invoke(*arguments: str, answered=lambda _, *request: answer(*request)):
        pool = StandInPool(answered)
        monkeypatch.setattr(module, "Pool", lambda: pool)
        command = ["calibrate", "--targets", "chainer,onnx-reference", *arguments]
        return CliRunner().invoke(app, command, catch_exceptions=False), pool

    return invoke


def read(file=WORK / "calibration.json"):
    return json.loads(Path(file).read_text())


def test_a_record_is_written(calibrate):
    done, _ = calibrate(*FEW, "--out", "there/record.json", "cases/a.yaml")
    assert done.exit_code == 0
    assert "4 cells, " in done.stdout
    assert "record: there/record.json" in done.stdout
    made = read("there/record.json")
    assert made["parameters"] == {
        "cases": ["cases/a.yaml"],
        "regimes": ["normal", "ties"],
        "seeds": 1,
        "targets": ["chainer@cpu", "onnx-reference@cpu"],
        "weights": ["drawn"],
    }
    assert Path("there/record.json").read_text() == records.dump(made)


def test_what_is_beyond_is_said_and_exit_1(calibrate):
    def wrong(target, *request):
        reply, out = answer(*request)
        return reply, {k: v * np.float32(1.001) for k, v in out.items()}

    done, _ = calibrate(*FEW, answered=wrong)
    assert done.exit_code == 1
    assert "beyond: Linear on chainer@cpu (a, inputs normal, weights drawn, seed 1): " in done.stdout
    assert read()["excesses"]


def test_an_interrupted_run_goes_on(calibrate):
    count = 0

    def interrupted(_, *request):
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return answer(*request)

    done, _ = calibrate(*FEW, "--jobs", "1", answered=interrupted)
    assert done.exit_code == 130
    assert "finished cells are kept" in done.stderr
    assert not (WORK / "calibration.json").exists()
    kept = [r for r in lines(WORK) if r["kind"] == "cell"]
    assert len(kept) == 2
    done, pool = calibrate(*FEW, "--resume")
    assert done.exit_code == 0
    assert len(pool.asked) == 2
    assert read()["cells"] == 4
    _, pool = calibrate(*FEW)
    assert len(pool.asked) == 4, "without --resume it begins anew"


def test_a_calibration_that_has_no_time_left_writes_what_it_has(calibrate):
    assert calibrate(*FEW)[0].exit_code == 0
    done, pool = calibrate("--regimes", "normal,unit", "--weights", "drawn", "--resume", "--seconds", "0")
    assert not pool.asked
    assert done.exit_code == 0
    assert read()["cells"] == 2
    assert read()["not_measured"] == {"chainer@cpu": 1, "onnx-reference@cpu": 1}


def test_a_record_names_the_gpu(calibrate, monkeypatch):
    card = {"name": "NVIDIA Invented", "memory": 1 << 34, "capability": "9.0", "driver": "", "cuda": "13.0"}
    facts = {**StandInWorker.facts, "device": "gpu", "gpu": card}
    monkeypatch.setattr(StandInWorker, "facts", facts)
    done, _ = calibrate(*FEW, "--targets", "keras-torch@gpu")
    assert done.exit_code == 0
    assert read()["devices"] == {"keras-torch@gpu": "NVIDIA Invented"}
    assert provisional(Target("keras-torch", "gpu"), "NVIDIA Invented", ["Linear", "ReLU"], [read()]) == ""
    assert provisional(Target("keras-torch", "gpu"), "another", ["Linear", "ReLU"], [read()]) != ""


def test_without_a_gpu_a_record_names_none(calibrate):
    calibrate(*FEW)
    assert "devices" not in read()


def test_going_on_with_other_regimes_keeps_those_there_are(calibrate):
    calibrate(*FEW)
    _, pool = calibrate("--regimes", "unit", "--weights", "drawn", "--resume")
    assert len(pool.asked) == 2
    assert read()["cells"] == 2
    _, pool = calibrate(*FEW, "--resume")
    assert not pool.asked
    assert read()["cells"] == 4


def test_other_rules_cannot_go_on(calibrate, monkeypatch):
    calibrate(*FEW)
    monkeypatch.setattr(module, "rules", lambda: "others")
    with pytest.raises(BadInput, match="have changed since these cells ran; begin anew, without --resume"):
        calibrate(*FEW, "--resume")


def test_the_hash_of_the_rules_is_that_of_their_sources(monkeypatch):
    before = measure_module.rules()
    assert before == measure_module.rules()
    monkeypatch.setattr(measure_module, "RULES", ("layers",))
    assert measure_module.rules() != before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--regimes", "norml"), "--regimes: found 'norml' (did you mean 'normal'?), accepted are normal, unit"),
        (("--weights", "x"), "--weights: found 'x', accepted are drawn, positive"),
        (("--targets", "nobody"), "no target matches 'nobody'"),
        (("-k", "nothing"), "fits none of the 1 cases"),
        (("nowhere.yaml",), "nowhere.yaml"),
    ],
)
def test_bad_input(calibrate, arguments, says):
    with pytest.raises(BadInput) as error:
        calibrate(*arguments)
    assert says in str(error.value)


def test_nothing_compared_is_no_success(calibrate, monkeypatch):
    monkeypatch.setattr(session_module, "missing", lambda _: "not installed")
    done, _ = calibrate(*FEW)
    assert done.exit_code == 1
    assert "nothing was compared" in done.stderr


def test_the_page(calibrate, monkeypatch, tmp_path):
    calibrate(*FEW)
    made = read()
    monkeypatch.setattr(records, "load", lambda _: made)
    monkeypatch.setattr(records, "names", lambda prefix: [f"{prefix}half"])
    done = CliRunner().invoke(app, ["calibrate", "--page"], catch_exceptions=False)
    assert done.stdout == "docs/calibration.md\n"
    text = Path("docs/calibration.md").read_text()
    assert text == page(made, {"calibration-half": made})
    assert "## In 16 bits" in text
    ratio = max(line["ratio"] for line in made["layers"])
    assert f"**{ratio:.3f}**\n(Linear on " in text
    assert "Nothing was beyond its bound." in text
