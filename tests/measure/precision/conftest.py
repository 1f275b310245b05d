"""Networks to be put into half precision, and engines that round as they are told."""

from __future__ import annotations

import numpy as np
import pytest

from parity.measure.precision.emulate import Emulator
from parity.measure.precision.format import as_type
from tests.judge.conftest import Net, net, node  # noqa: F401  net is a fixture


@pytest.fixture(scope="session")
def deep() -> Net:
    """Six Linears with Tanh between them: roundings between the layers are most of the loss."""
    nodes, before = [], "x"
    for i in range(6):
        nodes += [node(f"fc{i}", "Linear", before, units=24), node(f"tanh{i}", "Tanh", f"fc{i}")]
        before = f"tanh{i}"
    return Net.of({"x": (8, 24)}, nodes, (before,))


@pytest.fixture(scope="session")
def generator() -> Net:
    """A small picture from 12 numbers, with BatchNorm."""
    nodes = (
        node("fc", "Linear", "z", units=32),
        node("image", "Reshape", "fc", shape=(8, 2, 2)),
        node("bn", "BatchNorm", "image", epsilon=2e-5),
        node("relu", "ReLU", "bn"),
        node("dc", "ConvTranspose2D", "relu", filters=3, kernel=4, stride=2, pad=1),
        node("picture", "Tanh", "dc"),
    )
    return Net.of({"z": (2, 12)}, nodes, ("picture",))


def emulator(one: Net) -> Emulator:
    return Emulator.of(one.reference)


def float32_engine(one: Net, weights: str = "float16", outside: str = "float16") -> dict[str, np.ndarray]:
    """What a runtime gives that rounds weights, inputs and outputs and computes in float32 between."""
    held = {k: as_type(w.astype(np.float64), weights).astype(np.float32) for k, w in one.weights.items()}
    inputs = {k: as_type(v.astype(np.float64), outside).astype(np.float32) for k, v in one.reference.inputs.items()}
    tensors = Net(one.graph, held, type(one.reference).of(one.graph, inputs, held)).run()
    return {t: as_type(tensors[t].astype(np.float64), outside).astype(outside) for t in one.graph.outputs}


def half_engine(one: Net, dtype: str = "float16") -> dict[str, np.ndarray]:
    """What a runtime gives that rounds every tensor and sums in float32."""
    held = {k: as_type(w.astype(np.float64), dtype).astype(np.float32) for k, w in one.weights.items()}
    inputs = {k: as_type(v.astype(np.float64), dtype).astype(np.float32) for k, v in one.reference.inputs.items()}
    rounds = Net(one.graph, held, type(one.reference).of(one.graph, inputs, held))
    return rounds.run(change=lambda _, a: as_type(a.astype(np.float64), dtype).astype(np.float32))
