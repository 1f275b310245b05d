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


@pytest.mark.parametrize(("state", "cells"), [("#q=b", 3), ("#verdict=differs", 3), ("#on=chainer@cpu&rows=all", 3)])
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


def test_empty_results_open(make, browse):
    opened = browse(make.results)
    assert "Nothing was compared" in opened.dom
    assert 'data-ready="true"' in opened.dom
    assert opened.console == []


def test_a_changed_script_is_refused_and_seen(make, browse):
    opened = browse(make.fill(["a"]), edit=lambda page: page.replace('"use strict";', '"use strict"; ', 1))
    assert opened.console
    assert "data-ready" not in opened.dom.partition("<script")[0]
