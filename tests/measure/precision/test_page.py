from __future__ import annotations

import pytest

from parity.errors import BadInput
from parity.measure.precision.page import BEGIN, END, put, tables
from parity.measure.precision.show import ROW, advice_lines, failure_lines, row


def loss(target="chainer@cpu:float16", **more):
    output = {"tensor": "y", "rel_l2": 0.00123456, "snr_db": 58.17, "psnr_db": None}
    output |= {"argmax_changed": 2, "argmax_of": 16}
    output["parts"] = {"weights": 0.001, "activations": 0.0005, "arithmetic": None}
    return {
        "case": "a",
        "target": target,
        "precision": "float16",
        "outputs": [output | more, output | {"rel_l2": 0.0}],
        "bytes": {"before": 4000, "after": 2000},
        "computed": {"asked": "float16", "seen": None, "why": ""},
    }


def test_a_row_is_of_the_output_that_lost_most():
    found = dict(zip([n for n, _ in ROW], row(loss(), {"verdict": "rounding"}), strict=True))
    assert found == {
        "precision": "float16",
        "target": "chainer",
        "bytes of weights": "4,000 → 2,000",
        "relative L2": "0.00123",
        "SNR": "58.2 dB",
        "PSNR": "",
        "argmax changed": "2 of 16",
        "largest part": "weights",
        "verdict": "rounding",
    }


def test_the_argmax_is_that_of_classes_though_another_output_lost_more():
    record = loss(rel_l2=0.5, argmax_changed=None, argmax_of=None)
    record["outputs"][1] |= {"tensor": "prob"}
    assert row(record)[3:7] == ["0.5", "58.2 dB", "", "2 of 16 (prob)"]


def test_a_nan_is_worse_than_any_number():
    record = loss(rel_l2=1e9)
    record["outputs"][1] |= {"rel_l2": "nan"}
    assert row(record)[3] == "nan"
    assert row(loss(parts={"weights": 0.1, "activations": "nan", "arithmetic": None}))[7] == "activations"


def test_verdicts_that_fail_have_a_line():
    cells = [
        {"case": "b", "target": "x@cpu:float16", "verdict": "crashed", "ok": False, "message": "m" * 999},
        {"case": "a", "target": "x@cpu:float16", "verdict": "differs", "ok": False, "message": ""},
        {"case": "a", "target": "y@cpu:float16", "verdict": "unsupported", "ok": True, "message": "no kernel"},
    ]
    lines = list(failure_lines(cells))
    assert lines[0] == "a on x@cpu:float16: differs"
    assert lines[1].startswith("b on x@cpu:float16: crashed, mmm")
    assert len(lines[1]) < 250
    assert len(lines) == 2


def test_odd_figures_have_words():
    parts = {"weights": 0.0, "activations": "inf", "arithmetic": 0.1}
    record = loss(rel_l2="inf", snr_db="-inf", psnr_db="-inf", parts=parts)
    for output in record["outputs"]:
        output["argmax_of"] = None
    found = row(record)
    assert found[3:8] == ["inf", "-inf dB", "-inf dB", "", "activations"]
    nothing = loss(rel_l2=0.0, parts={"weights": 0.0, "activations": 0.0, "arithmetic": None})
    assert row(nothing)[7] == ""


def test_another_precision_than_asked_is_said():
    other = loss() | {"computed": {"asked": "float16", "seen": "float32", "why": "…"}}
    assert row(other, {"verdict": "rounding"})[-1] == "rounding, computed in float32"
    same = loss() | {"computed": {"asked": "float16", "seen": "float16", "why": "…"}}
    assert row(same, {"verdict": "rounding"})[-1] == "rounding"


def test_what_did_not_run_has_its_verdict():
    lacking = {"case": "a", "target": "x@cpu:float16", "precision": "float16", "message": "no kernel"}
    assert row(lacking, {"verdict": "unsupported"}) == ["float16", "x", *[""] * 6, "unsupported"]
    assert row(lacking)[-1] == "no kernel"


def test_targets_with_the_same_figures_share_a_line():
    records = [loss(), loss("onnxruntime@cpu:float16"), loss("keras-jax@cpu:float16", rel_l2=0.5)]
    text = tables(records, {})
    lines = [line for line in text.splitlines() if line.startswith("| float16")]
    assert [line.split(" | ")[1] for line in lines] == ["chainer, onnxruntime", "keras-jax"]
    assert text.startswith("`a`\n\n| precision | target |")
    width = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert width == {len(ROW) - 1}  # no PSNR, no verdict


def test_tables_replace_those_of_a_page():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = put(page, "new", "p.md")
    assert once == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"
    assert put(once, "new", "p.md") == once


@pytest.mark.parametrize("page", ["", BEGIN, f"{END} {BEGIN}"])
def test_a_page_without_a_place_is_refused(page):
    with pytest.raises(BadInput, match="no place for the tables"):
        put(page, "new", "p.md")


def test_advice_comes_case_by_case():
    records = [
        {"case": c, "precision": p, "advice": {"text": f"{c}{p}"}} for c, p in (("b", "float16"), ("a", "bfloat16"))
    ]
    assert list(advice_lines(records)) == ["a, bfloat16: abfloat16", "b, float16: bfloat16"]
