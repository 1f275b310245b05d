"""What a verdict means, in plain words, from result records alone: for terminal, page and pytest alike."""

from parity.story.tell import AGAIN, COPY, Section, about_case, about_cell, cause_lines, story
from parity.story.trust import weak

__all__ = ["AGAIN", "COPY", "Section", "about_case", "about_cell", "cause_lines", "story", "weak"]
