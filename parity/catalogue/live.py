"""What the frameworks that are installed say of the layers: questions from a survey, a process each, answers."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import parity
from parity.catalogue.recording import DIALECTS
from parity.catalogue.sample import Sample
from parity.catalogue.survey import Survey
from parity.errors import BadInput

PROBED = 4
"""Samples with which an argument is left out until it is clear what that does."""
Facts = dict[str, Any]
"""Dialect → ``versions``, ``callables``, ``unasked``, ``initial``, as :mod:`parity.catalogue.introspect` gives them."""


def questions(surveys: dict[str, Survey], dialect: str) -> dict[str, Any]:
    """What a framework is asked."""
    names = sorted({n for s in surveys.values() for f in s.forms(dialect) for n in f.main if n[0].isalpha()})
    return {
        "callables": names,
        "unasked": {s.name: found for s in surveys.values() if (found := _unasked(s, dialect))},
        "initial": {s.name: forms for s in surveys.values() if (forms := _initial(s, dialect))},
    }


def _unasked(survey: Survey, dialect: str) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for f in dataclasses.fields(survey.cls):
        for carrier in () if survey.weighs(f.name) else survey.carriers(dialect, f.name):
            plain = _plain(carrier.pairs[0].ours)
            values = {p.sample: getattr(survey.own[p.sample].layer, f.name) for p in carrier.pairs}
            numbers = [n for n, v in values.items() if v not in plain] + [n for n, v in values.items() if v in plain]
            out.setdefault(f.name, []).append(
                {
                    "parameter": f.name,
                    "callable": carrier.callable,
                    "slot": carrier.slot,
                    "pairs": carrier.pairs,
                    "samples": [(n, _where(survey.own[n])) for n in numbers[:PROBED]],
                    "plain": plain,
                    "candidates": list(dict.fromkeys(p.ours for p in carrier.pairs)),
                }
            )
    return out


def _plain(value: Any) -> list[Any]:
    """What a framework may well do unasked."""
    if isinstance(value, bool):
        return [False, True]
    if isinstance(value, int):
        return [0, 1, -1]
    if isinstance(value, float):
        return [0.0, 1.0]
    if isinstance(value, tuple) and all(isinstance(v, int) for v in value):
        return [(0,) * len(value), (1,) * len(value)]
    return [((0, 0),) * len(value)] if isinstance(value, tuple) else []


def _initial(survey: Survey, dialect: str) -> dict[str, tuple[str, str, str]]:
    """Native operation → the sample with most weights."""
    out = {}
    for form in survey.forms(dialect):
        if dialect != "onnx" and form.native:
            best = max(form.samples, key=lambda s: len(_kept(s, dialect)))
            if best.graph.weights:
                out[form.main[0]] = _where(best)
    return out


def _kept(sample: Sample, dialect: str) -> list[str]:
    """Weights that can be read back, that is, are not added to another."""
    declared = sample.graph.node_weights(sample.graph.nodes[0])
    layouts = sample.layer.layout_map(dialect, declared)
    return [p.source for p in layouts.places if p.source in declared and not layouts.is_sum(p.target, declared)]


def _where(sample: Sample) -> tuple[str, str, str]:
    return str(sample.case.file), sample.case.id, sample.node.name


def ask(surveys: dict[str, Survey]) -> tuple[Facts, dict[str, str]]:
    """All frameworks that are here, at once.

    Returns:
        Answers by dialect, and why there are none.

    Raises:
        BadInput: a framework's process failed.
    """
    with ThreadPoolExecutor() as threads:
        found = dict(zip(DIALECTS, threads.map(lambda d: _answers(d, questions(surveys, d)), DIALECTS), strict=True))
    missing = {d: a["missing"] for d, a in found.items() if "missing" in a}
    return {d: a for d, a in found.items() if d not in missing}, missing


def _answers(dialect: str, asked: dict[str, Any]) -> dict[str, Any]:
    home = str(Path(parity.__file__).parents[1])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "parity.catalogue.introspect", dialect],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(f"the framework of {dialect} could not be asked, exit status {done.returncode}: {last}")
    return json.loads(done.stdout)
