"""Whatever happens to a valid case file, loading it succeeds or says in one BadInput what is wrong."""

import copy
import math

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.case.case import load
from parity.case.schema import schema
from parity.errors import BadInput

jsonschema = pytest.importorskip("jsonschema")

NETWORK = """
description: Two inputs, a graph, a shared weight, a known failure.
seed: 4
inputs:
  a: {shape: [2, 3, 6, 5], distribution: wide, mean: 0.5, scale: 2.0}
  b: {shape: [2, 4, 6, 5]}
layers:
  - {layer: Conv2D, name: one, filters: 4, kernel: [3, 1], pad: [[1, 1], 0], from: a, weights: {b: shared}}
  - {layer: BatchNorm, epsilon: 1.0e-5}
  - {layer: Conv2D, name: two, filters: 4, kernel: 1, weights: {b: shared}, output_shape: [2, 4, 6, 5]}
  - {layer: Add, name: sum, from: [two, b]}
  - {layer: MaxPool2D, name: pool, kernel: 2, stride: [2, 1], cover_all: true}
  - {layer: Flatten, name: flatten}
  - {layer: Linear, name: fc, units: 3, bias: false}
  - {layer: Softmax, axis: -1}
outputs: [softmax, sum]
weights: {random: {kernel: {distribution: uniform}, variance: {distribution: uniform, mean: 2, scale: 0.5}}}
targets: [onnx*, chainer]
expect: [{target: chainer, verdict: differs, reason: to be found out}]
timeout: 20
"""
SWEEP = """
description: A sweep.
inputs:
  x: {shape: [2, 4, 7, 6]}
layers:
  - {layer: ConvTranspose2D, name: deconv, filters: 2, kernel: 3, output_padding: 0}
  - {layer: LocalResponseNorm, name: lrn, n: 3, k: 1, alpha: 0.1, beta: 0.75}
  - {layer: Reshape, name: reshape, shape: [2, -1]}
sweep:
  zip:
    id: [plain, strided]
    deconv.stride: [1, 2]
    inputs.x.scale: [1.0, 3.0]
  product:
    lrn.n: [3, 5]
  exclude:
    - {deconv.stride: 2, lrn.n: 5}
"""
WORDS = """
description: Integers, and states of a recurrent layer.
inputs:
  words: {shape: [3, 4], dtype: int32, distribution: integers, high: 9}
layers:
  - {layer: Embedding, name: embed, vocabulary: 9, units: 5}
  - {layer: LSTM, name: lstm, units: 4}
  - {layer: GRU, name: gru, units: 2, reset_after: true, recurrent_bias: true}
  - {layer: Transpose, axes: [0, 2, 1]}
outputs: [gru.h, lstm.c]
"""
DOCUMENTS = [yaml.safe_load(text) for text in (NETWORK, SWEEP, WORDS)]


def deep(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


def places(node, path=()):
    """Paths of everything in a document."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def at(node, path):
    for step in path:
        node = node[step]
    return node


NAMES = [
    "x",
    "a",
    "one",
    "two",
    "lstm.h",
    "Conv1D",
    "Concat",
    "Dropout",
    "int32",
    "kernel",
    "file",
    "stride",
    "onnx*",
    "*",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.sampled_from([-(10**18), 2**31, 2**63, 10**12, 10**30, 10**99]),
    st.floats(-4, 4),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e308, 5e-324]),
    st.sampled_from(NAMES),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=4),
    st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=3),
    st.sampled_from([deep(3), deep(30), deep(60), list(range(2000)), [[]] * 40, {"shape": [1] * 40}]),
).map(copy.deepcopy)  # the next change may go into it


@st.composite
def documents(draw):
    """A valid case with one to three things changed in it."""
    data = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(data))[1:] or [()]))
        if not path:
            break
        owner, key = at(data, path[:-1]), path[-1]
        match draw(st.sampled_from(["delete", "replace", "replace", "rename", "double", "copy", "add"])):
            case "delete":
                del owner[key]
            case "rename" if isinstance(owner, dict):
                owner[draw(st.sampled_from(NAMES) | st.text("abc .=:/", max_size=4))] = owner.pop(key)
            case "double" if isinstance(owner, list):
                owner.insert(key, copy.deepcopy(owner[key]))
            case "copy":
                owner[key] = copy.deepcopy(at(data, draw(st.sampled_from(list(places(data))))))
            case "add" if isinstance(owner[key], dict):
                owner[key][draw(st.sampled_from(NAMES))] = draw(VALUES)
            case "add" if isinstance(owner[key], list):
                owner[key].append(draw(VALUES))
            case _:
                owner[key] = draw(VALUES)
    return data


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(schema())


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("mutated") / "case.yaml"


def test_documents_are_valid(file, validator):
    for data in DOCUMENTS:
        file.write_text(yaml.safe_dump(data), "utf-8")
        assert load(file)
        assert validator.is_valid(data)


def outcome(file):
    """The cases of a file with their arrays drawn, or what is said about it."""
    try:
        cases = load(file)
        for case in cases:
            elements = sum(math.prod(s.shape) for s in case.graph.inputs.values()) + case.graph.parameter_count
            if elements < 100_000:
                case.inputs()
                case.weights()
    except BadInput as error:
        return (), error
    return cases, None


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=documents())
def test_success_or_bad_input(data, file, validator):
    file.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    cases, error = outcome(file)
    if error is None:
        assert validator.is_valid(data), "what is accepted must not be marked as wrong in an editor"
        assert all(set(c.id).isdisjoint("= :") for c in cases)
    else:
        assert error.message
        assert error.file == str(file)
        assert len(str(error)) < 2000
