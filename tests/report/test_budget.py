import json
import random

import pytest

from parity.report import data
from parity.report.budget import MISSES, affordable, errors_of, findings, scripts
from parity.report.data import collect, natural

EVERYTHING = 10**9


def results(make):
    """Two networks and a sweep on two targets; one cell fails."""
    make.fill(["networks/b", "networks/a", "layers/c[1]", "layers/c[2]"], ["chainer@cpu", "keras-jax@cpu"])
    make.cell("layers/c[2]", "keras-jax@cpu", "differs", ratio=40.0)
    for cell in make.results.cells.values():
        for finding in (*cell["layers"], *cell["final"]):
            finding |= make.erring()
    return make.results


def rows(found):
    out = {}
    for (_, case, target), cell in sorted(found.cells.items()):
        out.setdefault(case, {})[("chainer@cpu", "keras-jax@cpu").index(target)] = cell
    return out


def told(found, chosen):
    """(case, target, kind, tensor) of what was chosen."""
    return [
        (case, target, kind, f["tensor"])
        for (_, case, target), cell in found.cells.items() for kind in ("layers", "final") for f in cell[kind]
        if id(f) in chosen
    ]  # fmt: skip


def order(found):
    """What is chosen as the budget grows, in that order."""
    seen, steps = [], 40
    for budget in range(0, 24 * 400, steps):
        seen += [t for t in told(found, affordable(rows(found), natural, budget)) if t not in seen]
    return seen


def test_failures_then_outputs_then_the_worst_layers(make):
    found = results(make)
    first = order(found)
    assert len(first) == 24
    assert {t[:2] for t in first[:3]} == {("layers/c[2]", "keras-jax@cpu")}
    assert {t[2] for t in first[3:10]} == {"final"}
    worst = {
        (case, target, "layers", max(cell["layers"], key=lambda f: f["metrics"]["bound_ratio"])["tensor"])
        for (_, case, target), cell in found.cells.items() if cell["verdict"] != "differs"
    }  # fmt: skip
    assert set(first[10:17]) == worst


def test_single_cases_come_before_sweeps_in_the_order_of_names(make):
    cases = [case for case, *_ in order(results(make))[3:10]]
    assert cases == ["networks/a"] * 2 + ["networks/b"] * 2 + ["layers/c[1]"] * 2 + ["layers/c[2]"]


def test_the_budget_holds_and_nothing_is_free(make):
    found = results(make)
    assert affordable(rows(found), natural, 0) == set()
    assert len(affordable(rows(found), natural, EVERYTHING)) == 24
    some = affordable(rows(found), natural, 1000)
    assert 1000 / 400 < len(some) < 1000 / 30


def test_what_the_case_said_before_costs_nearly_nothing(make):
    found = results(make)
    for cell in found.cells.values():
        for finding in (*cell["layers"], *cell["final"]):
            finding |= {
                k: found.cells["py311", "networks/a", "chainer@cpu"]["final"][0][k]
                for k in ("spread", "map", "profile")
            }
    assert len(affordable(rows(found), natural, 900)) == 24


def test_findings_of_older_results_have_nothing_to_show(make):
    make.fill(["a"])
    assert affordable({"a": {0: make.results.cells["py311", "a", "chainer@cpu"]}}, natural, EVERYTHING) == set()
    assert "spread" not in json.dumps(collect(make.results).pieces)


def test_no_map_of_where_nothing_is_off(make):
    whole = make.erring()
    assert errors_of({"tensor": "y", **whole, "bits": "0"}) == whole
    assert errors_of(whole | {"spread": {"zero": 6, "from": 0, "counts": []}}).keys() == {"spread"}


def test_probes_are_findings_too(make):
    make.fill(["a"], ["chainer@cpu"])
    probed = make.finding("conv", "rounding", 0.99, ["conv"])
    cell = make.cell("a", probe={"verdict": "rounding", "layers": [probed]})
    groups = {f.finding["tensor"]: f.group for f in findings(cell) if f.finding in (probed, *cell["final"])}
    assert groups == {"relu": 1, "conv": 2}


def test_what_is_chosen_does_not_depend_on_the_order_of_cells(make, monkeypatch):
    found = results(make)
    monkeypatch.setattr(data, "affordable", lambda rows, order: affordable(rows, order, 1000))
    first = collect(found)
    cells = list(found.cells.items())
    random.Random(2).shuffle(cells)
    found.cells = dict(cells)
    assert collect(found) == first


@pytest.mark.parametrize(("budget", "expected"), [(0, []), (9600, ["new"]), (EVERYTHING, ["known", "new", "short"])])
def test_scripts_of_new_failures_come_first(make, budget, expected):
    make.case("a")
    written = [("known", True, 6000), ("new", False, 6000), ("short", True, 600)]
    text = {name: make.random.randbytes(size).hex() for name, _, size in written}
    cells = {name: make.cell("a", name, "differs", ok=ok, script=text[name]) for name, ok, _ in written}
    found = scripts(cells.values(), budget)
    assert [name for name, cell in cells.items() if id(cell) in found] == expected


def test_where_many_do_not_fit_no_more_scripts_are_looked_at(make):
    """Packing thousands of them to learn their sizes would take seconds."""
    make.case("a")
    cells = [make.cell("a", f"{i}", "differs", script=make.random.randbytes(600).hex()) for i in range(MISSES)]
    short = make.cell("a", "short", "differs", script="print(1)")
    assert scripts([*cells[1:], short], 400) == {id(short)}
    nobody_could_pack_it = make.cell("a", "last", "differs", script=None)
    assert scripts([*cells, nobody_could_pack_it], 400) == set()


def test_a_script_is_whole_in_the_page(make):
    make.fill(["a"], ["chainer@cpu"])
    make.cell("a", verdict="differs", script="print(0.123456789)\n" * 20)
    assert collect(make.results).pieces[0]["a"]["cells"]["0"]["script"] == "print(0.123456789)\n" * 20
