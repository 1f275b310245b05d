from __future__ import annotations

import pytest
from typer.testing import CliRunner

from parity import session as session_module
from parity.cli import app
from parity.commands import precision as precision_module
from parity.errors import BadInput
from parity.measure.precision.page import BEGIN, END
from parity.measure.precision.take import Taking
from parity.workers.pool import WorkerDied
from tests.measure.precision.test_take import DEEP
from tests.stand_in import StandInPool, answer, lines, write_case


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``parity precision`` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session_module, "missing", lambda _: None)
    monkeypatch.setattr(precision_module, "missing", lambda _: None)

    def invoke(*arguments: str, pool=None):
        monkeypatch.setattr(precision_module, "Pool", lambda: pool or StandInPool())
        return CliRunner().invoke(app, ["precision", "cases", *arguments], catch_exceptions=False)

    return invoke


def test_without_engines(tmp_path, run):
    write_case(tmp_path, "a", DEEP)
    found = run("--targets", "none")
    assert found.exit_code == 0
    for text in (
        "relative L2",
        "emulation",
        "3,340 → 1,670",
        "storage_float16",
        "dB",
        "a, float16: ",
        "a, bfloat16: ",
    ):
        assert text in found.stdout
    kinds = [r["kind"] for r in lines(tmp_path / "reports")]
    assert kinds.count("loss") == 2
    assert kinds.count("sensitivity") == 2


def test_no_framework_at_all(tmp_path, run, monkeypatch):
    monkeypatch.setattr(precision_module, "missing", lambda t: f"package {t.engine} is not installed")
    write_case(tmp_path, "a", DEEP)
    found = run("--precisions", "float16")
    assert found.exit_code == 0
    assert "chainer@cpu: package chainer is not installed; left out" in found.stderr
    assert "emulation" in found.stdout


def test_a_precision_in_a_target_is_refused(tmp_path, run):
    """It would be measured in another than was asked for."""
    write_case(tmp_path, "a", DEEP)
    with pytest.raises(BadInput, match=r"chainer@cpu:bfloat16; expected .*--precisions bfloat16"):
        run("--targets", "chainer:bfloat16", "--precisions", "float16")
    assert not (tmp_path / "reports").exists()
    assert run("--targets", "chainer:float32", "--precisions", "float16").exit_code in (0, 1)
    cells = [r["target"] for r in lines(tmp_path / "reports") if r["kind"] == "cell"]
    assert cells == ["chainer@cpu:float16"]


def test_results_are_added_to_those_there_are(tmp_path, run):
    write_case(tmp_path, "a", DEEP)
    for _ in range(2):
        assert run("--targets", "none", "--precisions", "float16").exit_code == 0
    kinds = [r["kind"] for r in lines(tmp_path / "reports")]
    assert kinds == ["run", "case", "loss", *["sensitivity"] * 2, "run", "loss", *["sensitivity"] * 2]


def test_a_verdict_that_fails_is_exit_1(tmp_path, run):
    def wrong(_, *request):
        reply, out = answer(*request)
        return reply, {k: v + v.dtype.type(1) for k, v in out.items()}

    write_case(tmp_path, "a", DEEP)
    found = run("--targets", "chainer", "--precisions", "float16", pool=StandInPool(wrong))
    assert found.exit_code == 1
    assert "a on chainer@cpu:float16: differs, " in found.stdout


def test_a_crash_is_exit_1_and_what_a_framework_has_not_is_fine(tmp_path, run):
    def crashes(*_):
        raise WorkerDied("it fell over")

    def lacks(*_):
        return {"status": "unsupported", "message": "no kernel"}, {}

    write_case(tmp_path, "a", DEEP)
    found = run("--targets", "chainer", "--precisions", "float16", pool=StandInPool(crashes))
    assert found.exit_code == 1
    assert "a on chainer@cpu:float16: crashed, it fell over" in found.stdout
    found = run("--targets", "chainer", "--precisions", "float16", pool=StandInPool(lacks))
    assert found.exit_code == 0
    assert "unsupported" in found.stdout


def test_a_quick_look_leaves_out_the_evaluator_unless_it_is_named(tmp_path, run, monkeypatch):
    write_case(tmp_path, "a", DEEP)
    monkeypatch.setattr(precision_module, "FILES", [tmp_path / "cases" / "a.yaml"])

    def engines(*arguments):
        out = f"reports{len(arguments)}"
        monkeypatch.setattr(precision_module, "Pool", StandInPool)
        CliRunner().invoke(app, ["precision", "--precisions", "float16", "--out", out, *arguments])
        return {r["target"].partition("@")[0] for r in lines(tmp_path / out) if r["kind"] == "cell"}

    quick = engines()
    assert "onnx-reference" not in quick
    assert quick | {"onnx-reference"} == engines("cases")
    assert engines("--targets", "onnx-reference") == {"onnx-reference"}


def test_bad_input_is_exit_2(tmp_path, run):
    write_case(tmp_path, "a", DEEP)
    assert run("--targets", "none", "--precisions", "float16", "missing.yaml").exit_code == 2
    assert "missing.yaml" in run("--targets", "none", "missing.yaml").stderr


def test_a_page_gets_its_tables(tmp_path, run):
    write_case(tmp_path, "a", DEEP)
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{BEGIN}\n{END}\n")
    assert run("--targets", "none", "--page", "page.md").exit_code == 0
    assert "| float16 | emulation | 3,340 → 1,670 |" in page.read_text()


@pytest.mark.parametrize(("name", "words"), [("nowhere.md", "cannot be written"), ("bare.md", "no place for the")])
def test_a_page_that_cannot_be_written_is_known_before_anything_is_measured(tmp_path, run, name, words):
    write_case(tmp_path, "a", DEEP)
    (tmp_path / "bare.md").write_text("# Title\n")
    with pytest.raises(BadInput, match=words):
        run("--targets", "none", "--page", name)
    assert not (tmp_path / "reports").exists()


def test_an_interrupt_keeps_what_is_finished(tmp_path, run, monkeypatch):
    whole = Taking.run

    def interrupted(self, cases, targets):
        whole(self, cases[:1], targets)
        raise KeyboardInterrupt

    monkeypatch.setattr(Taking, "run", interrupted)
    write_case(tmp_path, "a", DEEP)
    write_case(tmp_path, "b", DEEP)
    found = run("--targets", "none", "--precisions", "float16")
    assert found.exit_code == 130
    assert "stopped; what was finished is kept" in found.stderr
    assert "emulation" in found.stdout
    assert [r["kind"] for r in lines(tmp_path / "reports")] == ["run", "case", "loss", "sensitivity", "sensitivity"]
