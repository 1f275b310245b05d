from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from parity import standalone
from parity.session import Session
from parity.standalone import EMBEDDED, can_say
from parity.targets import Target, missing
from parity.workers.pool import WorkerDied
from tests.stand_in import A, B, StandInPool, answer, cells, load_cases, run_fixture, write_case  # noqa: F401

MISTAKEN = """
description: An epsilon that was forgotten.
inputs: {x: {shape: [2, 3, 4, 5]}}
layers:
  - {layer: BatchNorm, name: bn, epsilon: 1.0e-3}
  - {layer: Conv2D, name: conv, filters: 2, kernel: 3}
mistakes:
  - {target: "*", layer: bn, mistake: epsilon, value: 0}
"""
ALONE = """
import runpy, sys
sys.modules["parity"] = None
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def printed(script: str, folder) -> float:
    """The ratio that a script prints, in a process that cannot import parity."""
    path = folder / "script.py"
    path.write_text(script, encoding="utf-8")
    command = [sys.executable, "-I", "-c", ALONE, str(path)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    assert made.returncode == 0, made.stderr[-3000:]
    [ratio] = re.findall(r"error / bound (\S+)$", made.stdout, re.MULTILINE)
    return float(ratio)


def off(_, *request):
    """What an engine says whose every number is 1e-3 too large."""
    reply, out = answer(*request)
    return reply, {k: v + np.float32(1e-3) for k, v in out.items()}


def test_a_failing_cell_has_the_script_of_what_was_judged(tmp_path, run):
    if why := missing(B):
        pytest.skip(why)
    write_case(tmp_path, "a", MISTAKEN)
    cell = cells(run(targets=[B]))["a", str(B)]
    ratio = cell["final"][0]["metrics"]["bound_ratio"]
    assert cell["verdict"] == "differs"
    assert ratio > 100
    assert printed(cell["script"], tmp_path) == pytest.approx(ratio, rel=0.02)


def test_its_bounds_are_loosened_as_the_case_says(tmp_path, run):
    if why := missing(B):
        pytest.skip(why)
    write_case(tmp_path, "a", MISTAKEN)
    write_case(tmp_path, "b", MISTAKEN, "loosen: [{layer: conv, absolute: 1.0e-3, reason: To see.}]\n")
    found = cells(run(targets=[B]))
    plain, loose = (found[name, str(B)]["final"][0]["metrics"]["bound_ratio"] for name in "ab")
    assert loose < plain / 2
    assert printed(found["b", str(B)]["script"], tmp_path) == pytest.approx(loose, rel=0.02)


def test_a_cell_that_passes_has_no_script(tmp_path, run):
    write_case(tmp_path, "a")
    assert all("script" not in c for c in cells(run()).values())


def test_a_cell_that_crashed_has_one(tmp_path, run):
    def die(*_):
        raise WorkerDied("killed by signal 11", "")

    write_case(tmp_path, "a")
    found = cells(run(StandInPool(die)))
    assert {c["verdict"] for c in found.values()} == {"crashed"}
    assert "import chainer" in found["a", str(A)]["script"]
    assert "ReferenceEvaluator" in found["a", str(B)]["script"]


def test_large_arrays_are_not_embedded(tmp_path, run):
    rows = EMBEDDED // (2 * 4 + 4 * 16)  # two columns in, float32; four out, float64, twice
    for name, n in (("fits", rows - 2), ("large", rows + 1)):
        write_case(tmp_path, name, f"""
            description: One layer.
            inputs: {{x: {{shape: [{n}, 2]}}}}
            layers: [{{layer: Linear, name: fc, units: 4}}]
        """)  # fmt: skip
    found = cells(run(StandInPool(off), targets=[A]))
    assert found["fits", str(A)]["verdict"] == found["large", str(A)]["verdict"] == "differs"
    assert "ARRAYS" in found["fits", str(A)]["script"]
    assert not {"script", "no_script"} & set(found["large", str(A)])


@pytest.mark.usefixtures("run")
def test_who_needs_no_script_gets_none(tmp_path):
    write_case(tmp_path, "a")
    [case] = load_cases(tmp_path)
    for wanted in (True, False):
        with Session(StandInPool(off), scripts=wanted) as session:
            cell = session.cell(session.prepare(case), A)
        assert cell["verdict"] == "differs"
        assert ("script" in cell) is wanted


@pytest.mark.parametrize(
    ("target", "says"),
    [("chainer@cpu", True), ("chainer@cpu:storage_float16", True), ("keras-jax@gpu", False),
     ("chainer@cpu:float16", False), ("chainer@gpu:tf32", False)],
)  # fmt: skip
def test_targets_that_there_are_scripts_for(target, says):
    assert can_say(Target.parse(target)) is says


def test_no_script_for_another_precision(tmp_path, run):
    write_case(tmp_path, "a")
    half = Target.parse("chainer@cpu:float64")
    cell = cells(run(StandInPool(off), targets=[half]))["a", str(half)]
    assert cell["verdict"] == "differs"
    assert not {"script", "no_script"} & set(cell)


def test_a_writer_that_fails_costs_no_verdict(tmp_path, run, monkeypatch):
    def fails(_):
        raise KeyError("weights/fc")

    monkeypatch.setitem(standalone.WRITERS, "chainer", fails)
    write_case(tmp_path, "a")
    found = cells(run(StandInPool(off)))
    assert found["a", str(A)]["verdict"] == "differs"
    assert found["a", str(A)]["no_script"] == "KeyError: 'weights/fc'"
    assert "script" not in found["a", str(A)]
    assert "script" in found["a", str(B)]
