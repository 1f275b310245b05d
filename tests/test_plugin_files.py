"""``pytest cases/``: which files are meant, and what a failure says."""

import subprocess
import sys

from parity.plugin import failure_text, looks_like_case

pytest_plugins = ["pytester"]
CASE = """\
description: One layer.
inputs:
  x: {shape: [2, 3]}
layers:
  - {layer: ReLU}
"""


def test_named_file_outside_cases_and_root_called_cases(pytester, tmp_path):
    (pytester.path / "elsewhere.yaml").write_text(CASE)
    command = [sys.executable, "-m", "pytest", "-p", "parity.plugin", "--collect-only", "-q", "-p", "no:cacheprovider"]

    def collected(where, *args):
        done = subprocess.run([*command, *args], cwd=where, capture_output=True, text=True, check=False)
        return [line for line in done.stdout.splitlines() if "::" in line]

    assert len(collected(pytester.path, "elsewhere.yaml")) == 5
    inner = tmp_path / "cases" / "project"  # the folder above the root is not meant
    inner.mkdir(parents=True)
    (inner / "pytest.ini").write_text("[pytest]\n")
    (inner / "a.yaml").write_text(CASE)
    assert collected(inner) == []
    (inner / "pytest.ini").rename(tmp_path / "cases" / "pytest.ini")
    assert len(collected(tmp_path / "cases")) == 5


def test_looks_like_case(tmp_path):
    file = tmp_path / "a.yaml"
    for text, expected in ((CASE, True), ("# $schema=x/case.schema.json\n", True), ("inputs: 1\n", False)):
        file.write_text(text)
        assert looks_like_case(file) is expected
    assert not looks_like_case(tmp_path / "none.yaml")


def test_failure_text_of_many_layers():
    """The first three layers with their figures; infinities are strings in records."""
    metrics = {"bound_ratio": "inf", "max_abs": 0.5, "count": 1234, "worst": [0, 1], "worst_actual": "nan"}
    finding = {"tensor": "a", "nodes": ["conv", "bn"], "verdict": "nonfinite", "message": "m"}
    record = {
        "case": "layers/a[b-1,c-2]",
        "target": "chainer@cpu",
        "ok": False,
        "verdict": "nonfinite",
        "message": "so it is",
        "layers": [finding | {"metrics": metrics | {"worst_reference": 1.0}}] * 4
        + [finding | {"verdict": "equal", "metrics": None}],
        "final": [finding | {"nodes": [], "verdict": "missing", "metrics": None, "message": "y was not returned"}],
    }
    assert failure_text(record, {}).splitlines() == [
        "nonfinite: so it is",
        *[
            "  conv + bn, tensor a: nonfinite",
            "    error ÷ bound  inf",
            "    max |d|        0.5 over 1,234 elements",
            "    worst          at [0, 1]: nan, expected 1",
        ]
        * 3,
        "  and 1 more tensor",
        "all of it: parity explain 'layers/a[b-1,c-2]' chainer@cpu",
        "reproduce: parity reproduce 'layers/a[b-1,c-2]' chainer@cpu",
    ]


def test_failure_text_with_a_cause():
    """The cause and what to change stand above the figures, in the words of the whole story."""
    cause = {
        "node": "bn", "kind": "BatchNorm", "name": "epsilon", "words": "epsilon 0.001 instead of 2e-05", "ratio": 0.1,
        "advice": "", "value": 0.001, "source": "parameter",
    }  # fmt: skip
    found = {
        "nodes": ["bn"],
        "tensor": "bn",
        "causes": [cause],
        "closest": None,
        "ratio": 7.0,
        "tried": 4,
        "complete": True,
    }
    record = {
        "case": "a",
        "target": "chainer@cpu",
        "ok": False,
        "verdict": "differs",
        "message": "m",
        "diagnosis": [found],
    }
    case = {"layers": [{"name": "bn", "layer": "BatchNorm", "parameters": {"epsilon": 2e-5}}]}
    assert failure_text(record, case).splitlines()[:3] == [
        "differs: m",
        "chainer differs: in BatchNorm bn, epsilon is 0.001 instead of 2e-05.",
        "Give both sides the same epsilon; the case has 2e-05. In Chainer that is L.BatchNormalization(eps=2e-05). "
        "Where nothing is said, Chainer takes 2e-05. 0.001 is what keras.layers.BatchNormalization takes where nothing "
        "is said: was the argument left out?",
    ]
