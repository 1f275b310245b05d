"""``parity gpu`` and the script for a machine without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parity import cuda
from parity import session as session_module
from parity.cli import app
from parity.commands import inspect
from parity.commands import run as run_module
from tests.stand_in import StandInPool, write_case

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts/gpu"


def parity(*words):
    return CliRunner().invoke(app, words, catch_exceptions=False)


def test_the_page_of_a_run_without_a_device(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cuda, "first", lambda: None)
    monkeypatch.setattr(run_module, "Pool", StandInPool)
    write_case(tmp_path, "a")
    assert parity("run", "--targets", "*@gpu").exit_code == 1, "nothing was compared"
    done = parity("gpu", "reports", "--out", "docs/gpu/today.md")
    assert done.stdout == "docs/gpu/today.md\n"
    text = Path("docs/gpu/today.md").read_text()
    assert "# No CUDA device" in text
    assert "| chainer@gpu | – | no CUDA device | |" in text
    assert "onnx-reference@gpu" not in text


def test_a_page_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session_module, "missing", lambda _: "no CUDA device")
    monkeypatch.setattr(run_module, "Pool", StandInPool)
    write_case(tmp_path, "a")
    parity("run", "--targets", "chainer@gpu")
    Path("file").write_text("")
    with pytest.raises(Exception, match="the page cannot be written"):
        parity("gpu", "reports", "--out", "file/page.md")


def test_targets_of_a_gpu_are_listed(monkeypatch):
    monkeypatch.setattr(cuda, "first", lambda: None)
    monkeypatch.setenv("COLUMNS", "200")
    found = parity("targets", "--targets", "*@gpu").stdout
    assert len(re.findall("skipped: no CUDA device", found)) >= 4
    assert inspect.ALL
    assert "@cpu" not in found


def stages():
    """The commands that the script runs, word by word, its variables filled in."""
    values = {"cases": "cases", "gpu": "*@gpu", "cpu": "*@cpu", "jobs": "2", "out": "results", "few": "lenet"}
    text = (SCRIPTS / "run.sh").read_text().replace("\\\n", " ")
    for line in re.findall(r"^stage \S+ \d+ (.*)$", text, re.MULTILINE):
        yield [re.sub(r"\$(\w+)", lambda m: values[m[1]], word.strip('"')) for word in re.findall(r'"[^"]*"|\S+', line)]


def test_the_shares_are_of_one_budget():
    text = (SCRIPTS / "run.sh").read_text()
    assert len(re.findall(r"^stage ", text, re.MULTILINE)) == len(list(stages())) >= 6


@pytest.mark.parametrize("words", list(stages()), ids=lambda words: " ".join(words[:2]))
def test_each_stage_is_a_command(words):
    """Its options are those of the command: with --help behind them it would run."""
    done = parity(*words, "--help")
    assert done.exit_code == 0
    options = [w for w in words if w.startswith("--")]
    assert all(option in done.stdout for option in options)
