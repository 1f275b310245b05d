"""The nodes of a network, and their order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from parity.errors import BadInput, listed, near
from parity.layers import Layer


@dataclass(frozen=True)
class Node:
    """One layer of the network.

    Args:
        name: unique; also the name of its first output. Output h of node lstm is ``lstm.h``.
        layer: what it does.
        inputs: tensor names it reads.
        shared: canonical weight name → name of the weight in the network, where it is not ``node/weight``.
        stated: the shape that its first output must have, where the case states it.
        tensors: names of its outputs, where they are not made of its own.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    shared: Mapping[str, str]
    stated: tuple[int, ...] | None = None
    tensors: tuple[str, ...] | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its output tensors."""
        return self.tensors or (self.name, *(f"{self.name}.{o}" for o in self.layer.output_names[1:]))

    def weight_name(self, canonical: str) -> str:
        """Name in the network of one of its weights."""
        return self.shared.get(canonical, f"{self.name}/{canonical}")


def in_order(inputs: Collection[str], nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Nodes in an order in which each comes after those it reads; stable.

    Raises:
        BadInput: a name twice, an unknown one, or a circle; its path starts with ``layers.<name>``.
    """
    made: dict[str, Node] = {}
    for node in nodes:
        for name in node.outputs:
            if name in made or name in inputs:
                raise BadInput(f"the name {name!r} stands twice", path=f"layers.{node.name}")
            made[name] = node
    known = [*inputs, *made]
    for node in nodes:
        for name in node.inputs:
            if name not in inputs and name not in made:
                text = f"unknown tensor {name!r}{near(name, known)}; there are {listed(known)}"
                raise BadInput(text, path=f"layers.{node.name}.from")
    done: dict[str, Node] = {}
    for start in nodes:
        open_ = {} if start.name in done else {start.name: start}
        while open_:  # not by recursion: a case may have thousands of layers in any order
            node = open_[next(reversed(open_))]
            before = next((made[i] for i in node.inputs if i in made and made[i].name not in done), None)
            if before is None:
                done[node.name] = open_.pop(node.name)
            elif before.name in open_:
                names = list(open_)
                loop = " reads ".join([*names[names.index(before.name) :], before.name])
                text = f"layers must not read each other in a circle: {loop}"
                raise BadInput(text, path=f"layers.{before.name}.from")
            else:
                open_[before.name] = before
    return tuple(done.values())
