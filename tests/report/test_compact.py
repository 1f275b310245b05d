import copy
import json
import random

import pytest

from parity.report.compact import compacted, expanded
from parity.report.data import collect

TARGETS = ["chainer@cpu", "chainer@cpu", "chainer@cpu", "keras-jax@cpu"]


def piece(make, environments=("py311", "py312", "py313")):
    for environment in environments:
        make.fill(["a", "b"], ["chainer@cpu"], environment=environment)
    make.fill(["a", "b"], ["keras-jax@cpu"])
    return collect(make.results).pieces[0]


def without_nulls(value):
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def there_and_back(full):
    before = copy.deepcopy(full)
    back = expanded(json.loads(json.dumps(compacted(full, TARGETS))))
    assert full == before, "it was changed"
    return back


def alike(full):
    """The second environment's cell of a, as the first's but for the time."""
    cells = full["a"]["cells"]
    cells["1"] = cells["0"] | {"timings": {"build": 0.25, "tap": 0.125}}
    return cells


def test_nothing_is_lost(make):
    full = piece(make)
    for detail in full.values():
        for cell in detail["cells"].values():
            cell["timings"] = {"build": random.Random(1).randrange(999) * 1e-6, "run": 1e-6}
            cell["final"][0] |= make.erring()
            cell["probe"] = {"layers": [make.finding("conv", "rounding", 0.5, ["conv"])]}
    full["a"]["cells"]["0"]["layers"][1]["metrics"]["ulp_max"] = None
    full["b"]["cells"]["2"]["layers"][0]["of a later version"] = [1, 2]
    full["b"]["cells"]["3"] = {"verdict": "crashed", "message": "killed", "ok": False, "certificate": None}
    alike(full)
    assert without_nulls(there_and_back(full)) == without_nulls(full)


def test_a_finding_without_figures(make):
    full = piece(make)
    full["a"]["cells"]["0"]["layers"][0] = {"tensor": "conv", "verdict": "missing", "metrics": None, "message": "gone"}
    assert there_and_back(full)["a"]["cells"]["0"]["layers"][0] == full["a"]["cells"]["0"]["layers"][0]


def test_a_cell_says_what_is_different(make):
    full = piece(make)
    alike(full)
    cells = compacted(full, TARGETS)["cases"]["a"]["cells"]
    assert set(cells["1"]) == {"same", "timings"}
    assert cells["1"]["same"] == 0
    assert "same" not in cells["0"]
    assert there_and_back(full)["a"]["cells"]["1"]["layers"] == full["a"]["cells"]["0"]["layers"]


def test_a_cell_is_never_said_by_another_target(make):
    full = piece(make)
    full["a"]["cells"]["3"] = copy.deepcopy(full["a"]["cells"]["2"])
    assert "same" not in compacted(full, TARGETS)["cases"]["a"]["cells"]["3"]


def test_what_the_other_does_not_say_is_not_said(make):
    full = piece(make)
    cells = alike(full)
    del cells["1"]["tapping_changes"]
    assert "same" not in compacted(full, TARGETS)["cases"]["a"]["cells"]["1"]
    assert "tapping_changes" not in there_and_back(full)["a"]["cells"]["1"]


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 0.0123456, 12.345, 1e4])
def test_times_have_three_digits(make, seconds):
    full = piece(make)
    full["a"]["cells"]["0"]["timings"] = {"build": seconds}
    assert there_and_back(full)["a"]["cells"]["0"]["timings"]["build"] == pytest.approx(seconds, rel=5e-3)
