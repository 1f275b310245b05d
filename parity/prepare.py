"""What a case needs before any target sees it: arrays, reference, hashes. Made once, for all targets."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from safetensors.numpy import save_file

from parity.case.case import Case
from parity.draw import digest
from parity.errors import BadInput, listed, near
from parity.graph import Graph
from parity.judge.bound import Loosening, Reference
from parity.judge.ledger import Entry, exact, lets_through
from parity.judge.spots import spots
from parity.judge.trial import Stretch
from parity.mistakes.named import wrong_named
from parity.mistakes.wrong import Wrong, commit
from parity.results import Record
from parity.targets import Target, matches


class Closes(Protocol):
    """What a :class:`Shelf` keeps."""

    def close(self) -> None:
        """Nobody needs it any more."""


Made = TypeVar("Made", bound=Closes)
LARGE = 1 << 20
"""Bytes of weights beyond which they go through a file, which the system maps into every worker."""


@dataclass
class Prepared:
    """A case with its arrays and its reference; made once, for all targets."""

    case: Case
    inputs: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]
    reference: Reference
    hash: dict[str, str]
    network: str
    weights_file: str | None
    wrongs: tuple[tuple[str, Wrong], ...] = ()
    """(target or wildcard, what it does wrong on purpose)."""

    def sent_to(self, target: Target) -> tuple[Graph, dict[str, np.ndarray], list[Wrong]]:
        """Network and weights as a target gets them, and what is wrong with them."""
        mine = [wrong for pattern, wrong in self.wrongs if matches(target, pattern)]
        if not mine:
            return self.case.graph, self.weights, []
        return *commit(self.case.graph, self.weights, *mine), mine

    def close(self) -> None:
        """Remove its file."""
        if self.weights_file:
            Path(self.weights_file).unlink(missing_ok=True)


def prepare(case: Case, folder: Path) -> Prepared:
    """Draw or read a case's arrays and evaluate its reference.

    Args:
        folder: where large weights are kept for the workers.

    Raises:
        BadInput: a file of the case is not what it should be.
    """
    inputs, weights = case.inputs(), case.weights()
    check_indices(case.graph, inputs)
    file = None
    if sum(w.nbytes for w in weights.values()) > LARGE:
        # Named after the case: another with the same weights drops its own file when it is done with it.
        file = str(folder / f"{hashlib.sha256(case.id.encode()).hexdigest()[:32]}.safetensors")
        save_file(weights, file)
    hashes = {
        "inputs": digest(*inputs.values()),
        "weights": digest(*weights.values()),
        "graph": _digest(case.graph.to_json()),
    }
    reference = Reference.of(case.graph, inputs, weights)
    check_loosened(case, reference)
    wrongs = tuple((m.target, _wrong(case, reference, i)) for i, m in enumerate(case.spec.mistakes))
    return Prepared(case, inputs, weights, reference, hashes, network_hash(case), file, wrongs)


def _wrong(case: Case, reference: Reference, number: int) -> Wrong:
    meant, names = case.spec.mistakes[number], {n.name: n for n in case.graph.nodes}
    try:
        if meant.layer not in names:
            raise BadInput(f"unknown layer {meant.layer!r}{near(meant.layer, names)}; there are {listed(names)}")
        node = names[meant.layer]
        seen = Stretch.alone(reference, node).seen(node)
        return wrong_named(case.graph, node, seen, reference.weights, meant.mistake, meant.value)
    except BadInput as error:
        raise case.places.located(error.within(path=f"mistakes.{number}")) from None


def entries(case: Case, target: Target | None = None) -> tuple[Entry, ...]:
    """A case's loosenings, on one target or at all."""
    return tuple(Entry(e.layer, Loosening(e.factor, e.absolute), e.reason) for e in case.loosened(target))


def check_loosened(case: Case, reference: Reference) -> None:
    """Refuse to multiply a bound that is not there.

    Raises:
        BadInput: a factor for layers that are exact.
    """
    for i, e in enumerate(case.spec.loosen):
        if e not in case.loosened():
            continue  # it is about others of the sweep
        if names := exact(reference, Entry(e.layer, Loosening(e.factor, e.absolute), e.reason)):
            text = f"{listed(names)} must be exact, and no factor changes that; give absolute, an error in numbers"
            raise case.places.located(BadInput(text, path=f"loosen.{i}.factor"))


