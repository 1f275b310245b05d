"""Sits the exam: every question in a real engine, through the session that judges every other cell."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parity import lanes
from parity.case.case import Case
from parity.errors import BadInput
from parity.exam.known import undone
from parity.exam.questions import ELEMENT, Question, questions
from parity.judge.verdict import FAILED, NEUTRAL
from parity.prepare import Prepared, Shelf
from parity.results import Record
from parity.session import Session
from parity.slots import Slots
from parity.targets import Target


@dataclass(frozen=True)
class Answer:
    """What came of one question on one target.

    Args:
        case: id.
        target: its name.
        layer: class of the layer.
        node: its name.
        mistake: name of the mistake; empty for a clean run.
        kind: where it comes from.
        words: what was committed.
        outcome: caught, missed, hidden (rounding could hide it on these inputs, and did), refused (the framework
            itself would not run it), unsupported; for a clean run clean or false alarm.
        first: the mistake that the diagnosis named first; empty where it named none.
        named: it is the one committed, or the same function on these inputs.
        among: that one stands among those named.
        elsewhere: layers that were blamed and had nothing to do with it.
        message: of the verdict.
    """

    case: str
    target: str
    layer: str = ""
    node: str = ""
    mistake: str = ""
    kind: str = ""
    words: str = ""
    outcome: str = ""
    first: str = ""
    named: bool = False
    among: bool = False
    elsewhere: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Paper:
    """A case and its questions."""

    prepared: Prepared
    questions: tuple[Question, ...]

    def close(self) -> None:
        """The case is not needed any more."""
        self.prepared.close()


def chosen(case: str, asked: Sequence[Question], most: int | None) -> tuple[Question, ...]:
    """At most so many questions, the same ones every time and spread over all kinds."""
    if most is None or len(asked) <= most:
        return tuple(asked)

    def key(q: Question) -> bytes:
        return hashlib.sha256(f"{case} {q.wrong.node} {q.wrong.name} {q.wrong.words}".encode()).digest()

    return tuple(sorted(asked, key=key)[:most])


def planned(cases: Sequence[Case], targets: Sequence[Target]) -> dict[Target, list[Case]]:
    """The cases of each target: not those that are expected to fail, or make mistakes of their own."""
    return {t: [c for c in cases if c.runs_on(t) and not c.spec.mistakes and not c.expected(t)] for t in targets}


class Exam:
    """Asks the questions of cases on targets.

    Args:
        session: runs the cells.
        jobs: cells at a time.
        most: questions a case; all of them without.
        on_answer: called with every answer, by several threads.
        on_bad: called with a case whose files turn out to be wrong.
        on_case: called when a target is through with a case.
    """

    def __init__(
        self,
        session: Session,
        jobs: int,
        most: int | None = None,
        on_answer: Callable[[Answer], None] = lambda _: None,
        on_bad: Callable[[Case, BadInput], None] = lambda *_: None,
        on_case: Callable[[Target], object] = lambda _: None,
    ):
        self._session, self._slots, self._most = session, Slots(jobs), most
        self._on_answer, self._on_bad, self._on_case = on_answer, on_bad, on_case
        self._stop = threading.Event()

    def run(self, cases: Sequence[Case], targets: Sequence[Target]) -> None:
        """Every question on every target that is clean on the case; cells that are expected to fail are left out."""
        plan = planned(cases, targets)
        shelf: Shelf[Paper] = Shelf(self._paper, plan, self._on_bad)

        def do(target: Target, case: Case) -> None:
            paper = shelf.take(case)
            if paper is not None and self._clean(paper.prepared, target):
                for question in paper.questions:
                    if self._stop.is_set():
                        return
                    self._on_answer(self._asked(paper.prepared, target, question))
            shelf.give_back(case)
            self._on_case(target)

        lanes.go(plan, self._slots, do, self._stop)

    def _paper(self, case: Case) -> Paper:
        prepared = self._session.prepare(case)
        return Paper(prepared, chosen(case.id, questions(prepared), self._most))

    def _clean(self, prepared: Prepared, target: Target) -> bool:
        """Whether the case without a mistake runs here and agrees."""
        record = self._session.cell(prepared, target)
        if record["verdict"] in NEUTRAL:
            return False
        outcome = "false alarm" if record["verdict"] in FAILED else "clean"
        message = record.get("message", "")
        self._on_answer(Answer(prepared.case.id, str(target), outcome=outcome, message=message))
        return outcome == "clean"

    def _asked(self, prepared: Prepared, target: Target, question: Question) -> Answer:
        wrong = question.wrong
        record = self._session.cell(replace(prepared, wrongs=((str(target), wrong),)), target)
        causes = _causes(record)
        fits = [c["node"] == wrong.node and _is_it(c, question) for c in causes]
        blamed = () if record.get("blame") in (["copy"], ["fusion"]) else record.get("blame", ())
        return Answer(
            case=prepared.case.id,
            target=str(target),
            layer=question.layer,
            node=wrong.node,
            mistake=wrong.name,
            kind=question.kind,
            words=wrong.words,
            outcome=_outcome(record["verdict"], question, target),
            first=causes[0]["name"] if causes else "",
            named=any(fits) if question.kind == "element" and _all_elements(causes) else bool(fits) and fits[0],
            among=any(fits),
            elsewhere=tuple(n for n in blamed if n not in question.nodes),
            message=record.get("message", ""),
        )


def _causes(record: Record) -> list[Record]:
    return [c for d in record.get("diagnosis", ()) for c in d["causes"]]


def _all_elements(causes: list[Record]) -> bool:
    """Whether all that was named are single elements, which are the same function: a mean and a beta, say."""
    return all(c["name"] == ELEMENT for c in causes)


def _is_it(cause: Record, question: Question) -> bool:
    if question.kind != "element":
        return cause["name"] in question.same
    place = question.wrong.words.partition("]")[0]  # W[3, 0
    return bool(cause["name"] == question.wrong.name and cause["words"].startswith(f"{place}]"))


def _outcome(verdict: str, question: Question, target: Target) -> str:
    if verdict in ("crashed", "timeout"):
        return "refused"
    if verdict in NEUTRAL:
        return "unsupported"
    if verdict in FAILED:
        return "caught"
    if question.must_be_caught:
        return "undone" if undone(question.wrong.name, target.engine) else "missed"
    return "hidden"
