import json

import pytest
from typer.testing import CliRunner

from parity.cli import app, main
from tests.commands.running import differ
from tests.stand_in import lines, write_case


@pytest.fixture
def ran(run, pool, tmp_path):
    """Two runs: of the second, one engine is wrong."""
    write_case(tmp_path, "a")
    write_case(tmp_path, "b")
    assert run("--out", "old").exit_code == 0
    pool.answer = lambda target, *rest: differ(target, *rest) if target.engine == "chainer" else right(target, *rest)
    right = type(pool)().answer
    assert run("--out", "new").exit_code == 1
    return tmp_path


def diff(*arguments):
    return CliRunner().invoke(app, ["diff", *map(str, arguments)], catch_exceptions=False)


def test_nothing_changed(ran):
    done = diff("old", "old")
    assert done.exit_code == 0
    assert "Nothing changed: 4 cells compared." in done.output


def test_a_regression(ran):
    done = diff("old", "new")
    assert done.exit_code == 1
    assert "Worse (2)" in done.output
    assert "a on chainer: equal → differs. chainer differs" in done.output
    assert "onnx-reference" not in done.output
    assert done.output.rstrip().endswith("Worse: 2 verdicts; 4 cells compared.")


def test_what_is_better(ran):
    done = diff("new", "old")
    assert done.exit_code == 0
    assert "Better (2)" in done.output


def test_fewer_cases(run, ran):
    run("--out", "one", "-k", "b", "--targets", "onnx-reference")
    assert diff("old", "one").exit_code == 1
    done = diff("old", "one", "--allow-fewer")
    assert (done.exit_code, "Changed: 2 gone; 1 cell compared." in done.output) == (0, True)


def test_files_in_place_of_folders(ran):
    assert diff("old/results.jsonl", "new/results.jsonl").exit_code == 1


def test_markdown(ran):
    assert diff("old", "new", "--markdown", "made/diff.md").exit_code == 1
    text = (ran / "made/diff.md").read_text("utf-8")
    assert text.startswith("**❌ Worse: 2 verdicts; 4 cells compared.**\n\n### Worse (2)\n\n- a on chainer: ")


def test_markdown_that_cannot_be_written(ran, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["parity", "diff", "old", "new", "--markdown", "old"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "old: the Markdown cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (None, "no results here"),
        ("garbage\nmore\n", "not a record of parity's results"),
        ('{"kind":"run","schema":99}\n', "found schema 99"),
        ("", "no environment is in both results"),
    ],
)
def test_bad_input(ran, capsys, monkeypatch, new, said):
    if new is not None:
        (ran / "bad").mkdir()
        (ran / "bad/results.jsonl").write_text(new)
    monkeypatch.setattr("sys.argv", ["parity", "diff", "old", "bad"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_hostile_names_drive_nothing(ran):
    """Neither rich's markup, nor the terminal, nor GitHub."""
    name = "[red]x[/red]\x1b[2J<script>@you|`"
    records = [json.loads(json.dumps(r).replace('"a"', json.dumps(name))) for r in lines(ran / "new")]
    (ran / "new/results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    done = diff("old", "new", "--markdown", "diff.md")
    assert done.exit_code == 1
    assert "\x1b[2J" not in done.output
    assert "[red]x[/red]" in done.output
    text = (ran / "diff.md").read_text("utf-8")
    assert "<script>" not in text
    assert "@you" not in text
    assert r"\|\`" in text
