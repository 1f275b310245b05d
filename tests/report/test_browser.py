"""The page in a browser; skipped where there is none."""

import pytest

HOSTILE = "<script>document.title='broken'</script><img src=x onerror=document.title='broken'>"


def test_matrix_has_a_cell_for_each_verdict(make, browse):
    results = make.fill(["layers/a[1]", "layers/a[2]", "b"])
    make.cell("b", "chainer@cpu", "unsupported", message="no such thing")
    opened = browse(results, "#rows=all")
    assert opened.count('<a class="cell') == len(results.cells) == 9
    assert opened.count('class="cell v-unsupported"[^>]*href') == 1
    assert 'data-ready="true"' in opened.dom
    assert opened.console == []


def test_a_cell_that_did_not_run_is_not_drawn(make, browse):
    results = make.fill(["layers/a[1]", "layers/a[2]", "b"])
    del results.cells["py311", "b", "chainer@cpu"]
    assert browse(results, "#rows=all").count('<a class="cell') == 8


def test_sweeps_are_folded_but_for_failures(make, browse):
    results = make.fill(["a[1]", "a[2]", "b[1]", "b[2]", "b[3]"])
    make.cell("b[3]", "chainer@cpu", "differs", ratio=40.0, message="conv: 40 times")
    opened = browse(results)
    assert opened.count('<a class="cell') == 3  # the row of b[3]
    assert "show 2 more that agree" in opened.dom
    assert opened.dom.index(">b<") < opened.dom.index(">a<")


FILTERS = {
    "#q=b": 3, "#verdict=differs": 3, "#engine=chainer&rows=all": 3, "#uses=Conv2D": 9, "#family=none-such": 0,
    "#folder=./": 9, "#environment=py311&engine=keras-jax&rows=all": 3, "#q=b&engine=onnxruntime": 1,
}  # fmt: skip


@pytest.mark.parametrize(("state", "cells"), FILTERS.items())
def test_filters_are_in_the_address(make, browse, state, cells):
    results = make.fill(["a[1]", "a[2]", "b"])
    make.cell("b", "chainer@cpu", "differs", ratio=40.0)
    assert browse(results, state).count('<a class="cell') == cells


def test_a_case_opens_from_the_address(make, browse):
    results = make.fill(["layers/a[1]", "b"])
    cell = make.cell("layers/a[1]", "keras-jax@cpu", "differs", ratio=40.0, message="conv: 40 times", blame=["conv"])
    cell["before"] = {"relu": make.metrics() | {"sum_abs": 7.25}}
    opened = browse(results, "#case=layers/a%5B1%5D&target=keras-jax@cpu")
    assert 'data-case="layers/a[1]"' in opened.dom
    assert opened.console == []
    for text in ("differs on keras-jax@cpu", "conv: 40 times", "What to change", "conv/W", "7.25", "define-by-run"):
        assert text in opened.dom
    assert "parity run cases/a.yaml -k 'layers/a[1]' --targets keras-jax@cpu" in opened.dom
    assert "parity reproduce 'layers/a[1]' keras-jax@cpu" in opened.dom
    assert opened.count("<svg") >= 1
    assert opened.count("<circle|<path") > 5


def test_what_is_said_once_is_shown_in_every_environment(make, browse):
    for environment in ("py311", "py312"):
        make.fill(["a"], ["chainer@cpu"], environment=environment)
    first, second = (make.results.cells[e, "a", "chainer@cpu"] for e in ("py311", "py312"))
    second |= {k: v for k, v in first.items() if k not in ("environment", "timings")}
    second["timings"] = {"build": 0.0777, "tap": 0.25}
    second["layers"] = [dict(f) for f in first["layers"]]
    second["layers"][0] = make.finding("conv", "rounding", 0.4567, ["conv"])
    opened = browse(make.results, "#case=a&target=chainer@cpu&environment=py312")
    assert opened.console == []
    build, _, rest = opened.dom.partition("<dt>build</dt>")[2].partition("</dd>")
    assert build == "<dd>77.7 ms"
    assert rest.partition("<dt>tap</dt>")[2].startswith("<dd>250.0 ms")
    assert "<dt>run</dt>" not in opened.dom, "which was not timed there"
    assert '<code class="hash">3333333333333333</code>' in opened.dom
    assert "error ÷ bound 0.457" in opened.dom
    assert f"at most {first['layers'][1]['metrics']['ulp_max']} ULP, 6 elements" in opened.dom


