"""The committed record and its page: current, complete, and borne out by a sample that is measured now."""

from pathlib import Path

import pytest

from parity import records
from parity.calibrate.hold import fallen, loose, outgrown, sample, stale
from parity.calibrate.known import DEFECTS, TIGHT_ENOUGH
from parity.calibrate.measure import measure
from parity.calibrate.page import page
from parity.calibrate.record import record as made_of
from parity.calibrate.variants import Variant
from parity.case.case import load
from parity.session import Session
from parity.targets import ALL, Target, matches, missing
from parity.workers.pool import Pool

ROOT = Path(__file__).parents[2]
EACH = 4
"""Lines of the record that are measured again for each target."""


@pytest.fixture(scope="module")
def record():
    return records.load("calibration")


def test_the_page_is_current(record):
    others = {name: records.load(name) for name in records.names("calibration-")}
    written = (ROOT / "docs/calibration.md").read_text("utf-8")
    assert written == page(record, others), "parity calibrate --page writes it anew"


def test_all_of_it_was_measured(record):
    assert record["parameters"]["cases"] == "all"
    assert record["not_measured"] == {}
    assert set(record["engines"]) == {str(t) for t in ALL}
    assert all(isinstance(versions, dict) for versions in record["engines"].values())
    assert stale(record) == []


def test_nothing_is_beyond_for_no_known_reason(record):
    assert [e for e in record["excesses"] if e["reason"] is None] == []
    assert all(0 <= line["ratio"] <= 1 for line in (*record["layers"], *record["final"]))


@pytest.fixture
def torch():
    """The engines on PyTorch, which not every environment has."""
    return records.load("calibration-torch")


def test_the_engines_on_pytorch_were_measured(torch):
    assert torch["not_measured"] == {}
    assert set(torch["engines"]) == {"keras-torch@cpu", "onnx-torch@cpu"}
    assert [e for e in torch["excesses"] if e["reason"] is None] == []
    assert all(0 <= line["ratio"] <= 1 for line in (*torch["layers"], *torch["final"]))
    assert "devices" not in torch, "it says nothing of a GPU"


@pytest.fixture
def half():
    """Engines that compute in 16 bits."""
    return records.load("calibration-half")


def test_half_precision_was_measured(half):
    assert half["not_measured"] == {}
    assert {Target.parse(t).precision for t in half["engines"]} == {"float16", "bfloat16"}
    assert [e for e in half["excesses"] if e["reason"] is None] == []
    assert all(0 <= line["ratio"] <= 1 for line in (*half["layers"], *half["final"]))


def test_known_defects_were_seen(record, torch, half):
    for defect in DEFECTS:
        excesses = (*record["excesses"], *torch["excesses"], *half["excesses"])
        found = [e for e in excesses if e["reason"] == defect.reason and e["layer"] == defect.layer]
        assert found, f"{defect.layer} on {defect.target}: nothing of it was seen; drop it"
        assert all(matches_name(e["target"], defect.target) for e in found)


def matches_name(target, pattern):
    return matches(Target.parse(target), pattern)


def test_loose_constants_have_a_reason(record):
    assert set(loose(record)) == set(TIGHT_ENOUGH)


def test_a_sample_measured_now_stands_by_the_record(record, tmp_path):
    here = [t for t in ALL if missing(t) is None]
    if not here:
        pytest.skip("no framework is installed")
    cases = {}
    sampled = sample(record, EACH)
    wanted = {t: sampled[str(t)] for t in here}
    for stem in {line["case"].partition("[")[0] for lines in wanted.values() for line in lines}:
        cases |= {c.id: c for c in load(ROOT / f"cases/{stem}.yaml", ROOT / "cases")}
    own = {
        t: [Variant.of(cases[x["case"]], x["regime"], x["weights"], x["seed"]) for x in lines]
        for t, lines in wanted.items()
    }
    plan = list({v.id: v for variants in own.values() for v in variants}.values())
    done = {(v.id, str(t)) for t in here for v in plan if v.id not in {w.id for w in own[t]}}
    with Session(Pool()) as session:
        found = measure(plan, here, tmp_path, session, done=done)
    today = made_of(found, plan, {})
    assert today["cells"] == sum(len({v.id for v in variants}) for variants in own.values())
    assert outgrown(today, record) == []
    assert fallen(today, record | {"layers": [line for lines in wanted.values() for line in lines]}) == []
    measured = {(line["layer"], line["target"]) for line in today["layers"]}
    assert {(line["layer"], line["target"]) for lines in wanted.values() for line in lines} <= measured
