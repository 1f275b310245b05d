from __future__ import annotations

import ast
import dataclasses
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from parity.case.case import Case, load
from parity.commands.reproduce import script_of, write_script
from parity.engines import REQUIRES
from parity.errors import BadInput
from parity.scripts.chainer import CHAIN
from parity.targets import Target, missing

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "cases"
ENGINES = ("chainer", "keras-jax", "onnxruntime")

SEVERAL = (
    ("layers/lstm", "everything"), ("layers/lstm", "stateful-states"), ("layers/gru", "before-everything"),
    ("layers/bidirectional", "gru"), ("layers/n_step", "gru"), ("layers/time_distributed", "conv"),
    ("layers/average_pool2d", "apart-not-counted"),
    ("layers/concat",), ("layers/embedding",), ("networks/tied_weights",), ("networks/lstm_classifier",),
    ("layers/multi_head_attention",), ("layers/where",), ("layers/mean_squared_error",),
)  # fmt: skip
THREAD = """
description: A convolution and what follows it; names that Python, Chainer and the scripts use themselves.
inputs:
  image: {shape: [2, 3, 7, 8]}
layers:
  - {layer: Conv2D, name: forward, filters: 5, kernel: [3, 2], stride: [2, 1], pad: [[1, 0], [0, 1]]}
  - {layer: BatchNorm, name: class, epsilon: 2.0e-5}
  - {layer: ReLU, name: print}
  - {layer: MaxPool2D, name: max, kernel: [2, 3], stride: 2, pad: [[1, 0], [0, 1]], cover_all: true}
  - {layer: Flatten, name: np}
  - {layer: Linear, name: _arrays, units: 4}
"""
RUN = """
import runpy, sys
for script in sys.argv[1:]:
    print("##", script)
    runpy.run_path(script, run_name="__main__")
"""
GENERATE = """
import sys
from pathlib import Path
from parity.case.case import load
from parity.commands.reproduce import script_of
from parity.targets import Target

cases, out = Path(sys.argv[1]), Path(sys.argv[2])
for file in sorted((cases / "layers").glob("*.yaml")):
    case = load(file, cases)[0]
    for engine in sys.argv[3:]:
        target = Target(engine)
        if not any(n.layer.gap(target.dialect, engine) for n in case.graph.nodes):
            print(script_of(case, target, out / engine))
frameworks = {"chainer", "keras", "tensorflow", "jax", "onnx", "onnxruntime", "torch"} & set(sys.modules)
assert not frameworks, f"writing scripts imported {frameworks}"
"""


def case(name: str, variant: str = "") -> Case:
    return next(c for c in load(CASES / f"{name}.yaml", CASES) if variant in c.variant)


@pytest.fixture(scope="module")
def thread(tmp_path_factory) -> Case:
    file = tmp_path_factory.mktemp("case") / "thread.yaml"
    file.write_text(THREAD, encoding="utf-8")
    return load(file)[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory, thread):
    """Engine → script's name → what it printed; all scripts of an engine run in one process."""
    done: dict[str, dict[str, str]] = {}

    def of(engine: str) -> dict[str, str]:
        if why := missing(Target(engine)):
            pytest.skip(why)
        if engine not in done:
            done[engine] = _run(engine, tmp_path_factory.mktemp(engine), thread)
        return done[engine]

    return of


def _run(engine: str, out: Path, thread: Case) -> dict[str, str]:
    several = [thread] + [case(*names) for names in SEVERAL]
    scripts = {str(i): script_of(c, Target(engine), out / str(i)) for i, c in enumerate(several)}
    scripts["embedded"] = script_of(thread, Target(engine), out / "embedded", embed=True)
    scripts["corrupt"] = script_of(thread, Target(engine), out / "corrupt")
    archive = scripts["corrupt"].with_suffix(".npz")
    with np.load(archive, allow_pickle=False) as file:
        arrays = dict(file)
    kernel = next(k for k in arrays if "forward" in k and arrays[k].ndim == 4)
    arrays[kernel].flat[7] *= 1.01
    np.savez(archive, **arrays)
    command = [sys.executable, "-c", RUN, *map(str, scripts.values())]
    made = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT)
    assert made.returncode == 0, made.stderr[-3000:]
    printed = made.stdout.split("## ")[1:]
    return dict(zip(scripts, printed, strict=True))


def ratios(printed: str) -> list[float]:
    return [float(r) for r in re.findall(r"error / bound (\S+)$", printed, re.MULTILINE)]


