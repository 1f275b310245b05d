import pytest

from parity.report.data import collect
from parity.report.page import render
from parity.results import Results
from tests.report.synthetic import suite


def shown(results):
    """All cells as the page shows them."""
    return [cell for piece in collect(results).pieces for d in piece.values() for cell in d["cells"].values()]


def of(cells, *kinds):
    return [finding for cell in cells for kind in kinds for finding in cell.get(kind, ())]


@pytest.fixture(scope="module")
def results(maker):
    return suite(maker(), 800, ["py312"])


def test_5000_verdicts_fit_in_2_megabytes(results):
    assert len(results.cells) == 5000
    assert len(render(results).encode()) <= 2_000_000


def test_what_fits_is_what_readers_need_first(results):
    cells = shown(results)
    failed = [c for c in cells if c["verdict"] == "differs"]
    assert len(failed) > 50
    assert all("spread" in f for f in of(failed, "layers", "final"))
    assert sum("script" in c for c in failed) >= 8
    assert sum("spread" in f for f in of(cells, "final")) > 2000
    assert not any({"bits", "sample"} & set(f) for f in of(cells, "layers", "final"))


def test_environments_that_agree_cost_little(make):
    alone, five = suite(make, 200), suite(type(make)(), 200, [f"py3{i}" for i in range(12, 16)])
    assert len(five.cells) == 5 * len(alone.cells) == 5000
    empty = len(render(Results()))
    assert len(render(five)) - empty < 1.5 * (len(render(alone)) - empty)