def test_the_story_and_its_figures(make, browse):
    results = make.fill(["a[1]", "a[2]"])
    power = {"0.001": 0.5, "0.01": 0.7, "0.1": 1.0, "weights": 6, "exact": True, "looked_at": 6, "interval": [0.7, 0.7]}
    results.cases["a[1]"] |= {"power": power | {"dead": {"conv/W": {"count": 2, "of": 6, "first": [[0, 1]]}}},
                              "spots": [{"words": "5 of 6 outputs of conv cancel."}]}  # fmt: skip
    cause = {"node": "conv", "kind": "Conv2D", "name": "epsilon", "words": "epsilon 0 instead of 2e-05", "ratio": 0.1,
             "advice": "Add one.", "value": 0.0, "source": "parameter"}  # fmt: skip
    cell = make.cell("a[1]", "keras-jax@cpu", "differs", ratio=40.0)
    cell["diagnosis"] = [{"nodes": ["conv"], "tensor": "conv", "causes": [cause], "closest": None, "ratio": 40.0,
                          "tried": 3, "complete": True}]  # fmt: skip
    cell["customary"] = [{"rule": "np.allclose(1, 1)", "ok": True, "failing": 0, "count": 6},
                         {"rule": "Σ|d|", "ok": None, "failing": None, "count": 6, "sum": 0.125}]  # fmt: skip
    cell["probe"] = {"verdict": "differs", "blame": ["conv"], "message": "conv is off",
                     "layers": [make.finding("alone", "differs", 40.0, ["conv"])]}  # fmt: skip
    opened = browse(results, "#case=a%5B1%5D&target=keras-jax@cpu")
    assert opened.console == []
    shown = opened.dom.partition('<section id="case"')[2]
    for text in (
        "keras-jax differs: Conv2D conv adds no epsilon (0 instead of 2e-05): on one side the epsilon is missing.",
        "What to change", "Add one.", "1 of 1 customary tolerances would have passed it", "np.allclose(1, 1)", "0.125",
        "70% of the 6 weights would be noticed if changed by 1%", "So this case is weak", "conv/W", "2 of 6",
        "5 of 6 outputs of conv cancel.", "there conv fails: conv is off.",
    ):  # fmt: skip
        assert text in shown, text
    assert opened.count('<th scope="row">alone</th>') == 1
    matrix = browse(results, "#rows=all")
    assert matrix.count('class="weak"') == 2  # the row of the file, and that of the case


def test_loosened_bounds_are_marked(make, browse):
    results = make.fill(["a[1]", "a[2]", "b"])
    entry = {"layer": "conv", "factor": 100, "absolute": None, "reason": "a shortcut", "needed": 40, "stale": False}
    make.cell("a[1]", "chainer@cpu", ratio=0.5, loosened=[entry])
    opened = browse(results, "#verdict=loosened")
    assert opened.count('<a class="cell v-rounding known"') == 1
    assert opened.count('class="expected"[^>]*>loosened<') == 2  # the legend has one too
    opened = browse(results, "#case=a%5B1%5D&target=chainer@cpu")
    assert "The bound of conv is loosened 100 times: a shortcut." in opened.dom
    assert opened.console == []


