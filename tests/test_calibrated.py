"""On a GPU a verdict is provisional until its layers were calibrated on that device, and held there."""

import pytest

from parity import calibrated, records
from parity.calibrated import provisional
from parity.targets import Target

GPU = Target("keras-torch", "gpu")
CARD = "NVIDIA Invented"


def record(device=CARD, target="keras-torch@gpu", **ratios):
    return {
        "devices": {target: device},
        "layers": [{"layer": layer, "target": target, "ratio": ratio} for layer, ratio in ratios.items()],
    }


def test_calibrated_layers_are_judged_for_good():
    assert provisional(GPU, CARD, ["Linear", "ReLU"], [record(Linear=0.5, ReLU=0.0, Conv2D=3.0)]) == ""


def test_figures_of_several_records_count_together():
    assert provisional(GPU, CARD, ["Linear", "ReLU"], [record(Linear=0.5), record(ReLU=0.0)]) == ""


@pytest.mark.parametrize(
    "known",
    [
        [],
        [record(Linear=0.5)],
        [record("another card", Linear=0.5, Conv2D=0.5)],
        [record(target="keras-jax@gpu", Linear=0.5, Conv2D=0.5)],
        [record(target="keras-torch@cpu", Linear=0.5, Conv2D=0.5)],
        [{"layers": [{"layer": "Conv2D", "target": "keras-torch@gpu", "ratio": 0.5}]}],
    ],
)
def test_without_figures_it_is_provisional(known):
    why = provisional(GPU, CARD, ["Linear", "Conv2D"], known)
    assert "Conv2D were not measured for keras-torch@gpu on NVIDIA Invented" in why
    assert "provisional" in why


@pytest.mark.parametrize("ratio", [1.5, "inf"])
def test_a_bound_that_did_not_hold_is_told(ratio):
    assert "sound results of Conv2D beyond the bound" in provisional(GPU, CARD, ["Conv2D"], [record(Conv2D=ratio)])


def test_many_layers_are_counted():
    assert "a, b, c, d and 2 more" in provisional(GPU, CARD, "abcdef", [])


def test_a_cpu_is_never_provisional():
    assert provisional(Target("keras-torch"), "", ["Linear"], []) == ""


def test_the_package_is_asked_by_default(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "names", lambda prefix: [f"{prefix}invented"])
    monkeypatch.setattr(records, "load", lambda name: record(Linear=0.5) if name == "calibration-invented" else {})
    calibrated._records.cache_clear()
    assert provisional(GPU, CARD, ["Linear"]) == ""
    assert provisional(GPU, CARD, ["Conv2D"]) != ""
    calibrated._records.cache_clear()


def test_names_of_records():
    assert records.names("calib") == sorted(records.names("calib"))
    assert "calibration" in records.names("calib")
    assert records.names("nothing of that name") == []
