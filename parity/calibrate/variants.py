"""Cases on other inputs and weights: what a calibration runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parity.case import model
from parity.case.case import Case
from parity.judge.regimes import REGIMES, WEIGHT_REGIMES, affects, in_regime, inputs_of
from parity.targets import Target

CROSSED = ("normal", "offset")
"""Input regimes that regimes of weights are run with, not all of them, for time: ``offset`` makes an edge filter
cancel, and wide weights on normal inputs are what wide inputs on normal weights are."""
DEEP = 3
"""Layers beyond which a network has regimes of weights on normal inputs alone: what reaches its later layers is much
the same."""
LARGE = 1 << 20
"""Parameters beyond which a network runs once a seed, on normal inputs and its weights as drawn."""


@dataclass(frozen=True)
class Variant(Case):
    """A case whose float inputs are drawn anew for the layer that reads them, and whose kernels are of a regime.

    Args:
        base: the case.
        regime: of inputs.
        weights_regime: of kernels and tables.
    """

    base: Case = None  # type: ignore[assignment]  # a default, since those of Case come first
    regime: str = "normal"
    weights_regime: str = "drawn"

    @classmethod
    def of(cls, base: Case, regime: str, weights_regime: str, seed: int) -> Variant:
        """With an id of its own, so that results on disk can tell it apart; no bound is loosened."""
        spec = base.spec.model_copy(update={"seed": seed, "before": False, "loosen": []})
        id_ = f"{base.id} {regime} {weights_regime} {seed}"
        return cls(id_, base.file, spec, base.graph, base.places, base, regime, weights_regime)

    def runs_on(self, target: Target) -> bool:
        """As the case, but for its known failures, whatever the precision."""
        return self.base.runs_on(target) and self.base.expected(target.machine) is None

    def expected(self, target: Target, versions: Mapping[str, str] | None = None) -> model.Expect | None:
        """Nothing: where a failure is known it is not run."""
        return None

    def inputs(self) -> dict[str, np.ndarray]:
        """Input name → array: floats of the regime, all else as the case has it."""
        given = dataclasses.replace(self.base, spec=self.spec).inputs()
        made = {}
        for name, array in given.items():
            reader = next((n for n in self.graph.nodes if name in n.inputs), None)
            if reader is not None and array.dtype.kind == "f":
                specs = self.graph.input_specs(reader)
                drawn = inputs_of(reader.layer, specs, self.regime, self.spec.seed, self.base.id)
                array = drawn[reader.inputs.index(name)]
            made[name] = array
        return made

    def weights(self) -> dict[str, np.ndarray]:
        """Network weight name → float32 array."""
        given = dataclasses.replace(self.base, spec=self.spec).weights()
        key = (self.spec.seed, self.base.id)
        return {k: in_regime(self.graph.weights[k], v, self.weights_regime, *key, k) for k, v in given.items()}


def variants(
    cases: Sequence[Case],
    seeds: int = 1,
    regimes: Sequence[str] = tuple(REGIMES),
    weights: Sequence[str] = WEIGHT_REGIMES,
) -> Iterator[Variant]:
    """All of them: each regime of inputs with the weights as drawn, and some with each regime of weights.

    Cases with mistakes are left out.

    Args:
        seeds: draws, 1 … seeds.
        regimes: of inputs.
        weights: of weights. Those that change nothing in a case are left out.
    """
    for case in (c for c in cases if not c.spec.mistakes):
        for seed in range(1, seeds + 1):
            if case.graph.parameter_count > LARGE:
                if "normal" in regimes and "drawn" in weights:
                    yield Variant.of(case, "normal", "drawn", seed)
                continue
            for regime in regimes:
                for kind in weights:
                    changes = any(affects(w, kind) for w in case.graph.weights.values())
                    crossed = CROSSED[:1] if len(case.graph.nodes) > DEEP else CROSSED
                    if kind == "drawn" or (changes and regime in crossed):
                        yield Variant.of(case, regime, kind, seed)
