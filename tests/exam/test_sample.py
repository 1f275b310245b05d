"""A sample of the exam, in real engines: all is caught, most is named, nothing is called wrong that is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.case.case import load
from parity.exam.record import record
from parity.exam.sit import Answer, Exam
from parity.session import Session
from parity.targets import Target, missing
from parity.workers.pool import Pool

CASES = Path(__file__).parents[2] / "cases"
FILES = ("layers/batch_norm", "layers/average_pool2d", "layers/gru", "layers/embedding", "networks/tied_weights")
MOST = 4
"""Questions a case."""


@pytest.mark.parametrize("engine", ["chainer", "onnxruntime"])
def test_a_sample(engine):
    target = Target(engine)
    if why := missing(target):
        pytest.skip(why)
    cases = [case for name in FILES for case in load(CASES / f"{name}.yaml", CASES)]
    answers: list[Answer] = []
    with Session(Pool()) as session:
        Exam(session, 1, MOST, answers.append).run(cases, [target])
    made = record(answers, {}, {})
    assert made["clean"]["cells"] >= 20
    assert made["totals"]["committed"] >= 70
    assert made["failures"] == []
    assert made["totals"]["caught"] + made["totals"]["hidden"] == made["totals"]["committed"]
    assert made["totals"]["named"] >= 0.9 * made["totals"]["caught"]
    assert len(made["rows"]) >= 10
