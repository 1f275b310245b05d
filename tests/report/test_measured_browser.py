"""The views of precision and timing in a browser; skipped where there is none."""

import base64
import struct
import zlib

import pytest

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=document.title='broken'>"
HALF = "chainer@cpu:float16"
STORED = "chainer@cpu:storage_float16"
CASE = "networks/vgg"


def png():
    """One grey point."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    whole = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + whole).decode()


@pytest.fixture
def measured(make):
    """Two cases with losses in two precisions, and times at two batches and on two devices."""
    make.fill([CASE, "b"])
    for case in (CASE, "b"):
        for engine in ("chainer", "onnxruntime"):
            for precision in ("float16", "storage_float16"):
                make.loss(case, f"{engine}@cpu:{precision}")
                make.cell(case, f"{engine}@cpu:{precision}")
        make.sensitivity(case)
    for batch in (1, 8):
        make.timing(CASE, "chainer@cpu", 1.0, "baseline", batch)
        make.timing(CASE, "onnxruntime@cpu", 3.1, "faster", batch)
        held = {"before": 2.1e8, "peak": 3.3e8, "device": 7.5e9}
        make.timing(CASE, "keras-jax@gpu", 1.01, "undecided", batch, verdict="differs", memory=held)
    make.timing("b")
    return make


def view(opened, name):
    return opened.dom.partition(f'<section id="{name}"')[2].partition("</main>")[0]


def test_the_views_over_all_cases(measured, browse):
    opened = browse(measured.results, "#precision")
    shown = view(opened, "precision")
    assert opened.console == []
    assert 'data-view="precision"' in opened.dom
    assert '<section id="start" hidden' in opened.dom
    assert "Float16 storage halves 2 networks" in shown
    assert shown.count("<svg") >= 1
    assert '<a href="#precision&amp;case=networks/vgg">' in shown
    opened = browse(measured.results, "#timing")
    shown = view(opened, "timing")
    assert opened.console == []
    assert "onnxruntime is 3.1 times (2.9 … 3.3) as fast as chainer on networks/vgg" in shown
    assert "Timed although the verdict there is a failure: keras-jax@gpu on networks/vgg." in shown
    assert '<a href="#timing&amp;case=networks/vgg">' in shown


def test_the_precision_of_a_case(measured, browse):
    loss = measured.loss(CASE, HALF, pictures=[dict.fromkeys(("reference", "actual", "difference"), png())
                                               | {"tensor": "y", "sample": 0, "scale": 50}])  # fmt: skip
    loss["outputs"][0] |= {"rel_l2": "inf", "snr_db": "-inf", "nonfinite": 12}
    loss["layers"][1] |= {"rel_l2": "inf"}
    loss["layers"][1]["tensor_counts"] = {"count": 600, "zero": 0, "subnormal": 0, "infinite": 12}
    loss["computed"]["seen"] = "float32"
    opened = browse(measured.results, f"#precision&case={CASE}&target={HALF}")
    shown = view(opened, "precision")
    assert opened.console == []
    assert 'data-view="precision networks/vgg"' in opened.dom
    for text in (
        "70.1 MB → 35.0 MB", "73.3 dB", "80.5 dB", "12 NaN/∞", "float32, not float16", "0 of 6", "weights ",
        "12 elements of tensors overflow", "3 weights become 0", "12 infinite", "Keep dense in float32.", "· keep",
        "difference × 50", 'alt="y, sample 0: the reference"', "Which layers lose most in float16",
    ):  # fmt: skip
        assert text in shown, text
    assert shown.count('src="data:image/png;base64,') == 3
    assert shown.count("<svg") >= 3
    assert opened.count(r'aria-current="true"[^>]*>chainer@cpu:float16') == 1


def test_the_times_of_a_case(measured, browse):
    opened = browse(measured.results, f"#timing&case={CASE}&threads=2&batch=8")
    shown = view(opened, "timing")
    assert opened.console == []
    for text in (
        "On 2 threads at batch 8, onnxruntime is 3.1 times", "2 threads, batch 1", "faster: 3.1 times (2.9 … 3.3)",
        "undecided: 1 times", "Over the batch", "samples a second", "330 MB", "0–1", "90", "ms · differs",
        "Building the model and its first call", "280 ms", '330 MB in the host\'s memory', "7.50 GB",
    ):  # fmt: skip
        assert text in shown, text
    assert "On 2 threads at batch 1, onnx" not in shown
    assert "Over the threads" not in shown
    assert shown.count("against batch") == 2
    assert '<a href="#case=networks/vgg&amp;target=onnxruntime@cpu">rounding</a>' in shown


def test_one_case_is_shown_at_once(make, browse):
    make.fill(["a"])
    make.timing("a", threads=1)
    make.timing("a", threads=2)
    opened = browse(make.results, "#timing")
    assert 'data-view="timing a"' in opened.dom
    assert "Over the threads" in opened.dom
    assert "← timing of all cases" not in opened.dom


def test_a_case_leads_to_what_was_measured_of_it(measured, browse):
    shown = view(browse(measured.results, f"#case={CASE}"), "case")
    assert 'href="#precision&amp;case=networks/vgg">precision</a> <span>Float16 storage halves' in shown
    assert 'href="#timing&amp;case=networks/vgg">timing</a> <span>On 2 threads at batch 1, onnxruntime' in shown
    assert "4 in other precisions" in shown
    assert "Relative L2 error of the worst output against float64." in shown
    assert "Times as fast as the baseline, with the interval." in shown
    assert shown.count('class="name">chainer@cpu:float16<') == 1


def test_an_unknown_case_is_said(measured, browse):
    opened = browse(measured.results, "#timing&case=%3Cb%3E")
    assert "These results have no timing of a case called &lt;b&gt;." in opened.dom
    assert opened.console == []


def test_columns_of_other_precisions_are_shown_when_asked_for(measured, browse):
    measured.cell("b", HALF, "differs", ratio=9.0)
    opened = browse(measured.results, "#rows=all")
    assert opened.count('<a class="cell') == 6
    assert opened.count('<option value="float16">float16</option>') == 1
    assert "1 differs: b on chainer@cpu:float16." in opened.dom
    assert "6</b> rounding" in opened.dom
    assert opened.count(r'<li hidden="">\s*<a href="[^"]*" data-verdict="differs"') == 1
    opened = browse(measured.results, "#rows=all&precisions=all")
    assert opened.count('<a class="cell') == 14
    assert "13</b> rounding" in opened.dom
    assert opened.count(r'<li>\s*<a href="[^"]*" data-verdict="differs"') == 1
    assert browse(measured.results, "#rows=all&engine=chainer&precisions=float16").count('<a class="cell') == 2


def test_a_case_that_was_measured_alone_is_no_empty_row(make, browse):
    make.fill(["a"])
    make.case("measured")
    make.case("idle")
    make.loss("measured")
    opened = browse(make.results)
    assert "2 of 2 cases, 3 verdicts" in opened.dom
    assert opened.count('href="#case=measured"') == 0
    assert opened.count('href="#case=idle"') == 1


def test_odd_records_open(make, browse):
    make.run()
    make.measure("loss", {"case": "a", "target": "odd"})
    make.measure("loss", {"case": "a", "target": HALF, "outputs": [{"tensor": "y"}], "layers": [{"node": "n"}]})
    nan = {"tensor": "y", "rel_l2": "nan", "snr_db": "nan", "parts": {"weights": "inf", "arithmetic": None}}
    layer = {"tensor": "t", "rel_l2": "nan", "parts": {"weights": "inf"}, "weights": {"infinite": 3}}
    more = {"bytes": {"before": 8, "after": 4}, "outputs": [nan, nan], "layers": [layer]}
    make.measure("loss", {"case": "a", "target": STORED, **more, "pictures": [{"tensor": "y", "reference": '"><b>'}]})
    make.measure("sensitivity", {"case": "a", "precision": "float16"})
    layers = [{"node": "n", "rel_l2": "inf"}, {"node": "m", "rel_l2": 0}]
    make.measure("sensitivity", {"case": "a", "precision": "tf32", "layers": layers, "advice": {}})
    make.measure("timing", {"case": "a", "target": "odd"})
    make.measure("timing", {"case": "a", "target": HALF, "steady": {"median": 0.5}, "ratio": {"value": "inf"}})
    make.measure("timing", {"case": "a", "target": STORED, "message": "no CUDA device"})
    for address in ("#precision", f"#precision&case=a&target={STORED}", f"#precision&case=a&target={HALF}", "#timing"):
        opened = browse(make.results, address)
        assert opened.console == []
        assert 'data-ready="true"' in opened.dom
    assert "not timed: no CUDA device" in opened.dom
    assert "500 ms" in opened.dom


def test_hostile_names_do_nothing(make, browse):
    make.run(HOSTILE)
    make.case(HOSTILE)
    target = f"{HOSTILE}@cpu:float16"
    make.cell(HOSTILE, target, "differs", HOSTILE, ratio=2.0, message=HOSTILE)
    more = {"environment": HOSTILE, "computed": dict.fromkeys(("asked", "why"), HOSTILE) | {"seen": "x"}}
    loss = make.loss(HOSTILE, target, **more)
    for layer in loss["layers"]:
        layer |= dict.fromkeys(("node", "layer", "tensor"), HOSTILE)
    loss["pictures"] = [dict.fromkeys(("tensor", "sample", "reference", "actual", "difference"), HOSTILE)]
    make.sensitivity(HOSTILE, HOSTILE, advice={"keep": [HOSTILE], "text": HOSTILE})
    make.timing(HOSTILE, target, environment=HOSTILE, verdict=HOSTILE, says=HOSTILE)
    make.timing(HOSTILE, "x", environment=HOSTILE, message=HOSTILE, steady={})
    for address in ("", "#precision", "#timing"):
        opened = browse(make.results, address)
        assert "<title>broken" not in opened.dom
        assert "<img" not in opened.dom
        assert opened.console == []
        assert 'data-ready="true"' in opened.dom
