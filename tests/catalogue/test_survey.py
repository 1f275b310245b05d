"""What is read off the rules: operations, arguments that carry parameters, and what a dialect cannot be told."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from parity.catalogue.carrier import Carrier, Pair
from parity.catalogue.families import FAMILIES, family_of
from parity.catalogue.recording import TENSOR, Call, alone, plain, record
from parity.catalogue.sample import split
from parity.catalogue.survey import Survey
from parity.dialects.record import Expr, RecordedNumPy
from parity.graph import Graph, Node
from parity.layers import Layer, Spec


def native(surveys, layer):
    return {d: surveys[layer].native(d) for d in ("chainer", "keras", "onnx")}


def carried(surveys, layer, parameter):
    return {
        d: [(c.callable, c.slot, c.relation) for c in surveys[layer].carriers(d, parameter)]
        for d in ("chainer", "keras", "onnx")
    }


def test_operations(surveys):
    assert native(surveys, "Conv2D") == {
        "chainer": ("L.Convolution2D",),
        "keras": ("keras.layers.Conv2D",),
        "onnx": ("Conv",),
    }
    assert native(surveys, "Sigmoid")["keras"] == ('keras.layers.Activation("sigmoid")',)
    assert set(native(surveys, "GRU")["chainer"]) >= {"L.NStepGRU", "L.StatelessGRU"}
    assert native(surveys, "LSTM")["onnx"] == ("LSTM",)


def test_composed(surveys):
    assert native(surveys, "LocalResponseNorm")["keras"] == ()
    forms = surveys["Softplus"].forms("keras")
    assert [f.native for f in forms] == [True, False]
    assert forms[1].main == ('keras.layers.Activation("softplus")', "*", "/")
    made = surveys["SeparableConv2D"].forms("onnx")
    assert [(f.native, f.parts) for f in made] == [(False, ("DepthwiseConv2D", "Conv2D"))]


def test_arguments(surveys):
    assert carried(surveys, "BatchNorm", "epsilon") == {
        "chainer": [("L.BatchNormalization", "eps", "same")],
        "keras": [("keras.layers.BatchNormalization", "epsilon", "same")],
        "onnx": [("BatchNormalization", "epsilon", "same")],
    }
    assert carried(surveys, "Conv2D", "bias")["chainer"] == [("L.Convolution2D", "nobias", "not")]
    assert carried(surveys, "Conv2D", "pad")["onnx"] == [("Conv", "pads", "flat")]
    assert carried(surveys, "GRU", "reset_after")["onnx"] == [("GRU", "linear_before_reset", "number")]
    assert carried(surveys, "LocalResponseNorm", "alpha") == {
        "chainer": [("F.local_response_normalization", "alpha", "same")],
        "keras": [],
        "onnx": [("LRN", "alpha", "linear")],
    }


def test_what_has_no_argument(surveys):
    assert surveys["Softplus"].fixed("onnx", "beta") == {"Softplus": 1.0}
    assert surveys["MaxPool2D"].fixed("keras", "cover_all") == {"keras.layers.MaxPooling2D": False}
    links = surveys["GRU"].fixed("chainer", "reset_after")
    assert links | {"L.NStepGRU": True, "L.StatelessGRU": False} == links
    assert surveys["Softplus"].fixed("chainer", "beta") == {}
    assert surveys["Linear"].fixed("onnx", "bias") == {}, "the weights say it"


@pytest.mark.parametrize(
    ("pairs", "relation"),
    [
        ([(0, 1e-5, 1e-5), (0, 1e-3, 1e-3)], "same"),
        ([(0, True, False), (0, False, True)], "not"),
        ([(0, True, 1), (1, False, 0)], "number"),
        ([(0, ((1, 1),), (1,)), (0, ((2, 2),), (2,))], "begins"),
        ([(0, ((1, 2), (3, 4)), (1, 3, 2, 4))], "flat"),
        ([(0, 1.0, 5.0), (0, 2.0, 10.0), (0, 3.0, 15.0), (1, 1.0, 3.0), (1, 2.0, 6.0), (1, 4.0, 12.0)], "linear"),
        ([(0, 1.0, 1.0), (0, 2.0, 4.0), (0, 3.0, 9.0)], ""),
        ([(0, 1.0, 2.0), (0, 3.0, 6.0)], ""),
    ],
)
def test_relations(pairs, relation):
    assert Carrier("alpha", "f", "a", [Pair(*p) for p in pairs]).relation == relation


def test_reading_back():
    line = [(0, 1.0, 5.0), (0, 2.0, 10.0), (0, 3.0, 15.0)]
    assert Carrier("alpha", "f", "a", [Pair(*p) for p in line]).read(1e-4, 0, 1.0) == 2e-5
    pads = Carrier("pad", "f", "pad", [Pair(0, ((1, 1), (2, 2)), (1, 2)), Pair(0, ((0, 0), (0, 0)), (0, 0))])
    assert pads.read(0, 0, ((1, 1), (2, 2))) == ((0, 0), (0, 0))
    assert pads.read((3, 4), 0, ((1, 1), (2, 2))) == ((3, 3), (4, 4))
    with pytest.raises(ValueError, match="cannot be read as pad"):
        pads.read(None, 0, ((1, 1), (2, 2)))


def test_glue():
    calls = [Call("F.pad"), Call("L.Convolution2D"), Call("F.pad")]
    assert split(calls) == (("L.Convolution2D",), ("F.pad",))
    assert split([Call("F.reshape")]) == (("F.reshape",), ())
    assert split([Call("keras.layers.Permute"), Call("keras.ops.sqrt"), Call("*")])[0] == ("keras.ops.sqrt", "*")


def test_values_are_kept_plain():
    assert plain(np.float32(0.3)) == 0.3
    assert plain(np.array([1, 2])) == (1, 2)
    assert plain([Expr("name", "x"), (None, True)]) == (TENSOR, (None, True))
    assert plain(RecordedNumPy().asarray(np.array(2.0))) == 2.0


# A layer that says things strangely; abstract, so that it stays out of the registry.


@dataclass(frozen=True)
class Odd(Layer, abstract=True):
    slope: float = 0.5


Odd.on("numpy")(lambda p, n, x: x)
Odd.on("chainer")(lambda p, c, x: lambda v: -c.F.leaky_relu(v * 2, 3.0, p.slope**2))
Odd.on("keras")(lambda p, k, x: k.layers.Activation("relu")(x, scale=-k.np.inf))
Odd.on("onnx")(lambda p, o, x: o.node("Clip", x, "", o.const(np.float64(p.slope))))


def test_recording():
    graph = Graph({"x": Spec((2, 3))}, (Node("odd", Odd(), ("x",), {}),), ("odd",))
    assert alone(graph, graph.nodes[0]) == graph
    assert record(graph, "chainer") == (
        Call("*", (TENSOR, 2)),
        Call("F.leaky_relu", (TENSOR, 3.0, 0.25)),
        Call("-", (TENSOR,)),
    )
    assert [c.name for c in record(graph, "keras")] == ['keras.layers.Activation("relu")']
    assert record(graph, "onnx") == (Call("Clip", (TENSOR, "", 0.5)),)


def test_a_layer_without_a_case():
    survey = Survey(Odd, ())
    assert survey.forms("chainer") == []
    assert survey.native("chainer") == ()
    assert survey.carriers("chainer", "slope") == []
    assert survey.fixed("chainer", "slope") == {}


def test_every_layer_was_surveyed(surveys):
    assert {s.name for s in surveys.values() if not s.samples} == set()
    assert Path(surveys["Conv2D"].own[0].case.file).stem == "conv2d"


def unfiled(modules):
    """Modules with layers that stand in no family, or in two."""
    filed = [m for names in FAMILIES.values() for m in names.split()]
    return sorted(m for m in modules if filed.count(m) != 1)


def test_every_file_of_layers_has_its_family():
    homes = {cls.__module__ for cls in Layer.registry.values()}
    modules = {home.rpartition(".")[2] for home in homes if home.startswith("parity.")}
    assert len(modules) > 50
    assert unfiled(modules) == [], "put it into parity/catalogue/families.py"
    assert unfiled({"conv", "elsewhere"}) == ["elsewhere"]


def test_a_layer_from_outside_stands_with_the_others():
    homes = ("parity.layers.conv", "isru", "mine.conv")
    assert [family_of(home) for home in homes] == ["convolution", "other", "other"]
