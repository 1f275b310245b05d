"""Records of losses and sensitivities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.measure.precision import loss
from parity.measure.precision.computed import computed
from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import Formats, held
from parity.measure.precision.pictures import pictures
from parity.measure.precision.sensitivity import Sensitivity
from parity.precision import Precision
from parity.prepare import Prepared
from parity.results import Record, environment
from parity.story.loss import EMULATION as EMULATED
from parity.targets import Target

EMULATION = Target(EMULATED)
"""Stands where a target does, for figures that no engine had a part in."""
NOT_RUN = "emulated: every tensor is rounded, sums are those of float64"


@dataclass
class Ledger:
    """What a case's losses are measured with; made once, for all targets.

    Args:
        prepared: the case.
    """

    prepared: Prepared
    emulator: Emulator = field(init=False)

    def __post_init__(self):
        self.emulator = Emulator.of(self.prepared.reference)

    def sensitivity(self, precision: Precision) -> Record:
        """The record of which layers do not bear a precision."""
        found = Sensitivity(self.emulator, Formats.of(precision).all).to_json()
        return self._named("sensitivity", precision) | found

    def loss(
        self,
        target: Target,
        precision: Precision,
        taps: Mapping[str, np.ndarray] | None = None,
        outputs: Mapping[str, np.ndarray] | None = None,
        *,
        pictured: bool = True,
    ) -> Record:
        """The record of one target's loss, or of the emulation's.

        Args:
            target: with its precision.
            taps: tensors that the engine returned.
            outputs: those of its run without taps; None where nothing ran.
            pictured: whether images are drawn.

        Raises:
            ValueError: an output is missing or has another shape; the verdict says so too.
        """
        emulator, formats = self.emulator, Formats.of(precision)
        ran = dict(outputs or {})
        for name in emulator.graph.outputs if outputs is not None else ():
            found, wanted = ran.get(name), emulator.exact.tensors[name].shape
            if found is None or found.shape != wanted:
                is_there = "missing" if found is None else f"of shape {list(found.shape)}"
                raise ValueError(f"no loss to measure: {name} is {is_there}, expected {list(wanted)}")
        usable = {k: v for k, v in (taps or {}).items() if v.shape == emulator.exact.tensors[k].shape}
        at_outputs = loss.Split(emulator, formats, ran)
        kept = held(precision, None if target.engine == EMULATED else target.dialect)
        rows = loss.layers(emulator, formats, loss.Split(emulator, formats, usable), kept)
        asked = {"asked": precision.tensors, "seen": None, "why": NOT_RUN}
        record = self._named("loss", precision, target) | {
            "outputs": loss.outputs(emulator, at_outputs),
            "layers": rows,
            "bytes": {k: sum(r["bytes"][i] for r in rows) for i, k in enumerate(("before", "after"))},
            "computed": asked if outputs is None else computed(emulator, precision, ran),
        }
        shown = [
            p
            for t in dict.fromkeys(emulator.graph.outputs if pictured else ())
            for p in pictures(t, at_outputs.value(t), emulator.exact.tensors[t])
        ]
        return record | ({"pictures": shown} if shown else {})

    def lacking(self, target: Target, precision: Precision, why: str) -> Record:
        """The record of a target that did not run."""
        return self._named("loss", precision, target) | {"message": why}

    def _named(self, kind: str, precision: Precision, target: Target | None = None) -> dict[str, Any]:
        return {
            "kind": kind,
            "case": self.prepared.case.id,
            **({"target": str(target)} if target else {}),
            "environment": environment(),
            "network": self.prepared.network,
            "precision": precision.name,
        }

    def close(self) -> None:
        """Remove the case's files."""
        self.prepared.close()
