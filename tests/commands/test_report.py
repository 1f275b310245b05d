"""``parity report``: what it merges, what it says, and when it is red."""

import pytest
from typer.testing import CliRunner

from parity.cli import app, main
from tests.made import case, cell, run, target, write


@pytest.fixture
def report(tmp_path, monkeypatch):
    """Two environments in ``reports``, and the command in their folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("py311", "py312"):
        write(tmp_path / "reports" / name, run(name), target(name), case(), cell(environment=name))
    return lambda *arguments: CliRunner().invoke(app, ["report", *arguments], catch_exceptions=False)


def test_what_is_in_reports_is_merged(report, tmp_path):
    done = report()
    assert done.exit_code == 0
    assert done.stdout == "reports/index.html\n"
    assert [line.partition(", Python")[0] for line in done.stderr.splitlines()] == [
        "py311: 1 verdict",
        "py312: 1 verdict",
    ]
    page = (tmp_path / "reports" / "index.html").read_text("utf-8")
    assert "1 case × 1 engine × 2 environments agrees bit for bit" in page
    assert (
        report("reports/py312", "reports/py311", "--out", "again", "--check", "--expect", "py311, py312").exit_code == 0
    )
    assert (tmp_path / "again" / "index.html").read_text("utf-8") == page


def broken_verdict(folder):
    write(folder / "py311", cell(environment="py311", verdict="differs") | {"ok": False, "message": ""}, resume=True)


def nothing_compared(folder):
    write(folder / "py313", run("py313"), case(), cell(environment="py313", verdict="skipped"))


def unreadable(folder):
    write(folder / "py313")
    (folder / "py313" / "results.jsonl").write_text("nonsense\nmore\n")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (broken_verdict, ""),
        (nothing_compared, "Environment py313 compared nothing: 1 cell and no comparison among them."),
        (unreadable, "Nothing was read of reports/py313: reports/py313/results.jsonl:1: not a record"),
    ],
)
def test_red_with_check_alone_and_the_page_comes_all_the_same(report, tmp_path, harm, said):
    harm(tmp_path / "reports")
    for arguments, status in (((), 0), (("--check",), 1)):
        done = report(*arguments)
        assert done.exit_code == status
        assert done.stdout == "reports/index.html\n"
        assert said in done.stderr


def test_an_expected_environment_that_is_missing_is_red(report, tmp_path):
    done = report("--check", "--expect", "py311,py313")
    assert done.exit_code == 1
    assert "Environment py313 left no results, though they were expected; there are py311 and py312." in done.stderr
    assert "py313 left no results" in (tmp_path / "reports" / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: no results here: no such folder or file"),
        (["--expect", "py311,,py312"], "--expect: found 'py311,,py312', accepted: names of environments with commas"),
        (["--out", "file"], "file/index.html: the page cannot be written"),
    ],
)
def test_bad_input_is_a_message(report, tmp_path, monkeypatch, capsys, arguments, said):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("sys.argv", ["parity", "report", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert said in capsys.readouterr().err
