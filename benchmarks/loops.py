"""Networks and their timing loops by hand, in the words of each framework, for benchmarks.fidelity.

``python -m benchmarks.loops ENGINE FOLDER`` answers lines of stdin with lines of JSON: ``open NAME`` builds a network
from FOLDER/NAME.safetensors (inputs and weights) and gives its output; ``turn SECONDS`` calls it in a loop and gives
the seconds of every call.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from benchmarks.bare import MLP

Arrays = dict[str, np.ndarray]

CNN = """
description: A convolutional network.
inputs: {x: {shape: [8, 3, 32, 32]}}
layers:
  - {layer: Conv2D, name: conv1, filters: 32, kernel: 3, pad: 1}
  - {layer: BatchNorm, name: bn, epsilon: 2.0e-5}
  - {layer: ReLU, name: relu1}
  - {layer: MaxPool2D, name: pool1, kernel: 2, stride: 2, cover_all: false}
  - {layer: Conv2D, name: conv2, filters: 64, kernel: 3, pad: 1}
  - {layer: ReLU, name: relu2}
  - {layer: GlobalAveragePool, name: mean, keepdims: false}
  - {layer: Linear, name: fc, units: 10}
  - {layer: Softmax, name: prob, axis: 1}
"""
NETWORKS = {"mlp": MLP, "cnn": CNN}


@contextmanager
def chainer(name: str, a: Arrays) -> Iterator[Callable[[], Any]]:
    """A forward function; configuration entered once around the loop."""
    from parity.compat.chainer import import_chainer

    chainer = import_chainer()
    F, L = chainer.functions, chainer.links

    def filled(link: Any, name: str) -> Any:
        link.W.array[...], link.b.array[...] = a[f"{name}/W"], a[f"{name}/b"]
        return link

    if name == "mlp":
        fc1, fc2 = filled(L.Linear(20, 30), "fc1"), filled(L.Linear(30, 10), "fc2")

        def forward(x: Any) -> Any:
            h = F.relu(fc1(x))
            return F.softmax(fc2(h), axis=1)
    else:
        conv1 = filled(L.Convolution2D(3, 32, 3, pad=1), "conv1")
        conv2 = filled(L.Convolution2D(32, 64, 3, pad=1), "conv2")
        bn, fc = L.BatchNormalization(32, eps=2e-5), filled(L.Linear(64, 10), "fc")
        bn.gamma.array[...], bn.beta.array[...] = a["bn/gamma"], a["bn/beta"]
        bn.avg_mean[...], bn.avg_var[...] = a["bn/mean"], a["bn/var"]

        def forward(x: Any) -> Any:
            h = F.relu(bn(conv1(x)))
            h = F.max_pooling_2d(h, 2, 2, cover_all=False)
            h = F.relu(conv2(h))
            h = F.average(h, axis=(2, 3))
            return F.softmax(fc(h), axis=1)

    x = chainer.Variable(a["x"])
    with chainer.using_config("train", False), chainer.using_config("enable_backprop", False):
        yield lambda: forward(x)


def _keras(name: str, a: Arrays) -> Any:
    """A functional model, channels last, and its input."""
    import keras

    k = keras.layers

    def dense(name: str) -> Any:
        return k.Dense(len(a[f"{name}/b"]), name=name)

    if name == "mlp":
        x = keras.Input(batch_shape=(4, 20))
        model = keras.Model(x, k.Softmax(axis=1)(dense("fc2")(k.ReLU()(dense("fc1")(x)))))
        feed = a["x"]
    else:
        x = keras.Input(batch_shape=(8, 32, 32, 3))
        h = k.Conv2D(32, 3, padding="same", name="conv1")(x)
        h = k.ReLU()(k.BatchNormalization(epsilon=2e-5, name="bn")(h))
        h = k.ReLU()(k.Conv2D(64, 3, padding="same", name="conv2")(k.MaxPooling2D(2)(h)))
        model = keras.Model(x, k.Softmax(axis=1)(dense("fc")(k.GlobalAveragePooling2D()(h))))
        feed = np.ascontiguousarray(a["x"].transpose(0, 2, 3, 1))
        model.get_layer("bn").set_weights([a[f"bn/{k}"] for k in ("gamma", "beta", "mean", "var")])
    for layer in model.layers:
        if f"{layer.name}/W" in a:
            W = a[f"{layer.name}/W"]
            layer.set_weights([W.T if W.ndim == 2 else W.transpose(2, 3, 1, 0), a[f"{layer.name}/b"]])
    return model, feed


@contextmanager
def keras_tensorflow(name: str, a: Arrays) -> Iterator[Callable[[], Any]]:
    """The model under a tf.function."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model, feed = _keras(name, a)
    forward = tf.function(lambda x: model(x, training=False))
    x = tf.constant(feed)
    yield lambda: forward(x)


