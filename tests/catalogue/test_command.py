"""``parity docs`` and ``parity layers``, without frameworks: what they would say is put in their place."""

import copy
import json
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parity import shipped
from parity.cli import app
from parity.commands import docs
from parity.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(monkeypatch, surveys, kept, made, tmp_path):
    """A command in the repository, on a copy of its pages; ``said`` is what the frameworks say."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(docs, "surveyed", lambda: surveys)
    monkeypatch.setattr(docs, "known", lambda: surveys)
    monkeypatch.setattr(docs, "pages", lambda _, facts: made if facts == kept else pytest.fail("other facts"))

    def command(*arguments, said=kept, missing=None):
        monkeypatch.setattr(docs, "ask", lambda _: (said, missing or {}))
        return CliRunner().invoke(app, [*arguments])

    return command


def test_current(run, tmp_path):
    done = run("docs", "--check", "--out", str(tmp_path / "docs"))
    assert done.exit_code == 0, done.output
    assert "are current" in done.output


def test_a_release_changes_a_default(run, tmp_path, kept):
    said = copy.deepcopy(kept)
    said["keras"]["callables"]["keras.layers.BatchNormalization"]["epsilon"] = "1e-05"
    done = run("docs", "--check", "--out", str(tmp_path / "docs"), said=said)
    assert done.exit_code == 1
    assert "keras.layers.BatchNormalization: default of epsilon was 0.001, is 1e-05" in done.output
    assert "1 differences" in done.output


def test_written_anew(run, tmp_path):
    page = tmp_path / "docs" / "layers" / "normalisation.md"
    page.write_text("# Old\n", "utf-8")
    (page.parent / "gone.md").write_text("# Gone\n", "utf-8")
    assert run("docs", "--check", "--out", str(tmp_path / "docs")).exit_code == 1
    assert run("docs", "--out", str(tmp_path / "docs")).exit_code == 0
    assert page.read_text("utf-8") == (ROOT / "docs" / "layers" / "normalisation.md").read_text("utf-8")
    assert not (page.parent / "gone.md").exists()


def test_a_framework_that_is_not_here_keeps_its_words(run, tmp_path, kept):
    said = {d: f for d, f in kept.items() if d != "chainer"}
    done = run("docs", "--out", str(tmp_path / "docs"), said=said, missing={"chainer": "chainer: not installed"})
    assert done.exit_code == 0
    assert "Chainer was not asked: chainer: not installed" in done.output
    assert json.loads((tmp_path / "docs" / "frameworks.json").read_text("utf-8")) == kept


def test_a_card(run):
    text = run("layers", "batchnorm").output
    for part in ("BatchNorm", "eps=2e-05", "epsilon=0.001", "moving_variance: c", "trap: epsilon"):
        assert part in text


def test_all_layers(run, surveys):
    text = run("layers").output
    assert all(name[:12] in text for name in surveys)


def test_an_unknown_layer(run):
    done = run("layers", "Conv2")
    assert "unknown layer 'Conv2' (did you mean" in str(done.exception)


def test_mistakes_of_a_layer(run):
    done = run("mistakes", "batchnorm")
    assert done.exit_code == 0, done.output
    for text in ("epsilon …", "missing on one", "train mode", "weights exchanged", "its weights"):
        assert text in done.output


def test_mistakes_of_all_layers(run, surveys, monkeypatch):
    some = {name: surveys[name] for name in ("Linear", "LeakyReLU", "Dropout")}
    monkeypatch.setattr(docs, "known", lambda: some)
    done = run("mistakes")
    assert done.exit_code == 0, done.output
    for text in (*some, "weight reshaped", "alpha", "train mode"):
        assert text in done.output


def test_mistakes_of_an_unknown_layer(run):
    done = run("mistakes", "BatchNrom")
    assert done.exit_code != 0
    assert "did you mean 'BatchNorm'" in str(done.exception)


@pytest.mark.parametrize("own", [None, "{layer: Linear, units: 3}", "{layer: Lineer}"])
def test_layers_are_known_wherever_one_is(tmp_path, monkeypatch, own):
    monkeypatch.chdir(tmp_path)
    if own:
        (tmp_path / "cases").mkdir()
        text = f"description: Mine.\nseed: 1\ninputs: {{x: {{shape: [2, 3]}}}}\nlayers: [{own}]\n"
        (tmp_path / "cases" / "mine.yaml").write_text(text, "utf-8")
    done = CliRunner().invoke(app, ["layers", "batchnorm"])
    assert done.exit_code == 0, done.exception
    assert "moving_variance: c" in done.output
    assert "trap: epsilon" in done.output
    assert ("left out: cases/mine.yaml" in done.output) is (own == "{layer: Lineer}")


def test_what_is_not_shipped_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped.parity, "__file__", str(tmp_path / "parity" / "__init__.py"))
    with pytest.raises(BadInput, match="cases, which comes with parity, is not there: looked for "):
        shipped.shipped(shipped.CASES)


def test_an_installed_package_has_what_it_shows():
    included = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    inside = {Path(to).relative_to("parity/shipped") for to in included["force-include"].values()}
    assert Path(shipped.FRAMEWORKS) in inside
    assert {Path(shipped.CASES, name.strip("/")) for name in docs.SHOWN} <= inside
    assert all((ROOT / path).exists() for path in included["force-include"])
