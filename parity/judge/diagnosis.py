"""What is said of layers that exceed their bound: the mistakes that explain it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cause:
    """A mistake that explains an engine's numbers.

    Args:
        node: the layer.
        kind: name of its class.
        name: of the mistake.
        words: what was done.
        ratio: error ÷ bound that is left; of a range, which explains no more than how far off the numbers are, the
            distance from them as a share of what is allowed to it.
        advice: what to change.
        value: the number that the mistake leaves open, as known or as estimated.
        source: declared, parameter, weight, network, element, precision or range.
    """

    node: str
    kind: str
    name: str
    words: str
    ratio: float
    advice: str
    value: float | None
    source: str

    def __str__(self) -> str:
        return f"{self.kind} {self.node}: {self.words}"


@dataclass(frozen=True)
class Diagnosis:
    """What is said about one stretch of layers.

    Args:
        nodes: the layers judged together.
        tensor: where the error was seen.
        causes: that explain it, the likeliest first.
        closest: where none does, the one that leaves the smallest error, if it takes most of it away.
        ratio: error ÷ bound without any.
        tried: mistakes that were made.
        complete: whether all were.
    """

    nodes: tuple[str, ...]
    tensor: str
    causes: tuple[Cause, ...]
    closest: Cause | None
    ratio: float
    tried: int
    complete: bool

    def to_json(self) -> dict[str, Any]:
        """Strict JSON."""

        def one(cause: Cause) -> dict[str, Any]:
            return vars(cause) | {"ratio": _number(cause.ratio)}

        return {
            "nodes": list(self.nodes),
            "tensor": self.tensor,
            "causes": [one(c) for c in self.causes],
            "closest": one(self.closest) if self.closest else None,
            "ratio": _number(self.ratio),
            "tried": self.tried,
            "complete": self.complete,
        }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
