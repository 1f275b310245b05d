"""Keras on JAX does not need TensorFlow, and looks for it nevertheless, unless it is told."""

import json
import subprocess
import sys

import pytest

from parity.targets import Target, missing

PROGRAM = """
import json, sys
from parity.engines.keras_jax import JaxEngine
from parity.graph import Graph, Node
from parity.layers import Layer, Spec

engine = JaxEngine("cpu")
there = "tensorflow" in sys.modules
layer = Layer.registry["Bidirectional"](inner=Layer.registry["GRU"](units=2, reset_after=True))
engine.build(Graph({"x": Spec((1, 2, 3))}, (Node("net", layer, ("x",), {}),), ("net",)), None)
print(json.dumps([there, "tensorflow" in sys.modules]))
"""


def test_a_layer_that_is_serialised_does_not_bring_tensorflow():
    for target in (Target("keras-jax"), Target("keras-tensorflow")):
        if why := missing(target):
            pytest.skip(why)
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [False, False]
