"""The exam asks what the layers invite, counts what came of it, and notices an engine or a verdict that fails it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from parity import session as session_module
from parity.exam.page import page
from parity.exam.questions import ELEMENT, questions
from parity.exam.record import record, share
from parity.exam.sit import Answer, Exam, chosen
from parity.records import dump
from parity.session import Session
from parity.targets import Target
from tests.stand_in import StandInPool, answer, load_cases, write_case

TARGET = Target("onnx-reference")
NET = """
description: Three layers.
inputs: {x: {shape: [3, 4, 6, 5]}}
layers:
  - {layer: Conv2D, name: conv, filters: 4, kernel: 3}
  - {layer: BatchNorm, name: bn, epsilon: 2.0e-5}
  - {layer: LeakyReLU, name: act, alpha: 0.2}
"""


@pytest.fixture
def case(tmp_path):
    write_case(tmp_path, "net", NET)
    [made] = load_cases(tmp_path)
    return made


def sat(case, engine, monkeypatch, most=None) -> list[Answer]:
    """All answers of an engine that is a function."""
    monkeypatch.setattr(session_module, "missing", lambda _: None)
    answers: list[Answer] = []
    with Session(StandInPool(engine)) as session:
        Exam(session, 1, most, answers.append).run([case], [TARGET])
    return answers


def flawless(_, *request):
    return answer(*request)


def test_a_sound_engine_is_caught_with_everything_it_is_made_to_do(case, monkeypatch):
    answers = sat(case, flawless, monkeypatch)
    assert [a.outcome for a in answers if not a.mistake] == ["clean"]
    asked = [a for a in answers if a.mistake]
    assert {"epsilon", "alpha", "kernel flipped", "bias dropped", "layer left out", ELEMENT} <= {
        a.mistake for a in asked
    }
    assert {a.outcome for a in asked} <= {"caught", "hidden"}
    assert not any(a.elsewhere for a in asked)
    caught = [a for a in asked if a.outcome == "caught"]
    assert sum(a.named for a in caught) >= 0.9 * len(caught)


def test_an_engine_that_nothing_can_be_done_to_is_missed(case, monkeypatch):
    first = {}

    def deaf(_, header, arrays):
        first.setdefault("sound", answer(header, arrays))  # the clean run comes first; ever after the same
        return first["sound"]

    answers = sat(case, deaf, monkeypatch, most=8)
    assert {a.outcome for a in answers if a.mistake} <= {"missed", "hidden"}
    assert any(a.outcome == "missed" for a in answers)
    made = record(answers, {}, {"cases": 1})
    assert made["totals"]["missed"] == len(made["failures"]) > 0
    assert made["totals"]["caught"] == 0


def test_an_engine_that_is_wrong_by_itself_is_a_false_alarm_and_is_asked_nothing(case, monkeypatch):
    def off(_, header, arrays):
        reply, out = answer(header, arrays)
        return reply, {k: v + np.float32(0.1) if k.endswith("act") else v for k, v in out.items()}

    answers = sat(case, off, monkeypatch)
    assert [a.outcome for a in answers] == ["false alarm"]
    assert record(answers, {}, {"cases": 1})["clean"] == {"cells": 1, "false_alarms": 1}


def test_what_an_engine_takes_back_is_not_missed(case, monkeypatch):
    first = {}

    def deaf(_, header, arrays):
        first.setdefault("sound", answer(header, arrays))
        return first["sound"]

    monkeypatch.setattr("parity.exam.known.UNDONE", {("epsilon", TARGET.engine): "why"})
    answers = sat(case, deaf, monkeypatch)
    assert {a.outcome for a in answers if a.mistake == "epsilon"} == {"undone"}
    assert record(answers, {}, {})["totals"]["undone"] == 1


def test_blame_elsewhere_is_counted(case, monkeypatch):
    def off(_, header, arrays):
        reply, out = answer(header, arrays)
        if any("before0" in n["name"] or "/wrong/" in str(n["shared"]) for n in header["graph"]["nodes"]):
            out = {k: v * np.float32(1.1) if k.endswith("act") else v for k, v in out.items()}
        return reply, out

    answers = sat(case, off, monkeypatch)
    assert {a.elsewhere for a in answers if a.elsewhere} == {("act",)}


def test_questions_know_what_can_be_seen(case):
    with Session(StandInPool(flawless)) as session:
        asked = questions(session.prepare(case))
    names = {(q.wrong.node, q.wrong.name): q for q in asked}
    assert names["bn", "epsilon"].must_be_caught
    assert names["bn", "epsilon"].nodes == ("conv", "bn")
    assert names["conv", ELEMENT].kind == "element"
    assert all(q.wrong.name in q.same for q in asked)


def test_chosen_are_the_same_each_time_and_no_more_than_asked(case):
    with Session(StandInPool(flawless)) as session:
        asked = questions(session.prepare(case))
    assert len(chosen("a", asked, 5)) == 5
    assert chosen("a", asked, 5) == chosen("a", tuple(reversed(asked)), 5)
    assert chosen("a", asked, None) == tuple(asked)


def test_record_and_page():
    answers = [
        Answer("a", "chainer@cpu", outcome="clean"),
        Answer("a", "chainer@cpu", "Conv2D", "c", "pad", "parameter", "w", "caught", "pad", True, True),
        Answer("a", "chainer@cpu", "Conv2D", "c", "pad", "parameter", "w", "caught", "stride", False, True),
        Answer("a", "chainer@cpu", "Conv2D", "c", "pad", "parameter", "w", "hidden"),
        Answer("a", "chainer@cpu", "Conv2D", "c", "pad", "parameter", "w", "refused"),
        Answer("a", "chainer@cpu", "Conv2D", "c", ELEMENT, "element", "w", "missed"),
    ]
    facts = {"chainer@cpu": {"versions": {"chainer": "7.8.1"}, "mode": "eager"}}
    made = record(answers, facts, {"cases": 1, "questions_a_case": 7, "most_weights": 1000})
    pad = next(r for r in made["rows"] if r["mistake"] == "pad")
    assert (pad["committed"], pad["hidden"], pad["caught"], pad["named"], pad["among"]) == (3, 1, 2, 1, 2)
    assert pad["refused"] == 1
    assert made["totals"]["missed"] == 1
    assert made["unnamed"] == [{"mistake": "pad", "layer": "Conv2D", "named": "stride", "count": 1}]
    text = page(json.loads(dump(made)))
    assert "| pad | parameter | 3 | 1 | 100 % | 50 % | 100 % |" in text
    assert "a on chainer@cpu: missed: one wrong element" in text
    assert "chainer 7.8.1" in text
    assert "in 1 cells (a case on an engine) of at most 1,000 weights, at most 7 a cell" in text


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(0, 0, "–"), (2, 2, "100 %"), (1999, 2000, "99.9 %"), (0, 3, "0 %")]
)
def test_a_share_is_never_rounded_up_to_all(part, whole, text):
    assert share(part, whole) == text


def test_the_page_is_made_of_the_record():
    from parity.records import load

    written = Path(__file__).parents[2].joinpath("docs", "exam.md").read_text(encoding="utf-8")
    assert written == page(load("exam")), "parity exam --page writes it"


def test_the_record_meets_its_targets():
    from parity.records import load

    made = load("exam")
    assert made["clean"]["false_alarms"] == 0
    assert made["totals"]["missed"] == 0
    assert made["totals"]["named"] >= 0.9 * made["totals"]["caught"]
