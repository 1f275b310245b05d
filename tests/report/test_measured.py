"""The data of the views of precision and timing, and the start page beside them."""

import base64
import gzip
import json
import re

import pytest

from parity.report.overview import overview
from parity.report.page import render
from parity.report.precision import precision
from parity.report.timing import timing
from parity.story.loss import about_loss
from parity.story.times import about_times

HALF = "chainer@cpu:float16"
STORED = "chainer@cpu:storage_float16"


def test_rows_keep_zeros_and_strings_for_infinity(make):
    make.loss("a", HALF, 0.0)
    make.loss("b", HALF)["outputs"][0] |= {"rel_l2": "inf", "nonfinite": 3}
    [a, b] = precision(make.results)["index"]["cases"]
    assert (a["rows"][0]["rel_l2"], b["rows"][0]["rel_l2"], b["rows"][0]["nonfinite"]) == (0, "inf", 3)
    assert a["rows"][0]["argmax"] == [0, 6]
    assert b["rows"][0]["part"] == "weights"


def test_the_worst_output_counts(make):
    record = make.loss("a", HALF)
    record["outputs"] += [record["outputs"][0] | {"tensor": "z", "rel_l2": 0.5}]
    [row] = precision(make.results)["index"]["cases"][0]["rows"]
    assert (row["tensor"], row["rel_l2"], row["outputs"]) == ("z", 0.5, 2)


def test_a_measurement_of_another_network_is_marked(make):
    make.case("a")
    make.results.cases["a"]["network"] = "1" * 16
    make.loss("a")
    make.timing("a")
    make.timing("a", batch=8)
    assert precision(make.results)["index"]["cases"][0]["rows"][0]["other"]
    rows = timing(make.results)["index"]["cases"][0]["rows"]
    assert [(r.get("batch"), r.get("other", False)) for r in rows] == [(None, True), (8, True)]


def test_images_that_are_the_same_are_kept_once(make):
    for target, actual in ((HALF, "Q"), (STORED, "R")):
        make.loss(
            "a", target, pictures=[{"tensor": "y", "sample": 0, "reference": "A", "actual": actual, "scale": 2.0}]
        )
    detail = precision(make.results)["pieces"][0]["a"]
    shown = [[detail["images"][p[k]] for k in ("reference", "actual")] for r in detail["losses"] for p in r["pictures"]]
    assert (sorted(detail["images"]), shown) == (["A", "Q", "R"], [["A", "R"], ["A", "Q"]])
    assert detail["losses"][0]["pictures"][0]["scale"] == 2


def test_sensitivities_alone_make_a_view(make):
    make.sensitivity("a", "bfloat16")
    make.sensitivity("a")
    found = precision(make.results)
    assert [s["precision"] for s in found["pieces"][0]["a"]["sensitivity"]] == ["float16", "bfloat16"]
    assert found["index"]["precisions"] == [["float16", "float16"], ["bfloat16", "bfloat16"]]


def scripts(page):
    return dict(re.findall(r'<script type="text/plain" id="([^"]+)">([^<]*)</script>', page))


def test_views_are_there_only_with_records(make):
    plain = render(make.fill(["a"]))
    assert not re.search(r'id="(precision|timing)', plain.partition("<script>")[0])
    assert "#precision" not in plain.partition("<script>")[0]
    make.loss("a")
    page = render(make.results)
    assert 'href="#precision" data-view' in page
    assert 'href="#timing" data-view' not in page
    make.timing("a")
    assert 'href="#timing" data-view' in render(make.results)


def test_the_data_of_the_views_is_the_records(make):
    make.fill(["a"])
    record, timed = make.loss("a", STORED), make.timing("a")
    make.sensitivity("a")
    found = {k: json.loads(gzip.decompress(base64.b64decode(v))) for k, v in scripts(render(make.results)).items()}
    loss = found["precision-0"]["a"]["losses"][0]
    assert [layer["node"] for layer in loss["layers"]] == [layer["node"] for layer in record["layers"]]
    assert loss["outputs"][0]["rel_l2"] == record["outputs"][0]["rel_l2"]
    [row] = found["timing-data"]["cases"][0]["rows"]
    assert row["median"] == pytest.approx(timed["steady"]["median"], rel=5e-4)
    assert row["speed"] == pytest.approx([3.1, 3.1 / 1.06, 3.1 / 0.94], rel=5e-4)
    assert found["piece-0"]["cases"]["a"]["measured"] == [
        ["precision", about_loss(record)], ["timing", about_times([timed])[0][2]]
    ]  # fmt: skip


