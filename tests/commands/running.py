"""For tests of ``parity run``: what it left, and an engine that is wrong."""

from __future__ import annotations

import numpy as np

from tests.stand_in import answer, lines


def cells(folder):
    """(case, target) of the cells in ``folder/reports``."""
    return [(r["case"], r["target"]) for r in lines(folder / "reports") if r["kind"] == "cell"]


def differ(*_request):
    """What an engine would say that is off by 1."""
    reply, out = answer(*_request[1:])
    return reply, {k: v + np.float32(1) for k, v in out.items()}
