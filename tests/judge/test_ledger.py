"""Bounds that are loosened: for whom, how far, whether that is needed, and what it lets through."""

import math

import numpy as np
import pytest

from parity.judge.bound import Judged, Loosening, Reference
from parity.judge.ledger import Entry, exact, judge_loosened, lets_through, loosened, mistakes_through
from parity.judge.verdict import judge
from tests.judge.conftest import Net, node


def entry(layer, factor=None, absolute=None):
    return Entry(layer, Loosening(factor, absolute), "because")


def off(net, name, ratio):
    """Tensors of a sound engine but for one layer, off by so many times its bound in one element."""

    def change(tensor, array):
        if tensor != name:
            return array
        array = array.copy()
        bound = net.reference.tensors[name].own
        array.flat[1] += np.float32(ratio * (bound.flat[1] if bound is not None else 1e-3))
        return array

    return net.run(change=change)


def judged(net, tensors, *entries):
    taps = {t: tensors[t] for t in net.graph.taps}
    return judge_loosened(net.reference, entries, taps, {t: tensors[t] for t in net.graph.outputs})


def test_without_entries_it_is_the_plain_judgement(net):
    tensors = off(net, "fc1", 5)
    found, table = judged(net, tensors)
    assert (found.verdict, found.blame, table) == ("differs", ("fc1",), [])


@pytest.mark.parametrize(("factor", "verdict"), [(10, "rounding"), (3, "differs")])
def test_a_factor(net, factor, verdict):
    found, [row] = judged(net, off(net, "fc1", 5), entry("fc1", factor))
    assert found.verdict == verdict
    assert row["needed"] == pytest.approx(5, abs=1)
    assert not row["stale"]
    assert (row["layer"], row["factor"], row["absolute"], row["reason"]) == ("fc1", factor, None, "because")


def test_no_other_layer_profits(net):
    found, [row] = judged(net, off(net, "fc2", 5), entry("fc1", 100))
    assert (found.verdict, found.blame, row["stale"]) == ("differs", ("fc2",), False)


def test_an_exact_layer_may_be_allowed_an_absolute_error(net):
    tensors = off(net, "relu", 1)
    assert judged(net, tensors, entry("relu", factor=100))[0].blame == ("relu",)
    found, [row] = judged(net, tensors, entry("relu", absolute=0.002))
    assert (found.verdict, row["needed"], row["stale"]) == ("rounding", "inf", False)
    assert judged(net, tensors, entry("relu", absolute=1e-5))[0].verdict == "differs"


def test_what_is_loosened_is_carried_to_the_end(net):
    plain = net.reference.tensors
    more = Reference.of(net.graph, net.reference.inputs, net.weights, loosened(net.graph, [entry("fc1", 50)])).tensors
    np.testing.assert_array_equal(more["relu"].bound, plain["relu"].bound)
    np.testing.assert_allclose(more["fc1"].own, 50 * plain["fc1"].own)
    assert (more["prob"].bound > 1.5 * plain["prob"].bound).any()
    np.testing.assert_array_equal(more["prob"].value, plain["prob"].value)


def test_what_is_no_longer_needed_is_stale(net):
    found, [first, second] = judged(net, off(net, "fc1", 5), entry("fc1", 10), entry("fc2", 10))
    assert found.verdict == "rounding"
    assert (first["stale"], second["stale"], second["needed"]) == (False, True, None)
    _, [row] = judged(net, net.run(), entry("*", 10))
    assert row["stale"]


def test_a_wrong_copy_is_not_the_time_to_call_a_loosening_stale(net):
    tensors = net.run()
    taps = {t: tensors[t] for t in net.graph.taps}
    found, [row] = judge_loosened(net.reference, [entry("fc1", 10)], taps, {"prob": tensors["prob"]}, "fc1/W differs")
    assert (found.blame, row["stale"]) == (("copy",), False)


