"""What a verdict means, in plain words, from result records alone: for terminal, page, pytest and pull requests alike."""

from parity.story.tell import Section, about_case, about_cell, cause_lines, story

__all__ = ["Section", "about_case", "about_cell", "cause_lines", "story"]
