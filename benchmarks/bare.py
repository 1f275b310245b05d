"""Two small networks by hand, in the words of each framework: build, copy the weights, run as parity's engines do.

``python -m benchmarks.bare ENGINE WEIGHTS`` reads a line for each round from stdin, and answers with the milliseconds
of every network, in JSON. WEIGHTS is the folder with one safetensors file for each network, inputs included.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

Arrays = dict[str, np.ndarray]

MLP = """
description: A small MLP.
inputs: {x: {shape: [4, 20]}}
layers:
  - {layer: Linear, name: fc1, units: 30}
  - {layer: ReLU, name: relu}
  - {layer: Linear, name: fc2, units: 10}
  - {layer: Softmax, name: prob, axis: 1}
"""
CONV = """
description: A small convolutional network.
inputs: {x: {shape: [2, 3, 12, 12]}}
layers:
  - {layer: Conv2D, name: conv, filters: 6, kernel: 3, pad: 1}
  - {layer: BatchNorm, name: bn, epsilon: 2.0e-5}
  - {layer: ReLU, name: relu}
  - {layer: MaxPool2D, name: pool, kernel: 2, stride: 2, cover_all: false}
  - {layer: Flatten, name: flat}
  - {layer: Linear, name: fc, units: 10}
"""
NETWORKS = {"mlp": MLP, "conv": CONV}


def chainer() -> dict[str, Callable[[Arrays], Any]]:
    """One pass that keeps every intermediate."""
    from parity.compat.chainer import import_chainer

    chainer = import_chainer()
    F, L = chainer.functions, chainer.links

    def mlp(a: Arrays) -> Any:
        fc1, fc2 = L.Linear(20, 30), L.Linear(30, 10)
        for link, name in ((fc1, "fc1"), (fc2, "fc2")):
            link.W.array[...], link.b.array[...] = a[f"{name}/W"], a[f"{name}/b"]
        with chainer.using_config("train", False), chainer.using_config("enable_backprop", False):
            y1 = fc1(chainer.Variable(a["x"]))
            y2 = F.relu(y1)
            y3 = fc2(y2)
            return [v.array for v in (y1, y2, y3, F.softmax(y3, axis=1))]

    def conv(a: Arrays) -> Any:
        conv, bn, fc = L.Convolution2D(3, 6, 3, 1, 1), L.BatchNormalization(6, eps=2e-5), L.Linear(216, 10)
        for link, name in ((conv, "conv"), (fc, "fc")):
            link.W.array[...], link.b.array[...] = a[f"{name}/W"], a[f"{name}/b"]
        bn.gamma.array[...], bn.beta.array[...] = a["bn/gamma"], a["bn/beta"]
        bn.avg_mean[...], bn.avg_var[...] = a["bn/mean"], a["bn/var"]
        with chainer.using_config("train", False), chainer.using_config("enable_backprop", False):
            y1 = conv(chainer.Variable(a["x"]))
            y2 = bn(y1)
            y3 = F.relu(y2)
            y4 = F.max_pooling_2d(y3, 2, 2, cover_all=False)
            y5 = F.flatten(y4) if y4.ndim == 1 else F.reshape(y4, (2, -1))
            return [v.array for v in (y1, y2, y3, y4, y5, fc(y5))]

    return {"mlp": mlp, "conv": conv}


def _onnx(run: Callable[[Any, list[str], dict[str, np.ndarray]], Any]) -> dict[str, Callable[[Arrays], Any]]:
    """Models by ``onnx.helper``, weights as initializers."""
    from onnx import TensorProto, helper, numpy_helper

    def model(a: Arrays, nodes: list[Any], outputs: dict[str, tuple[int, ...]]) -> Any:
        def info(name: str, shape: tuple[int, ...]) -> Any:
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        weights = [numpy_helper.from_array(v, k) for k, v in a.items() if k != "x"]
        outs = [info(k, s) for k, s in outputs.items()]
        graph = helper.make_graph(nodes, "bare", [info("x", a["x"].shape)], outs, weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
        made.ir_version = 9
        return made

    def mlp(a: Arrays) -> Any:
        node = helper.make_node
        nodes = [
            node("Gemm", ["x", "fc1/W", "fc1/b"], ["fc1"], transB=1),
            node("Relu", ["fc1"], ["relu"]),
            node("Gemm", ["relu", "fc2/W", "fc2/b"], ["fc2"], transB=1),
            node("Softmax", ["fc2"], ["prob"], axis=1),
        ]
        taps = {"fc1": (4, 30), "relu": (4, 30), "fc2": (4, 10), "prob": (4, 10)}
        return run(lambda outputs: model(a, nodes, {k: taps[k] for k in outputs}), [*taps], {"x": a["x"]})

    def conv(a: Arrays) -> Any:
        node = helper.make_node
        nodes = [
            node("Conv", ["x", "conv/W", "conv/b"], ["conv"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            node("BatchNormalization", ["conv", *(f"bn/{k}" for k in ("gamma", "beta", "mean", "var"))], ["bn"],
                 epsilon=2e-5),
            node("Relu", ["bn"], ["relu"]),
            node("MaxPool", ["relu"], ["pool"], kernel_shape=[2, 2], strides=[2, 2]),
            node("Flatten", ["pool"], ["flat"], axis=1),
            node("Gemm", ["flat", "fc/W", "fc/b"], ["fc"], transB=1),
        ]  # fmt: skip
        taps = {"bn": (2, 6, 12, 12), "relu": (2, 6, 12, 12), "pool": (2, 6, 6, 6), "flat": (2, 216), "fc": (2, 10)}
        return run(lambda outputs: model(a, nodes, {k: taps[k] for k in outputs}), [*taps], {"x": a["x"]})

    return {"mlp": mlp, "conv": conv}


def onnxruntime() -> dict[str, Callable[[Arrays], Any]]:
    """A session that returns all taps and one of the output alone."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1

    def run(model: Any, taps: list[str], feed: Arrays) -> Any:
        out = []
        for outputs in (taps, taps[-1:]):
            made = model(outputs)
            onnx.checker.check_model(made)
            session = onnxruntime.InferenceSession(made.SerializeToString(), options, ["CPUExecutionProvider"])
            out.append(session.run(outputs, feed))
        return out

    return _onnx(run)


def onnx_reference() -> dict[str, Callable[[Arrays], Any]]:
    """One evaluator that returns all taps."""
    from onnx.reference import ReferenceEvaluator

    return _onnx(lambda model, taps, feed: ReferenceEvaluator(model(taps)).run(taps, feed))


BY_HAND = {"chainer": chainer, "onnxruntime": onnxruntime, "onnx-reference": onnx_reference}


def main() -> None:
    networks = BY_HAND[sys.argv[1]]()
    arrays = {name: load_file(Path(sys.argv[2]) / f"{name}.safetensors") for name in networks}
    answers = os.fdopen(os.dup(1), "w")
    for _ in sys.stdin:
        took = {}
        for name, network in networks.items():
            start = time.perf_counter()
            network(arrays[name])
            took[name] = (time.perf_counter() - start) * 1e3
        print(json.dumps(took), file=answers, flush=True)


if __name__ == "__main__":
    main()
