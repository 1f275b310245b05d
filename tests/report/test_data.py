import json

from parity.report import data
from parity.report.data import collect, packed
from parity.story import COPY, about_case, about_cell


def ids(found):
    return [c["id"] for c in found.index["cases"]]


def test_targets_skipped_as_a_whole_are_no_columns(make):
    make.fill(["a", "b"], ["chainer@cpu", "keras-jax@cpu"])
    make.cell("a", "onnxruntime@cpu", "skipped")
    assert [c["target"] for c in collect(make.results).index["columns"]] == ["chainer@cpu", "keras-jax@cpu"]
    make.cell("b", "onnxruntime@cpu", "unsupported")
    assert len(collect(make.results).index["columns"]) == 3


def test_a_cell_that_did_not_run_is_null(make):
    make.fill(["a", "b"], ["chainer@cpu", "keras-jax@cpu"])
    del make.results.cells["py311", "b", "keras-jax@cpu"]
    cells = {c["id"]: c["cells"] for c in collect(make.results).index["cases"]}
    assert cells["b"][1] is None
    assert all(cells["a"])


def test_environments_are_columns(make):
    make.fill(["a"], ["chainer@cpu"])
    make.fill(["a"], ["chainer@cpu"], environment="py312")
    found = collect(make.results)
    assert [c["environment"] for c in found.index["columns"]] == ["py311", "py312"]
    assert set(found.pieces[0]["a"]["cells"]) == {"0", "1"}


def test_cases_are_in_natural_order(make):
    assert ids(collect(make.fill(["conv10", "conv2", "b[x-10]", "b[x-9]"]))) == ["b[x-9]", "b[x-10]", "conv2", "conv10"]


def test_a_cell_without_its_case_record_is_kept(make):
    make.fill(["a"])
    del make.results.cases["a"]
    assert ids(collect(make.results)) == ["a"]


def test_facts_are_stated_once_unless_they_differ(make):
    make.fill(["a"], ["chainer@cpu"])
    assert "facts" not in collect(make.results).pieces[0]["a"]["cells"]["0"]
    make.cell("a", facts={"device": "gpu"})
    assert collect(make.results).pieces[0]["a"]["cells"]["0"]["facts"] == {"device": "gpu"}


def test_pieces_hold_every_case_once(make, monkeypatch):
    monkeypatch.setattr(data, "PIECE", 4000)
    found = collect(make.fill([f"c{i}" for i in range(20)]))
    assert len(found.pieces) > 3
    assert [case for piece in found.pieces for case in piece] == ids(found)
    assert all(c["id"] in found.pieces[c["piece"]] for c in found.index["cases"])


def test_layers_keep_what_the_page_shows(make):
    make.fill(["a"], ["chainer@cpu"])
    cell = collect(make.results).pieces[0]["a"]["cells"]["0"]
    assert set(cell["layers"][0]["metrics"]) == set(data.PER_LAYER)
    assert set(cell["final"][0]["metrics"]) == set(make.metrics())


def test_figures_that_tell_elements_apart_keep_their_digits(make):
    make.fill(["a"], ["chainer@cpu"])
    metrics = make.results.cells["py311", "a", "chainer@cpu"]["final"][0]["metrics"]
    metrics.update(worst_actual=-1.0818997621536255, worst_reference=-1.0818998902975627, cosine=0.9999999999999988)
    kept = collect(make.results).pieces[0]["a"]["cells"]["0"]["final"][0]["metrics"]
    assert (kept["worst_actual"], kept["worst_reference"]) == (-1.08189976, -1.08189989)
    assert kept["cosine"] == 0.9999999999999988


def test_long_messages_are_whole_in_the_details_alone(make):
    make.fill(["a"], ["chainer@cpu"])
    make.cell("a", verdict="crashed", message="x" * 5000)
    found = collect(make.results)
    assert len(found.index["cases"][0]["cells"][0][4]) == data.MESSAGE
    assert len(found.pieces[0]["a"]["cells"]["0"]["message"]) == 5000


def test_packing_is_deterministic_and_plain_letters(make):
    text = json.dumps({"a": "<script>"})
    assert packed(text) == packed(text)
    assert "<" not in packed(text)


RULES = [
    {"rule": "np.allclose(0.001, 0.001)", "ok": True, "failing": 0, "count": 6},
    {"rule": "article: Σ|d|, no threshold", "ok": None, "failing": None, "count": 6, "sum": 0.25},
]


def test_the_story_is_in_the_details_as_it_is_told(make):
    make.fill(["a"], ["chainer@cpu"])
    cell = make.cell("a", verdict="differs", ratio=40.0)
    make.results.cases["a"]["power"] = {"0.001": 0.5, "0.01": 0.9, "0.1": 1.0, "weights": 6, "exact": True, "dead": {}}
    detail = collect(make.results).pieces[0]["a"]
    case = make.results.cases["a"]
    told = [[s.title, list(s.paragraphs)] for s in about_cell(case, cell) if s.title != COPY]
    assert detail["cells"]["0"]["story"] == told
    assert detail["case"]["story"] == [[s.title, list(s.paragraphs)] for s in about_case(case)]
    assert told[0][1][0].startswith("chainer differs at Conv2D conv: the error is 40 times")


def test_what_the_story_tells_is_not_kept_twice(make):
    make.fill(["a"], ["chainer@cpu"])
    make.cell("a", diagnosis=[], committed=[], loosened=[], shares=[], blame=["conv"])
    make.results.cases["a"] |= {"spots": [], "loosen": []}
    detail = collect(make.results).pieces[0]["a"]
    assert not set(data.TOLD) & set(detail["cells"]["0"])
    assert not {"spots", "loosen"} & set(detail["case"])


def test_rules_are_named_once(make):
    make.fill(["a"], ["chainer@cpu", "keras-jax@cpu"])
    for cell in make.results.cells.values():
        cell["customary"] = RULES
    make.cell("a", "keras-jax@cpu", customary=[RULES[1]])
    found = collect(make.results)
    assert found.index["rules"] == [r["rule"] for r in RULES]
    cells = found.pieces[0]["a"]["cells"]
    assert cells["0"]["customary"] == [[0, True, 0, 6, None], [1, None, None, 6, 0.25]]
    assert cells["1"]["customary"] == [[1, None, None, 6, 0.25]]


def test_weak_cases_are_marked(make):
    make.fill(["a", "b", "c"], ["chainer@cpu"])
    make.results.cases["a"]["power"] = {"weights": 6, "0.01": 0.5}
    make.results.cases["b"]["weak"] = True
    assert [c.get("weak") for c in collect(make.results).index["cases"]] == [1, 1, None]


def test_probes_are_kept_as_layers_are(make):
    make.fill(["a"], ["chainer@cpu"])
    finding = make.finding("conv", "rounding", 0.5, ["conv"])
    make.cell("a", probe={"verdict": "rounding", "blame": [], "message": "", "layers": [finding], "timings": {}})
    kept = collect(make.results).pieces[0]["a"]["cells"]["0"]["probe"]
    assert set(kept) == {"layers"}
    assert set(kept["layers"][0]["metrics"]) == set(data.PER_LAYER)
