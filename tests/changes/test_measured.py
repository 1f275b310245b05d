import copy

import pytest

from parity.changes.diff import diff
from parity.changes.measured import DRIFT, apart, same_machine
from parity.changes.tell import headline, notes

LENET, ORT, CHAINER = "networks/lenet", "onnxruntime@cpu", "chainer@cpu"


def scaled(record, factor, key="ratio"):
    """The record with times that are so many times as long."""
    names = ("value", "low", "high") if key == "ratio" else ("median", "low", "high")
    changed = copy.deepcopy(record)
    changed[key].update({n: record[key][n] * factor for n in names})
    return changed


@pytest.fixture
def timed(make, other):
    """Adds a timing to both, the second so many times as long."""

    def add(factor, target=ORT, key="ratio", **more):
        old = make.timing(LENET, target, says="baseline" if target == CHAINER else "faster")
        middle = old["steady"]["median"]
        old["steady"] |= {"low": 0.99 * middle, "high": 1.01 * middle}
        old["ratio"] |= {"low": 0.98 * old["ratio"]["value"], "high": 1.02 * old["ratio"]["value"]}
        other.measure("timing", scaled(old, factor, key) | more)
        return diff(make.results, other.results)

    return add


@pytest.mark.parametrize(("factor", "direction"), [(1.4, "worse"), (0.7, "better")])
def test_a_time_beyond_its_interval(timed, factor, direction):
    found = timed(factor)
    assert [(c.what, c.direction, c.case, c.target) for c in found.changes] == [("time", direction, LENET, ORT)]
    assert found.is_worse == (direction == "worse")
    assert "as fast as chainer, with 2 threads" in found.changes[0].text


@pytest.mark.parametrize("factor", [1.0, 1.03, 1 / 1.03])
def test_a_time_within_its_interval(timed, factor):
    found = timed(factor)
    assert (found.changes, found.measured) == ([], 1)
    assert headline(found) == "Nothing changed: 9 cells and 1 measurement of time or precision compared."


@pytest.mark.parametrize(("factor", "direction"), [(1.4, "worse"), (0.7, "better")])
def test_the_baseline_itself_on_the_same_machine(timed, factor, direction):
    found = timed(factor, CHAINER, "steady")
    assert [(c.direction, c.target) for c in found.changes] == [(direction, CHAINER)]
    assert "ms a call, " in found.changes[0].text
    assert ("more" if factor > 1 else "less") in found.changes[0].text


def test_the_baseline_on_another_machine_says_nothing(timed):
    found = timed(1.4, CHAINER, "steady", machine_rate=9e10)
    assert (found.changes, found.measured, found.untimed) == ([], 0, 1)
    assert any(note.startswith("1 time was not compared") for note in notes(found))


def test_the_baseline_on_a_busy_machine_says_nothing(timed):
    assert timed(1.4, CHAINER, "steady", others=0.7).changes == []


def test_the_baseline_on_a_machine_with_other_cores_says_nothing(timed, other):
    other.results.runs["py311"]["cpus"] = 64
    assert timed(1.4, CHAINER, "steady").changes == []


def test_ratios_to_different_baselines_are_not_compared(timed):
    ratio = {"baseline": "onnx-reference@cpu", "value": 9.0, "low": 8.9, "high": 9.1, "says": "slower"}
    found = timed(1.0, ratio=ratio)
    assert (found.changes, found.measured, found.untimed) == ([], 0, 1)


def test_times_that_cannot_be_compared_are_no_pass(timed, make, other):
    make.results.cells.clear()
    other.results.cells.clear()
    assert timed(1.4, CHAINER, "steady", machine_rate=9e10).is_worse


def test_another_network_is_not_compared(timed):
    found = timed(1.4, network="f" * 16)
    assert (found.changes, found.measured, found.others) == ([], 0, {LENET})


def test_one_round_has_no_interval(timed):
    assert timed(1.4, ratio={"baseline": CHAINER, "value": 9.0, "low": None, "high": None}).changes == []


def test_intervals_apart():
    assert apart((1.0, 0.9, 1.1), (1.3, 1.2, 1.4)) > 0
    assert apart((1.3, 1.2, 1.4), (1.0, 0.9, 1.1)) < 0
    assert apart((1.0, 0.9, 1.2), (1.3, 1.1, 1.4)) == 0
    assert apart((1.0, 0.999, 1.001), (1 + DRIFT / 2, 1.02, 1.03)) == 0
    assert apart(None, (1.0, 0.9, 1.1)) == 0


@pytest.mark.parametrize(("error", "expected"), [(2e-3, ["worse"]), (2e-5, ["better"]), (5e-4, []), (2e-4, [])])
def test_a_loss_of_precision(make, other, error, expected):
    make.loss(LENET, error=2e-4)
    other.loss(LENET, error=error)
    found = diff(make.results, other.results)
    assert [c.direction for c in found.changes if c.what == "loss"] == expected
    assert found.measured == 1


@pytest.mark.parametrize("rate", ["inf", 0, -5e10, None])
def test_a_machine_of_no_speed_is_no_machine_known(rate):
    run = {"platform": "Linux x86_64", "cpus": 4}
    one = {"machine_rate": 5e10, "load": [0.1, 0.1]}
    assert same_machine(one, one, run, run)
    assert not same_machine(one, one | {"machine_rate": rate}, run, run)
    assert not same_machine(one | {"machine_rate": rate}, one, run, run)
