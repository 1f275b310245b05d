"""Markdown out of text that anybody may have written: nothing of it is markup, a link or a mention.

GitHub tells people whom an ``@name`` names and links a ``#1``, both after it has read the Markdown, so that no escape
helps; a space of no width behind the sign does. What comes before decides nothing here but for ``chainer@cpu``, where a
letter or a digit before the sign keeps it from being a mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from parity.report.data import whole
from parity.story.words import clean

GAP = "\u200b"
"""A space of no width."""
MARKUP = re.compile(r"(?<!\w)_|_(?!\w)|[\\`*\[\]|~$]|^[-+=#]|^\d+(?=[.)](?:\s|$))")
"""Signs that are markup: a line inside a word is none, nor is a dash but at the beginning."""
HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str) -> str:
    """Text as one line that Markdown shows as it is, in a paragraph, a list or a cell of a table.

    Letters that are no text, halves of letters among them, become U+FFFD.
    """
    line = whole(clean(" ".join(text.split())))
    line = re.sub(r"(?<![A-Za-z0-9])@(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", lambda m: m[0] + GAP, line)
    line = re.sub(r"#(?=\w)", f"#{GAP}", line)
    line = MARKUP.sub(_bare, line)
    return re.sub("[&<>]", lambda m: HTML[m[0]], line)


def _bare(found: re.Match[str]) -> str:
    """A sign without its meaning; of a number that would begin a list it is what follows that has one."""
    return f"{found[0]}\\" if found[0].isdecimal() else f"\\{found[0]}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of a table; heads and cells are escaped.

    Args:
        right: columns of numbers.
    """
    line = [" --: " if i in right else " --- " for i in range(len(head))]
    return [_row(head), f"|{'|'.join(line)}|", *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


def fitted(blocks: Sequence[Sequence[str]], most: int, cut: str) -> str:
    """Blocks of lines, one blank line between them, as many of the lines as fit; the first block always stands.

    Args:
        blocks: in order of interest.
        most: characters of all.
        cut: a line that says that there is more, put where lines are left out.
    """
    made: list[str] = []
    left = most - len(cut) - 2
    for block in blocks:
        taken: list[str] = []
        for text in block:
            left -= len(text) + 1
            if left < 0:
                break
            taken.append(text)
        if taken:
            made.append("\n".join(taken))
            left -= 1
        if left < 0:
            made.append(cut)
            break
    return "\n\n".join(made) + "\n"
