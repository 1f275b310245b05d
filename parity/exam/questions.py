"""What the exam commits in one case: every mistake that its layers invite, and single weights that are 1 % off."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from parity.draw import Distribution, draw
from parity.errors import BadInput
from parity.judge.bound import Judged
from parity.judge.trial import FAR, Impossible, Stretch
from parity.layers.mistake import Change
from parity.mistakes.catalogue import suspects
from parity.mistakes.named import makings
from parity.mistakes.wrong import Wrong, replaced, rewritten
from parity.node import Node
from parity.prepare import Prepared
from parity.probed import mistakes_of_probe

ELEMENT = "one wrong element"
"""Name of the mistake that is no mistake in thought: one element of one weight, changed."""
CHANGE = 0.01
"""By how much of itself."""
ELEMENTS = 2
"""Of each weight of a layer."""


@dataclass(frozen=True)
class Question:
    """One mistake in one case.

    Args:
        wrong: what is committed.
        layer: name of the layer's class.
        kind: declared, parameter, weight, network or element.
        nodes: the layers that are judged together with it, which may be blamed.
        same: names of mistakes at this node that are the same function on these inputs.
        visible: how far the function moves, in the network or in its probe, beyond what the rounding of both could
            hide, in units of the bound: above 1 no sound engine's rounding can hide it; inf where a shape changes, or
            an exact layer does.
    """

    wrong: Wrong
    layer: str
    kind: str
    nodes: tuple[str, ...]
    same: frozenset[str]
    visible: float

    @property
    def must_be_caught(self) -> bool:
        """Whether it changes the function on these inputs by more than rounding could."""
        return self.visible > 1


def questions(prepared: Prepared) -> list[Question]:
    """All of one case: of several ways to make a mistake the first that can be seen."""
    found: list[Question] = []
    for nodes, tapped in prepared.case.graph.stretches():
        stretch = _stretch(prepared, nodes, tapped)
        for node in nodes:
            made = [*_of_node(stretch, node, tapped), *_elements(prepared, stretch, node, tapped)]
            found += [q if q.must_be_caught else _by_itself(prepared, q) for q in made]
    return found


def _by_itself(prepared: Prepared, question: Question) -> Question:
    """A mistake that the network's own inputs hide may be seen by a probe."""
    probe, wrong = prepared.probe, question.wrong
    if probe is None:
        return question
    for _, there in mistakes_of_probe(prepared.graph, probe.graph, prepared.weights, [("*", wrong)]):
        node = next(n for n in probe.graph.nodes if n.name == wrong.node)
        try:
            _, seen = visible(Stretch.alone(probe.reference, node), there, node.outputs)
        except Impossible:
            continue
        return replace(question, visible=max(question.visible, seen))
    return question


def _stretch(prepared: Prepared, nodes: tuple[Node, ...], tapped: tuple[str, ...]) -> Stretch:
    made = {o for n in nodes for o in n.outputs}
    given = {k: j.value for k, j in prepared.reference.tensors.items() if k not in made}
    return Stretch(prepared.case.graph, nodes, given, prepared.reference.weights, {})


def _of_node(stretch: Stretch, node: Node, tapped: tuple[str, ...]) -> Iterator[Question]:
    best: dict[str, tuple[float, Wrong, str]] = {}
    outputs: dict[str, Mapping[str, np.ndarray]] = {}
    for suspect in suspects(stretch.graph, node, stretch.seen(node), stretch.weights):
        for wrong in makings(suspect):
            known = best.get(wrong.name, (-1.0,))[0]
            if known > 1:
                continue
            try:
                rewritten(stretch.graph, wrong)
                made, seen = visible(stretch, wrong, tapped)
            except (BadInput, Impossible):
                continue  # nobody gets as far as running it
            if seen > known:
                best[wrong.name] = seen, wrong, suspect.kind
                outputs[wrong.name] = made
    right = {t: j.value for t, j in stretch.right.items()}
    for name, (seen, wrong, kind) in best.items():
        if _equal(outputs[name], right, tapped):
            continue  # no mistake on these inputs: the same numbers to the last bit of float64
        same = frozenset(n for n, made in outputs.items() if _equal(made, outputs[name], tapped))
        yield Question(wrong, type(node.layer).__name__, kind, tuple(n.name for n in stretch.nodes), same, seen)


def _elements(prepared: Prepared, stretch: Stretch, node: Node, tapped: tuple[str, ...]) -> Iterator[Question]:
    seen = stretch.seen(node)
    for c, weight in seen.weights.items():
        if weight.dtype.kind != "f":
            continue
        picks = draw(
            Distribution("integers", low=0, high=weight.size),
            (ELEMENTS,),
            "int32",
            "exam",
            prepared.case.id,
            node.name,
            c,
        )
        for pick in dict.fromkeys(map(int, picks)):
            index = np.unravel_index(pick, weight.shape)
            if weight[index] == 0:
                continue
            other = weight.copy()
            other[index] = np.float32(other[index] * (1 + CHANGE))
            words = f"{c}[{', '.join(map(str, map(int, index)))}] is {100 * CHANGE:g} % larger"
            change = Change((node.layer,), {**seen.weights, c: other}, words)
            wrong = replaced(stretch.graph, node, change, seen.weights, ELEMENT, value=float(other[index]))
            _, size = visible(stretch, wrong, tapped)
            names = tuple(n.name for n in stretch.nodes)
            yield Question(wrong, type(node.layer).__name__, "element", names, frozenset({ELEMENT}), size)


def visible(stretch: Stretch, wrong: Wrong, tapped: tuple[str, ...]) -> tuple[dict[str, np.ndarray], float]:
    """The wrong numbers, and the largest of (|wrong − right| − the wrong one's bound) ÷ the right one's bound.

    Args:
        tapped: the tensors that count.

    Raises:
        Impossible: the mistake cannot be evaluated.
    """
    made = stretch.numbers(wrong)
    far = max(_visible(stretch.right[t], Judged(made[t], None)) for t in tapped)
    if not FAR < far < math.inf:
        full = stretch.wrong(wrong)
        far = max(_visible(stretch.right[t], full[t]) for t in tapped)
    return made, far


def _visible(right: Judged, wrong: Judged) -> float:
    if right.value.shape != wrong.value.shape:
        return math.inf
    a, b = np.asarray(wrong.value, np.float64), np.asarray(right.value, np.float64)
    with np.errstate(all="ignore"):
        d = np.abs(a - b)
        d = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, d)
        beyond = d - (0.0 if wrong.bound is None else wrong.bound)
        if right.bound is None:  # an exact layer: any other float32 number is seen
            other = a.astype(np.float32) != b.astype(np.float32)
            return math.inf if (other & (beyond > 0) & ~(np.isnan(a) & np.isnan(b))).any() else 0.0
        q = np.where(np.isnan(a) != np.isnan(b), math.inf, beyond / right.bound)
    return float(np.nanmax(q, initial=0.0))


def _equal(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray], tapped: tuple[str, ...]) -> bool:
    return all(np.array_equal(a[t], b[t], equal_nan=a[t].dtype.kind == "f") for t in tapped)
