"""The forward pass written out: the same values, and no tensor kept longer than a person would."""

import gc
import weakref

import pytest

from parity.engines.straight import straight
from parity.graph import Graph, Node
from parity.layers import Layer, Spec


def node(name, *inputs, layer="ReLU", **parameters):
    return Node(name, Layer.registry[layer](**parameters), inputs, {})


def graph(*nodes, outputs):
    return Graph({"x": Spec((2, 4))}, nodes, outputs)


class Value:
    """Something that can be waited for to be gone."""

    def __init__(self, text):
        self.text = text


def says(name):
    return lambda *values: Value(f"{name}({' '.join(v.text for v in values)})")


def run(made, x="x"):
    calls = {n.name: says(n.name) for n in made.nodes}
    return [v.text for v in straight(made, calls, {"x": Value(x)})()]


def test_a_chain():
    assert run(graph(node("a", "x"), node("b", "a"), node("c", "b"), outputs=("c",))) == ["c(b(a(x)))"]


def test_a_branch_and_two_outputs():
    made = graph(node("a", "x"), node("b", "a"), node("c", "a"), node("d", "b", "c", layer="Add"), outputs=("d", "b"))
    assert run(made) == ["d(b(a(x)) c(a(x)))", "b(a(x))"]


def test_a_tensor_read_twice_by_one_node():
    assert run(graph(node("a", "x"), node("b", "a", "a", layer="Add"), outputs=("b",))) == ["b(a(x) a(x))"]


def test_an_output_in_the_middle_of_a_chain():
    assert run(graph(node("a", "x"), node("b", "a"), outputs=("b", "a"))) == ["b(a(x))", "a(x)"]


def test_nodes_of_two_chains_in_turns():
    made = graph(node("a", "x"), node("p", "x"), node("b", "a"), node("q", "p"), outputs=("q", "b"))
    assert run(made) == ["q(p(x))", "b(a(x))"]


def test_several_outputs_of_one_node():
    split = node("s", "x", layer="Split", axis=1, sections=2)
    made = graph(split, node("a", split.outputs[1]), outputs=("a",))
    call = straight(made, {"s": lambda v: (Value("left"), Value("right")), "a": says("a")}, {"x": Value("x")})
    assert [v.text for v in call()] == ["a(right)"]


def test_a_tuple_of_one_is_its_element():
    made = graph(node("a", "x"), node("b", "a"), outputs=("b",))
    calls = {"a": lambda v: (Value("one"),), "b": lambda v: (says("b")(v),)}
    assert [v.text for v in straight(made, calls, {"x": Value("x")})()] == ["b(one)"]


def test_every_call_computes_anew():
    count = []
    made = graph(node("a", "x"), outputs=("a",))
    call = straight(made, {"a": lambda v: count.append(v) or v}, {"x": Value("x")})
    call(), call()
    assert len(count) == 2


@pytest.mark.parametrize("kept", [False, True])
def test_what_nobody_reads_any_more_is_let_go(kept):
    """Between the chain's links, and at a branch; an output stays."""
    alive, seen = {}, {}

    def watch(name):
        def call(*values):
            gc.collect()
            seen[name] = {n for n, ref in alive.items() if ref() is not None}
            value = Value(name)
            alive[name] = weakref.ref(value)
            return value

        return call

    made = graph(
        *(node("a", "x"), node("b", "a"), node("c", "b"), node("d", "b"), node("e", "c", "d", layer="Add")),
        node("f", "e"),
        outputs=("f", "c") if kept else ("f",),
    )
    straight(made, {n.name: watch(n.name) for n in made.nodes}, {"x": Value("x")})()
    assert seen["b"] == {"a"}
    assert seen["d"] == {"b", "c"}, "a is gone"
    assert seen["f"] == ({"c", "e"} if kept else {"e"})
