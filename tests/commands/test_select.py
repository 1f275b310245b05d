"""Expressions of -k, and which cases and targets a command means."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from parity.commands.select import chosen_targets, load_all, matching, one_case
from parity.errors import BadInput
from parity.targets import ALL

IDS = [
    "layers/conv2d[stride-2x1,bias-true]",
    "layers/conv2d[stride-1,bias-false]",
    "layers/lstm",
    "networks/lstm_words",
]
CASES = [SimpleNamespace(id=i) for i in IDS]
CASE = "description: d\ninputs:\n  x: {shape: [2, 3]}\nlayers:\n  - {layer: ReLU}\n"
SWEPT = CASE + "sweep:\n  product:\n    seed: [1, 2]\n"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (None, [0, 1, 2, 3]),
        ("", [0, 1, 2, 3]),
        ("lstm", [2, 3]),
        ("LSTM", [2, 3]),
        ("layers/lstm", [2]),
        ("conv2d[stride-2x1,bias-true]", [0]),
        ("not lstm", [0, 1]),
        ("conv2d and bias-false", [1]),
        ("conv2d and not bias-false", [0]),
        ("stride-1 or networks", [1, 3]),
        ("layers and lstm or bias-true", [0, 2]),  # and binds stronger
        ("layers and (lstm or bias-true)", [0, 2]),
        ("not (lstm or bias-true)", [1]),
        ("not not lstm", [2, 3]),
        ("not layers or lstm and layers", [2, 3]),
    ],
)
def test_expression(expression, expected):
    assert [c.id for c in matching(CASES, expression)] == [IDS[i] for i in expected]


@pytest.mark.parametrize(
    "expression", ["lstm gru", "and", "or lstm", "lstm or", "lstm and and gru", "not", "(lstm", "lstm)", "()", "(", ")"]
)
def test_expression_that_cannot_be_read(expression):
    expected = f"-k {expression!r} cannot be read; expected words joined by and, or, not and parentheses"
    with pytest.raises(BadInput, match=f"^{re.escape(expected)}$"):
        matching(CASES, expression)


def test_expression_that_fits_nothing():
    with pytest.raises(BadInput, match="-k 'gru' fits none of the 4 cases; parity list shows them"):
        matching(CASES, "gru")


@pytest.mark.parametrize("expression", ["(" * 5000, "not " * 5000 + "lstm", "lstm or " * 5000 + "lstm"])
def test_expression_too_long_to_recurse(expression):
    with pytest.raises(BadInput, match="words and parentheses, at most 200 are accepted"):
        matching(CASES, expression)


def test_chosen_targets():
    assert chosen_targets(None) == ALL
    assert [str(t) for t in chosen_targets("onnx*, chainer@cpu,")] == [
        "onnxruntime@cpu",
        "onnx-reference@cpu",
        "chainer@cpu",
    ]
    with pytest.raises(
        BadInput, match="no target matches 'caffe': found 'caffe', accepted are chainer, keras-tensorflow"
    ):
        chosen_targets("chainer,caffe")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two case files and a broken one in cases/, and the working directory above it."""
    (tmp_path / "cases/layers").mkdir(parents=True)
    for name, text in {"layers/relu": CASE, "swept": SWEPT, "broken": "layers: ["}.items():
        (tmp_path / f"cases/{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_load_all_goes_on_behind_what_is_wrong(folder):
    cases, bad = load_all(None)
    assert [c.id for c in cases] == ["layers/relu", "swept[seed-1]", "swept[seed-2]"]
    assert [e.file for e in bad] == ["cases/broken.yaml"]
    (folder / "empty").mkdir()
    given = [folder / "none.yaml", folder / "empty", folder / "cases/layers", folder / "cases/swept.yaml"]
    cases, bad = load_all(given)
    assert [c.id for c in cases] == ["layers/relu", "swept[seed-1]", "swept[seed-2]"]
    assert [e.message for e in bad] == ["there is no such file", "no *.yaml in this folder"]


def test_ids_do_not_depend_on_how_a_file_is_named(folder, monkeypatch):
    for given in ("cases", "cases/layers", "cases/layers/relu.yaml", folder / "cases/layers/relu.yaml"):
        assert "layers/relu" in {c.id for c in load_all([folder / given])[0]}
    monkeypatch.chdir(folder / "cases/layers")
    for given in ("relu.yaml", "../layers/relu.yaml", "."):
        assert [c.id for c in load_all([Path(given)])[0]] == ["layers/relu"]


def test_one_case(folder):
    assert one_case("layers/relu").id == "layers/relu"
    assert one_case("cases/layers/relu.yaml").id == "layers/relu"
    assert one_case("swept[seed-2]").spec.seed == 2
    with pytest.raises(BadInput, match=r"'swept' means 2 cases; name one: swept\[seed-1\], swept\[seed-2\]"):
        one_case("swept")
    with pytest.raises(BadInput, match="'gru' means 0 cases; name one: parity list shows the cases there are"):
        one_case("gru")
    with pytest.raises(BadInput, match=r"cases/broken.yaml:\d: is not YAML"):
        one_case("cases/broken.yaml")
