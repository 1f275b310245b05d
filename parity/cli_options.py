"""Options that several commands take, and what they say when they are interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[list[Path] | None, typer.Argument(help="Case files or folders of them. Default: cases/.")]
Expression = Annotated[str | None, typer.Option("-k", help="Only cases whose id fits: words joined by and, or, not.")]
Targets = Annotated[str | None, typer.Option("--targets", help="Targets or wildcards, separated by commas.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for results.jsonl and index.html.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Cells at a time. Default: the cores.")]
Seconds = Annotated[
    float | None, typer.Option("--seconds", min=0, help="Begin nothing after so many; what is done is kept.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Keep finished cells and go on.")]

STOPPED = "stopped; finished cells are kept, --resume goes on"
INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 and the number of SIGINT, as shells have it."""


def ended(command: Callable[[], int], stopped: str = STOPPED) -> typer.Exit:
    """How a command ended: its own status, or that it was interrupted, with what is kept of it said.

    Args:
        stopped: what is kept, for a person.
    """
    try:
        return typer.Exit(command())
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return typer.Exit(INTERRUPTED)
