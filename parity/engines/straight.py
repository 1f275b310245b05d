"""A forward pass written out: what a person's ``forward`` would do, and nothing for the sake of taps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from parity.graph import Graph, Node


class _Step(NamedTuple):
    """Calls in a row, each on what the one before gave; the first reads the slots, the last fills them."""

    first: Callable[..., Any]
    reads: tuple[int, ...]
    rest: tuple[Callable[..., Any], ...]
    fills: tuple[int, ...]
    last_use: tuple[int, ...]


def straight(graph: Graph, calls: Mapping[str, Callable[..., Any]], inputs: Mapping[str, Any]) -> Callable[[], list]:
    """All calls in order, on these inputs; a tensor is let go as soon as nothing reads it any more.

    Layers that simply follow each other cost one turn of a loop each, as ``h = f(h)`` would.

    Args:
        calls: node name → callable of its inputs, which gives the output or a tuple of them.
        inputs: input name → the framework's own tensor.

    Returns:
        A callable that gives the outputs, in the graph's order.
    """
    slots = {name: number for number, name in enumerate(graph.specs)}
    readers: dict[str, list[Node]] = {name: [n for n in graph.nodes if name in n.inputs] for name in slots}
    steps: list[_Step] = []
    for run in _runs(graph, readers):
        last_use = {t for t in run[0].inputs if readers[t][-1] is run[0] and t not in graph.outputs}
        steps.append(
            _Step(
                calls[run[0].name],
                tuple(slots[t] for t in run[0].inputs),
                tuple(calls[n.name] for n in run[1:]),
                tuple(slots[t] for t in run[-1].outputs),
                tuple(slots[t] for t in sorted(last_use)),
            )
        )
    if len(steps) == 1 and len(steps[0].reads) == 1 and len(steps[0].fills) == len(graph.outputs) == 1:
        (step,) = steps
        return _chain((step.first, *step.rest), inputs[graph.nodes[0].inputs[0]])
    start: list[Any] = [inputs.get(name) for name in slots]
    wanted = [slots[name] for name in graph.outputs]
    # The interpreter unpacks a tuple proper many times as fast as a named one.
    plain: list[Any] = [tuple(step) for step in steps]

    def forward() -> list[Any]:
        values = start.copy()
        for first, reads, rest, fills, last_use in plain:
            made = first(values[reads[0]]) if len(reads) == 1 else first(*[values[r] for r in reads])
            for slot in last_use:
                values[slot] = None
            for call in rest:
                made = call(made[0] if isinstance(made, tuple) else made)
            if len(fills) == 1:
                values[fills[0]] = made[0] if isinstance(made, tuple) else made
            else:
                for slot, value in zip(fills, made, strict=True):
                    values[slot] = value
        return [values[w] for w in wanted]

    return forward


def _chain(calls: Sequence[Callable[..., Any]], x: Any) -> Callable[[], list]:
    """A network in which each layer reads what the one before made."""

    def forward() -> list[Any]:
        made = x
        for call in calls:
            made = call(made)
            if isinstance(made, tuple):
                (made,) = made
        return [made]

    return forward


def _runs(graph: Graph, readers: Mapping[str, Sequence[Node]]) -> list[list[Node]]:
    """Nodes in order, those together of which each alone reads what the one before made, and nothing else."""
    runs: list[list[Node]] = []
    for node in graph.nodes:
        before = runs[-1][-1] if runs else None
        joined = (
            before is not None
            and before.outputs == node.inputs
            and len(node.inputs) == 1
            and readers[node.inputs[0]] == [node]
            and node.inputs[0] not in graph.outputs
        )
        if joined:
            runs[-1].append(node)
        else:
            runs.append([node])
    return runs
