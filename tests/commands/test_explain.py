"""``parity explain``: the story on a terminal, of a run or of results; and the article's own residual."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from parity import session as session_module
from parity.cli import app
from parity.commands import explain as explain_module
from parity.commands.explain import from_run
from parity.results import Writer, run_record
from parity.targets import Target, missing
from tests.stand_in import StandInPool, answer, write_case

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pool(monkeypatch, tmp_path):
    """Stands in for every pool that is made."""
    made = StandInPool()
    monkeypatch.setattr(explain_module, "Pool", lambda: made)
    monkeypatch.setattr(session_module, "missing", lambda _: None)
    monkeypatch.chdir(tmp_path)
    return made


def invoke(*arguments):
    return CliRunner().invoke(app, ["explain", *arguments], catch_exceptions=False, env={"COLUMNS": "100"})


def off_by_one(_, *request):
    reply, out = answer(*request)
    return reply, {k: v + np.float32(k.endswith("fc")) for k, v in out.items()}


def test_a_case_that_passes(pool, tmp_path):
    write_case(tmp_path, "a")
    found = invoke("a", "chainer")
    assert found.exit_code == 0
    assert found.stdout.startswith("chainer agrees with the reference bit for bit")
    assert found.stdout.endswith("  parity reproduce a chainer@cpu\n")
    assert all(line == line.rstrip() and len(line) <= 100 for line in found.stdout.splitlines())


def test_a_case_that_fails(pool, tmp_path):
    write_case(tmp_path, "a")
    pool.answer = off_by_one
    found = invoke("cases/a.yaml", "onnx-reference@cpu")
    assert found.exit_code == 1
    assert found.stdout.startswith("onnx-reference differs")
    for title in ("Where", "Why", "What to change", "Run it again"):
        assert f"\n\n{title}\n  " in found.stdout


def test_nothing_compared_is_exit_1(pool, tmp_path, monkeypatch):
    write_case(tmp_path, "a")
    monkeypatch.setattr(session_module, "missing", lambda _: "package chainer is not installed")
    found = invoke("a", "chainer")
    assert (found.exit_code, found.stdout.splitlines()[0]) == (
        1, "chainer did not run here, so nothing was compared: package chainer is not installed.")  # fmt: skip


def kept(folder, make_cell):
    with Writer(folder) as writer:
        writer.add(run_record())
        for name in ("a[1]", "a[2]", "b"):
            hashes = {"inputs": "1", "weights": "2"}
            writer.add({"kind": "case", "case": name, "file": f"cases/{name[0]}.yaml", "hash": hashes, "layers": []})
            cell = {"kind": "cell", "case": name, "target": "chainer@cpu", "hash": hashes, "environment": "e"}
            writer.add(cell | make_cell)


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ({"verdict": "equal", "ok": True}, 0),
        ({"verdict": "timeout", "ok": False}, 1),
        ({"verdict": "differs", "ok": True, "expected": {"reason": "r"}}, 0),
        ({"verdict": "unsupported", "ok": True}, 1),
    ],
)
def test_from_results(tmp_path, cell, status):
    kept(tmp_path, cell | {"message": "because"})
    found = invoke("b", "chainer", "--from", str(tmp_path))
    assert found.exit_code == status
    assert found.stdout.startswith("chainer ")
    assert invoke("cases/b.yaml", "chainer@cpu", "--from", str(tmp_path)).stdout == found.stdout
    assert invoke("a[2]", "chainer", "--from", str(tmp_path)).exit_code == status


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "chainer"), "'a' means 2 cases here; name one of a[1], a[2]"),
        (("bb", "chainer"), "'bb' means 0 cases here (did you mean 'b'?); there are a[1], a[2], b"),
        (("b", "onnxruntime"), "b did not run on onnxruntime@cpu; it ran on chainer@cpu"),
        (("b", "tensorflow"), "unknown target 'tensorflow': found 'tensorflow' (did you mean 'keras-tensorflow'?)"),
    ],
)
def test_bad_input_is_told(tmp_path, arguments, message):
    from parity.errors import BadInput

    kept(tmp_path, {"verdict": "equal", "ok": True})
    with pytest.raises(BadInput) as found:
        invoke(*arguments, "--from", str(tmp_path))
    assert message in str(found.value)


def test_folders_without_results_are_told(tmp_path):
    from parity.errors import BadInput

    with pytest.raises(BadInput, match="no results here"):
        invoke("a", "chainer", "--from", str(tmp_path / "none"))


@pytest.mark.skipif(missing(Target("chainer")) is not None, reason="Chainer is not installed")
def test_the_article_s_residual_is_a_missing_epsilon(monkeypatch):
    """Chainer up to 1.19 against Keras, on the article's network: about the sum that it reports, and its cause."""
    monkeypatch.chdir(ROOT)
    case, cell = from_run("seeds/epsilon_missing", "chainer")
    assert (cell["verdict"], cell["ok"], cell["blame"]) == ("differs", True, ["deconv", "bn"])
    [found] = cell["diagnosis"]
    first = found["causes"][0]
    assert (first["node"], first["name"], first["value"]) == ("bn", "epsilon", 0.0)
    [final] = cell["final"]
    assert 1e-4 <= final["metrics"]["sum_abs"] <= 4.5e-4
    _, right = from_run("seeds/epsilon_missing", "onnx-reference")
    assert (right["verdict"], right["final"][0]["metrics"]["sum_abs"] < 2e-6) == ("rounding", True)
    told = explain_module.story(case, cell)
    assert told[0].paragraphs[0] == (
        "chainer differs: BatchNorm bn adds no epsilon (0 instead of 2e-05): on one side the epsilon is missing."
    )


def test_the_example_of_the_page_is_what_is_printed():
    """Of records that are kept, since the last digits of figures differ from machine to machine."""
    kept = Path(__file__).parents[1] / "report" / "epsilon_missing.jsonl"
    found = invoke("seeds/epsilon_missing", "chainer", "--from", str(kept))
    assert found.exit_code == 0
    page = (ROOT / "docs" / "explain.md").read_text("utf-8")
    assert f"```\n$ parity explain seeds/epsilon_missing chainer\n{found.stdout}```\n" in page


def test_its_statistics_are_those_of_chainer_1():
    """Its moving variance began at 0, where Chainer 7's begins at 1: after ten steps it is smaller by 0.9^10."""
    from safetensors.numpy import load_file

    old, new = (load_file(ROOT / "cases" / "seeds" / f"{n}.safetensors") for n in ("epsilon_missing", "deconv_bn_conv"))
    assert old.keys() == new.keys()
    for name, array in new.items():
        expected = array - np.float64(0.9**10) * (name == "bn/var")
        np.testing.assert_allclose(old[name], expected, rtol=1e-6)
