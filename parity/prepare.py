"""What a case needs before any target sees it: arrays, reference, hashes. Made once, for all targets."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from safetensors.numpy import save_file

from parity.case.case import Case
from parity.draw import digest
from parity.errors import BadInput, listed, near
from parity.graph import Graph
from parity.judge.bound import Reference
from parity.judge.power import noticed
from parity.judge.probe import probe_of
from parity.judge.trial import Stretch
from parity.loosened import check_loosened
from parity.mistakes.named import wrong_named
from parity.mistakes.wrong import Wrong, commit
from parity.precision import Precision, rounded
from parity.probed import mistakes_of_probe
from parity.results import Record
from parity.targets import Target, matches


class Closes(Protocol):
    """What a :class:`Shelf` keeps."""

    def close(self) -> None:
        """Nobody needs it any more."""


Made = TypeVar("Made", bound=Closes)
OTHERS = 3
"""References in other precisions that are kept of a case: AlexNet's weights in float64 are half a gigabyte each."""
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
    probe: Prepared | None = None
    """Its layers by themselves, where the case asks for that."""
    is_probe: bool = False
    _others: dict[str, Prepared] = field(init=False, default_factory=dict, compare=False, repr=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock, compare=False, repr=False)

    def at(self, precision: Precision) -> Prepared:
        """The same in another precision: arrays as they are sent, the reference on what the layers get of them."""
        if precision is self.reference.precision:
            return self
        with self._lock:
            found = self._others.pop(precision.name, None) or replace(
                self,
                reference=_reference_in(precision, self),
                probe=self.probe and self.probe.at(precision),
            )
            while len(self._others) >= OTHERS:
                self._others.pop(next(iter(self._others)))  # the one that was not asked for longest
            self._others[precision.name] = found
            return found

    @property
    def graph(self) -> Graph:
        """The network: the case's, or the pieces of a probe."""
        return self.reference.graph

    def sent_to(self, target: Target) -> tuple[Graph, dict[str, np.ndarray], list[Wrong]]:
        """Network and weights as a target gets them, and what is wrong with them."""
        mine = [wrong for pattern, wrong in self.wrongs if matches(target, pattern)]
        if not mine:
            return self.graph, self.weights, []
        return *commit(self.graph, self.weights, *mine), mine

    def by_themselves(self) -> Prepared | None:
        """The probe, with the same mistakes made on purpose; None where there is none."""
        if probe := self.probe:
            return replace(probe, wrongs=mistakes_of_probe(self.graph, probe.graph, self.weights, self.wrongs))
        return None

    def noticed(self) -> Record:
        """What wrong weights it would notice, as :func:`parity.judge.power.noticed`, and why so few, as it states."""
        found = noticed(self.reference, self.probe.reference if self.probe else None)
        return found | {"weak_reason": self.case.spec.weak} if found else {}

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
    made = Prepared(case, inputs, weights, reference, hashes, network_hash(case), file, wrongs)
    return replace(made, probe=_probe(made)) if case.spec.probe else made


def _reference_in(precision: Precision, prepared: Prepared) -> Reference:
    graph = prepared.graph.in_precision(precision.tensors)
    inputs = {k: rounded(v, precision.tensors) for k, v in prepared.inputs.items()}
    used = {k: prepared.weights[k] for k in graph.weights}  # a probe may need fewer
    return Reference.of(graph, inputs, precision.effective(used, graph.weights), precision=precision)


def _probe(prepared: Prepared) -> Prepared | None:
    """The same case's layers by themselves; its inputs' hash goes with the case's."""
    case, weights = prepared.case, prepared.weights
    found = probe_of(case.graph, weights, case.spec.seed)
    if found is None:
        return None
    prepared.hash["probe"] = digest(*found[1].values())
    return replace(prepared, inputs=found[1], reference=Reference.of(*found, weights), wrongs=(), is_probe=True)


def _wrong(case: Case, reference: Reference, number: int) -> Wrong:
    meant, names = case.spec.mistakes[number], {n.name: n for n in case.graph.nodes}
    try:
        if meant.layer not in names:
            raise BadInput(f"unknown layer {meant.layer!r}{near(meant.layer, names)}; there are {listed(names)}")
        node = names[meant.layer]
        seen = Stretch.alone(reference, node).seen(node)
        return wrong_named(case.graph, node, seen, reference.weights, meant.mistake, meant.value, meant.words)
    except BadInput as error:
        raise case.places.located(error.within(path=f"mistakes.{number}")) from None


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
