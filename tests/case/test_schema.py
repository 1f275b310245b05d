"""The JSON Schema that editors use: current, complete, and as strict as the loader."""

import json
from pathlib import Path

import pytest
import yaml

from parity.case.schema import schema, schema_text
from parity.layers import Layer

jsonschema = pytest.importorskip("jsonschema")
ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "cases").rglob("*.yaml"))


@pytest.fixture(scope="module")
def validator():
    kind = jsonschema.validators.validator_for(schema())
    kind.check_schema(schema())
    return kind(schema())


def test_kept_copy_is_current():
    kept = (ROOT / "docs/case.schema.json").read_text("utf-8")
    assert kept == schema_text() + "\n", "refresh it: parity schema > docs/case.schema.json"


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_shipped_case_validates_and_names_the_schema(path, validator):
    text = path.read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=../../docs/case.schema.json\n")
    assert [e.message for e in validator.iter_errors(yaml.safe_load(text))] == []


def test_every_layer_and_parameter_is_described():
    definitions = schema()["$defs"]
    for name in Layer.registry:
        definition = definitions[f"layer.{name}"]
        assert definition["description"]
        assert [k for k, v in definition["properties"].items() if k != "layer" and not v.get("description")] == []


CONV = {"layer": "Conv2D", "filters": 2, "kernel": 3}


@pytest.mark.parametrize(
    "item",
    [
        {"layer": "Conv9D"},
        {"filters": 2},
        {**CONV, "kernle": 3},
        {"layer": "Conv2D", "filters": 2},
        {**CONV, "filters": 0},
        {**CONV, "stride": [1, 0]},
        {**CONV, "bias": "maybe"},
        {**CONV, "pad": [[1, 2, 3], 1]},
        {"layer": "BatchNorm"},
        {"layer": "Dropout", "ratio": 1},
    ],
    ids=json.dumps,
)
def test_wrong_item_is_refused(item, validator):
    case = {"description": "d", "inputs": {"x": {"shape": [1, 2, 5, 5]}}, "layers": [item]}
    assert list(validator.iter_errors(case))


def test_right_item_is_accepted(validator):
    item = {**CONV, "name": "c", "from": "x", "pad": [[1, 0], 2], "stride": [2, 1], "output_shape": [1, 2, 3, 7]}
    case = {"description": "d", "inputs": {"x": {"shape": [1, 2, 5, 5]}}, "layers": [item]}
    assert list(validator.iter_errors(case)) == []


def test_unknown_key_at_the_top_is_refused(validator):
    assert list(validator.iter_errors({"description": "d", "inputs": {}, "layers": [], "sede": 1}))
