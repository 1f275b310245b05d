"""The case files reach everything: each layer, each parameter away from its default, each axis with a size of its own.

The checks are functions of a registry and of graphs, so that a graph that lacks something shows that they see it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest

from parity.case.case import Case, find, load
from parity.graph import Graph, Node
from parity.layers import Layer, Spec, Weight
from parity.layout import LayoutMap
from parity.lower import first_gap, lowered

FRAMEWORKS = ("chainer", "keras", "onnx")
CASES = Path(__file__).resolve().parents[2] / "cases"
Registry = Mapping[str, type[Layer]]


def without_case_file(registry: Registry, graphs: Mapping[str, Iterable[Graph]]) -> Iterator[str]:
    """``LocalResponseNorm`` needs ``local_response_norm.yaml``, and stands in it."""
    files = {stem.replace("_", ""): list(found) for stem, found in graphs.items()}
    for name in registry:
        if name.lower() not in files:
            yield f"{name}: no case file in cases/layers"
        elif not all(any(type(n.layer).__name__ == name for n in g.nodes) for g in files[name.lower()]):
            yield f"{name}: its case file makes cases without it"


def unmoved_parameters(registry: Registry, layers: Iterable[Layer]) -> Iterator[str]:
    """Parameters that always have their default, or, where there is none, always the same value."""
    values: dict[tuple[str, str], set] = {}
    moved = set()
    for layer in layers:
        for f in fields(layer):
            key, value = (type(layer).__name__, f.name), getattr(layer, f.name)
            values.setdefault(key, set()).add(value)
            if f.default is not MISSING and value != getattr(replace(layer, **{f.name: f.default}), f.name):
                moved.add(key)
    for name, cls in registry.items():
        for f in fields(cls):
            if f.default is MISSING and len(values.get((name, f.name), ())) < 2:
                yield f"{name}: {f.name} has one value in all cases"
            if f.default is not MISSING and (name, f.name) not in moved:
                yield f"{name}: {f.name} has its default in all cases"


def equal_axes(graphs: Mapping[str, Graph]) -> Iterator[str]:
    """Tensors two of whose axes have one size, which would hide that they were swapped. Size 1 says nothing."""
    for case, graph in graphs.items():
        for name, spec in graph.specs.items():
            sizes = [s for s in spec.shape if s > 1 or name in graph.inputs]
            if len(sizes) != len(set(sizes)):
                yield f"{case}: {name} has shape {list(spec.shape)}"


def square_weights(graphs: Iterable[Graph]) -> Iterator[str]:
    """Weights that have two axes of one size in all cases, but 1; a recurrent matrix is square by nature."""
    good, seen = set(), set()
    for graph in graphs:
        for node in graph.nodes:
            for name, weight in graph.node_weights(node).items():
                key = (type(node.layer).__name__, name)
                stacked = re.match(r"l[1-9]\d*_W$", name) and weight.axes.startswith("g")  # as wide as the layer below
                through = key[0] == "Highway" and name.endswith("W")  # as many in as out
                natural = weight.axes.startswith("g u k") or bool(stacked) or through
                seen.add(key)
                sizes = [s for s in weight.shape if s > 1]
                if len(set(sizes)) == len(sizes) - natural:
                    good.add(key)
    yield from (f"{layer}: {name} has two axes of one size in all cases" for layer, name in sorted(seen - good))


def lost_weights(graph: Graph) -> Iterator[str]:
    """Weights that a dialect does not place, or that do not come back from where it says they go."""
    for dialect in FRAMEWORKS:
        if first_gap(graph, dialect, ""):
            continue
        for node in lowered(graph, dialect).nodes:
            declared = lowered(graph, dialect).node_weights(node)
            arrays = {}
            for k, (name, w) in enumerate(declared.items()):
                size = int(np.prod(w.shape))
                arrays[name] = np.arange(1 + k * 10**6, 1 + k * 10**6 + size, dtype=np.float64).reshape(w.shape)
            places = node.layer.layout_map(dialect, declared)
            if missing := set(declared) - {p.source for p in places.places}:
                yield f"{node.name}: {dialect} has no place for {', '.join(sorted(missing))}"
            back = places.inverse(places.forward(arrays), {n: w.shape for n, w in declared.items()})
            for name, array in back.items():
                if not np.array_equal(array, arrays[name]):
                    yield f"{node.name}: {name} does not come back from {dialect}"


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for file, root in find([CASES]) for case in load(file, root)]


@pytest.fixture(scope="module")
def nodes(cases) -> list[Node]:
    return [node for case in cases for node in case.graph.nodes]


@pytest.fixture(scope="module")
def of_layers(cases) -> dict[str, Graph]:
    return {c.id: c.graph for c in cases if c.id.startswith("layers/")}


def test_every_layer_has_a_case_file(cases):
    files: dict[str, list[Graph]] = {}
    for case in cases:
        if case.id.startswith("layers/"):
            files.setdefault(case.file.stem, []).append(case.graph)
    assert list(without_case_file(Layer.registry, files)) == []


def test_every_parameter_is_moved(nodes):
    assert list(unmoved_parameters(Layer.registry, (n.layer for n in nodes))) == []


def test_all_axes_differ(of_layers):
    assert len(of_layers) > 100
    assert list(equal_axes(of_layers)) == []
    assert list(square_weights(of_layers.values())) == []


def test_every_weight_has_its_place(cases):
    assert [p for case in cases if case.id.startswith(("layers/", "networks/")) for p in lost_weights(case.graph)] == []


# A layer that lacks something; abstract, so that it stays out of the registry.


@dataclass(frozen=True)
class Half(Layer, abstract=True):
    """Half a layer, whose weights go to strange places."""

    size: int
    slope: float = 0.5

    def weights(self, *x: Spec) -> dict[str, Weight]:
        return {"W": Weight("o i", (2, 3)), "b": Weight("o", (2,))}


Half.on("chainer")(lambda *_: None)
Half.on("keras", when=lambda p: p.size == 1, W="kernel: i o", b="kernel: 1 o")(lambda *_: None)
Half.unsupported("keras", when=lambda p: p.size > 2, why="it is too large")
Half.on("onnx", W="W: o i", b="B: o")(lambda *_: None)


def graph_of(layer: Layer, *shape: int) -> Graph:
    return Graph({"x": Spec(shape)}, (Node("half", layer, ("x",), {}),), ("half",))


def test_layers_without_a_case_are_seen():
    registry = {name: Layer.registry[name] for name in ("ReLU", "LSTM")}
    graphs = {"re_lu": [graph_of(Half(1), 2, 3)]}
    assert list(without_case_file(registry, graphs)) == [
        "ReLU: its case file makes cases without it",
        "LSTM: no case file in cases/layers",
    ]


def test_parameters_that_stay_are_seen():
    registry = {"Half": Half}
    still = ["Half: size has one value in all cases", "Half: slope has its default in all cases"]
    assert list(unmoved_parameters(registry, [])) == still
    assert list(unmoved_parameters(registry, [Half(1), Half(1, slope=0.5)])) == still
    assert list(unmoved_parameters(registry, [Half(1), Half(2, slope=0.1)])) == []


def test_defaults_are_compared_as_layers_keep_them():
    conv = Layer.registry["Conv2D"]
    registry = {"Conv2D": conv}
    layers = [conv(filters=2, kernel=3), conv(filters=3, kernel=2, stride=(1, 1), pad=[0, 0], dilation=2, groups=3)]
    assert list(unmoved_parameters(registry, layers)) == [
        f"Conv2D: {name} has its default in all cases" for name in ("stride", "pad", "bias")
    ]


def test_axes_of_one_size_are_seen():
    graph = graph_of(Layer.registry["Linear"](units=3), 3, 3)
    assert list(equal_axes({"case": graph})) == ["case: x has shape [3, 3]", "case: half has shape [3, 3]"]
    assert list(square_weights([graph])) == ["Linear: W has two axes of one size in all cases"]
    other = graph_of(Layer.registry["Linear"](units=4), 3, 5)
    assert list(equal_axes({"case": other})) == []
    assert list(square_weights([graph, other])) == []


def test_weights_without_a_place_are_seen():
    with pytest.raises(ValueError, match="'kernel' would have shape"):
        list(lost_weights(graph_of(Half(1), 2, 3)))
    assert list(lost_weights(graph_of(Half(3), 2, 3))) == ["half: chainer has no place for W, b"]


def test_weights_that_do_not_come_back_are_seen(monkeypatch):
    monkeypatch.setattr(LayoutMap, "forward", lambda self, w, old=LayoutMap.forward: flipped(old(self, w)))
    graph = graph_of(Layer.registry["Linear"](units=2), 3, 4)
    assert list(lost_weights(graph)) == [f"half: {n} does not come back from {d}" for d in FRAMEWORKS for n in "Wb"]


def flipped(arrays):
    return {name: array[::-1] for name, array in arrays.items()}
