"""What is written beside the page, for those who do not open it: Markdown, JUnit, CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parity.changes.environments import Split
from parity.report import junit, summary, verdicts
from parity.report.environments import amiss
from parity.results import Results
from parity.written import write_text


def write_summaries(results: Results, out: Path, found: Sequence[Split]) -> list[Path]:
    """Write ``summary.md``, ``junit.xml`` and ``verdicts.csv``.

    Args:
        results: of one run or many merged.
        out: folder; made if it is not there.
        found: :func:`parity.changes.environments.splits` of the results.

    Returns:
        Their paths.

    Raises:
        BadInput: one cannot be written there.
    """
    texts = {
        summary.FILE: summary.summary(results, found),
        junit.FILE: junit.junit(results, list(amiss(results))),
        verdicts.FILE: verdicts.verdicts(results),
    }
    return [write_text(out / name, text, "the summary") for name, text in texts.items()]
