"""One clear message for whatever is wrong with a case: file, line, path, what was found, what would be accepted."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from parity.case.case import find, load
from parity.errors import BadInput

BASE = """\
description: d
seed: 1
inputs:
  x: {shape: [2, 3, 9, 7]}
layers:
  - layer: Conv2D
    name: conv
    filters: 4
    kernel: [3, 2]
    bias: true
  - {layer: BatchNorm, name: bn, epsilon: 1.0e-5}
  - {layer: ReLU, name: relu}
"""
SWEEP = BASE + "sweep:\n  product:\n    seed: [1, 2]\n"
CORPUS = yaml.safe_load(Path(__file__).with_name("bad_input.yaml").read_text("utf-8"))


def text_of(entry):
    """The case file that an entry of the corpus describes."""
    text = entry.get("text", {"base": BASE, "sweep": SWEEP}[entry.get("base", "base")])
    for old, new in entry.get("edit", {}).items():
        assert old in text
        text = text.replace(old, new)
    return text + entry.get("append", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Input and weight files, each wrong in its own way for BASE."""
    folder = tmp_path_factory.mktemp("bad")
    np.save(folder / "input.npy", np.zeros((2, 3, 4, 4), np.float32))
    four = np.ones(4, np.float32)
    good = {"conv/W": np.ones((4, 3, 3, 2), np.float32), "conv/b": four}
    good |= {f"bn/{name}": four for name in ("gamma", "beta", "mean", "var")}
    np.savez(folder / "few.npz", **{k: v for k, v in good.items() if k != "conv/b"})
    np.savez(folder / "turned.npz", **good | {"conv/W": good["conv/W"].swapaxes(0, 1)})
    np.savez(folder / "large.npz", **good | {"conv/b": np.full(4, 1e300)})
    save_file(good | {"fc/W": four, "fc/b": four}, str(folder / "many.safetensors"))
    (folder / "broken.safetensors").write_bytes(b"\xff" * 20)
    np.savez(folder / "good.npz", **good)
    return folder


@pytest.fixture
def said(folder):
    """What is said of a case file with a text; the folder's name is cut off."""

    def everything(file):
        return [(case.id, case.inputs(), case.weights()) for case in load(file)]

    def said(text):
        file = folder / "case.yaml"
        file.write_text(text, "utf-8")
        with pytest.raises(BadInput) as caught:
            everything(file)
        return str(caught.value).replace(f"{folder}/", "")

    return said


@pytest.mark.parametrize("name", CORPUS)
def test_message(name, said, folder):
    expected = CORPUS[name]["says"].replace("SHA,", hashlib.sha256((folder / "few.npz").read_bytes()).hexdigest() + ",")
    found = said(text_of(CORPUS[name]))
    if expected.endswith("…"):
        assert found.startswith(expected[:-1].rstrip())
    else:
        assert found == expected


def test_base_is_well(folder):
    """Else the messages above could be about something else."""
    file = folder / "case.yaml"
    file.write_text(BASE + "weights: {file: good.npz}\n")
    [case] = load(file)
    assert case.weights()["conv/W"].shape == (4, 3, 3, 2)
    file.write_text(SWEEP)
    assert [c.id for c in load(file)] == ["case[seed-1]", "case[seed-2]"]


def test_huge_integers(said):
    shape = [int("9" * 99)] * 30
    found = said(BASE.replace("[2, 3, 9, 7]", str(shape)))
    assert found.startswith("case.yaml:4: inputs.x.shape: [9999")
    assert found.endswith("… has over 10^30 elements, at most 2,147,483,648 are accepted")


def test_too_many_cases(said):
    found = said(SWEEP + f"    conv.stride: {list(range(1, 502))}\n")
    assert found == "case.yaml:13: sweep: makes 1,002 cases, at most 1,000 are accepted"


def test_missing_file(tmp_path):
    (tmp_path / "good.yaml").write_text(BASE)
    [(path, root)] = find([tmp_path / "goood.yaml"])
    with pytest.raises(BadInput) as caught:
        load(path, root)
    assert str(caught.value) == f"{path}: there is no such file; the folder has good.yaml"


def test_folder_without_cases(tmp_path):
    with pytest.raises(BadInput) as caught:
        list(find([tmp_path]))
    assert str(caught.value) == f"{tmp_path}: no *.yaml in this folder"


LONG = "description: d\ninputs:\n  x: {shape: [1]}\nlayers:\n"


def test_thousands_of_layers_backwards(tmp_path):
    """A chain whose every layer reads the next one in the file: neither recursion nor quadratic time."""
    items = [f"  - {{layer: ReLU, name: r{i}, from: r{i + 1}}}\n" for i in range(4000)]
    file = tmp_path / "long.yaml"
    file.write_text(LONG + "".join(items) + "  - {layer: ReLU, name: r4000, from: x}\n")
    [case] = load(file)
    assert [n.name for n in case.graph.nodes] == [f"r{i}" for i in range(4000, -1, -1)]
    file.write_text(LONG + "".join(items) + "  - {layer: ReLU, name: r4000, from: r0}\n")
    with pytest.raises(BadInput, match="in a circle: r0 reads r1 reads r2 reads"):
        load(file)


def test_thousands_of_unnamed_layers(tmp_path):
    file = tmp_path / "long.yaml"
    file.write_text(LONG + "  - {layer: ReLU}\n" * 4000)
    [case] = load(file)
    assert case.graph.nodes[-1].name == "relu4000"
    file.write_text(LONG + "  - {layer: ReLU}\n" * 5001)
    with pytest.raises(BadInput, match=r"layers: found \[.*at most 5,000"):
        load(file)
