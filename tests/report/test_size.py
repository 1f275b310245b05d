import base64

import pytest

from parity.report.data import collect
from parity.report.page import render
from parity.results import Results

TARGETS = [f"engine{i}@cpu" for i in range(5)]


def suite(make, cases, again=()):
    """A suite of single layers on five targets, every fifth a network of 3 to 10 layers.

    One cell in fifty fails, says why, and has a script; one layer in four is exact; every finding has its distribution
    of errors.

    Args:
        again: further environments, in which the last 200 cases come out the same but for the time they take.
    """
    for environment in ("py311", *again):
        make.run(environment)
        for target in TARGETS:
            make.target(target, environment)
    for i in range(cases):
        network = i % 5 == 0
        name = f"networks/net{i}" if network else f"layers/file{i // 20}[variant-{i}]"
        make.case(name, ("conv", *(f"layer{k}" for k in range(2 + i // 5 % 8))) if network else ("relu",))
        make.results.cases[name]["power"] = make.power()
        for target in TARGETS:
            cell = verdict(make, name, target, 16 if network else 8)
            for environment in again if i >= cases - 200 else ():
                make.results.cells[environment, name, target] = cell | {"environment": environment} | times(make)
    return make.results


def verdict(make, case, target, size):
    if make.random.random() < 0.02:
        script = base64.b64encode(make.random.randbytes(9000)).decode()
        message = f"conv (Conv2D): {make.random.random()} times what rounding allows"
        cell = make.cell(case, target, "differs", message=message, script=script)
    else:
        cell = make.cell(case, target)
    make.judged_by_others(cell)
    for i, finding in enumerate((*cell["layers"], *cell["final"])):
        exact = i % 4 == 1  # as of ReLU, pooling, reshaping
        finding |= {"spread": {"zero": 6, "from": 0, "counts": []}} if exact else make.erring(size, size)
        if exact:
            finding["metrics"] |= dict.fromkeys(("max_abs", "mean_abs", "rms", "sum_abs", "rel_l2", "bound_ratio"), 0.0)
    for finding in cell["final"]:
        finding |= {"bits": "0" * 16, "sample": "A" * 172}
    cell |= times(make)
    return cell


def times(make):
    names = ("layout", "build", "certificate", "tap", "run", "release")
    return {"timings": {k: make.random.random() for k in names}, "seconds": make.random.random()}


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