def test_several_loosenings_of_one_layer_add_up(net):
    both = loosened(net.graph, [entry("fc*", 3), entry("fc1", absolute=1e-3)])
    assert {k: len(v) for k, v in both.items()} == {"fc1": 2, "fc2": 1}


def test_exact_layers_are_found(net):
    assert exact(net.reference, entry("relu", 3)) == ("relu",)
    assert exact(net.reference, entry("relu", absolute=3)) == ()
    assert exact(net.reference, entry("*", 3)) == ()
    assert exact(net.reference, entry("fc1", 3)) == ()


def test_what_passes_grows_with_the_factor(net):
    shares = []
    for factor in (2, 1e3, 1e4):
        [row] = lets_through(net.reference, entry("fc1", factor))
        assert row["nodes"] == ["fc1"]
        small, large = row["weights"]
        assert (small["change"], large["change"]) == (0.01, 0.1)
        assert small["passes"] >= max(small["before"], large["passes"])
        shares.append((small["passes"], large["passes"]))
    assert shares == sorted(shares)
    assert shares[0][0] < 0.3  # those behind dead ReLUs
    assert shares[-1][0] > 0.5


def test_every_share_is_as_if_an_engine_had_that_weight(square):
    """Ten weights changed by 10% in an engine: as often caught as predicted."""
    loose = entry("fc", 1e4)
    [row] = lets_through(square.reference, loose)
    passes = 0
    held = {"fc/W": square.weights["fc/W"], "fc/b": square.weights["fc/b"]}
    elements = [(name, i) for name, w in held.items() for i in range(w.size)]
    for name, i in elements:
        changed = held[name].copy()
        changed.flat[i] *= np.float32(1.1)
        found, _ = judged(square, square.run({name: changed}), loose)
        passes += found.verdict == "rounding"
    assert row["weights"][1]["elements"] == len(elements)
    assert row["weights"][1]["passes"] == pytest.approx(passes / len(elements), abs=0.05)
    assert 0 < passes < len(elements)


def test_layers_between_the_same_taps_are_asked_together(net):
    [row] = lets_through(net.reference, entry("bn", 100))
    assert row["nodes"] == ["conv", "bn"]
    assert row["weights"][0]["elements"] > 6 * 4
    [row] = lets_through(net.reference, entry("tanh", 100))
    assert (row["nodes"], row["weights"]) == (["tanh"], [])


def test_known_mistakes_that_a_loosening_lets_through():
    """Epsilon 0 instead of 2e-5 is 14 to 18 times the bound where the variance is near 1, and 1e-3 is 50 times that."""
    bn = Net.of({"x": (4, 3, 5, 5)}, (node("bn", "BatchNorm", "x", epsilon=2e-5),), ("bn",))

    def passing(factor):
        [row] = lets_through(bn.reference, entry("bn", factor))
        assert row["tried"] >= 5
        return {m.partition(": ")[2] for m in row["mistakes"]}

    none, some, more = passing(2), passing(100), passing(10_000)
    assert not any("epsilon" in m for m in none)
    assert any("epsilon" in m for m in some)
    assert some < more
    assert not any("mean" in m for m in more)  # exchanged statistics are beyond any factor


def test_mistakes_that_pass_by_the_loosening_alone():
    value = np.zeros((2, 2))
    plain, loose = ({"y": Judged(value, np.full((2, 2), b))} for b in (1e-6, 1e-4))
    made = {"small": 1e-7, "between": 1e-5, "large": 1e-3, "nan": math.nan}
    changed = [(name, {"y": value + size}) for name, size in made.items()]
    changed += [("shape", {"y": np.zeros((2, 1))})]
    assert mistakes_through(plain, loose, changed) == ["between"]


def test_the_plain_reference_is_left_alone(net):
    before = judge(net.reference, net.run(), net.run()).verdict
    judged(net, net.run(), entry("*", 100))
    assert judge(net.reference, net.run(), net.run()).verdict == before
    assert net.reference.loosened == {}
