"""One thing that changed between two runs."""

from __future__ import annotations

from dataclasses import dataclass

WORSE, OTHER, BETTER = "worse", "other", "better"
DIRECTIONS = (WORSE, OTHER, BETTER)
"""In the order in which they are told."""


WHATS = ("verdict", "error", "weak", "gone", "time", "loss", "new")
"""What may change, in the order in which it is told."""


@dataclass(frozen=True)
class Change:
    """One thing that changed.

    Args:
        what: one of :data:`WHATS`.
        direction: worse (a regression), better, or neither.
        case: id.
        target: name; of what holds for a case on every target empty.
        environment: in which, as the new results call it.
        text: what changed, half a sentence.
        said: a sentence more on it; may be empty.
        versions: packages of the target that changed with it, half a sentence; empty where none did.
        weight: how much it matters, among those of its kind.
    """

    what: str
    direction: str
    case: str
    target: str
    environment: str
    text: str
    said: str = ""
    versions: str = ""
    weight: float = 0.0

    @property
    def file(self) -> str:
        """The case id without the part in brackets."""
        return self.case.partition("[")[0]
