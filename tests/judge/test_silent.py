"""Engines that compute in a smaller type and do not say so."""

from dataclasses import replace

import numpy as np
import pytest

from parity.judge.bound import KIT, Reference, as_exact
from parity.judge.diagnose import diagnose_all
from parity.judge.silent import SAME_DIGITS, in_full, lesser
from parity.judge.trial import Stretch
from parity.judge.verdict import judge
from parity.precision import PRECISIONS, rounded, significant
from tests.judge.conftest import Net, node


@pytest.fixture(scope="module")
def deep():
    nodes = (
        node("conv", "Conv2D", "x", filters=6, kernel=3),
        node("relu", "ReLU", "conv"),
        node("flat", "Flatten", "relu"),
        node("fc", "Linear", "flat", units=20),
        node("tanh", "Tanh", "fc"),
    )
    return Net.of({"x": (3, 4, 9, 8)}, nodes, ("tanh",))


def run(net, factors, results=lambda x: x):
    """All tensors in float32, of an engine that takes the factors of products so, and rounds what comes out."""
    weights = {k: factors(as_exact(w)) if k.endswith("/W") else as_exact(w) for k, w in net.weights.items()}
    tensors = dict(net.reference.inputs)
    for n in net.graph.nodes:
        given = [as_exact(tensors[i]) for i in n.inputs]
        if n.name in ("conv", "fc"):
            given = [factors(x) for x in given]
        own = {c: weights[n.weight_name(c)] for c in net.graph.node_weights(n)}
        y = n.layer.rule("numpy").fn(n.layer, KIT, *given, **own)
        tensors[n.outputs[0]] = results(np.asarray(y, np.float64)).astype(np.float32)
    return tensors


def named(net, tensors):
    found = diagnose_all(net.reference, net.judged(tensors), {t: tensors[t] for t in net.graph.taps})
    return {d.nodes[0]: d.causes[0] for d in found if d.causes}


ROUNDINGS = {
    "bfloat16": lambda x: rounded(x, "bfloat16").astype(np.float64),
    "float16": lambda x: rounded(x, "float16").astype(np.float64),
    "tf32": lambda x: significant(x, 11),
    "tf32 cut": lambda x: significant(x, 11, np.trunc),
}


@pytest.mark.parametrize("name", ROUNDINGS)
def test_factors_in_a_smaller_type_are_named(deep, name):
    causes = named(deep, run(deep, ROUNDINGS[name]))
    assert set(causes) == {"conv", "fc"}
    for cause in causes.values():
        assert cause.name == "precision"
        what = {"tf32 cut": "tf32", "tf32": SAME_DIGITS, "float16": SAME_DIGITS}.get(name, name)
        assert cause.words == f"computes its products in {what}, not in float32 as it was asked"


def test_all_in_a_smaller_type_is_named(deep):
    causes = named(deep, run(deep, ROUNDINGS["bfloat16"], ROUNDINGS["bfloat16"]))
    assert {c.words for c in causes.values()} == {"computes in bfloat16, not in float32 as it was asked"}
    assert "tanh" in causes


def test_another_mistake_is_not_taken_for_it(deep):
    other = deep.run(weights={"fc/b": deep.weights["fc/b"] * np.float32(1.002)})
    assert all(c.name != "precision" for c in named(deep, other).values())
    assert named(deep, deep.run()) == {}


def test_outputs_that_have_few_bits_by_nature_prove_nothing():
    net = Net.of({"x": (4, 6)}, (node("sign", "Sign", "x"), node("half", "MulConstant", "sign", value=0.5)), ("half",))
    tensors = net.run(change=lambda name, a: a * np.float32(1.5) if name == "half" else a)
    assert all(c.name != "precision" for c in named(net, tensors).values())


@pytest.mark.parametrize(("factors", "full"), [(lambda x: x, True), (ROUNDINGS["tf32"], False)])
def test_a_switch_that_does_nothing_is_seen(deep, factors, full):
    reference = Reference.of(deep.graph, deep.reference.inputs, deep.weights, precision=PRECISIONS["tf32"])
    tensors = run(deep, factors)
    taps = {t: tensors[t] for t in deep.graph.taps}
    assert judge(reference, taps, {"tanh": taps["tanh"]}).verdict in ("equal", "rounding")
    assert in_full(reference, taps) == full


def test_what_cannot_be_told_is_not():
    net = Net.of({"x": (4, 6)}, (node("relu", "ReLU", "x"),), ("relu",))
    reference = Reference.of(net.graph, net.reference.inputs, net.weights, precision=PRECISIONS["tf32"])
    assert not in_full(reference, net.run())


def test_what_is_of_a_smaller_type_by_nature_proves_nothing():
    """Inputs are numbers of float32, and so is all that a layer selects from them, in float64 too."""
    net = in_precision(Net.of({"x": (4, 60)}, (node("clip", "ClippedReLU", "x", max=0.7),), ("clip",)), "float64")
    x = as_exact(net.reference.inputs["x"])
    cut = np.minimum(np.maximum(x, 0), np.float64(np.float32(0.7)))
    assert net.judged({"clip": cut}).verdict == "differs"
    assert named(net, {"clip": cut}) == {}
    tanh = in_precision(Net.of({"x": (4, 60)}, (node("tanh", "Tanh", "x"),), ("tanh",)), "float64")
    lost = np.tanh(as_exact(tanh.reference.inputs["x"]).astype(np.float32)).astype(np.float64)
    assert named(tanh, {"tanh": lost})["tanh"].words == "computes in float32, not in float64 as it was asked"


def in_precision(net, name):
    precision, graph = PRECISIONS[name], net.graph.in_precision(PRECISIONS[name].tensors)
    inputs = {k: rounded(v, precision.tensors) for k, v in net.reference.inputs.items()}
    return replace(net, graph=graph, reference=Reference.of(graph, inputs, net.weights, precision=precision))


def test_what_was_asked_for_is_no_smaller_type(deep):
    """Products in TensorFloat-32 are right where that was asked for, and float16 has the same digits."""
    asked, tensors = in_precision(deep, "tf32"), run(deep, ROUNDINGS["bfloat16"])
    assert named(asked, run(deep, ROUNDINGS["tf32"])) == {}
    for net, words in (
        (deep, "computes its products in bfloat16, not in float32 as it was asked"),
        (asked, "computes its products in bfloat16, not in tf32 as it was asked"),
    ):
        r = net.reference
        conv = Stretch(net.graph, net.graph.nodes[:1], r.inputs, r.weights, {"conv": tensors["conv"]}, r.precision)
        assert [c.words for c in lesser(conv)] == [words]
