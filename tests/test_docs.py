"""What the documentation shows must work: its cases load, its commands exist, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from parity.case.case import load
from parity.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks/README.md",
]


APART = {("yaml", "add-a-layer.md"), ("yaml", "ci.md")}
"""What is no case, and has a test of its own: a layer with its case, and a workflow."""


def blocks(language: str) -> list:
    found = []
    for page in PAGES:
        if (language, page.name) in APART:
            continue
        for number, text in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.S)):
            found.append(pytest.param(text, id=f"{page.name}-{number}"))
    return found


@pytest.mark.parametrize("text", blocks("yaml"))
def test_case_loads(text, tmp_path):
    file = tmp_path / "shown.yaml"
    file.write_text(text, "utf-8")
    assert load(file)


def commands() -> list:
    found = []
    for param in blocks("sh"):
        for line in param.values[0].splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["parity"]:
                found.append(pytest.param(words[1:], id=" ".join(words)))
    return found


@pytest.mark.parametrize("words", commands())
def test_command_parses(words):
    command = get_command(app).commands[words[0]]
    context = command.make_context(words[0], list(words[1:]))
    assert context.command is command


def test_commands_are_shown():
    shown = {p.values[0][0] for p in commands()}
    assert shown >= set(get_command(app).commands) - {"train"}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not missing


def test_verdicts_are_explained():
    from parity.judge.verdict import ORDER

    text = (ROOT / "README.md").read_text("utf-8")
    assert [v for v in ORDER if f"`{v}`" not in text] == []


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/layers.md"])
def test_layers_are_counted(page):
    from parity.layers import Layer

    counted = re.search(r"(\d+) layers", (ROOT / page).read_text("utf-8"))
    assert int(counted[1]) == len(Layer.registry)
