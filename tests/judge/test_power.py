"""The share of weights whose change would be noticed: counted, sampled, and as engines bear it out."""

import importlib

import numpy as np
import pytest

from parity.engines import ENGINES
from parity.graph import Graph
from parity.judge import effects
from parity.judge.bound import Reference
from parity.judge.effects import Reach, chosen, joined, reaches
from parity.judge.power import power, wilson
from parity.judge.verdict import FAILED, judge
from parity.layers import Spec
from parity.targets import Target, missing
from parity.workers.worker import handle
from tests.judge.conftest import Net, node


def reach(ratios, indices=None, shape=None):
    return Reach(shape or (len(ratios),), np.array(ratios, float), None if indices is None else np.array(indices))


def test_shares_are_counted_at_each_change():
    found = power({"a/W": reach([0.5, 1.5, 50, 200, 2000, 0]), "a/b": reach([150.0, 150.0])})
    assert (found["0.001"], found["0.01"], found["0.1"]) == (1 / 8, 4 / 8, 5 / 8)
    assert (found["weights"], found["looked_at"], found["exact"]) == (8, 8, True)
    assert found["interval"] == [0.5, 0.5]
    assert found["each"] == {"a/W": round(2 / 6, 6), "a/b": 1.0}
    assert found["dead"] == {"a/W": {"count": 2, "of": 6, "first": [[0], [5]]}}


def test_dead_weights_are_told_by_their_place():
    ratios = np.full(12, 1e4)
    ratios[[1, 6, 7, 8, 9, 10, 11]] = 0
    assert power({"W": reach(ratios, shape=(3, 4))})["dead"]["W"] == {
        "count": 7,
        "of": 12,
        "first": [[0, 1], [1, 2], [1, 3], [2, 0], [2, 1]],
    }


def test_one_of_many_millions_is_not_rounded_away():
    ratios = np.full(3_000_000, 1e4)
    ratios[5] = 0
    assert power({"W": reach(ratios)})["0.01"] == 0.999999


@pytest.mark.parametrize(
    ("hits", "count", "interval"),  # Brown, Cai, DasGupta 2001, and by hand
    [
        (0, 10, (0, 0.2775)),
        (10, 10, (0.7225, 1)),
        (5, 10, (0.2366, 0.7634)),
        (0, 0, (0, 1)),
        (95, 100, (0.8882, 0.9785)),
    ],
)
def test_wilson(hits, count, interval):
    assert wilson(hits, count) == pytest.approx(interval, abs=5e-5)


def test_the_interval_of_a_sample_holds_the_exact_share(monkeypatch):
    """Twenty networks; of 95% intervals, two that miss would already be rare."""
    missed = 0
    for units in range(2, 22):
        made = Net.of({"x": (1, 3000)}, (node("fc", "Linear", "x", units=units),), ("fc",))
        exact = power(reaches(made.reference))
        with monkeypatch.context() as patch:
            patch.setattr(effects, "EXACT", 1000)
            patch.setattr(effects, "SAMPLE", 500)
            sample = power(reaches(made.reference))
        assert exact["exact"]
        assert not sample["exact"]
        assert sample["looked_at"] == 500 + units
        low, high = sample["interval"]
        assert low < sample["0.01"] < high < 1
        missed += not low <= exact["0.01"] <= high
    assert missed <= 3


def test_a_larger_sample_holds_the_smaller():
    for size in (10_000, effects.EXACT * 2):
        few, many = (chosen("W", size, n) for n in (100, 900))
        assert few.tolist() == many[:100].tolist()
        assert len(set(many.tolist())) == 900
        assert 0 <= many.min() < many.max() < size
    assert chosen("W", 100, 100) is None


def test_whatever_notices_counts():
    whole, part = reach([1, 5, 1, 7]), reach([9, 2], [2, 1])
    for found in (whole.joined(part), part.joined(whole)):
        assert (found.ratios.tolist(), found.indices.tolist()) == ([9, 5], [2, 1])
    other = reach([4, 3], [3, 1]).joined(part)
    assert (other.ratios.tolist(), other.indices.tolist()) == ([3], [1])
    assert joined({"W": whole}, {"W": reach([2, 2, 2, 2])})["W"].ratios.tolist() == [2, 5, 2, 7]