@contextmanager
def keras_jax(name: str, a: Arrays) -> Iterator[Callable[[], Any]]:
    """The stateless call under jax.jit, waited for."""
    os.environ["KERAS_BACKEND"], os.environ["JAX_PLATFORMS"] = "jax", "cpu"
    import jax

    model, feed = _keras(name, a)
    forward = jax.jit(lambda w, fixed, x: model.stateless_call(w, fixed, x, training=False)[0])
    w, fixed = ([v.value for v in vs] for vs in (model.trainable_variables, model.non_trainable_variables))
    x = jax.device_put(feed)
    yield lambda: forward(w, fixed, x).block_until_ready()


def _onnx(name: str, a: Arrays) -> Any:
    """The model by ``onnx.helper``."""
    from onnx import TensorProto, helper, numpy_helper

    node = helper.make_node
    if name == "mlp":
        nodes = [
            node("Gemm", ["x", "fc1/W", "fc1/b"], ["fc1"], transB=1),
            node("Relu", ["fc1"], ["relu"]),
            node("Gemm", ["relu", "fc2/W", "fc2/b"], ["fc2"], transB=1),
            node("Softmax", ["fc2"], ["prob"], axis=1),
        ]
    else:
        conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        nodes = [
            node("Conv", ["x", "conv1/W", "conv1/b"], ["conv1"], **conv),
            node("BatchNormalization", ["conv1", *(f"bn/{k}" for k in ("gamma", "beta", "mean", "var"))], ["bn"],
                 epsilon=2e-5),
            node("Relu", ["bn"], ["relu1"]),
            node("MaxPool", ["relu1"], ["pool1"], kernel_shape=[2, 2], strides=[2, 2]),
            node("Conv", ["pool1", "conv2/W", "conv2/b"], ["conv2"], **conv),
            node("Relu", ["conv2"], ["relu2"]),
            node("GlobalAveragePool", ["relu2"], ["mean"]),
            node("Flatten", ["mean"], ["flat"], axis=1),
            node("Gemm", ["flat", "fc/W", "fc/b"], ["fc"], transB=1),
            node("Softmax", ["fc"], ["prob"], axis=1),
        ]  # fmt: skip

    def info(name: str, shape: tuple[int, ...]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    weights = [numpy_helper.from_array(v, k) for k, v in a.items() if k != "x"]
    inputs, outputs = [info("x", a["x"].shape)], [info("prob", (len(a["x"]), 10))]
    made = helper.make_model(
        helper.make_graph(nodes, "hand", inputs, outputs, weights), opset_imports=[helper.make_opsetid("", 20)]
    )
    made.ir_version = 9
    return made


@contextmanager
def onnxruntime(name: str, a: Arrays) -> Iterator[Callable[[], Any]]:
    """A session with all its optimisations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    model = _onnx(name, a).SerializeToString()
    session, feed = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"]), {"x": a["x"]}
    yield lambda: session.run(["prob"], feed)[0]


@contextmanager
def onnx_reference(name: str, a: Arrays) -> Iterator[Callable[[], Any]]:
    """The evaluator."""
    from onnx.reference import ReferenceEvaluator

    evaluator, feed = ReferenceEvaluator(_onnx(name, a)), {"x": a["x"]}
    yield lambda: evaluator.run(["prob"], feed)[0]


BY_HAND = {
    "chainer": chainer,
    "keras-tensorflow": keras_tensorflow,
    "keras-jax": keras_jax,
    "onnxruntime": onnxruntime,
    "onnx-reference": onnx_reference,
}


def turn(call: Callable[[], Any], seconds: float) -> list[float]:
    """Seconds of every call, after some that do not count, with garbage collection off."""
    end = time.perf_counter() + 0.02
    while time.perf_counter() < end:
        call()
    samples = []
    gc.collect()
    gc.disable()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        samples.append(time.perf_counter() - start)
    gc.enable()
    return samples


def main() -> None:
    engine, folder = BY_HAND[sys.argv[1]], Path(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    opened: Any = None
    for line in sys.stdin:
        word, _, what = line.strip().partition(" ")
        if word == "open":
            if opened:
                opened.__exit__(None, None, None)
            opened = engine(what, load_file(folder / f"{what}.safetensors"))
            call = opened.__enter__()
            made = call()
            answer: Any = np.asarray(getattr(made, "array", made)).tolist()
            end = time.perf_counter() + 0.1
            while time.perf_counter() < end:
                call()
        else:
            answer = turn(call, float(what))
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
