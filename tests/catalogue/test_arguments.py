"""The table that advice is made of."""

import copy
import json
from pathlib import Path

import parity.story
from parity.catalogue.arguments import arguments, dump

TABLE = Path(parity.story.__file__).parent / "arguments.json"


def test_current(surveys, kept):
    assert TABLE.read_text("utf-8") == dump(arguments(surveys, kept)), "parity docs --no-ask writes it anew"


def test_a_release_changes_it(surveys, kept):
    said = copy.deepcopy(kept)
    said["keras"]["callables"]["keras.layers.BatchNormalization"]["epsilon"] = "1e-05"
    assert dump(arguments(surveys, said)) != TABLE.read_text("utf-8")


def test_what_it_says():
    found = json.loads(TABLE.read_text("utf-8"))
    assert found["BatchNorm"]["epsilon"] == {
        "chainer": [["L.BatchNormalization", "eps", "2e-05"]],
        "keras": [["keras.layers.BatchNormalization", "epsilon", "0.001"]],
        "onnx": [["BatchNormalization", "epsilon", "1e-05"]],
    }
