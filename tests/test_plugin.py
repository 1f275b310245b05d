"""``pytest cases/``: what is collected, how verdicts become outcomes, and that others notice nothing."""

import functools
import re
from collections import Counter
from importlib.util import find_spec
from xml.etree import ElementTree

import pytest

import parity.case.case  # noqa: F401  before pytest runs inside this process, which forgets what it imports then

pytest_plugins = ["pytester"]
pytest.importorskip("onnx")

GOOD = """\
description: Two variants that pass.
inputs:
  x: {shape: [2, 3, 5, 4]}
layers:
  - {layer: Conv2D, name: conv, filters: 2, kernel: [3, 2]}
sweep:
  product:
    conv.stride: [1, [2, 1]]
    conv.bias: [true, false]
"""
GAP = """\
description: What Keras cannot say.
inputs:
  x: {shape: [2, 3, 11]}
layers:
  - {layer: Conv1D, filters: 2, kernel: 3, stride: 2, dilation: 2}
targets: [keras-jax, onnx-reference]
"""
WRONG = """\
description: A layer whose reference BREAK spoils.
inputs:
  x: {shape: [2, 9, 4, 5]}
layers:
  - {layer: ReLU, name: before}
  - {layer: Tanh, name: act}
"""
KNOWN = WRONG + "expect:\n  - {target: onnx-reference, verdict: differs, reason: one percent too much}\n"
BREAK = """\
def pytest_collection_finish():
    from dataclasses import replace
    from parity.layers import Layer

    [rule] = Layer.registry["Tanh"].rules["numpy"]
    Layer.registry["Tanh"].rules["numpy"] = [replace(rule, fn=lambda *a: 1.01 * rule.fn(*a))]
"""
STALE = """\
description: An expectation that does not hold.
inputs:
  x: {shape: [2, 3]}
layers:
  - {layer: ReLU}
expect:
  - {target: "*", verdict: differs, reason: it once did}
"""
WEIGHTS = """\
description: Weights that are not there.
inputs:
  x: {shape: [2, 3]}
layers:
  - {layer: Linear, name: fc, units: 2}
weights: {file: none.npz}
"""


@pytest.fixture
def start(pytester, monkeypatch):
    """Writes case files into cases/ and runs pytest on them."""
    monkeypatch.setenv("COLUMNS", "200")

    def start(how, *args, **files):
        folder = pytester.path / "cases"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text, "utf-8")
        if not any(a.startswith("--parity-targets") for a in args):
            args = (*args, "--parity-targets=onnx-reference")
        result = how("-p", "parity.plugin", *args)
        assert "Traceback" not in result.stdout.str() + result.stderr.str()
        return result

    return start


@pytest.fixture
def run(start, pytester):
    """A run in a process of its own."""
    return functools.partial(start, pytester.runpytest_subprocess)


@pytest.fixture
def collect(start, pytester):
    """A collection in this process, which is quicker."""
    return functools.partial(start, pytester.runpytest_inprocess, "--collect-only", "-q")


def ids(result):
    return [line for line in result.outlines if "::" in line]


def test_outcomes(run, pytester):
    pytester.makeconftest(BREAK)
    files = {"good": GOOD, "gap": GAP, "wrong": WRONG, "known": KNOWN, "stale": STALE, "weights": WEIGHTS}
    result = run(
        "cases",
        "-rA",
        "--junitxml=out.xml",
        "--parity-targets=onnx-reference,keras-jax",
        "-k",
        "gap or reference",
        **files,
    )
    result.assert_outcomes(passed=5, skipped=1, xfailed=1, failed=3)
    assert result.ret == 1
    result.stdout.fnmatch_lines_random(
        [
            "PASSED cases/good.yaml::good:stride-2x1,bias-false@onnx-reference",
            "PASSED cases/gap.yaml::gap@onnx-reference",
            "SKIPPED [[]1[]] *: *eras*",  # declared gap, or Keras is not installed
            "XFAIL cases/known.yaml::known@onnx-reference - *differs, as expected: one percent too much",
            "FAILED cases/wrong.yaml::wrong@onnx-reference - Failed: differs: act (Tanh): * times what*",
            "FAILED cases/stale.yaml::stale@onnx-reference - Failed: expected differs (it once did), found*",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "*_ wrong@onnx-reference _*",
            "differs: act (Tanh): * times what rounding allows; worst at [[]*",
            "  act, tensor act: differs",
            "    error ÷ bound  *",
            "    max |d|        * over 360 elements",
            "    worst          at [[]*[]]: *, expected *",
            "reproduce: parity reproduce wrong onnx-reference@cpu",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "*_ stale@onnx-reference _*",
            "expected differs (it once did), found equal: the expectation no longer holds.",
            "*_ weights@onnx-reference _*",
            "cases/weights.yaml:6: weights.file: */cases/none.npz: there is no such file",
        ]
    )
    suite = ElementTree.parse(pytester.path / "out.xml").getroot().find("testsuite")
    found = {(case.get("classname"), case.get("name")): case for case in suite}
    assert len(found) == 10
    failure = found["cases.wrong.yaml", "wrong@onnx-reference"].find("failure")
    assert failure.get("message").startswith("Failed: differs: act (Tanh)")
    assert "error ÷ bound" in failure.text
    assert found["cases.known.yaml", "known@onnx-reference"].find("skipped").get("type") == "pytest.xfail"
    assert ("cases.good.yaml", "good:stride-1,bias-true@onnx-reference") in found


