"""A diff as Markdown, for a pull request."""

from __future__ import annotations

from parity.changes.diff import Diff
from parity.changes.tell import headline, notes, sections
from parity.report.markdown import escaped, fitted

MOST = 60_000
"""Characters; a comment on GitHub holds 65,536."""
CUT = "*There is more; `parity diff` shows it.*"


def markdown(found: Diff) -> str:
    """The answer, what changed by case file, and what could not be compared."""
    sign = "❌" if found.is_worse else "✅"
    blocks = [[f"**{sign} {escaped(headline(found))}**"]]
    for section in sections(found):
        blocks.append([f"### {escaped(section.title)}"])
        lines: list[str] = []
        for part in section.parts:
            indent = "  " if part.title else ""
            lines += [f"- **{escaped(part.title)}**"] if part.title else []
            lines += [f"{indent}- {escaped(text)}" for text in part.lines]
            lines += [f"{indent}- and {part.more:,} more"] if part.more else []
        blocks.append(lines)
        blocks += [[escaped(section.more)]] if section.more else []
    if said := notes(found):
        blocks.append(["### Compared", "", *(f"- {escaped(text)}" for text in said)])
    return fitted(blocks, MOST, CUT)
