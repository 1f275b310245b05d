"""Every public name of the frameworks stands somewhere: in the index of layers, or among the other names."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity.catalogue.cards import card
from parity.catalogue.other_names import FUNCTION_NODES, LEFT_OUT, SAID, left_out
from parity.catalogue.pages import index
from parity.layers import Layer

CHAINER = """
import inspect, json
from parity.compat.chainer import import_chainer
chainer = import_chainer()
names = ["L." + n for n in dir(chainer.links) if inspect.isclass(getattr(chainer.links, n))]
names += ["F." + n for n in dir(chainer.functions) if inspect.isfunction(getattr(chainer.functions, n))]
print(json.dumps(names))
"""
KERAS = """
import inspect, json, keras
names = ["layers." + n for n in dir(keras.layers) if inspect.isclass(getattr(keras.layers, n))]
names += ["activations." + n for n in dir(keras.activations) if not n.startswith("_")]
print(json.dumps(names))
"""
PUBLIC = {"chainer": CHAINER, "keras": KERAS}


def public(dialect: str) -> list[str]:
    """Names as a live framework has them."""
    for module in {"chainer": ["chainer"], "keras": ["keras", "jax"]}[dialect]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", PUBLIC[dialect]], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def missing(names, indexed, said, reasons):
    """Names that stand nowhere, and names that stand where they need not."""
    return sorted(set(names) - indexed - said - reasons), sorted((said | reasons) & indexed)


@pytest.fixture(scope="module")
def indexed(surveys, kept):
    cards = [card(survey, kept, ()) for survey in surveys.values()]
    return {dialect: {n.removeprefix("keras.") for n in names} for dialect, names in index(cards, kept).items()}


@pytest.mark.parametrize("dialect", PUBLIC)
def test_every_public_name_stands_somewhere(dialect, indexed):
    nowhere, twice = missing(public(dialect), indexed[dialect], set(SAID[dialect]), set(left_out(dialect)))
    assert nowhere == [], "say it with layers in SAID, or why not in LEFT_OUT"
    assert twice == [], "a layer says it: it stands in the index already"


def test_what_is_missing_is_seen():
    assert missing(["F.a", "F.b", "F.c"], {"F.a"}, {"F.b", "F.a"}, set()) == (["F.c"], ["F.a"])


def test_they_are_said_with_layers_that_are_there():
    names = [n for said in (*SAID.values(), FUNCTION_NODES) for layers in said.values() for n in layers]
    assert len(names) > 100
    assert sorted({n for n in names if n not in Layer.registry}) == []


def test_no_name_is_said_and_left_out():
    for dialect, reasons in LEFT_OUT.items():
        found = [name for names in reasons.values() for name in names.split()]
        assert len(found) == len(set(found))
        assert sorted(set(found) & set(SAID[dialect])) == []
        assert all(len(reason.split()) > 3 for reason in reasons)


def test_every_function_that_onnx_chainer_converts_has_a_layer():
    """Read from its source: importing it would import Chainer and ONNX."""
    spec = importlib.util.find_spec("onnx_chainer")
    if spec is None:
        pytest.skip("onnx_chainer comes with Chainer, which is not installed")
    tree = ast.parse((Path(spec.submodule_search_locations[0]) / "mapping.py").read_text("utf-8"))
    [converted] = [
        ast.literal_eval(n.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "_supported_function_node_set"
    ]
    assert len(converted) > 90
    assert sorted(converted - set(FUNCTION_NODES)) == []


SURVEY = {
    "chainer": """
        Convolution2DFunction ReLU Reshape LinearFunction Add FixedBatchNormalization MaxPooling2D Concat
        AveragePooling2D GetItem Mul Transpose EmbedIDFunction Softmax LeakyReLU MulConstant Sigmoid Tanh Sum
        SoftmaxCrossEntropy Mean BroadcastTo SplitAxis AddConstant LSTM Stack ExpandDims
        Deconvolution2DFunction LocalResponseNormalization Max Swapaxes Clip Sub Div MatMul Unpooling2D
        ResizeImages PowVarConst Squeeze ArgMax Pad Where LayerNormalization Cast AveragePoolingND
        ConvolutionND DeconvolutionND ClippedReLU NormalizeL2 Upsampling2D ROIPooling2D Repeat Tile Erf Sqrt
        ELU Exp Log Neg LogSumExp SelectItem PReLUFunction
    """,
    "keras": """
        Conv2D GlobalAveragePooling2D BatchNormalization Dense Add ZeroPadding2D MaxPooling2D DepthwiseConv2D Dropout
        Concatenate ReLU AveragePooling2D Multiply Rescaling Reshape Flatten Normalization SeparableConv2D
        LayerNormalization Cropping2D
    """,
}
"""What 89 Chains call and 15 of keras.applications are made of, counted in graphs (2026-11)."""


def test_every_function_that_real_chains_call_has_a_layer():
    assert [label for label in SURVEY["chainer"].split() if label not in FUNCTION_NODES] == []


def test_every_layer_of_keras_applications_has_a_layer(indexed):
    assert [name for name in SURVEY["keras"].split() if f"layers.{name}" not in indexed["keras"]] == []
