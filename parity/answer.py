"""What a worker sends back of a network, sorted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Answer:
    """What a worker sent of one network.

    Args:
        reply: its header: certificate, timings.
        taps: tapped tensors.
        outputs: of a run without taps.
        before: outputs on the framework's own initial values.
    """

    reply: dict[str, Any]
    taps: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    before: dict[str, np.ndarray]

    @classmethod
    def of(cls, reply: dict[str, Any], arrays: dict[str, np.ndarray]) -> Answer:
        """Sort the arrays by what they are."""

        def part(prefix: str) -> dict[str, np.ndarray]:
            return {k[2:]: v for k, v in arrays.items() if k.startswith(prefix)}

        return cls(reply, part("t:"), part("y:"), part("b:"))
