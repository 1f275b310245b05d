import json

from parity.report import data
from parity.report.data import collect, packed


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
