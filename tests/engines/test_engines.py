"""What is broken on purpose in a real engine must fail, and the right layer must be blamed. See broken.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity.engines import ENGINES
from parity.judge.verdict import FAILED
from parity.targets import Target, missing

LRN_BUG = "onnx.reference (op_lrn.py) sums the first N channels only, N being the batch size"


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Engine → what broken.py found, all engines started together; asking for one waits for it."""
    folder, scripts, read = tmp_path_factory.mktemp("engines"), {}, {}
    shared = tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    for engine in ENGINES:
        if not missing(Target(engine)):
            command = [
                sys.executable,
                str(Path(__file__).with_name("broken.py")),
                engine,
                str(shared / f"{engine}.json"),
            ]
            log = (folder / f"{engine}.log").open("wb")
            scripts[engine] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            log.close()

    def report(engine):
        if why := missing(Target(engine)):
            pytest.skip(why)
        if engine not in read:
            status = scripts[engine].wait(300)
            assert status == 0, (folder / f"{engine}.log").read_text()[-4000:]
            read[engine] = json.loads((shared / f"{engine}.json").read_text())
        return read[engine]

    yield report
    for script in scripts.values():
        script.kill()
        script.wait()


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def found(reports, engine):
    return lambda what: reports(engine)["found"][what]


@pytest.mark.parametrize("what", ["front", "back", "lrn", "dense", "lstm", "gru", "after all that"])
def test_an_engine_that_is_not_broken_passes(found, engine, what):
    if (engine, what) == ("onnx-reference", "lrn"):
        assert found(f"nothing, {what}")["verdict"] in ("rounding", "differs"), LRN_BUG
        return
    result = found(f"nothing, {what}")
    assert result["verdict"] in ("equal", "rounding"), result["message"]
    assert result["copied"]


@pytest.mark.parametrize(
    ("what", "blame"),
    [
        ("kernel transposed", ["conv"]),
        ("dilation dropped, same size", ["conv"]),
        ("epsilon of BatchNorm", ["bn"]),
        ("slope of LeakyReLU", ["act"]),
        ("kernel of the transpose transposed", ["up"]),
        ("padding counts in AveragePool", ["pool"]),
        ("axis of Softmax", ["soft"]),
        ("alpha of LRN divided by n", ["lrn"]),
        ("matrix transposed", ["fc1", "fc2", "out"]),
        ("LSTM gates swapped", ["lstm"]),
        ("GRU gates swapped", ["gru"]),
    ],
)
def test_a_layer_that_means_something_else_is_blamed(found, what, blame):
    result = found(what)
    assert result["verdict"] == "differs"
    assert result["blame"] == blame
    assert result["copied"], "the certificate goes by the layouts in force, and those hold"


@pytest.mark.parametrize("what", ["dilation dropped", "stride dropped", "groups dropped"])
def test_a_parameter_that_is_dropped_fails(found, what):
    assert found(what)["verdict"] in FAILED


def test_a_bias_that_is_dropped_is_blamed_or_found_missing(found, engine):
    result = found("bias dropped")
    assert result["verdict"] == "differs"
    assert result["by_numbers"] == ["conv"]
    if not engine.startswith("onnx"):  # an initializer that no node reads is there all the same
        assert result["blame"] == ["copy"]
        assert "is not there to be copied to" in result["message"]


@pytest.mark.parametrize("what", ["last bit of a weight", "last bit of BatchNorm"])
def test_one_bit_that_is_not_copied_breaks_the_certificate(found, what):
    result = found(what)
    assert (result["verdict"], result["blame"], result["copied"]) == ("differs", ["copy"], False)
    assert result["numbers"] in ("equal", "rounding"), "no number tells, and that is why there is a certificate"
    assert "does not hold what was sent" in result["message"]


def test_weights_of_two_layers_that_are_exchanged(found):
    result = found("weights of two layers exchanged")
    assert result["blame"] == ["copy"]
    assert result["by_numbers"] == ["fc1", "fc2"]


def test_weights_that_are_not_copied(found, engine):
    result = found("weights not copied")
    if engine.startswith("onnx"):
        assert result["verdict"] == "crashed"
    else:
        assert result["blame"] == ["copy"]
        assert result["by_numbers"] == ["fc2"]


def test_a_weight_without_a_layout_is_copied_nowhere(found):
    result = found("bias without a layout")
    assert result["verdict"] == "differs"
    assert result["blame"] == ["copy"]
    assert "fc1: b has no place" in result["message"]


def test_a_weight_that_no_layout_knows_is_found(found, engine):
    result = found("bias nobody asked for")
    assert result["blame"] == ["copy"]
    if not engine.startswith("onnx"):  # whose rules make no weights
        assert "out: " in result["message"]
        assert "holds values that nothing was copied to" in result["message"]


@pytest.mark.parametrize(
    ("what", "verdict", "blame"),
    [
        ("NaN in a layer", "nonfinite", ["tanh", "fc2"]),
        ("layer missing", "missing", ["sigmoid"]),
        ("NaN in the output", "nonfinite", ["fusion"]),
        ("output missing", "missing", []),
        ("output of another shape", "shape", []),
        ("output in float64", "differs", []),
        ("output rounded to float16", "differs", ["fusion"]),
    ],
)
def test_what_is_returned_is_looked_at(found, what, verdict, blame):
    result = found(what)
    assert result["verdict"] == verdict
    assert result["blame"] == blame


def test_facts(reports, engine):
    facts = reports(engine)["facts"]
    assert facts["device"] == "cpu"
    assert facts["mode"]
    assert isinstance(facts["full_taps"], bool)
    package = engine.rpartition("-")[2] if engine.startswith("keras") else engine.partition("-")[0]
    assert {package, "numpy"} <= set(facts["versions"])
    assert all(v[0].isdigit() for v in facts["versions"].values())


@pytest.mark.parametrize("engine", ["onnxruntime", "keras-tensorflow", "keras-jax"])
def test_a_framework_that_comes_up_elsewhere_is_an_error(reports, engine):
    assert "instead of" in reports(engine)["guard"]
