"""The command line: what is printed, exit statuses, and that one wrong case does not stop the others."""

import sys
from pathlib import Path

import pytest

from parity.cli import main
from parity.commands import inspect
from parity.results import read
from parity.targets import Target

ROOT = Path(__file__).parents[2]
GOOD = "description: d\ninputs:\n  x: {shape: [2, 3]}\nlayers:\n  - {layer: Linear, name: fc, units: 2}\n"
SWEPT = GOOD + "sweep:\n  product:\n    fc.units: [4, 5]\n"
WEIGHTS = SWEPT + "weights: {file: none.npz}\n"
BROKEN = GOOD.replace("units: 2", "units: 0")
KERNLE = GOOD.replace("{layer: Linear, name: fc, units: 2}", "{layer: Conv1D, name: c, filters: 1, kernle: 2}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """cases/ with good and bad files, and the working directory above it."""
    (tmp_path / "cases").mkdir()
    for name, text in {"good": GOOD, "swept": SWEPT, "weights": WEIGHTS, "broken": BROKEN, "kernle": KERNLE}.items():
        (tmp_path / f"cases/{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def parity(capsys, monkeypatch):
    """A command in this process: exit status, standard output, standard error."""
    monkeypatch.setenv("COLUMNS", "200")

    def parity(*words):
        monkeypatch.setattr(sys, "argv", ["parity", *words])
        with pytest.raises(SystemExit) as done:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return done.value.code, out, err

    return parity


BAD_BROKEN = "cases/broken.yaml:5: layers.fc.units: Linear: found 0, accepted: integer ≥ 1\n"
BAD_KERNLE = "cases/kernle.yaml:5: layers.c.kernle: Conv1D has no 'kernle' (did you mean 'kernel'?); it takes filters, "
BAD_WEIGHTS = "cases/weights.yaml:9: weights.file: cases/none.npz: there is no such file\n"


def test_check(folder, parity):
    status, out, err = parity("check")
    assert (status, out) == (2, "3 cases are well, 3 errors\n")
    assert err.startswith(BAD_BROKEN + BAD_KERNLE)
    assert err.endswith(BAD_WEIGHTS)
    assert err.count("\n") == 3
    assert parity("check", "cases/good.yaml", "cases/swept.yaml") == (0, "3 cases are well\n", "")
    assert parity("check", "none.yaml")[0::2] == (2, "none.yaml: there is no such file\n")


def test_list(folder, parity):
    ids = "good\nswept[units-4]\nswept[units-5]\n"
    assert parity("list", "cases/good.yaml", "cases/swept.yaml") == (0, ids, "")
    assert parity("list", "cases/good.yaml", "cases/swept.yaml", "-k", "units-5 or good")[1] == "good\nswept[units-5]\n"
    status, out, err = parity("list", "-k", "swept and units-4")
    assert (status, out) == (2, "swept[units-4]\n")
    assert err.startswith(BAD_BROKEN)


def test_show(monkeypatch, parity):
    monkeypatch.chdir(ROOT)
    status, out, _ = parity("show", "seeds/mnist_mlp")
    assert status == 0
    assert "Total parameters: 669,706" in out  # 784·512 + 512 + 512·512 + 512 + 512·10 + 10
    for row in (["[32, 784]", "input"], ["Linear(units=512, bias=True)", "401,920"], ["5,130"]):
        assert any(all(cell in line for cell in row) for line in out.splitlines()), row
    out = parity("show", "networks/tied_weights")[1]
    assert "420 (shared)" not in out  # what is counted once does not count again
    assert "30 (shared)" in out
    assert parity("show", "layers/none")[0::2] == (
        2,
        "'layers/none' means 0 cases; name one: parity list shows the cases there are\n",
    )


HIDDEN = """
description: Dead rectifiers.
inputs: {x: {shape: [2, 3]}}
weights: {random: {fc1/b: {distribution: constant, mean: -100}}}
layers:
  - {layer: Linear, name: fc1, units: 4}
  - {layer: ReLU, name: act}
  - {layer: Linear, name: fc2, units: 5}
"""


@pytest.mark.parametrize(
    ("more", "shown", "hidden"),
    [
        (
            "",
            ["Weak: only 51.2% of", "add probe: true, or larger inputs.", "[0, 0], [0, 1]"],
            "probe 51.2%",
        ),
        ("weak: It is a test.\n", ["larger inputs. The case says why: It is a test."], "probe 51.2%"),
        ("probe: true\n", ["100% of those that are 1% wrong", "without the probe 51.2% at 1%"], "Weak"),
    ],
)
def test_show_says_what_would_be_noticed(tmp_path, monkeypatch, parity, more, shown, hidden):
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "a.yaml").write_text(HIDDEN + more)
    status, out, _ = parity("show", str(tmp_path / "a.yaml"))
    assert status == 0
    assert [s for s in shown if s not in out] == []
    assert hidden not in out


def test_show_of_a_case_whose_file_is_not_there(tmp_path, parity):
    (tmp_path / "a.yaml").write_text(
        HIDDEN.replace("random: {fc1/b: {distribution: constant, mean: -100}}", "file: w.npz")
    )
    status, _, err = parity("show", str(tmp_path / "a.yaml"))
    assert status == 2
    assert "w.npz" in err


def test_schema(parity):
    assert parity("schema") == (0, (ROOT / "docs/case.schema.json").read_text("utf-8"), "")


def test_targets(monkeypatch, parity):
    pytest.importorskip("onnx")
    monkeypatch.setattr(inspect, "ALL", (Target("onnx-reference"), Target("chainer")))
    real = inspect.missing
    monkeypatch.setattr(inspect, "missing", lambda t: "package chainer is not installed" if "ch" in str(t) else real(t))
    status, out, _ = parity("targets")
    assert status == 0
    [ready] = [line for line in out.splitlines() if "onnx-reference@cpu" in line]
    assert "ready" in ready
    assert "numpy" in ready
    [absent] = [line for line in out.splitlines() if "chainer@cpu" in line]
    assert "skipped: package chainer is not installed" in absent


def test_run_goes_on_behind_bad_input(folder, parity):
    pytest.importorskip("onnx")
    status, out, err = parity("run", "none.yaml", "cases", "--targets", "onnx-reference", "--out", "out")
    assert status == 2
    assert "report: out/index.html" in out
    messages = [line.removeprefix("bad input: ") + "\n" for line in err.splitlines()]
    assert messages[0] == "none.yaml: there is no such file\n"
    assert messages[1] == BAD_BROKEN
    assert messages[2].startswith(BAD_KERNLE)
    assert messages[3:] == [BAD_WEIGHTS]  # once, though both cases of the sweep read it
    cells = read(folder / "out").cells.values()
    assert {c["case"]: c["verdict"] for c in cells} == dict.fromkeys(
        ["good", "swept[units-4]", "swept[units-5]"], "rounding"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cases/broken.yaml"], f"bad input: {BAD_BROKEN}"),
        (
            ["cases/good.yaml", "--targets", "onnx-reference,caffe"],
            "no target matches 'caffe': found 'caffe', accepted are chainer, …",
        ),
        (
            ["cases/good.yaml", "-k", "good and"],
            "-k 'good and' cannot be read; expected words joined by and, or, not and …",
        ),
        (["cases/good.yaml", "-k", "gru"], "-k 'gru' fits none of the 1 cases; parity list shows them\n"),
        (["empty"], "bad input: empty: no *.yaml in this folder\n"),
        (["cases", "--resume", "--jobs", "0"], "…"),
    ],
    ids=["no-case-left", "target", "expression", "fits-nothing", "empty-folder", "usage"],
)
def test_run_that_cannot_begin_keeps_older_results(folder, parity, words, message):
    (folder / "empty").mkdir()
    (folder / "out").mkdir()
    (folder / "out/results.jsonl").write_text("older\n")
    status, out, err = parity("run", *words, "--out", "out")
    assert (status, out) == (2, "")
    assert err.startswith(message.removesuffix("…"))
    assert (folder / "out/results.jsonl").read_text() == "older\n"


def test_exit_status_of_failing_and_of_skipped_runs(folder, parity):
    pytest.importorskip("onnx")
    expect = "expect: [{target: onnx-reference, verdict: differs, reason: it once did}]\n"
    (folder / "cases/stale.yaml").write_text(GOOD + expect)
    status, out, _ = parity("run", "cases/stale.yaml", "--targets", "onnx-reference", "--out", "out")
    assert status == 1
    assert "the expectation no longer holds" in out
