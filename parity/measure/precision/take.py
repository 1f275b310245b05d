"""The losses of many cases on many targets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from parity import lanes
from parity.answer import Answer
from parity.case.case import Case
from parity.case_record import case_record
from parity.errors import BadInput
from parity.measure.precision.record import EMULATION, Ledger
from parity.precision import PRECISIONS, Precision
from parity.prepare import Shelf
from parity.results import Record
from parity.session import Session
from parity.slots import Slots
from parity.targets import Target

SENSITIVE = ("float16", "bfloat16")
"""Precisions into which layers are put one at a time, whatever is asked of the targets."""
INSIDE = "not emulated: it rounds the factors of products, inside of layers"
"""What there is to say of TensorFloat-32 without a GPU."""


@dataclass
class Taking:
    """Takes losses and writes them down as they come.

    Args:
        session: its workers run the targets.
        precisions: those that are asked of every target.
        jobs: cells at a time.
        write: called with every record: case, cell, loss and sensitivity.
        on_bad: called with a case whose files turn out to be wrong; the others go on.
        on_step: called when a case is through on a target.
        known: case records that are written already; one that says the same is not made again.
    """

    session: Session
    precisions: Sequence[Precision]
    jobs: int
    write: Callable[[Record], None]
    on_bad: Callable[[Case, BadInput], None] = lambda *_: None
    on_step: Callable[[Target, Case], None] = lambda *_: None
    known: Mapping[str, Record] = field(default_factory=dict)
    _shelf: Shelf[Ledger] = field(init=False)
    _pictured: dict[str, Target | None] = field(init=False)
    """Case → the engine whose images are drawn: of many they look alike and are most of a record."""

    def run(self, cases: Sequence[Case], targets: Sequence[Target]) -> None:
        """All cases: emulated, and on those of the targets that they are meant for.

        Args:
            targets: engines and devices, in float32.
        """
        plan = planned(cases, targets)
        self._pictured = {c.id: next((t for t in targets if c.runs_on(t)), None) for c in cases}
        self._shelf = Shelf(self._made, plan, self.on_bad)
        lanes.go(plan, Slots(self.jobs), self._do, threading.Event(), give_up=self.session.pool.stop)

    def _made(self, case: Case) -> Ledger:
        prepared = self.session.prepare(case)
        known = self.known.get(case.id, {})
        if (known.get("network"), known.get("hash")) != (prepared.network, prepared.hash):
            self.write(case_record(prepared))
        return Ledger(prepared)

    def _do(self, target: Target, case: Case) -> None:
        ledger = self._shelf.take(case)
        if ledger is not None:
            if target == EMULATION:
                self._emulate(ledger)
            else:
                for precision in self.precisions:
                    self._ask(ledger, target, precision)
        self._shelf.give_back(case)
        self.on_step(target, case)

    def _emulate(self, ledger: Ledger) -> None:
        for precision in self.precisions:
            if precision.products:
                self.write(ledger.lacking(replace(EMULATION, precision=precision.name), precision, INSIDE))
                continue
            self.write(ledger.loss(replace(EMULATION, precision=precision.name), precision))
        for name in SENSITIVE:
            self.write(ledger.sensitivity(PRECISIONS[name]))

    def _ask(self, ledger: Ledger, engine: Target, precision: Precision) -> None:
        target, answers = replace(engine, precision=precision.name), list[Answer]()
        cell = self.session.cell(ledger.prepared, target, answers.append)
        self.write(cell)
        if not answers:
            self.write(ledger.lacking(target, precision, cell["message"]))
            return
        try:
            drawn = engine == self._pictured[ledger.prepared.case.id]
            self.write(ledger.loss(target, precision, answers[0].taps, answers[0].outputs, pictured=drawn))
        except ValueError as error:
            self.write(ledger.lacking(target, precision, str(error)))


def planned(cases: Sequence[Case], targets: Sequence[Target]) -> dict[Target, list[Case]]:
    """Target → its cases; the emulation has them all."""
    return {EMULATION: list(cases)} | {t: [c for c in cases if c.runs_on(t)] for t in targets}


def chosen_precisions(text: str | None, default: Sequence[str]) -> tuple[Precision, ...]:
    """Precisions from a list with commas.

    Raises:
        BadInput: found and accepted names.
    """
    names = [p.strip() for p in text.split(",") if p.strip()] if text is not None else list(default)
    for name in names:
        if name not in PRECISIONS:
            raise BadInput(f"--precisions: found {name!r}, accepted: {', '.join(PRECISIONS)}")
    if not names:
        raise BadInput(f"--precisions: found none, accepted: {', '.join(PRECISIONS)}")
    return tuple(PRECISIONS[n] for n in dict.fromkeys(names))
