"""Which layers do not bear a half precision, and which to keep in float32."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from parity.graph import Node
from parity.measure.precision.emulate import Emulator, Run
from parity.measure.precision.format import Format, sizes
from parity.measure.precision.loss import number, relative
from parity.story.words import listing

ENOUGH = 0.5
"""Layers stand out if keeping them leaves at most this of the loss."""
MOST_KEPT = 0.5
"""Of what half precision saves, that keeping layers may cost."""
NOTHING = 2.0**-24
"""Losses below this are float32's own."""
LAYERS = 3
"""Blocks that are kept at most."""
WIDTH = 4
"""Blocks that are tried as the next one to keep: the best by themselves."""


@dataclass(frozen=True)
class Kept:
    """Layers in float32, all others in half precision.

    Args:
        nodes: their names, in the network's order.
        loss: relative L2 of the outputs, by emulation.
        bytes: of all weights.
    """

    nodes: tuple[str, ...]
    loss: float
    bytes: int


class Sensitivity:
    """One precision of one network.

    Args:
        emulator: the network.
        form: what weights and tensors are rounded to.
    """

    def __init__(self, emulator: Emulator, form: Format):
        self._emulator, self._form, self._graph = emulator, form, emulator.graph
        seen: set[str] = set()
        self._sizes = {n.name: sizes(self._graph, n, form, seen) for n in self._graph.nodes}

    def loss(self, run: Run) -> float:
        """The largest relative L2 of the network's outputs."""
        exact = self._emulator.exact.tensors
        return max(relative(run.tensors[t], exact[t], exact[t]) for t in self._graph.outputs)

    @cached_property
    def alone(self) -> dict[str, float]:
        """Layer → loss with that one in half precision, the largest first."""
        found = {n.name: self.loss(self._emulator.alone(self._form, n.name)) for n in self._graph.nodes}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def saved(self, name: str) -> int:
        """Bytes that a layer's weights shrink by."""
        before, after = self._sizes[name]
        return before - after

    def keep(self, nodes: Sequence[str] = ()) -> Kept:
        """Measure what keeping layers brings."""
        chosen = set(nodes)
        run = self._emulator.without(self._form, chosen) if chosen else self._emulator.full(self._form)
        size = sum(before if name in chosen else after for name, (before, after) in self._sizes.items())
        return Kept(tuple(n.name for n in self._graph.nodes if n.name in chosen), self.loss(run), size)

    @cached_property
    def whole(self) -> Kept:
        """All layers in half precision."""
        return self.keep()

    def advice(self) -> dict[str, Any]:
        """The cheapest layers to keep of those that were tried, measured, or that there are none."""
        whole = self.whole
        if whole.loss < NOTHING:
            return _advice(whole, "nothing is lost that float32 would not lose too")
        tried = list(self._tries())
        good = [k for k in tried if k.loss <= ENOUGH * whole.loss and math.isfinite(k.loss)]
        if good:
            best = min(good, key=lambda k: (k.bytes, k.loss))
            text = (
                f"keep {listing(best.nodes)} in float32: the loss falls from {whole.loss:.3g} to {best.loss:.3g}, the "
                f"weights take {best.bytes:,} bytes in place of {whole.bytes:,}"
            )
            return _advice(best, text)
        if not tried:
            return _advice(whole, "there is no layer that could be kept: it would be most of the network")
        best = min(tried, key=lambda k: (k.loss, k.bytes))
        if best.loss >= whole.loss:
            return _advice(whole, f"no layer stands out: keeping any leaves the loss at {whole.loss:.3g}")
        text = (
            f"no layer stands out: of all that was tried keeping {listing(best.nodes)} helps most, and the loss only "
            f"falls from {whole.loss:.3g} to {best.loss:.3g}"
        )
        return _advice(whole, text)

    def _tries(self) -> Iterator[Kept]:
        """Every block by itself, then the best of them with others, as long as what is saved is worth it."""
        blocks = [b for b in self.blocks() if self._worth(b)]
        single = sorted((self.keep(b) for b in blocks), key=lambda k: (k.loss, k.bytes))
        yield from single
        if not single or single[0].loss <= ENOUGH * self.whole.loss:
            return
        best = single[0]
        for _ in range(LAYERS - 1):
            more = [
                k
                for s in single[1 : 1 + WIDTH]
                if not set(s.nodes) <= set(best.nodes)
                for wider in [(*best.nodes, *s.nodes)]
                if self._worth(wider)
                for k in [self.keep(wider)]
            ]
            yield from more
            best = min((best, *more), key=lambda k: (k.loss, k.bytes))
            if best.loss <= ENOUGH * self.whole.loss:
                return

    def _worth(self, nodes: Sequence[str]) -> bool:
        """Whether something is left in half precision, and most of the saving."""
        names = set(nodes)
        total = sum(self.saved(n) for n in self._sizes)
        return len(names) < len(self._sizes) and sum(self.saved(n) for n in names) <= MOST_KEPT * total

    def blocks(self) -> list[tuple[str, ...]]:
        """Layers that are kept together: one with what follows it alone and has no weights, or is folded into it.

        What makes an output without weights of its own, such as a softmax, is a block by itself too.
        """
        found: dict[str, list[str]] = {}
        home: dict[str, list[str]] = {}
        readers: dict[str, list[Node]] = {}
        for node in self._graph.nodes:
            for tensor in node.inputs:
                readers.setdefault(tensor, []).append(node)
        made = {t: n for n in self._graph.nodes for t in n.outputs}
        for node in self._graph.nodes:
            before = {made[i].name for i in node.inputs if i in made}
            follows = (
                len(before) == 1
                and len(node.inputs) == 1
                and len(readers[node.inputs[0]]) == 1
                and (not self._graph.node_weights(node) or (node.layer.absorbs and made[node.inputs[0]].layer.linear))
            )
            block = home[before.pop()] if follows else found.setdefault(node.name, [])
            block.append(node.name)
            home[node.name] = block
        ends = [n.name for n in self._graph.nodes if set(n.outputs) & set(self._graph.outputs)]
        free = [n for n in ends if not self._sizes[n][0] and home[n] != [n]]
        return [tuple(b) for b in found.values()] + [(n,) for n in free]

    def to_json(self) -> dict[str, Any]:
        """``whole``, ``layers`` and ``advice`` of the record."""
        kinds = {n.name: type(n.layer).__name__ for n in self._graph.nodes}
        rows = [
            {"node": n, "layer": kinds[n], "rel_l2": number(x), "bytes_saved": self.saved(n)}
            for n, x in self.alone.items()
        ]
        return {"whole": number(self.whole.loss), "layers": rows, "advice": self.advice()}


def _advice(kept: Kept, text: str) -> dict[str, Any]:
    return {"keep": list(kept.nodes), "rel_l2": number(kept.loss), "bytes": kept.bytes, "text": text}
