"""What a verdict means, in plain words, from result records alone: for terminal, page and pytest alike."""

from parity.story.tell import AGAIN, Section, about_case, about_cell, cause_lines, story

__all__ = ["AGAIN", "Section", "about_case", "about_cell", "cause_lines", "story"]