def test_a_shared_weight_is_noticed_where_either_use_notices():
    first, second = node("a", "Embedding", "x", vocabulary=9, units=4), node("b", "Linear", "a", units=9)
    tied = [type(n)(n.name, n.layer, n.inputs, {"W": "table"}) for n in (first, second)]
    graph = Graph({"x": Spec((1, 2), "int32")}, tuple(tied), ("b",))
    weights = {k: np.random.default_rng(1).normal(size=w.shape).astype(np.float32) for k, w in graph.weights.items()}
    reference = Reference.of(graph, {"x": np.array([[3, 5]], np.int32)}, weights)
    ratios = reaches(reference)["table"].ratios.reshape(9, 4)
    exact = np.arange(9)[(ratios > 1e30).all(1)]
    assert exact.tolist() == [3, 5]  # the rows that are read, where any change shows
    assert (ratios > 0).all()  # all others as a matrix


def test_what_stands_behind_dead_rectifiers_is_dead():
    nodes = (
        node("fc1", "Linear", "x", units=6),
        node("relu", "ReLU", "fc1"),
        node("fc2", "Linear", "relu", units=3),
    )
    made = Net.of({"x": (5, 4)}, nodes, ("fc2",))
    bias = made.weights["fc1/b"].copy()
    bias[[1, 4]] = -100
    reference = Reference.of(made.graph, made.reference.inputs, made.weights | {"fc1/b": bias})
    dead = power(reaches(reference))["dead"]
    silent = np.flatnonzero((reference.tensors["relu"].value == 0).all(0)).tolist()
    assert {1, 4} <= set(silent) < set(range(6))
    assert dead["fc2/W"]["count"] == 3 * len(silent)
    assert {i for _, i in dead["fc2/W"]["first"]} <= set(silent)
    assert "fc1/W" not in dead  # they are seen before the rectifier


def test_nothing_is_noticed_where_nothing_is_compared(net):
    """A convolution before its BatchNorm is seen through that: a gamma of 0 hides it."""
    gamma = net.weights["bn/gamma"].copy()
    gamma[2] = 0
    reference = Reference.of(net.graph, net.reference.inputs, net.weights | {"bn/gamma": gamma})
    ratios = reaches(reference)
    of_filter = ratios["conv/W"].ratios.reshape(6, -1)
    assert (of_filter[2] == 0).all()
    assert (of_filter[[0, 1, 3, 4, 5]] > 0).all()
    assert ratios["bn/beta"].ratios.min() > 0


@pytest.fixture(scope="module", params=["onnxruntime", "chainer"])
def engine(request):
    if why := missing(Target(request.param)):
        pytest.skip(why)
    module, _, cls = ENGINES[request.param].partition(":")
    return getattr(importlib.import_module(module), cls)("cpu")


def verdict_with(engine, net, name, index, change):
    """The verdict when one element of a weight is off by a share."""
    wrong = net.weights[name].astype(np.float64)
    wrong.reshape(-1)[index] *= 1 + change
    held = net.weights | {name: wrong.astype(np.float32)}
    arrays = {f"x:{k}": v for k, v in net.reference.inputs.items()} | {f"w:{k}": v for k, v in held.items()}
    reply, out = handle(engine, {"graph": net.graph.to_json()}, arrays)
    assert reply["certificate"]["ok"]
    taps, final = ({k[2:]: v for k, v in out.items() if k.startswith(p)} for p in ("t:", "y:"))
    return judge(net.reference, taps, final).verdict


@pytest.mark.parametrize("which", ["net", "sequence"])
def test_engines_bear_it_out(request, engine, which):
    """Changes that would move a layer by 0.6 times its bound all pass, those by 1.6 times its bound all fail."""
    made = request.getfixturevalue(which)
    tried = 0
    for name, found in reaches(made.reference).items():
        alive = np.flatnonzero(found.ratios > 10)
        for index in alive[:: max(1, len(alive) // 3)]:
            for times in (0.6, 1.6):
                seen = verdict_with(engine, made, name, index, times / found.ratios[index]) in FAILED
                assert seen == (times > 1), (name, index, times)
                tried += 1
    assert tried > 30
