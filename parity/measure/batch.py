"""A case at another batch size."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from parity.case.case import Case
from parity.errors import BadInput
from parity.graph import Graph
from parity.layers import Spec


@dataclass(frozen=True)
class Batched(Case):
    """The case with so many samples: its own, over and over.

    Args:
        batch: size of axis 0 of all inputs.
    """

    batch: int = 1

    def inputs(self) -> dict[str, np.ndarray]:
        """The rows of the case's inputs, from the first again after the last."""
        return {k: np.take(a, np.arange(self.batch) % len(a), axis=0) for k, a in super().inputs().items()}


def own_batch(graph: Graph) -> int | None:
    """The size of axis 0 that all inputs have in common; None where there is none."""
    sizes = {spec.shape[0] if spec.shape else None for spec in graph.inputs.values()}
    return sizes.pop() if len(sizes) == 1 else None


def with_batch(case: Case, batch: int) -> Case:
    """The same network, axis 0 of all inputs being of this size; weights and how they are drawn stay.

    Raises:
        BadInput: axis 0 is no batch there, or a layer fixes its size.
    """
    own = own_batch(case.graph)
    if own == batch:
        return case

    def refuse(why: str, path: str = "") -> BadInput:
        text = (
            f"{case.id} does not run at batch {batch}: {why}. --batch puts its numbers in place of the size of axis 0 "
        )
        return BadInput(f"{text}of all inputs; leave the case out, or --batch", file=str(case.file), path=path)

    if own is None:
        shapes = ", ".join(f"{k} {list(s.shape)}" for k, s in case.graph.inputs.items())
        raise refuse(f"its inputs have no batch in common ({shapes})")
    inputs = {k: Spec((batch, *s.shape[1:]), s.dtype) for k, s in case.graph.inputs.items()}
    try:
        graph = Graph(inputs, tuple(replace(n, stated=None) for n in case.graph.nodes), case.graph.outputs)
        same = {k: w.shape for k, w in graph.weights.items()} == {k: w.shape for k, w in case.graph.weights.items()}
        specs = graph.specs
    except BadInput as error:
        raise refuse(error.message, error.path) from None
    if not same:
        raise refuse("its weights would have other shapes, so their sizes hold the batch")
    for name in graph.outputs:
        before, after = case.graph.specs[name].shape, specs[name].shape
        if after != (batch, *before[1:]) or before[0] != own:
            raise refuse(f"output {name} is {list(before)} at batch {own} and would be {list(after)}")
    return Batched(**{f.name: getattr(case, f.name) for f in fields(Case)} | {"graph": graph}, batch=batch)
