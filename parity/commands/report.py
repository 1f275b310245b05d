"""``parity report`` and ``parity gpu``: pages of results that are there."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from parity import merge
from parity.errors import BadInput, shown
from parity.results import Results
from parity.written import write_text


def report(folders: Sequence[Path], out: Path, expect: str | None = None, check: bool = False) -> int:
    """Merge results, say what they are, and write the page.

    Args:
        folders: with results, or with folders of results.
        expect: names of environments that must be there, with commas.
        check: whether the exit status is of what was found.

    Returns:
        1 if a check finds a failed verdict, an environment that compared nothing, or one that is missing; else 0.

    Raises:
        BadInput: no results, none that can be read, or names that are none.
    """
    from parity.report.environments import amiss, left_out
    from parity.report.overview import overview
    from parity.story.words import plural

    found = merge.read(folders, names(expect))
    counts = Counter(environment for environment, *_ in found.cells)
    for environment, run in sorted(found.runs.items()):
        print(f"{environment}: {plural(counts[environment], 'verdict')}, Python {run['python']}, NumPy {run['numpy']}, "
              f"{run['started'][:16].replace('T', ' ')} UTC", file=sys.stderr)  # fmt: skip
    for line in (*(said for _, said in amiss(found)), *left_out(found)):
        print(line, file=sys.stderr)
    print(write_report(found, out))
    return 1 if check and overview(found).tone in ("bad", "empty") else 0


def names(text: str | None) -> tuple[str, ...]:
    """Environments of ``py311,py312``.

    Raises:
        BadInput: there is nothing between two commas.
    """
    parts = [] if text is None else [part.strip() for part in text.split(",")]
    if not all(parts):
        raise BadInput(f"--expect: found {shown(text)}, accepted: names of environments with commas, as py311,py312")
    return tuple(parts)


def write_report(found: Results, out: Path) -> Path:
    """Write the page of results; its path."""
    from parity.report.page import write

    return write(found, out)


def write_device_page(folders: Sequence[Path], out: Path) -> Path:
    """Merge results and write the page about a CUDA device."""
    from parity.report.device import page

    return write_text(out, page(merge.read(folders)), "the page")
