"""Holding a measurement against a record: each check is seen to fail."""

import copy

import pytest

from parity.calibrate.hold import FALLEN, MARGIN, SLACK, fallen, loose, outgrown, sample, stale
from parity.layers import Layer
from tests.calibrate.test_record import breaking
from tests.stand_in import write_case


@pytest.fixture
def found(tmp_path, measured):
    write_case(tmp_path, "a")
    return measured()


def with_line(record, number, **changed):
    made = copy.deepcopy(record)
    made["layers"][number] |= changed
    return made


def test_a_measurement_stands_by_itself(found):
    assert outgrown(found, found) == []
    assert fallen(found, found) == []


def test_a_figure_that_is_exceeded(found):
    today = with_line(found, 0, ratio=0.9)
    most = (0.9 - SLACK) / MARGIN
    assert outgrown(today, with_line(found, 0, ratio=most + 0.001)) == []
    said = outgrown(today, with_line(found, 0, ratio=most - 0.001))
    assert len(said) == 1
    assert said[0].startswith("Linear on chainer@cpu (a, inputs ")
    assert "0.9, the record has 0.56" in said[0]


def test_an_exact_layer_that_is_no_longer(tmp_path, found, measured):
    today = measured(breaking("t:act", 1.001), regimes=["normal"], weights=["drawn"])
    said = outgrown(today, found)
    assert any(s.startswith("ReLU on chainer@cpu") and "inf times the bound" in s for s in said)


def test_an_engine_that_is_broken_is_beyond(tmp_path, found, measured):
    today = measured(breaking("t:fc", 1.001), regimes=["normal"], weights=["drawn"])
    assert any(s.startswith("Linear on chainer@cpu") and "times the bound" in s for s in outgrown(today, found))


def test_a_line_that_the_record_has_not(found):
    old = copy.deepcopy(found)
    del old["layers"][1]
    assert [s.partition(":")[2] for s in outgrown(found, old)] == [" not in the record"]


def test_a_bound_that_has_become_looser(found):
    old = with_line(found, 0, ratio=0.5)
    assert fallen(with_line(found, 0, ratio=0.5 / FALLEN + 0.001), old) == []
    today = with_line(found, 0, ratio=0.5 / FALLEN - 0.001)
    assert len(fallen(today, old)) == 1
    today["engines"]["chainer@cpu"] = {"stand-in": "2"}
    assert fallen(today, old) == []


def test_another_constant_and_a_layer_that_is_missing(found):
    known = {line["layer"] for line in found["layers"]}
    rest = [n for n, cls in Layer.registry.items() if n not in known and cls.__module__.startswith("parity.layers.")]
    assert stale(found) == [f"{name}: not in the record" for name in sorted(rest)]
    said = stale(with_line(found, 0, c=9.5))
    assert "Linear: measured with c = 9.5, it has [2.2]" in said
    assert "Nonsense: there is no such layer any more" in stale(with_line(found, 0, layer="Nonsense"))


def test_loose_ones(found):
    few = {"elements": 10, "ratio": 0.1}
    record = found | {"layers": [found["layers"][0] | few, found["layers"][2]]}
    assert loose(record) == {}
    assert loose(with_line(record, 0, elements=10_000)) == {"Linear": 0.1}
    assert loose(with_line(record, 0, elements=10_000, ratio=0.2)) == {}
    assert loose(with_line(record, 1, elements=10_000)) == {}, "an exact layer has no constant"


def test_the_sample_is_the_same_each_time_and_has_the_largest(found):
    many = copy.deepcopy(found)
    many["layers"] += [found["layers"][0] | {"layer": f"L{i}", "ratio": 0.01 * i} for i in range(9)]
    one = sample(many, 4, "a")
    assert one == sample(many | {"layers": many["layers"][::-1]}, 4, "a")
    assert {target: len(lines) for target, lines in one.items()} == {"chainer@cpu": 4, "onnx-reference@cpu": 1}
    for target, lines in one.items():
        assert lines[0]["ratio"] == max(x["ratio"] for x in many["layers"] if x["target"] == target)
    assert all(line["ratio"] for lines in one.values() for line in lines), "not what is exact"
    assert not any(sample(many, 4, "elsewhere").values())
