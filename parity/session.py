"""A run: cases times targets, through the workers, to verdicts. Command line and pytest plugin both call this."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from parity import lanes, results
from parity.answer import Answer
from parity.calibrated import standing
from parity.case.case import Case
from parity.case_record import case_record
from parity.errors import BadInput
from parity.expectation import with_expectation
from parity.judge.customary import RULES, Rule, opinions
from parity.judge.diagnose import diagnose_all
from parity.judge.ledger import judge_loosened
from parity.judge.metrics import compare
from parity.judge.silent import in_full
from parity.judge.verdict import FAILED
from parity.loosened import entries
from parity.lower import first_gap
from parity.prepare import Prepared, Shelf, prepare
from parity.probed import with_probe
from parity.results import Record
from parity.slots import Slots
from parity.targets import Target, missing
from parity.workers.pool import Pool, TargetUnavailable, TimedOut, WorkerDied

REPEATS = 3
"""Runs more on a GPU, where sums by atomic additions or by another algorithm each time need not come out the same."""


@dataclass
class Session:
    """Runs cases on targets.

    Args:
        pool: the workers.
        jobs: cells that may run at a time.
        rules: tolerances of others, whose opinion each cell records.
        repeat: how many times more a network runs, to see whether it gives the same; None is 3 on a GPU and 0 on a CPU.
        scripts: whether the record of a cell that fails holds the script of it.
    """

    pool: Pool
    jobs: int = 2
    rules: Sequence[Rule] = RULES
    repeat: int | None = None
    scripts: bool = True
    _slots: Slots = field(init=False)
    _folder: tempfile.TemporaryDirectory = field(init=False)
    _absent: dict[Target, str | None] = field(init=False, default_factory=dict)

    def __post_init__(self):
        self._slots = Slots(self.jobs)
        self._folder = tempfile.TemporaryDirectory(prefix="parity-")

    def prepare(self, case: Case) -> Prepared:
        """As :func:`parity.prepare.prepare`, with this session's folder for large weights."""
        return prepare(case, Path(self._folder.name))

    def cell(self, prepared: Prepared, target: Target, on_answer: Callable[[Answer], None] = lambda _: None) -> Record:
        """One case on one target, to its verdict.

        Args:
            on_answer: called with what the target computed, where it did, before that is judged.

        Raises:
            Stopped: the workers were stopped in the meantime.
        """
        case, prepared = prepared.case, prepared.at(target.computes)
        record: Record = {
            "kind": "cell",
            "case": case.id,
            "target": str(target),
            "environment": results.environment(),
            "network": prepared.network,
            "hash": prepared.hash,
        }
        start = time.perf_counter()
        record |= self._outcome(prepared, target, on_answer)
        if self.scripts and record["verdict"] in FAILED:
            from parity.standalone import of_cell

            record |= of_cell(prepared, target)
        record["seconds"] = round(time.perf_counter() - start, 4)
        return with_expectation(record, case, target, self.facts(target).get("versions"))

    def _outcome(self, prepared: Prepared, target: Target, on_answer: Callable[[Answer], None]) -> Record:
        if why := self._why_absent(target):
            return {"verdict": "skipped", "message": why}
        if found := first_gap(prepared.sent_to(target)[0], target.dialect, target.engine):
            node, reason = found
            return {"verdict": "unsupported", "message": f"{node.name} ({type(node.layer).__name__}): {reason}"}
        record = self._asked(prepared, target, on_answer)
        probe = prepared.by_themselves() if "layers" in record else None  # where it did not run there is nothing to add
        return with_probe(record, self._asked(probe, target)) if probe else record

    def _asked(
        self, prepared: Prepared, target: Target, on_answer: Callable[[Answer], None] = lambda _: None
    ) -> Record:
        spec = prepared.case.spec
        sent, weights, wrongs = prepared.sent_to(target)
        arrays = {f"x:{k}": v for k, v in prepared.inputs.items()}
        file = None if wrongs else prepared.weights_file
        arrays |= {} if file else {f"w:{k}": v for k, v in weights.items()}
        header = {"graph": sent.to_json(), "before": spec.before and not prepared.is_probe, "weights_file": file}
        header["precision"] = target.precision
        header["repeat"] = 0 if prepared.is_probe else self._repeats(target)
        worker = self.pool[target]
        try:
            reply, out = worker.request(header, arrays, spec.timeout)
        except TargetUnavailable as error:
            return {"verdict": "skipped", "message": str(error)}
        except WorkerDied as error:
            return {"verdict": "crashed", "message": str(error), "trace": error.trace}
        except TimedOut as error:
            return {"verdict": "timeout", "message": str(error)}
        if reply["status"] != "done":
            return {"verdict": reply["status"], "message": reply["message"], "trace": reply.get("trace", "")}
        committed = [{"layer": w.node, "mistake": w.name, "words": w.words} for w in wrongs]
        answer = Answer.of(reply, out)
        on_answer(answer)
        record = self._judged(prepared, target, answer) | {"committed": committed}
        record |= {"facts": worker.facts | reply.get("facts", {})}
        record |= {"repeats": reply["repeats"]} if "repeats" in reply else {}
        return record | standing(target, worker.facts, prepared.graph, record["layers"])

    def _repeats(self, target: Target) -> int:
        return (0 if target.device == "cpu" else REPEATS) if self.repeat is None else self.repeat

    def _judged(self, prepared: Prepared, target: Target, answer: Answer) -> Record:
        proof, taps, final = answer.reply["certificate"], answer.taps, answer.outputs
        problem = "" if proof["ok"] else proof["problems"][0]
        unrounded = answer.reply.get("unrounded", False)
        reference = prepared.reference.as_unrounded() if unrounded else prepared.reference
        found, loosened = judge_loosened(reference, entries(prepared.case, target), taps, final, problem)
        causes = diagnose_all(reference, found, taps) if found.verdict in FAILED else []
        more = {"unrounded": True} if reference.unrounded else {}
        if reference.precision.products and found.verdict not in FAILED and in_full(reference, taps):
            more["in_full"] = True
        before = {}
        for name, array in answer.before.items():
            expected = prepared.reference.tensors[name].value
            if array.shape == expected.shape:
                before[name] = compare(array, expected).to_json()
        return {
            "verdict": found.verdict,
            "message": found.message,
            "blame": list(found.blame),
            "shares": found.shares,
            **more,
            "loosened": loosened,
            "diagnosis": [d.to_json() for d in causes],
            "layers": [f.to_json() for f in found.layers],
            "final": [f.to_json() for f in found.final],
            "customary": opinions(prepared.reference, final, self.rules),
            "tapping_changes": not all(np.array_equal(taps[k], final[k]) for k in final if k in taps),
            "before": before,
            "certificate": proof,
            "timings": {k: round(v, 6) for k, v in answer.reply["timings"].items()},
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
        seconds: float | None = None,
    ) -> None:
        """All cases on all targets they are meant for; a record for each as it comes.

        Args:
            done: (case id, target) that need not run again.
            on_cell: called with each new cell.
            on_bad: called with a case whose files turn out to be wrong; the others still run.
            seconds: after which nothing is begun any more.
        """
        skip = set(done)
        plan = {t: [c for c in cases if c.runs_on(t) and (c.id, str(t)) not in skip] for t in targets}

        def make(case: Case) -> Prepared:
            made = self.prepare(case)
            writer.add(case_record(made))
            return made

        shelf = Shelf(make, plan, on_bad)

        def do(target: Target, case: Case) -> None:
            prepared = shelf.take(case)
            if prepared is not None:
                record = self.cell(prepared, target)
                writer.add(record)
                on_cell(record)
            shelf.give_back(case)

        def first(target: Target) -> None:
            writer.add(self._target_record(target))

        with lanes.stopping(seconds) as stop:
            lanes.go(plan, self._slots, do, stop, first=first, give_up=self.pool.stop)

    def _target_record(self, target: Target) -> Record:
        record: Record = {"kind": "target", "target": str(target), "environment": results.environment()}
        if why := self._why_absent(target):
            return record | {"status": "skipped", "reason": why}
        worker = self.pool[target]
        try:
            worker.start()
        except TargetUnavailable as error:
            return record | {"status": "skipped", "reason": str(error)}
        except WorkerDied as error:
            return record | {"status": "crashed", "reason": str(error)}
        return record | {"status": "ready", "facts": worker.facts}

    def _why_absent(self, target: Target) -> str | None:
        if target not in self._absent:
            self._absent[target] = missing(target)
        return self._absent[target]

    def facts(self, target: Target) -> dict[str, Any]:
        """What the target's worker says of itself; empty where it is not here or never started."""
        return self.pool[target].facts if self._why_absent(target) is None else {}

    def close(self) -> None:
        """Stop the workers and remove the temporary files."""
        self.pool.stop()
        self._folder.cleanup()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
