from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from parity.case.case import load
from parity.commands.train import train_case
from parity.engines import chainer_train
from parity.engines.base import Unavailable, to_targets
from parity.errors import BadInput
from parity.graph import Graph, Node
from parity.layers import Spec
from parity.layers.batch_norm import BatchNorm
from parity.layers.conv import Conv2D
from parity.layers.conv_transpose import ConvTranspose2D
from parity.layers.gru import GRU
from parity.layers.lstm import LSTM
from parity.workers import worker

FILE = Path(__file__).resolve().parent.parent / "cases" / "seeds" / "deconv_bn_conv.yaml"
WEIGHTS = FILE.with_suffix(".safetensors")
CASE = """
description: Two layers.
inputs:
  x: {shape: [2, 3], scale: 1.0}
layers:
  - {layer: Linear, name: a, units: 3}
  - {layer: Linear, name: b, units: 3}
weights:
  file: w.safetensors
  trained: {steps: 2}
"""
needs_chainer = pytest.mark.skipif(
    importlib.util.find_spec("chainer") is None, reason="package chainer is not installed"
)


@pytest.fixture
def engine():
    if importlib.util.find_spec("chainer") is None:
        pytest.skip("package chainer is not installed")
    from parity.engines.chainer import ChainerEngine

    return ChainerEngine("cpu")


def net(layer, shape: tuple[int, ...]) -> tuple[Graph, dict[str, np.ndarray]]:
    graph = Graph({"x": Spec(shape)}, (Node("net", layer, ("x",), {}),), ("net",))
    return graph, {"x": np.random.default_rng(5).normal(size=shape).astype(np.float32)}


def article() -> tuple[Graph, dict[str, np.ndarray]]:
    nodes = (
        Node("deconv", ConvTranspose2D(2, 2, 2), ("x",), {}),
        Node("bn", BatchNorm(2e-5), ("deconv",), {}),
        Node("conv", Conv2D(1, 2, 2), ("bn",), {}),
    )
    graph = Graph({"x": Spec((1, 3, 2, 2))}, nodes, ("conv",))
    return graph, {"x": np.random.default_rng(5).random((1, 3, 2, 2), np.float32)}


NETS = {
    "article": article,
    "lstm without bias": lambda: net(LSTM(units=4, bias=False), (2, 3, 5)),
    "lstm with two": lambda: net(LSTM(units=4, recurrent_bias=True), (2, 3, 5)),
    "gru with opposite sign": lambda: net(GRU(units=4, reset_after=False), (2, 3, 5)),
}


@needs_chainer
def test_training_twice_gives_the_same_bytes(tmp_path):
    case = tmp_path / FILE.name
    text = FILE.read_text(encoding="utf-8")
    case.write_text("\n".join(line for line in text.splitlines() if "sha256" not in line), encoding="utf-8")
    bytes_ = []
    for _ in range(2):
        said = train_case(case)
        bytes_.append((tmp_path / WEIGHTS.name).read_bytes())
        (tmp_path / WEIGHTS.name).unlink()
    assert bytes_[0] == bytes_[1]
    assert said.endswith(f"\n  sha256: {hashlib.sha256(bytes_[0]).hexdigest()}")
    assert "8 tensors after 10 steps" in said
    assert case.read_text(encoding="utf-8").count("sha256") == 0, "the case is the user's"


def test_the_shipped_file_is_the_one_that_the_case_states():
    case = load(FILE)[0]
    assert case.spec.weights is not None
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == case.spec.weights.sha256
    assert set(case.weights()) == set(case.graph.weights)


def test_another_file_is_refused(tmp_path):
    shutil.copy(FILE, tmp_path)
    data = bytearray(WEIGHTS.read_bytes())
    data[-1] ^= 1
    (tmp_path / WEIGHTS.name).write_bytes(data)
    with pytest.raises(BadInput, match=r"has SHA-256 .*, the case states"):
        load(tmp_path / FILE.name)[0].weights()


def test_the_case_loads_before_its_file_is_there(tmp_path):
    shutil.copy(FILE, tmp_path)
    case = load(tmp_path / FILE.name)[0]
    with pytest.raises(BadInput, match="parity train makes it"):
        case.weights()


def test_statistics_are_not_trivial():
    weights = load(FILE)[0].weights()
    assert np.all(np.abs(weights["bn/mean"]) > 1e-2)
    assert np.all(np.abs(weights["bn/var"] - 1) > 0.1)
    assert np.all(weights["bn/gamma"] != 1)
    assert np.all(weights["bn/beta"] != 0)


@pytest.mark.parametrize("name", NETS)
def test_weights_read_back_are_chainers_own(engine, name):
    graph, inputs = NETS[name]()
    model = engine.build(graph, None)
    before = {n: {k: a.copy() for k, a in arrays.items()} for n, arrays in model.read().items()}
    weights, losses = chainer_train.train(engine._chainer, model, graph, inputs, 3)
    assert losses == sorted(losses, reverse=True)
    assert {k: v.shape for k, v in weights.items()} == {k: w.shape for k, w in graph.weights.items()}
    for node, arrays in to_targets(graph, "chainer", weights).items():
        for target, array in arrays.items():
            np.testing.assert_array_equal(array, model.read()[node][target])
            assert (array != before[node][target]).any(), f"{node}/{target} was not trained"
    rebuilt = engine.build(graph, to_targets(graph, "chainer", weights))
    np.testing.assert_array_equal(rebuilt.run(inputs)[graph.outputs[0]], model.run(inputs)[graph.outputs[0]])


def test_a_bias_that_the_layer_lacks_would_be_noticed(engine, monkeypatch):
    monkeypatch.setattr(chainer_train, "_freeze", lambda *_: None)
    graph, inputs = NETS["lstm without bias"]()
    with pytest.raises(RuntimeError, match=r"upward/b does not hold what was sent \(zeros\)"):
        chainer_train.train(engine._chainer, engine.build(graph, None), graph, inputs, 1)


def test_the_seed_decides(engine):
    graph, inputs = article()
    first, again, other = (engine.train(graph, inputs, 1, seed)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(first[k], again[k]) for k in first)
    assert not np.array_equal(first["conv/W"], other["conv/W"])


def test_only_chainer_trains():
    with pytest.raises(Unavailable, match="only Chainer trains"):
        worker.train(object(), {}, {})


@pytest.mark.parametrize(("old", "new", "message"), [
    ("  trained: {steps: 2}", "", "case.yaml: weights: says nothing of training"),
    ("w.safetensors", "w.npz", "case.yaml: weights.file: found 'w.npz', trained weights are kept as .safetensors"),
    ("units: 3}\nweights", "units: 3, weights: {W: a/W}}\nweights",
     "case.yaml: weights.trained: a/W is shared, and its uses would move apart"),
    ("weights:", "sweep: {product: {a.units: [3, 4]}}\nweights:", "case.yaml: holds 2 cases"),
])  # fmt: skip
def test_what_cannot_be_trained_is_said(tmp_path, old, new, message):
    file = tmp_path / "case.yaml"
    file.write_text(CASE.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput) as error:
        train_case(file)
    assert message in str(error.value)
    assert not list(tmp_path.glob("w.*"))


@needs_chainer
def test_a_loss_that_overflows_is_said_and_nothing_is_written(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text(CASE.replace("scale: 1.0", "scale: 1.0e+30"), encoding="utf-8")
    with pytest.raises(BadInput, match="Chainer could not train it: FloatingPointError: the loss is inf after 0 steps"):
        train_case(file)
    assert not list(tmp_path.glob("w.*"))