def test_the_exam_and_the_ledger(make, browse):
    results = make.fill(["a"])
    rows = [{"mistake": HOSTILE, "kind": "declared", "committed": 3}]
    results.exam = {"kind": "exam", "date": "2026-11-26", "totals": {"committed": 3}, "failures": [HOSTILE],
                    "by_target": {HOSTILE: {}}, "rows": rows}  # fmt: skip
    loose = {"layer": "conv", "factor": 100, "absolute": None, "reason": HOSTILE, "target": "*", "lets_through": []}
    results.cases["a"]["loosen"] = [loose]
    opened = browse(results)
    assert opened.console == []
    assert "Can this suite be trusted?" in opened.dom
    assert "The bound of conv is loosened 100 times: &lt;script" in opened.dom
    assert "<img" not in opened.dom
    assert "3 mistakes of those that people make" in opened.dom


def test_every_verdict_can_be_shown(make, browse):
    make.fill(["a"], ["chainer@cpu"])
    for i, verdict in enumerate(("nonfinite", "shape", "missing", "timeout", "crashed", "unsupported", "skipped")):
        make.cell("a", f"e{i}@cpu", verdict, ratio="inf", message=f"because {verdict}", trace="line 1\nline 2")
    opened = browse(make.results, "#case=a&target=e0@cpu")
    assert 'data-case="a"' in opened.dom
    assert opened.console == []


def test_an_unknown_case_is_said(make, browse):
    opened = browse(make.fill(["a"]), "#case=%3Cb%3E")
    assert "These results have no case called &lt;b&gt;." in opened.dom
    assert opened.console == []


def test_environments_are_columns(make, browse):
    make.fill(["a"])
    opened = browse(make.fill(["a"], environment="py312"), "#case=a&target=chainer@cpu&environment=py312")
    assert opened.count('class="name">chainer@cpu<') == 2
    assert opened.console == []


def test_hostile_names_do_nothing(make, browse):
    make.run(HOSTILE)
    make.target(f"{HOSTILE}@cpu", HOSTILE)
    make.case(HOSTILE, layers=(HOSTILE, "relu"), description=HOSTILE)
    make.cell(HOSTILE, f"{HOSTILE}@cpu", "differs", HOSTILE, ratio=2.0, message=HOSTILE, trace=HOSTILE)
    for address in ("", f"#case={HOSTILE}"):
        opened = browse(make.results, address.replace("<", "%3C").replace(">", "%3E").replace("=d", "%3Dd"))
        assert "<title>broken" not in opened.dom
        assert "<img" not in opened.dom
        assert 'data-ready="true"' in opened.dom
        assert opened.console == []


def test_a_file_name_that_is_no_utf8_can_be_opened(make, browse):
    opened = browse(make.fill(["a\udcffb"]), "#case=a%EF%BF%BDb")
    assert 'data-case="a\ufffdb"' in opened.dom
    assert opened.console == []


def test_hostile_causes_do_nothing(make, browse):
    results = make.fill(["a"])
    cause = dict.fromkeys(("node", "kind", "name", "words", "advice"), HOSTILE) | {"ratio": 0.1, "source": "declared"}
    cell = make.cell("a", "chainer@cpu", "differs", ratio=2.0, committed=[{"layer": HOSTILE, "words": HOSTILE}])
    cell["diagnosis"] = [{"nodes": [HOSTILE], "tensor": "conv", "causes": [cause], "closest": None, "ratio": 2.0,
                          "tried": 1, "complete": True}]  # fmt: skip
    opened = browse(results, "#case=a&target=chainer@cpu")
    assert "<img" not in opened.dom
    assert "<title>broken" not in opened.dom
    assert "&lt;script&gt;" in opened.dom
    assert opened.console == []


def test_empty_results_open(make, browse):
    opened = browse(make.results)
    assert "Nothing was compared" in opened.dom
    assert 'data-ready="true"' in opened.dom
    assert opened.console == []


def test_a_changed_script_is_refused_and_seen(make, browse):
    opened = browse(make.fill(["a"]), edit=lambda page: page.replace('"use strict";', '"use strict"; ', 1), ready=False)
    assert opened.console
    assert "data-ready" not in opened.dom.partition("<script")[0]
