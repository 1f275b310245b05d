"""What is written beside the page, for those who do not open it: Markdown, JUnit, CSV."""

from __future__ import annotations

from pathlib import Path

from parity.errors import BadInput
from parity.report import junit, summary, verdicts
from parity.report.environments import amiss
from parity.results import Results


def write_summaries(results: Results, out: Path) -> list[Path]:
    """Write ``summary.md``, ``junit.xml`` and ``verdicts.csv``.

    Args:
        results: of one run or many merged.
        out: folder; made if it is not there.

    Returns:
        Their paths.

    Raises:
        BadInput: one cannot be written there.
    """
    texts = {
        summary.FILE: summary.summary(results),
        junit.FILE: junit.junit(results, list(amiss(results))),
        verdicts.FILE: verdicts.verdicts(results),
    }
    paths = []
    for name, text in texts.items():
        path = out / name
        try:
            out.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise BadInput(f"the summary cannot be written: {error}", file=str(path)) from None
        paths.append(path)
    return paths