def test_select(collect):
    one = "cases/good.yaml::good:stride-2x1,bias-false@onnx-reference"
    assert ids(collect("cases", "-k", "stride-2x1 and bias-false and not chainer", good=GOOD, known=KNOWN)) == [one]
    assert ids(collect(one)) == [one]
    found = [i.rpartition("@")[2] for i in ids(collect("cases/good.yaml", "--parity-targets=keras-*,chainer"))]
    assert Counter(found) == {"chainer": 4, "keras-jax": 4, "keras-tensorflow": 4}


def test_known_failure_with_runxfail(run, pytester):
    pytester.makeconftest(BREAK)
    result = run("cases", "--runxfail", known=KNOWN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["differs: act (Tanh): *"])


def test_unknown_target(collect):
    result = collect("cases", "--parity-targets=caffe", good=GOOD)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --parity-targets: no target matches 'caffe': found 'caffe', accepted are chainer, *"]
    )


def test_bad_file_is_a_collection_error(run):
    bad = GOOD.replace("kernel:", "kernle:").replace("product:", "product:\n    seed: [1]")
    result = run("cases", "--continue-on-collection-errors", "-k", "bias-true", good=GOOD, bad=bad)
    result.assert_outcomes(passed=2, errors=1)
    lines = [line for line in result.outlines if "kernle" in line]
    assert lines[0].startswith("cases/bad.yaml:5: layers.conv.kernle: Conv2D has no 'kernle' (did you mean 'kernel'?)")


@pytest.mark.parametrize("text", ["layers: [\n", "layers:\n  - {layer: [}\n"], ids=["modeline", "layers"])
def test_malformed_file_is_not_passed_over(collect, text):
    modeline = "# yaml-language-server: $schema=../docs/case.schema.json\n"
    result = collect("cases", bad=text if "layer:" in text else modeline + text)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["cases/bad.yaml:*: is not YAML: *"])


def test_framework_starts_once_a_target_under_xdist(run):
    if not find_spec("chainer"):
        pytest.skip("two installed targets are needed")
    result = run("cases", "-n", "2", "--dist", "loadgroup", "-v", "--parity-targets=onnx-reference,chainer", good=GOOD)
    result.assert_outcomes(passed=8)
    where: dict[str, set] = {}
    for worker, target in re.findall(r"\[(gw\d)\].* PASSED .*@(\S+)", result.stdout.str()):
        where.setdefault(target, set()).add(worker)
    assert sorted(where) == ["chainer", "onnx-reference"]
    assert all(len(workers) == 1 for workers in where.values())


FRAMEWORKS = {"chainer", "keras", "tensorflow", "jax", "onnx", "onnxruntime", "torch"}

SPY = """\
import sys
import pytest

def pytest_runtest_logreport(report):
    if report.when == "call":
        import psutil
        print("\\nWORKERS", len(psutil.Process().children()))

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    import psutil
    print("LEFT", len(psutil.Process().children()))
    print("MODULES", *sorted(sys.modules))
"""


def test_no_framework_here_and_no_worker_left(run, pytester):
    pytester.makeconftest(SPY)
    result = run("cases", "-s", good=GOOD)
    result.assert_outcomes(passed=4)
    assert result.outlines.count("WORKERS 1") == 4
    result.stdout.fnmatch_lines(["LEFT 0"])
    [modules] = [line.split()[1:] for line in result.outlines if line.startswith("MODULES ")]
    assert "parity.session" in modules
    assert not FRAMEWORKS & set(modules)


def test_other_projects_notice_nothing(pytester):
    """No import, no collected file: YAML that is not ours, in a folder called cases and elsewhere."""
    pytester.makeconftest(SPY)
    pytester.makepyfile("def test_it(): pass")
    folder = pytester.mkdir("cases")
    (folder / "map.yaml").write_text("layers:\n  - {name: roads}\ninputs: []\n")
    (folder / "broken.yaml").write_text("{[\n")
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (pytester.path / "elsewhere.yaml").write_text(GOOD)
    result = pytester.runpytest_subprocess("-p", "parity.plugin", "-s")
    result.assert_outcomes(passed=1)
    [modules] = [line.split()[1:] for line in result.outlines if line.startswith("MODULES ")]
    ours = {m for m in modules if m.partition(".")[0] in {"parity", "numpy", "pydantic", "yaml", "typer"}}
    assert ours == {"parity", "parity.plugin"}