def test_the_page_does_not_depend_on_the_order_of_records(make):
    make.fill(["a", "b"])
    for case in "ab":
        for target in (HALF, STORED):
            make.loss(case, target)
        make.sensitivity(case)
        for target in ("onnxruntime@cpu", "keras-jax@gpu"):
            make.timing(case, target)
    page = render(make.results)
    for kind, found in make.results.measured.items():
        make.results.measured[kind] = dict(reversed(found.items()))
    assert render(make.results) == page


def test_the_memory_of_a_gpu_is_in_its_row(make):
    make.timing("a", memory={"before": 1e8, "peak": 2e8, "own": True})
    make.timing("a", "keras-jax@gpu", memory={"before": 1e8, "peak": 2e8, "own": True, "device": 3e8})
    rows = timing(make.results)["index"]["cases"][0]["rows"]
    assert {r["target"]: r["memory"] for r in rows} == {
        "onnxruntime@cpu": [1e8, 2e8, None],
        "keras-jax@gpu": [1e8, 2e8, 3e8],
    }


def test_many_timings_stay_small(make):
    make.fill(["a"])
    before = len(render(make.results))
    for i in range(200):
        for j in range(8):
            make.timing(f"networks/n{i}", f"engine{j}@cpu", speed=0.5 + make.random.random(), says="undecided")
    assert len(render(make.results)) - before < 200_000


def test_other_precisions_have_a_sentence_of_their_own(make):
    make.fill(["a", "b"])
    before = overview(make.results)
    for case in "ab":
        make.cell(case, HALF)
    found = overview(make.results)
    assert (found.headline, found.counts, found.tone) == (before.headline, before.counts, "good")
    assert found.others == "In float16: 2 cells agree within the rounding of what computes them."
    make.cell("a", "keras-jax@cpu:float64", "unsupported", message="no")
    assert overview(make.results).others.startswith("In float16 and float64: 2 cells agree")
    assert overview(make.results).others.endswith(", with 1 that says nothing.")


def test_precisions_are_called_by_their_names(make):
    make.fill(["a"])
    for name in ("bfloat16", "storage_float16"):  # which is computed in float32, and no half precision
        make.cell("a", f"keras-jax@cpu:{name}")
    assert overview(make.results).others.startswith("In float16 storage and bfloat16: 2 cells agree")
    for name in ("mixed_float16", "float64"):
        make.cell("a", f"keras-jax@cpu:{name}")
    assert overview(make.results).others.startswith("In 4 other precisions: 4 cells agree")


def test_a_failure_in_another_precision_is_at_the_top(make):
    make.fill(["a", "b"])
    make.cell("a", HALF)
    make.cell("b", HALF, "differs", ratio=9.0)
    make.cell("b", "onnxruntime@cpu", "crashed")
    found = overview(make.results)
    assert found.headline == "1 case × 3 engines agrees within rounding"
    assert (found.tone, found.rest) == ("bad", "1 fails: b on onnxruntime")
    assert found.others == (
        "In float16: 1 of 2 cells agrees within the rounding of what computes them; 1 differs: b on "
        "chainer@cpu:float16."
    )
    assert [f.where for f in found.failures] == ["crashed on onnxruntime", "differs on chainer@cpu:float16"]
    assert found.counts == {"rounding": 5, "differs": 0, "crashed": 1}
    page = render(make.results)
    assert 'class="others failed">In float16' in page
    assert '<li hidden><a href="#verdict=differs"' in page


def test_measurements_alone_are_no_empty_result(make):
    make.run()
    make.timing("a")
    found = overview(make.results)
    assert (found.tone, found.headline) == ("other", "1 case timed, and no verdict in float32 here")
    make.case("a")
    make.cell("a", HALF, "differs", ratio=9.0)
    assert overview(make.results).tone == "bad"
    assert "1 case looked at in other precisions and 1 case timed" in overview(make.results).headline


def test_a_timed_environment_is_not_called_idle(make):
    make.fill(["a"])
    make.run("gpu")
    assert overview(make.results).tone == "bad"
    make.timing("a", environment="gpu")
    assert overview(make.results).tone == "good"
