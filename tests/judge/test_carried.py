"""What the layers' own errors make of the outputs: carried on as bounds are, and each layer's share, exactly."""

import json

import numpy as np
import pytest

from parity.judge import carried
from parity.judge.bound import Judged, as_exact
from parity.judge.carried import Errors, shares, work
from tests.judge.conftest import Net, node


def bumped(name, size):
    """Adds to all elements of a layer's output; what follows from it follows."""

    def change(tensor, array):
        return array + np.float32(size) if tensor == name else array

    return change


@pytest.fixture(scope="module")
def straight():
    """Linear layers that do nothing to what passes but a known factor: the shares are known."""
    nodes = (
        node("a", "MulConstant", "x", value=2.0),
        node("relu", "ReLU", "a"),
        node("b", "MulConstant", "relu", value=4.0),
        node("c", "AddConstant", "b", value=1.0),
    )
    return Net.of({"x": (3, 5)}, nodes, ("c",))


def test_a_clean_engine_is_explained(net, sequence):
    for some in (net, sequence):
        tensors = some.run()
        for f in some.judged(tensors).final:
            assert 0 < f.carried["measured"] <= f.carried["allowed"]
            assert f.metrics.max_abs <= 4 * f.carried["at_worst"]["measured"]  # sums take errors as independent
            assert f.carried["at_worst"]["measured"] <= f.carried["at_worst"]["allowed"] == f.metrics.worst_bound
            assert f.carried["at_worst"]["measured"] <= f.carried["measured"]
            assert json.loads(json.dumps(f.to_json(), allow_nan=False))["carried"] == f.carried


def test_an_error_is_carried_by_the_rules(straight):
    [found] = straight.judged(straight.run(change=bumped("relu", 1e-3))).final
    assert found.carried["measured"] == pytest.approx(4e-3, rel=1e-3)
    assert found.metrics.max_abs == pytest.approx(4e-3, rel=1e-3)
    assert found.carried["allowed"] < 1e-5


def test_errors_of_several_layers_add_up(straight):
    def change(tensor, array):
        return array + np.float32({"relu": 1e-3, "c": 5e-3}.get(tensor, 0))

    assert straight.judged(straight.run(change=change)).final[0].carried["measured"] == pytest.approx(9e-3, rel=1e-3)


def test_an_error_that_no_layer_made_is_not_explained(net):
    tensors = net.run()
    wrong = {"prob": tensors["prob"] + np.float32(1e-3)}
    found = net.judged(tensors, wrong)
    assert found.blame == ("fusion",)
    assert found.final[0].metrics.max_abs > 100 * found.final[0].carried["measured"]


def test_one_that_is_made_between_taps_counts_where_it_is_seen(net):
    changed = {"conv/W": net.weights["conv/W"] * np.float32(1.001)}
    plain, off = (net.judged(net.run(w)).final[0].carried["measured"] for w in ({}, changed))
    assert off > 10 * plain


def test_an_exact_network_allows_nothing_and_makes_nothing():
    flat = Net.of({"x": (3, 5)}, (node("relu", "ReLU", "x"),), ("relu",))
    [found] = flat.judged(flat.run()).final
    assert found.carried == {"allowed": 0.0, "measured": 0.0, "at_worst": {"allowed": 0.0, "measured": 0.0}}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda a: None, "fc1 cannot be compared"),
        (lambda a: a[:1], "fc1 cannot be compared"),
        (lambda a: np.where(a == a.max(), np.nan, a), "the error of fc1 is not finite"),
    ],
)
def test_where_a_layers_error_is_not_known(net, change, why):
    tensors = net.run()
    tensors["fc1"] = change(tensors["fc1"])
    found = net.judged({k: v for k, v in tensors.items() if v is not None}).final[0].carried
    assert (found["measured"], found["why"]) == (None, why)
    assert found["allowed"] > 0
    assert "at_worst" not in found


def test_a_network_that_is_too_large(net, monkeypatch):
    monkeypatch.setattr(carried, "LIMIT", work(net.graph) - 1)
    [found] = net.judged(net.run()).final
    assert found.carried["measured"] is None
    assert f"the network has {work(net.graph):,} products" in found.carried["why"]
    [failing] = net.judged(net.run(change=bumped("fc1", 1))).final
    assert failing.carried["measured"] > 0  # one that fails is worth more
    monkeypatch.setattr(carried, "FAILED_LIMIT", 0)
    assert net.judged(net.run(change=bumped("fc1", 1))).final[0].carried["measured"] is None


