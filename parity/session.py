"""A run: cases times targets, through the workers, to verdicts. Command line and pytest plugin both call this."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from parity import results
from parity.case.case import Case
from parity.draw import digest
from parity.errors import BadInput
from parity.graph import Graph
from parity.judge.bound import Reference
from parity.judge.metrics import compare
from parity.judge.verdict import FAILED, Judgement, judge
from parity.results import Record
from parity.targets import Target, missing
from parity.workers.pool import Pool, TargetUnavailable, TimedOut, WorkerDied

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
    weights_file: str | None


@dataclass
class Session:
    """Runs cases on targets.

    Args:
        pool: the workers.
        jobs: cells that may run at a time.
    """

    pool: Pool
    jobs: int = 2
    _slots: threading.Semaphore = field(init=False)
    _folder: tempfile.TemporaryDirectory = field(init=False)

    def __post_init__(self):
        self._slots = threading.Semaphore(self.jobs)
        self._folder = tempfile.TemporaryDirectory(prefix="parity-")

    def prepare(self, case: Case) -> Prepared:
        """Draw or read a case's arrays and evaluate its reference.

        Raises:
            BadInput: a file of the case is not what it should be.
        """
        inputs, weights = case.inputs(), case.weights()
        _check_indices(case.graph, inputs)
        file = None
        if sum(w.nbytes for w in weights.values()) > LARGE:
            file = str(Path(self._folder.name) / f"{digest(*weights.values())}.safetensors")
            save_file(weights, file)
        hashes = {"inputs": digest(*inputs.values()), "weights": digest(*weights.values())}
        return Prepared(case, inputs, weights, Reference.of(case.graph, inputs, weights), hashes, file)

    def cell(self, prepared: Prepared, target: Target) -> Record:
        """One case on one target, to its verdict."""
        case = prepared.case
        record: Record = {
            "kind": "cell",
            "case": case.id,
            "target": str(target),
            "environment": results.environment(),
            "hash": prepared.hash,
        }
        start = time.perf_counter()
        record |= self._outcome(prepared, target)
        record["seconds"] = round(time.perf_counter() - start, 4)
        return _with_expectation(record, case, target)

    def _outcome(self, prepared: Prepared, target: Target) -> Record:
        case, graph = prepared.case, prepared.case.graph
        if why := missing(target):
            return {"verdict": "skipped", "message": why}
        for node in graph.nodes:
            if why := node.layer.gap(target.dialect, target.engine):
                return {"verdict": "unsupported", "message": f"{node.name} ({type(node.layer).__name__}): {why}"}
        arrays = {f"x:{k}": v for k, v in prepared.inputs.items()}
        if prepared.weights_file is None:
            arrays |= {f"w:{k}": v for k, v in prepared.weights.items()}
        header = {"graph": graph.to_json(), "before": case.spec.before, "weights_file": prepared.weights_file}
        worker = self.pool[target]
        try:
            reply, out = worker.request(header, arrays, case.spec.timeout)
        except TargetUnavailable as error:
            return {"verdict": "skipped", "message": str(error)}
        except WorkerDied as error:
            return {"verdict": "crashed", "message": str(error)}
        except TimedOut as error:
            return {"verdict": "timeout", "message": str(error)}
        if reply["status"] != "done":
            return {"verdict": reply["status"], "message": reply["message"], "trace": reply.get("trace", "")}
        return self._judged(prepared, reply, out) | {"facts": worker.facts}

    def _judged(self, prepared: Prepared, reply: dict[str, Any], out: dict[str, np.ndarray]) -> Record:
        def part(prefix: str) -> dict[str, np.ndarray]:
            return {k[2:]: v for k, v in out.items() if k.startswith(prefix)}

        proof = reply["certificate"]
        found: Judgement = judge(
            prepared.reference, part("t:"), part("y:"), "" if proof["ok"] else proof["problems"][0]
        )
        taps, final = part("t:"), part("y:")
        before = {}
        for name, array in part("b:").items():
            expected = prepared.reference.tensors[name].value
            if array.shape == expected.shape:
                before[name] = compare(array, expected).to_json()
        return {
            "verdict": found.verdict,
            "message": found.message,
            "blame": list(found.blame),
            "layers": [f.to_json() for f in found.layers],
            "final": [f.to_json() for f in found.final],
            "tapping_changes": not all(np.array_equal(taps[k], final[k]) for k in final if k in taps),
            "before": before,
            "certificate": proof,
            "timings": {k: round(v, 6) for k, v in reply["timings"].items()},
        }

    def run(
        self,
        cases: Sequence[Case],
        targets: Sequence[Target],
        writer: results.Writer,
        *,
        done: Iterable[tuple[str, str]] = (),
        on_cell: Callable[[Record], None] = lambda _: None,
        on_bad: Callable[[Case, BadInput], None] = lambda *_: None,
    ) -> None:
        """All cases on all targets they are meant for; a record for each as it comes.

        Args:
            done: (case id, target) that need not run again.
            on_cell: called with each new cell.
            on_bad: called with a case whose files turn out to be wrong; the others still run.
        """
        skip, stop = set(done), threading.Event()
        plan = {t: [c for c in cases if t in c.targets and (c.id, str(t)) not in skip] for t in targets}
        shelf = _Shelf(self.prepare, plan, writer, on_bad)
        failure: list[BaseException] = []

        def serve(target: Target, todo: list[Case]) -> None:
            try:
                if todo:
                    writer.add(self._target_record(target))
                for case in todo:
                    if stop.is_set():
                        return
                    with self._slots:
                        prepared = shelf.take(case)
                        if prepared is not None:
                            record = self.cell(prepared, target)
                            writer.add(record)
                            on_cell(record)
                        shelf.give_back(case)
            except BaseException as error:  # noqa: BLE001  handed to the main thread
                failure.append(error)
                stop.set()

        threads = [threading.Thread(target=serve, args=item, daemon=True) for item in plan.items()]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        finally:
            stop.set()
        if failure:
            raise failure[0]

    def _target_record(self, target: Target) -> Record:
        record: Record = {"kind": "target", "target": str(target), "environment": results.environment()}
        if why := missing(target):
            return record | {"status": "skipped", "reason": why}
        worker = self.pool[target]
        try:
            worker.start()
        except TargetUnavailable as error:
            return record | {"status": "skipped", "reason": str(error)}
        return record | {"status": "ready", "facts": worker.facts}

    def close(self) -> None:
        """Stop the workers and remove the temporary files."""
        self.pool.stop()
        self._folder.cleanup()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Shelf:
    """Prepared cases, made by whoever comes first and dropped when the last target has had them."""

    def __init__(self, prepare: Callable, plan: dict[Target, list[Case]], writer: results.Writer, on_bad: Callable):
        self._prepare, self._writer, self._on_bad = prepare, writer, on_bad
        self._left: dict[str, int] = {}
        for todo in plan.values():
            for case in todo:
                self._left[case.id] = self._left.get(case.id, 0) + 1
        self._locks = {case: threading.Lock() for case in self._left}
        self._made: dict[str, Prepared | None] = {}

    def take(self, case: Case) -> Prepared | None:
        """The prepared case, None if its files are wrong."""
        with self._locks[case.id]:
            if case.id not in self._made:
                try:
                    self._made[case.id] = made = self._prepare(case)
                    self._writer.add(case_record(made))
                except BadInput as error:
                    self._made[case.id] = None
                    self._on_bad(case, error.within(file=str(case.file)))
            return self._made[case.id]

    def give_back(self, case: Case) -> None:
        """Say that one target is through with it."""
        with self._locks[case.id]:
            self._left[case.id] -= 1
            if not self._left[case.id]:
                prepared = self._made.pop(case.id, None)
                if prepared and prepared.weights_file:
                    Path(prepared.weights_file).unlink(missing_ok=True)


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
                "parameters": node.layer.parameters(),
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
        "network": network_hash(case),
    }


def network_hash(case: Case) -> str:
    """Changes with anything that the case file says; a resumed run goes by it."""
    text = json.dumps([case.spec.model_dump(mode="json"), case.graph.to_json()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_indices(graph: Graph, inputs: dict[str, np.ndarray]) -> None:
    """Indices into a table must be rows of it: runtimes differ in what they do with others, without a word."""
    for node in graph.nodes:
        rows = node.layer.parameters().get("vocabulary")
        for name in set(node.inputs) & set(inputs) if rows else ():
            low, high = inputs[name].min(), inputs[name].max()
            if low < 0 or high >= rows:
                found = f"indices from {low} to {high}; {node.name} has rows 0 … {rows - 1}"
                raise BadInput(found, path=f"inputs.{name}")


def _with_expectation(record: Record, case: Case, target: Target) -> Record:
    """Whether the cell counts as passed, given what the case expects."""
    expect = case.expected(target)
    verdict = record["verdict"]
    if expect is None or verdict == "skipped":
        return record | {"ok": verdict not in FAILED}
    if verdict == expect.verdict:
        return record | {"ok": True, "expected": expect.model_dump()}
    note = f"expected {expect.verdict} ({expect.reason}), found {verdict}: the expectation no longer holds"
    message = f"{note}. {record.get('message', '')}".strip()
    return record | {"ok": False, "expected": expect.model_dump(), "message": message}
