"""``parity diff``."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from parity import merge
from parity.changes.change import BETTER, OTHER, WORSE
from parity.changes.diff import diff
from parity.changes.markdown import markdown as as_markdown
from parity.changes.tell import headline, notes, sections
from parity.written import write_text

COLOURS = {WORSE: "red", OTHER: "yellow", BETTER: "green"}


def show_diff(old: Path, new: Path, markdown: Path | None, allow_fewer: bool) -> int:
    """Compare two results, print what changed, worst first; the exit status: 1 where something is worse.

    Args:
        markdown: file for the same as Markdown.
    """
    console = Console()
    found = diff(merge.read([old]), merge.read([new]), allow_fewer)
    for text in notes(found):
        console.print(Text(text, style="bright_black"), soft_wrap=True)
    for section in sections(found):
        console.print()
        console.print(Text(section.title, style=f"bold {COLOURS[section.direction]}"))
        for part in section.parts:
            indent = "    " if part.title else "  "
            if part.title:
                console.print(Text(f"  {part.title}", style="bold"))
            for line in part.lines:
                console.print(Text(indent + line), soft_wrap=True)
            if part.more:
                console.print(Text(f"{indent}and {part.more:,} more", style="bright_black"))
        if section.more:
            console.print(Text(f"  {section.more}", style="bright_black"))
    console.print()
    console.print(Text(headline(found), style="bold red" if found.is_worse else "bold green"), soft_wrap=True)
    if markdown is not None:
        write_text(markdown, as_markdown(found), "the Markdown")
    return 1 if found.is_worse else 0