def test_products(square, straight):
    assert work(square.graph) == 3 * 5 * 5
    assert work(straight.graph) == 4 * 3 * 5


def test_integers_and_booleans_have_distances():
    flags = Net.of({"x": (2, 3)}, (node("arg", "ArgMax", "x", axis=1, keepdims=False),), ("arg",))
    errors = Errors(flags.reference)
    expected = flags.reference.tensors["arg"]
    errors.add("arg", (expected.value + 2).astype(np.int32), expected)
    assert errors.at_outputs({})["arg"]["measured"] == 2
    other = Errors(flags.reference)
    other.add("arg", np.array([True, False]), Judged(np.array([True, True]), None))
    assert other.at_outputs({})["arg"]["measured"] == 1


def test_the_share_of_the_only_layer_at_fault_is_the_difference(net):
    found = net.judged(net.run(change=bumped("fc1", 0.01)))
    [share] = found.shares
    assert (share["nodes"], share["output"]) == (["fc1"], "prob")
    assert share["part"] == pytest.approx(found.final[0].metrics.max_abs, rel=1e-3)


def test_each_layer_has_its_share(straight):
    def change(tensor, array):
        return array + np.float32({"relu": 1e-3, "c": 5e-3}.get(tensor, 0))

    first, second = straight.judged(straight.run(change=change)).shares
    assert (first["nodes"], second["nodes"]) == (["relu"], ["c"])
    assert first["part"] == pytest.approx(4e-3, rel=1e-3)
    assert second["part"] == pytest.approx(5e-3, rel=1e-3)


def test_shares_of_all_layers_add_up_to_the_difference(sequence):
    """Telescoping: with signs, the steps from the reference to the engine are the whole difference."""
    tensors = sequence.run({"lstm/W": sequence.weights["lstm/W"] * np.float32(1.01)}, change=bumped("fc", 0.2))
    given, steps = dict(sequence.reference.inputs), []
    for _, tapped in sequence.graph.stretches():
        after = given | {t: tensors[t] for t in tapped}
        steps.append(
            carried._outputs(sequence.reference, after)["fc"] - carried._outputs(sequence.reference, given)["fc"]
        )
        given = after
    whole = as_exact(tensors["fc"]) - sequence.reference.tensors["fc"].value
    np.testing.assert_allclose(sum(steps), whole, atol=1e-12)
    found = shares(sequence.reference, {t: tensors[t] for t in sequence.graph.taps}, [("lstm",), ("fc",)])
    assert {s["nodes"][0]: s["part"] for s in found if s["output"] == "fc"} == {
        "fc": pytest.approx(np.abs(steps[1]).max())
    } | ({"lstm": pytest.approx(np.abs(steps[0]).max())} if found[0]["output"] == "fc" else {})


def test_a_branch_beside_is_left_as_it_is():
    nodes = (
        node("left", "MulConstant", "x", value=3.0),
        node("right", "MulConstant", "x", value=5.0),
        node("sum", "Add", "left", "right"),
    )
    fork = Net.of({"x": (2, 4)}, nodes, ("sum",))
    shared = fork.judged(fork.run(change=bumped("right", 0.25))).shares
    assert [(s["nodes"], s["part"]) for s in shared] == [(["right"], pytest.approx(0.25, rel=1e-5))]


def test_what_is_not_finite_is_said(straight):
    def change(tensor, array):
        return array * np.float32(np.nan) if tensor == "relu" else array

    found = straight.judged(straight.run(change=change))
    assert found.shares[0]["part"] == "nan"
    json.dumps(found.shares, allow_nan=False)


def test_a_clean_cell_has_no_shares_and_few_are_worked_out(net, monkeypatch):
    assert net.judged(net.run()).shares == []

    def change(tensor, array):
        return array + np.float32(0.01) if tensor in ("fc1", "tanh", "fc2") else array

    assert [s["nodes"] for s in net.judged(net.run(change=change)).shares] == [["fc1"], ["tanh"], ["fc2"]]
    monkeypatch.setattr(carried, "MOST", 2)
    assert len(net.judged(net.run(change=change)).shares) == 2
    monkeypatch.setattr(carried, "PATIENCE", 0)
    assert net.judged(net.run(change=change)).shares == []


def test_a_layer_of_another_dtype_or_shape_has_no_share(net):
    tensors = net.run()
    tensors["fc1"] = tensors["fc1"][:, :7]
    found = net.judged(tensors)
    assert "fc1" in found.blame
    assert all(s["nodes"] != ["fc1"] for s in found.shares)
