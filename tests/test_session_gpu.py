"""A cell on a GPU: it runs again, it is provisional, and where there is no device it is skipped."""

from __future__ import annotations

import pytest

from parity import calibrated, cuda
from parity.results import Writer
from parity.session import Session
from parity.targets import Target
from tests.stand_in import A, StandInPool, StandInWorker, answer, cells, lines, load_cases, run_fixture, write_case  # noqa: F401

GPU = Target("keras-torch", "gpu")
CARD = {"name": "NVIDIA Invented", "memory": 1 << 30, "capability": "9.0", "driver": "1", "cuda": "13.0"}


@pytest.fixture
def card(monkeypatch):
    """Workers say that they run on this card."""
    monkeypatch.setattr(StandInWorker, "facts", {**StandInWorker.facts, "device": "gpu", "gpu": CARD})


class Asked(StandInPool):
    """Remembers how many more runs each target was asked for, and reports that many different results."""

    def __init__(self):
        super().__init__(self._say)
        self.repeats = {}

    def _say(self, target, header, arrays):
        self.repeats[str(target)] = header["repeat"]
        reply, out = answer(header, arrays)
        found = {"runs": header["repeat"] + 1, "distinct": 2, "max_abs": 0.5}
        return reply | ({"repeats": found, "facts": {"tf32": False}} if header["repeat"] else {}), out


def test_a_gpu_is_asked_again_and_a_cpu_is_not(tmp_path, run, card):
    write_case(tmp_path, "a")
    pool = Asked()
    found = cells(run(pool, (A, GPU)))
    assert pool.repeats == {"chainer@cpu": 0, "keras-torch@gpu": 3}
    assert found["a", "keras-torch@gpu"]["repeats"] == {"runs": 4, "distinct": 2, "max_abs": 0.5}
    assert found["a", "keras-torch@gpu"]["facts"]["tf32"] is False
    assert "repeats" not in found["a", "chainer@cpu"]


def test_as_often_as_the_user_says(tmp_path, run, card):
    write_case(tmp_path, "a")
    pool = Asked()
    with Writer(tmp_path) as writer, Session(pool, 1, repeat=1) as session:
        session.run(load_cases(tmp_path), (A, GPU), writer)
    assert pool.repeats == {"chainer@cpu": 1, "keras-torch@gpu": 1}
    assert all("repeats" in cell for cell in cells(lines(tmp_path)).values())


def test_layers_that_were_not_calibrated_there_are_provisional(tmp_path, run, card, monkeypatch):
    write_case(tmp_path, "a")
    monkeypatch.setattr(calibrated, "_records", lambda: ())
    found = cells(run(Asked(), (A, GPU)))
    assert found["a", "keras-torch@gpu"]["calibrated"] is False
    assert found["a", "keras-torch@gpu"]["ok"], "provisional is not failed"
    assert "Linear, ReLU were not measured" in found["a", "keras-torch@gpu"]["provisional"]
    assert "calibrated" not in found["a", "chainer@cpu"]


@pytest.mark.parametrize(("relu", "is_calibrated"), [(0.0, True), (7.0, False)])
def test_a_calibration_on_that_card(tmp_path, run, card, monkeypatch, relu, is_calibrated):
    write_case(tmp_path, "a")
    ratios = {"Linear": 0.4, "ReLU": relu}
    known = [{"layer": name, "target": str(GPU), "ratio": ratio} for name, ratio in ratios.items()]
    record = {"devices": {str(GPU): CARD["name"]}, "layers": known}
    monkeypatch.setattr(calibrated, "_records", lambda: (record,))
    found = cells(run(Asked(), (GPU,)))["a", str(GPU)]
    assert found["calibrated"] is is_calibrated
    assert ("provisional" in found) is not is_calibrated


def test_without_a_device_it_is_skipped(tmp_path, monkeypatch):
    write_case(tmp_path, "a")
    monkeypatch.setattr(cuda, "first", lambda: None)
    with Writer(tmp_path) as writer, Session(StandInPool(), 1) as session:
        session.run(load_cases(tmp_path), (GPU, Target("onnxruntime", "gpu")), writer)
    found = cells(lines(tmp_path))
    assert {(c["verdict"], c["message"]) for c in found.values()} == {("skipped", "no CUDA device")}
    assert len(found) == 2
