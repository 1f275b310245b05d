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
    assert failure_text(record).splitlines() == [
        "nonfinite: so it is",
        *[
            "  conv + bn, tensor a: nonfinite",
            "    error ÷ bound  inf",
            "    max |d|        0.5 over 1,234 elements",
            "    worst          at [0, 1]: nan, expected 1",
        ]
        * 3,
        "  and 1 more tensor",
        "reproduce: parity reproduce 'layers/a[b-1,c-2]' chainer@cpu",
    ]
