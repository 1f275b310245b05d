"""The page about a run on a CUDA device says what there was, what failed, what is known, and what does not repeat."""

import pytest

from parity.errors import BadInput
from parity.report.device import page

GPU, CPU = "keras-torch@gpu", "keras-torch@cpu"
CARD = {"name": "NVIDIA Invented", "memory": 80 << 30, "capability": "9.0", "driver": "580.1", "cuda": "13.0"}
FACTS = {"versions": {"torch": "2.11.0", "keras": "3.15.1"}, "device": "gpu", "mode": "eager", "gpu": CARD,
         "deterministic": "not asked for"}  # fmt: skip


@pytest.fixture
def results(make):
    """Three cases on a GPU and a CPU, all well."""
    found = make.fill(["a", "b", "c"], (GPU, CPU))
    for (_, target), record in found.targets.items():
        if target == GPU:
            record["facts"] = FACTS
    for (_, _, target), cell in found.cells.items():
        if target == GPU:
            cell.update(repeats={"runs": 4, "distinct": 1, "max_abs": 0.0}, calibrated=True)
    return found


def section(text, title):
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def row(text, start):
    return next(line for line in text.splitlines() if line.startswith(f"| {start} |"))


def test_a_run_that_is_well(results):
    text = page(results)
    assert text.startswith("# NVIDIA Invented, 2026-11-21\n")
    assert "NVIDIA Invented: 80.0 GiB, compute capability 9.0, driver 580.1, CUDA 13.0." in text
    assert "keras 3.15.1, torch 2.11.0 | eager | not asked for" in row(text, GPU)
    assert section(text, "What failed").strip() == "Nothing."
    assert section(text, "What is known to fail").strip() == "Nothing."
    assert row(section(text, "What does not repeat bit for bit"), GPU) == f"| {GPU} | 3 |  |  |  |"
    assert section(text, "Provisional verdicts").startswith("\nNone")


def test_a_driver_without_a_version_is_left_out(results, make):
    make.results.targets["py311", GPU]["facts"] = FACTS | {"gpu": CARD | {"driver": ""}}
    assert "compute capability 9.0, CUDA 13.0." in page(results)


def test_what_failed_has_its_message_and_its_cases(results, make):
    for case in ("a", "b"):
        make.cell(case, GPU, "crashed", ok=False, message="RuntimeError: no kernel |\n here")
    make.cell("c", CPU, "crashed", ok=False, message="not of the GPU")
    failed = section(page(results), "What failed")
    assert failed.strip() == f"- {GPU}, crashed, a, b: RuntimeError: no kernel \\| here"
    assert "| 2 |" in row(section(page(results), "Verdicts"), GPU)


def test_many_cases_are_counted(results, make):
    for number in range(9):
        make.case(f"many{number}")
        make.cell(f"many{number}", GPU, "crashed", ok=False, message="the same")
    assert "many0, many1, many2, many3, many4, many5 and 3 more: the same" in page(results)


def test_known_failures_stand_apart(results, make):
    make.cell("a", GPU, "differs", ok=True, expected={"reason": "x"}, message="known", ratio=1e9)
    text = page(results)
    assert f"- {GPU}, differs, a: known" in section(text, "What is known to fail")
    assert section(text, "What failed").strip() == "Nothing."
    assert "1e9" not in row(section(text, "Verdicts"), GPU), "what is known to fail is no figure of the others"


def test_what_does_not_repeat_shows_the_worst(results, make):
    for case, apart in (("a", 1e-6), ("b", 2e-3), ("c", "inf")):
        make.results.cells["py311", case, GPU]["repeats"] = {"runs": 4, "distinct": 3, "max_abs": apart}
    line = row(section(page(results), "What does not repeat bit for bit"), GPU)
    assert line == f"| {GPU} | 3 | 3 | ∞ | c: 3 different ones of 4 |"


def test_provisional_verdicts_are_counted(results, make):
    make.results.cells["py311", "a", GPU]["calibrated"] = False
    assert section(page(results), "Provisional verdicts").strip() == f"- {GPU}: 1 of 3 cells"


def test_without_a_device(make):
    make.fill(["a"], ())
    make.target(GPU, reason="no CUDA device")
    make.cell("a", GPU, "skipped", message="no CUDA device")
    text = page(make.results)
    assert text.startswith("# No CUDA device, 2026-11-21")
    assert f"| {GPU} | – | no CUDA device | |" in text
    assert section(text, "What does not repeat bit for bit").strip() == "Nothing was run more than once."


def test_results_of_a_cpu_make_no_page(make):
    with pytest.raises(BadInput, match="no target of a GPU"):
        page(make.fill(["a"], (CPU,)))
