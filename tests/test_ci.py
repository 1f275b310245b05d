"""The workflows, ours and the one for others: commands that exist, names that fit, rights that are small."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from parity.cli import app
from parity.commands.report import names

ROOT = Path(__file__).parent.parent
OWN, SHOWN = ROOT / ".github/workflows/ci.yml", ROOT / "docs/ci/parity.yml"
both = pytest.mark.parametrize("file", [OWN, SHOWN], ids=lambda f: f.name)


def jobs(file):
    return yaml.safe_load(file.read_text("utf-8"))["jobs"]


def steps(file):
    return [(name, step) for name, job in jobs(file).items() for step in job["steps"]]


def commands(file):
    """The words of each call of parity."""
    lines = [line for _, step in steps(file) for line in step.get("run", "").splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("parity ")]


def environments(file):
    [entries] = [job["strategy"]["matrix"]["include"] for name, job in jobs(file).items() if name == "cases"]
    return [e.get("env") or e["name"] for e in entries]


@both
def test_commands_parse(file):
    found = commands(file)
    assert {words[0] for words in found} >= {"report", "diff"}
    for words in found:
        command = get_command(app).commands[words[0]]
        assert command.make_context(words[0], words[1:]).command is command


@both
def test_the_page_expects_the_environments_that_run(file):
    [report] = [words for words in commands(file) if words[0] == "report"]
    assert list(names(report[report.index("--expect") + 1])) == environments(file)
    assert "--check" in report


@both
def test_actions_are_pinned_by_major(file):
    used = [step["uses"] for _, step in steps(file) if "uses" in step]
    assert used
    assert [u for u in used if not re.fullmatch(r"actions/[a-z/-]+@v\d+", u)] == []


@both
def test_rights_are_small(file):
    assert yaml.safe_load(file.read_text("utf-8"))["permissions"] == {"contents": "read"}
    more = {name: job["permissions"] for name, job in jobs(file).items() if "permissions" in job}
    assert more == ({} if file == OWN else {"publish": {"pages": "write", "id-token": "write"}})
    assert "secrets." not in file.read_text("utf-8")


@both
def test_no_expression_becomes_a_part_of_a_shell_command_but_names_of_tox(file):
    found = {e for _, step in steps(file) for e in re.findall(r"\$\{\{.*?\}\}", step.get("run", ""))}
    assert found <= {"${{ matrix.env }}"}


@both
def test_artifacts_are_kept_for_a_time_and_found_again(file):
    kept = [step["with"] for _, step in steps(file) if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert {k["name"].partition("-")[0] for k in kept} == {"results", "page"}
    assert all(k["retention-days"] <= 90 for k in kept)
    [fetched] = [
        step["with"] for _, step in steps(file) if step.get("uses", "").startswith("actions/download-artifact@")
    ]
    assert fetched["pattern"] == "results-*"


@both
def test_a_red_job_does_not_keep_the_page_from_coming(file):
    page = jobs(file)["page"]
    assert page["needs"] == "cases"
    assert "!cancelled()" in page["if"]
    [keep] = [s for s in page["steps"] if s.get("uses", "").startswith("actions/upload-artifact@")]
    assert "!cancelled()" in keep["if"]


def test_our_matrix_is_that_of_tox():
    read = configparser.ConfigParser(interpolation=None)
    read.read(ROOT / "tox.ini")
    labels = dict(line.split(" = ") for line in read["tox"]["labels"].strip().splitlines())
    assert labels["matrix"].split(", ") == environments(OWN)
    tests = [e["env"] for e in jobs(OWN)["check"]["strategy"]["matrix"]["include"] if e["env"].endswith("-test")]
    assert labels["tests"].split(", ") == tests == [f"{e}-test" for e in environments(OWN)]


def test_the_page_about_it_shows_the_file():
    [block] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text("utf-8"), re.S)
    assert block == SHOWN.read_text("utf-8")