@pytest.mark.parametrize("engine", ENGINES)
def test_scripts_run_and_agree(run, engine):
    printed = run(engine)
    outputs = {name: ratios(text) for name, text in printed.items() if name != "corrupt"}
    assert len(outputs) == 2 + len(SEVERAL)
    assert len(outputs["1"]) == 3, "an LSTM has three outputs"
    for name, found in outputs.items():
        assert found, printed[name]
        assert all(r <= 1 for r in found), printed[name]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_script_may_hold_its_arrays(run, engine, tmp_path, thread):
    path = script_of(thread, Target(engine), tmp_path, embed=True)
    assert list(tmp_path.iterdir()) == [path]
    text = path.read_text(encoding="utf-8")
    assert "__file__" not in text
    assert max(map(len, text.splitlines())) <= 110
    assert run(engine)["embedded"].splitlines()[1:] == run(engine)["0"].splitlines()[1:], "but for the path"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_changed_weight_shows(run, engine):
    assert min(ratios(run(engine)["corrupt"])) > 1


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> list[Path]:
    """One script for each layer and dialect, written by a process that must not import any framework."""
    out = tmp_path_factory.mktemp("scripts")
    command = [sys.executable, "-c", GENERATE, str(CASES), str(out), *ENGINES]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert made.returncode == 0, made.stderr[-3000:]
    return [Path(line) for line in made.stdout.splitlines()]


def test_every_layer_in_every_dialect_compiles(scripts):
    files = list((CASES / "layers").glob("*.yaml"))
    assert len(scripts) >= 3 * len(files) - 6, "a few gaps are all that may be left out"
    for script in scripts:
        compile(script.read_text(encoding="utf-8"), script.name, "exec")


def test_scripts_stand_alone_and_are_readable(scripts):
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"^(import|from) parity", text, re.MULTILINE), script.name
        assert "<parity" not in text, f"{script.name} has the repr of an object"
        assert "<built-in" not in text
        assert max(map(len, text.splitlines())) <= 110, script.name
        assert "__import__" not in text
        frameworks = set(re.findall(r"^ *import (chainer|keras|onnx)$", text, re.MULTILINE))
        assert len(frameworks) == 1, script.name


def test_equal_bytes_every_time(tmp_path, thread):
    for engine in ENGINES:
        first, second = (script_of(thread, Target(engine), tmp_path / str(i)) for i in range(2))
        assert first.read_bytes() == second.read_bytes()
        assert first.with_suffix(".npz").read_bytes() == second.with_suffix(".npz").read_bytes()
        one, other = (script_of(thread, Target(engine), tmp_path / str(i), embed=True) for i in range(2))
        assert one.read_bytes() == other.read_bytes()


def test_channels_are_moved_plainly(tmp_path, thread):
    text = script_of(thread, Target("keras-jax"), tmp_path).read_text(encoding="utf-8")
    assert 'arrays["inputs/image"].transpose(0, 2, 3, 1)' in text
    assert "keras.layers.Permute((3, 1, 2))" in text, "before flattening, back to canonical order"


def test_weights_are_in_the_frameworks_own_layout(tmp_path, thread):
    shapes = {}
    for engine, key in (("chainer", "forward_/W"), ("keras-jax", "forward/kernel"), ("onnxruntime", "forward/W")):
        with np.load(script_of(thread, Target(engine), tmp_path).with_suffix(".npz"), allow_pickle=False) as file:
            shapes[engine] = file[f"weights/{key}"].shape
    assert shapes == {"chainer": (5, 3, 3, 2), "keras-jax": (3, 2, 3, 5), "onnxruntime": (5, 3, 3, 2)}


def test_what_a_target_cannot_say_is_an_error(tmp_path):
    dilated = case("layers/conv2d", "stride-2x1,pad-0,groups-1,dilation-1x3")
    with pytest.raises(BadInput, match=r"keras-jax@cpu cannot say Conv2D conv: .*dilation_rate"):
        script_of(dilated, Target("keras-jax"), tmp_path)


def test_scripts_compute_in_float32(tmp_path, thread):
    for target in ("chainer@cpu:float16", "keras-jax@gpu", "chainer@gpu:tf32"):
        with pytest.raises(BadInput, match=r"scripts compute in float32 on a CPU, .* does not"):
            script_of(thread, Target.parse(target), tmp_path)
    stored = script_of(thread, Target.parse("chainer@cpu:storage_float16"), tmp_path).with_suffix(".npz")
    with np.load(stored, allow_pickle=False) as file:
        w = file["weights/forward_/W"]
    assert w.dtype == np.float32
    np.testing.assert_array_equal(w, w.astype(np.float16))


def test_an_unknown_target_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(BadInput, match="unknown target 'caffe'"):
        write_script("layers/relu[distribution-normal]", "caffe", tmp_path)


def test_reserved_names_are_those_of_a_chain():
    if importlib.util.find_spec("chainer") is None:
        pytest.skip("package chainer is not installed")
    from parity.compat.chainer import import_chainer

    chain = import_chainer().Chain()
    assert {n for n in dir(chain) if not n.startswith("_")} | {"forward"} == set(CHAIN.split())


def test_every_engine_has_a_writer(tmp_path):
    for engine in REQUIRES:
        assert script_of(case("layers/relu"), Target(engine), tmp_path).exists()


def test_a_name_that_is_no_text_is_written_as_far_as_it_is_one(tmp_path):
    odd = dataclasses.replace(case("layers/relu"), id='a\udcff\n"""')
    for target in ("chainer", "keras-jax", "onnxruntime"):
        text = script_of(odd, Target(target), tmp_path, embed=True).read_text("utf-8")
        assert ast.get_docstring(ast.parse(text)).startswith("a?\n''' in ")