class Shelf(Generic[Made]):
    """What is made of a case: by whoever comes first, closed when the last target has had it.

    Args:
        make: called once a case.
        plan: target → its cases.
        on_bad: called with a case whose files turn out to be wrong.
    """

    def __init__(
        self,
        make: Callable[[Case], Made],
        plan: Mapping[Target, Sequence[Case]],
        on_bad: Callable[[Case, BadInput], None],
    ):
        self._make, self._on_bad = make, on_bad
        self._left: dict[str, int] = {}
        for todo in plan.values():
            for case in todo:
                self._left[case.id] = self._left.get(case.id, 0) + 1
        self._locks = {case: threading.Lock() for case in self._left}
        self._made: dict[str, Made | None] = {}

    def take(self, case: Case) -> Made | None:
        """What was made, None if the case's files are wrong."""
        with self._locks[case.id]:
            if case.id not in self._made:
                try:
                    self._made[case.id] = self._make(case)
                except BadInput as error:
                    self._made[case.id] = None
                    self._on_bad(case, error.within(file=str(case.file)))
                except MemoryError as error:
                    self._made[case.id] = None
                    self._on_bad(case, BadInput(f"needs more memory than there is: {error}", file=str(case.file)))
            return self._made[case.id]

    def give_back(self, case: Case) -> None:
        """Say that one target is through with it."""
        with self._locks[case.id]:
            self._left[case.id] -= 1
            if not self._left[case.id] and (made := self._made.pop(case.id, None)):
                made.close()


def case_record(prepared: Prepared) -> Record:
    """What the report says of a network."""
    case, graph = prepared.case, prepared.case.graph
    layers = []
    for node in graph.nodes:
        weights = graph.node_weights(node)
        layers.append(
            {
                "name": node.name,
                "layer": type(node.layer).__name__,
                "from": list(node.inputs),
                "parameters": {k: v for k, v in node.layer.described().items() if k != "layer"},
                "shapes": {o: list(graph.specs[o].shape) for o in node.outputs},
                "weights": {
                    c: {"name": node.weight_name(c), "axes": w.axes, "shape": list(w.shape)} for c, w in weights.items()
                },
                "count": sum(int(np.prod(w.shape)) for w in weights.values()),
            }
        )
    return {
        "kind": "case",
        "case": case.id,
        "description": case.spec.description,
        "file": case.file.as_posix(),
        "inputs": {k: [list(s.shape), s.dtype] for k, s in graph.inputs.items()},
        "outputs": list(graph.outputs),
        "layers": layers,
        "parameters": graph.parameter_count,
        "hash": prepared.hash,
        "expect": [e.model_dump() for e in case.spec.expect],
        "loosen": [
            model.model_dump() | {"lets_through": lets_through(prepared.reference, entry)}
            for model, entry in zip(case.loosened(), entries(case), strict=True)
        ],
        "spots": spots(prepared.reference),
        "network": prepared.network,
    }


def network_hash(case: Case) -> str:
    """Changes with anything that the case file says, and the files that it reads; a resumed run goes by it."""
    named = [getattr(i, "file", None) for i in case.spec.inputs.values()]
    named.append(case.spec.weights.file if case.spec.weights else None)
    contents = []
    for name in filter(None, named):
        with contextlib.suppress(OSError):  # one that cannot be read is found and reported when the case runs
            contents.append(hashlib.sha256((case.file.parent / name).read_bytes()).hexdigest())
    return _digest([case.spec.model_dump(mode="json"), case.graph.to_json(), contents])


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:16]


def check_indices(graph: Graph, inputs: dict[str, np.ndarray]) -> None:
    """Indices must be of something that is there: runtimes differ in what they do with others, without a word.

    Raises:
        BadInput: found and accepted indices.
    """
    for node in graph.nodes:
        for number, accepted in node.layer.indices(*graph.input_specs(node)).items():
            name = node.inputs[number]
            if name not in inputs:
                continue
            choice = accepted if isinstance(accepted, range) else range(accepted)
            low, high = inputs[name].min(), inputs[name].max()
            if low < choice.start or high >= choice.stop:
                found = f"indices from {low} to {high}; {node.name} has {choice[0]} … {choice[-1]} to choose from"
                raise BadInput(found, path=f"inputs.{name}")
