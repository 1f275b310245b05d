"""Engines say where they ran from what came back, not from what was asked; and how the device is set up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from parity import cuda
from parity.engines import GPU
from parity.engines.base import Unavailable, WrongDevice, gpu_facts, must_be_on, wants_tf32
from parity.precision import PRECISIONS
from parity.targets import Target, missing
from parity.workers.worker import start
from tests.engines.devices import CARD, X, build


def test_another_device_is_an_error():
    must_be_on("gpu", "gpu", "y")
    with pytest.raises(WrongDevice, match="y came from cpu, the network was to run on gpu"):
        must_be_on("gpu", "cpu", "y")


@pytest.fixture(scope="module")
def said():
    """Engine → what devices.py found; a process each, since Keras has one backend a process."""
    known = {}

    def report(name, device="cpu"):
        if why := missing(Target(name)):
            pytest.skip(why)
        if cuda.first():
            pytest.skip("there is a CUDA device")
        if (name, device) not in known:
            script = Path(__file__).with_name("devices.py")
            environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
            done = subprocess.run(
                [sys.executable, str(script), name, device],
                capture_output=True,
                text=True,
                env=environment,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
            known[name, device] = json.loads(done.stdout.splitlines()[-1])
        return known[name, device]

    return report


@pytest.mark.parametrize("name", ["keras-torch", "keras-jax", "keras-tensorflow", "onnx-torch", "chainer"])
def test_what_falls_back_to_the_cpu_does_not_pass(said, name):
    """The engine is told that it was asked for a GPU after it came up on a CPU, as if its framework had fallen back."""
    found = said(name)
    assert found["runs"] == ["fc"]
    for text in found["fell back"]:
        assert text.startswith("WrongDevice: fc")
        assert text.endswith("came from cpu, the network was to run on gpu")


@pytest.mark.parametrize("name", ["keras-torch", "keras-jax", "keras-tensorflow", "onnxruntime", "onnx-torch"])
def test_a_framework_without_cuda_says_so(said, name):
    """The driver has a device, and the framework was not built for it, or does not find it."""
    found = said(name, "gpu")
    assert found.startswith("Unavailable: ")
    assert any(words in found for words in ("CUDA", "finds no", "has no")), found


@pytest.mark.parametrize("name", GPU)
def test_a_cpu_has_no_tf32(said, name):
    assert said(name)["tf32 on a CPU"] == "Unavailable: tf32 is of NVIDIA's GPUs"


@pytest.mark.parametrize("name", ["keras-torch", "onnx-torch", "keras-jax", "keras-tensorflow"])
def test_tf32_is_what_the_framework_says(said, name):
    assert said(name)["tf32"] == [True, False, True]


@pytest.mark.parametrize("name", ["keras-torch", "onnx-torch", "keras-jax", "keras-tensorflow"])
def test_the_product_that_a_device_is_measured_by(said, name):
    assert said(name)["product"] == 8


def test_without_a_device_no_framework_is_asked(monkeypatch):
    monkeypatch.setattr(cuda, "first", lambda: None)
    with pytest.raises(Unavailable, match=r"^no CUDA device$"):
        start("keras-tensorflow", "gpu")


def test_tf32_is_of_gpus_that_have_it(monkeypatch):
    assert not wants_tf32(PRECISIONS["float32"], "gpu")
    with pytest.raises(Unavailable, match="tf32 is of NVIDIA's GPUs"):
        wants_tf32(PRECISIONS["tf32"], "cpu")
    monkeypatch.setattr(cuda, "first", lambda: CARD)
    assert wants_tf32(PRECISIONS["tf32"], "gpu")
    older = cuda.Device("NVIDIA Older", "7.5", 1, "", "12.0")
    monkeypatch.setattr(cuda, "first", lambda: older)
    with pytest.raises(Unavailable, match=r"NVIDIA Older has no TensorFloat-32: its compute capability is 7\.5"):
        wants_tf32(PRECISIONS["tf32"], "gpu")


def test_facts_of_a_gpu(monkeypatch):
    monkeypatch.setattr(cuda, "first", lambda: CARD)
    found = gpu_facts("not asked for")
    assert found["gpu"]["name"] == "NVIDIA Invented"
    assert found["deterministic"] == "not asked for"


class Card(np.ndarray):
    """An array that says that it lies on a GPU; what is computed of such arrays is one too."""


def test_chainer_sends_links_and_inputs_to_the_device(monkeypatch):
    """With a device that is NumPy under another type of array: what stays behind mixes the two, and shows."""
    if why := missing(Target("chainer")):
        pytest.skip(why)
    engine = start("chainer", "cpu")
    chainer = engine._chainer
    sent = []

    class Device(chainer.backend.Device):
        xp = np
        supported_array_types = (Card,)
        name = "@card"

        def send_array(self, array):
            sent.append(array.shape)
            return np.array(array).view(Card)

        def send(self, arrays):
            return self.send_array(arrays)

        def is_array_supported(self, array):
            return isinstance(array, Card)

        def __eq__(self, other):
            return other is self

        __hash__ = None

    card, known = Device(), chainer.get_device
    monkeypatch.setattr(chainer, "get_device", lambda spec: card if spec in ("@cupy:0", card) else known(spec))
    monkeypatch.setattr(engine, "_device", "gpu")
    model = build(engine)
    assert set(sent) == {(4,), (4, 3)}, "both weights"
    assert all(isinstance(p.array, Card) for p in model.links["fc"].params())
    values = model._infer(X)
    assert isinstance(values["x"].array, Card)
    assert sent[-1] == (2, 3)
