"""The tables of docs/precision.md are those of today's code."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from parity.case.case import load
from parity.measure.precision import loss
from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import Formats
from parity.measure.precision.page import BEGIN, END
from parity.measure.precision.record import Ledger
from parity.measure.precision.show import ROW
from parity.measure.precision.show import row as show_row
from parity.precision import PRECISIONS
from parity.session import Session
from parity.targets import Target, missing
from parity.workers.pool import Pool

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/precision.md").read_text("utf-8")
CASES = ("seeds/dcgan_70mb", "seeds/dcgan_generator")
NEAR = 0.03
"""Of a figure with three digits: other versions of NumPy sum in another order."""


def shown(page: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """(case, precision, target) → the cells of its line."""
    found = {}
    case, head = "", []
    for line in page.partition(BEGIN)[2].partition(END)[0].splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("`"):
            case, head = line.strip("`"), []
        elif line.startswith("| precision"):
            head = cells
        elif line.startswith("|") and "---" not in line:
            row = dict(zip(head, cells, strict=True))
            found |= {(case, row["precision"], target): row for target in row["target"].split(", ")}
    return found


@cache
def emulated(case: str) -> Emulator:
    (one,) = load(ROOT / "cases" / f"{case}.yaml")
    return Emulator(one.graph, one.inputs(), one.weights())


@cache
def measured(case: str, precision: str) -> tuple[dict, str]:
    """The output's figures, and the bytes."""
    formats = Formats.of(PRECISIONS[precision])
    split = loss.Split(emulated(case), formats, {})
    (found,) = loss.outputs(emulated(case), split)
    before, after = (sum(r["bytes"][i] for r in loss.layers(emulated(case), formats, split)) for i in (0, 1))
    return found, f"{before:,} → {after:,}"


def stale(page: str, case: str) -> list[str]:
    """What stands otherwise in a page than it is measured."""
    wrong = []
    for (name, precision, target), row in shown(page).items():
        if (name, target) != (case, "emulation"):
            continue
        found, size = measured(case, precision)
        if row["bytes of weights"] != size:
            wrong.append(f"{case} {precision}: {size}")
        if float(row["relative L2"]) != pytest.approx(found["rel_l2"], rel=NEAR):
            wrong.append(f"{case} {precision}: relative L2 {found['rel_l2']}")
        for column, key in (("SNR", "snr_db"), ("PSNR", "psnr_db")):
            if float(row[column].removesuffix(" dB")) != pytest.approx(found[key], abs=0.3):
                wrong.append(f"{case} {precision}: {column} {found[key]}")
    return wrong


def test_both_generators_are_shown_in_half_the_bytes():
    rows = shown(PAGE)
    for case in CASES:
        for precision in ("storage_float16", "float16", "bfloat16"):
            row = rows[case, precision, "emulation"]
            before, after = (int(n) for n in re.findall(r"\d+", row["bytes of weights"].replace(",", "")))
            assert after * 2 == before
    assert "77,160,332 → 38,580,166" in PAGE


@pytest.mark.parametrize("case", CASES)
def test_mixed_precision_saves_nothing_in_keras(case):
    rows = shown(PAGE)
    for engine in ("keras-jax", "keras-tensorflow"):
        before, after = rows[case, "mixed_float16", engine]["bytes of weights"].split(" → ")
        assert before == after
    assert rows[case, "mixed_float16", "chainer"]["bytes of weights"] != f"{before} → {after}"


@pytest.mark.parametrize("case", CASES)
def test_figures_are_current(case):
    assert stale(PAGE, case) == [], "parity precision cases/seeds -k dcgan --page docs/precision.md writes them again"


def test_an_engine_gives_what_its_lines_say():
    case, engine = "seeds/dcgan_generator", Target("onnxruntime")
    if why := missing(engine):
        pytest.skip(why)
    (one,) = load(ROOT / "cases" / f"{case}.yaml")
    with Session(Pool(), jobs=1) as session:
        ledger = Ledger(session.prepare(one))
        for precision in ("float16", "storage_float16"):
            target, answers = replace(engine, precision=precision), []
            cell = session.cell(ledger.prepared, target, answers.append)
            found = ledger.loss(target, PRECISIONS[precision], answers[0].taps, answers[0].outputs)
            now = dict(zip([name for name, _ in ROW], show_row(found, cell), strict=True))
            row = shown(PAGE)[case, precision, "onnxruntime"]
            if cell["facts"]["versions"]["onnxruntime"].startswith("1.22."):  # rounds less in between
                assert float(now["relative L2"]) < float(row["relative L2"]) * (1 + NEAR)
                continue
            assert float(row["relative L2"]) == pytest.approx(float(now["relative L2"]), rel=2 * NEAR)
            for column in ("bytes of weights", "largest part", "verdict"):
                assert row[column] == now[column]


def test_a_stale_figure_is_seen():
    case = "seeds/dcgan_generator"
    row = shown(PAGE)[case, "float16", "emulation"]
    before, at, after = PAGE.partition(f"`{case}`\n")
    for column, other in (("relative L2", "0.000111"), ("PSNR", "99.9 dB"), ("bytes of weights", "2 → 1")):
        page = before + at + after.replace(row[column], other)
        assert stale(page, case), column
