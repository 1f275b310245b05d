"""docs/add-a-layer.md: its layer is registered from outside, runs on real engines, and a mistake in it is seen."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from parity.results import records
from parity.targets import Target, missing

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "add-a-layer.md").read_text("utf-8")
TARGETS = [t for t in ("chainer", "onnxruntime") if missing(Target(t)) is None]


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[1]


def run(folder, source, targets, *more, **environment):
    """The page's last command."""
    (folder / "isru.py").write_text(source, "utf-8")
    (folder / "isru.yaml").write_text(block("yaml"), "utf-8")
    command = [sys.executable, "-m", "parity", "run", "isru.yaml", "--targets", ",".join(targets), "--out", "out"]
    path = os.pathsep.join((".", str(ROOT)))
    env = os.environ | {"PYTHONPATH": path, "PARITY_LAYERS": "isru"} | environment
    done = subprocess.run([*command, *more], cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done


def verdicts(folder):
    found = records(folder / "out")
    return {(r["case"], r["target"]): r["verdict"] for r in found if r["kind"] == "cell"}


@pytest.mark.skipif(len(TARGETS) < 2, reason="takes Chainer and onnxruntime")
def test_the_layer_runs(tmp_path):
    done = run(tmp_path, block("python"), TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    found = verdicts(tmp_path)
    assert len(found) == 2 * len(TARGETS)
    assert set(found.values()) <= {"rounding", "equal"}
    assert "rounding" in found.values()


@pytest.mark.skipif(len(TARGETS) < 2, reason="takes Chainer and onnxruntime")
def test_a_wrong_rule_is_seen(tmp_path):
    wrong = block("python").replace("o.const(np.float64(p.alpha))", "o.const(np.float64(1))")
    assert wrong != block("python")
    done = run(tmp_path, wrong, TARGETS)
    assert done.returncode == 1
    for (case, target), verdict in verdicts(tmp_path).items():
        fails = target.startswith("onnx") and "2.5" in case
        assert (verdict == "differs") == fails, (case, target)


def test_without_the_variable_there_is_no_such_layer(tmp_path):
    done = run(tmp_path, block("python"), ["chainer"], PARITY_LAYERS="")
    assert done.returncode == 2
    assert "unknown layer 'ISRU'" in done.stderr


def test_a_module_that_is_not_there(tmp_path):
    done = run(tmp_path, block("python"), ["chainer"], PARITY_LAYERS="irsu")
    assert done.returncode == 2
    assert "PARITY_LAYERS names the module 'irsu', which cannot be imported" in done.stderr
    assert "Traceback" not in done.stderr
