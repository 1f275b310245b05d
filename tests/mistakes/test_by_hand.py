"""Mistakes as people make them, in the frameworks' own words: nothing here goes through our rewriting of networks."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from parity.compat.chainer import import_chainer
from tests.mistakes.one_layer import One


@pytest.fixture(scope="module")
def chainer():
    if importlib.util.find_spec("chainer") is None:
        pytest.skip("Chainer is not installed")
    made = import_chainer()
    with made.using_config("train", False), made.using_config("enable_backprop", False):
        yield made


@pytest.fixture(scope="module")
def onnx_run():
    """One operator in onnxruntime: ``(op, inputs, count of outputs, **attributes)`` → arrays."""
    onnx, ort = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")

    def run(op, arrays, outputs=1, **attributes):
        names = [f"i{i}" if a is not None else "" for i, a in enumerate(arrays)]
        outs = [f"o{i}" for i in range(outputs)]
        node = onnx.helper.make_node(op, names, outs, **attributes)
        typed = [(n, a) for n, a in zip(names, arrays, strict=True) if n]
        values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, a.shape) for n, a in typed]
        results = [onnx.helper.make_tensor_value_info(o, onnx.TensorProto.FLOAT, None) for o in outs]
        graph = onnx.helper.make_graph([node], "one", values, results)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(None, dict(typed))

    return run


def named(one, *outputs, verdict="differs"):
    """The first cause."""
    judgement, diagnoses = one.judged(*outputs)
    assert judgement.verdict == verdict
    assert diagnoses[0].complete
    return diagnoses[0].causes[0]


def array(v):
    return np.asarray(getattr(v, "array", v))


# Chainer.


def filled(link, **weights):
    for name, value in weights.items():
        owner, _, last = name.rpartition("__")
        at = getattr(link, owner) if owner else link
        if hasattr(getattr(at, last), "array"):
            getattr(at, last).array[...] = value
        else:
            getattr(at, last)[...] = value
    return link


def batch_norm(chainer, w, **given):
    link = chainer.links.BatchNormalization(len(w["var"]), **given)
    return filled(link, gamma=w["gamma"], beta=w["beta"], avg_mean=w["mean"], avg_var=w["var"])


def test_batch_norm_left_in_train_mode(chainer):
    one = One.of("BatchNorm", (6, 5, 4, 4), epsilon=2e-5)
    link = batch_norm(chainer, one.weights)
    with chainer.using_config("train", True):
        cause = named(one, array(link(*one.inputs)))
    assert cause.name == "train mode"
    assert "test time" in cause.advice


def test_batch_norm_with_chainers_default_epsilon(chainer):
    one = One.of("BatchNorm", (6, 5, 4, 4), epsilon=1e-3)
    cause = named(one, array(batch_norm(chainer, one.weights)(*one.inputs)))
    assert str(cause) == "BatchNorm it: epsilon 2e-05 instead of 0.001"


def test_batch_norm_as_chainer_had_it(chainer):
    """Up to 1.19 the stored variance went in without epsilon: the seed article's difference that was no rounding."""
    one = One.of("BatchNorm", (6, 5, 4, 4), epsilon=2e-5)
    w = one.weights | {"var": one.weights["var"] - np.float32(2e-5)}
    cause = named(one, array(batch_norm(chainer, w)(*one.inputs)))
    assert (cause.name, cause.value) == ("epsilon", 0.0)
    assert "missing on one side" in cause.advice


@pytest.mark.parametrize("trained_on", [32, 512])
def test_batch_norm_with_an_unbiased_variance(chainer, trained_on):
    """As Chainer and PyTorch keep it while training, against a reference that keeps the biased one."""
    one = One.of("BatchNorm", (6, 5, 4, 4), epsilon=2e-5)
    w = one.weights | {"var": one.weights["var"] * np.float32(trained_on / (trained_on - 1))}
    cause = named(one, array(batch_norm(chainer, w)(*one.inputs)))
    assert cause.name == "variance divisor"
    assert cause.words.startswith("unbiased")
    assert cause.words.endswith(f"N = {trained_on}")


def test_an_unbiased_variance_of_a_number_that_nobody_knows(chainer):
    one = One.of("BatchNorm", (6, 5, 4, 4), epsilon=2e-5)
    w = one.weights | {"var": one.weights["var"] * np.float32(723 / 722)}
    cause = named(one, array(batch_norm(chainer, w)(*one.inputs)))
    assert cause.name == "variance divisor"
    assert cause.value == pytest.approx(723, abs=2)


def test_linear_with_the_kernel_of_keras(chainer):
    one = One.of("Linear", (4, 6), units=6)
    link = filled(chainer.links.Linear(6, 6), W=one.weights["W"].T, b=one.weights["b"])
    assert named(one, array(link(*one.inputs))).name == "weight transposed"


def test_convolution_with_the_kernel_of_keras_reshaped(chainer):
    one = One.of("Conv2D", (2, 3, 7, 8), filters=4, kernel=[3, 2])
    keras = one.weights["W"].transpose(2, 3, 1, 0)
    link = filled(chainer.links.Convolution2D(3, 4, (3, 2)), W=keras.reshape(4, 3, 3, 2), b=one.weights["b"])
    cause = named(one, array(link(*one.inputs)))
    assert cause.name == "weight reshaped"
    assert "from Keras's [h w i o]" in cause.words


def test_max_pooling_with_chainers_default(chainer):
    one = One.of("MaxPool2D", (2, 3, 8, 8), kernel=3, stride=2, cover_all=False)
    cause = named(one, array(chainer.functions.max_pooling_2d(*one.inputs, 3, 2)), verdict="shape")
    assert cause.words == "cover_all true instead of false"


def test_average_pooling_with_chainers_default(chainer):
    one = One.of("AveragePool2D", (2, 3, 8, 8), kernel=3, stride=2, pad=1, count_include_pad=False)
    cause = named(one, array(chainer.functions.average_pooling_2d(*one.inputs, 3, 2, 1)))
    assert cause.words == "count_include_pad true instead of false"
    assert "Chainer counts it, Keras and ONNX do not" in cause.advice


def test_leaky_relu_with_chainers_default(chainer):
    one = One.of("LeakyReLU", (5, 7), alpha=0.3)
    cause = named(one, array(chainer.functions.leaky_relu(*one.inputs)))
    assert cause.words == "alpha 0.2 instead of 0.3"
    assert cause.advice.endswith("the defaults differ: Chainer 0.2, Keras 0.3, ONNX 0.01.")


def test_resize_with_chainers_default(chainer):
    one = One.of("Resize", (2, 3, 4, 5), size=[7, 9], mode="bilinear", coordinates="half_pixel")
    cause = named(one, array(chainer.functions.resize_images(*one.inputs, (7, 9))))
    assert cause.words == "coordinates align_corners instead of half_pixel"


def test_dropout_left_in_train_mode(chainer):
    one = One.of("Dropout", (8, 40), ratio=0.4)
    with chainer.using_config("train", True):
        cause = named(one, array(chainer.functions.dropout(*one.inputs, 0.4)))
    assert cause.name == "train mode"
    assert "as while training" in cause.words


def test_a_scale_that_is_slightly_off(chainer):
    """A weight without axes: one wrong element is all of it."""
    one = One.of("Scale", (3, 4), axis=None)
    W = one.weights["W"] * np.float32(1.01)
    cause = named(one, array(chainer.functions.scale(*one.inputs, np.broadcast_to(W, (3, 4)), axis=0)))
    assert cause.name in ("one wrong element", "missing rescale")  # a factor is a factor
    assert cause.value is not None


def test_gru_of_chainer_with_the_z_of_keras(chainer):
    one = One.of("GRU", (3, 5, 4), units=6, reset_after=False)
    w, link = one.weights, chainer.links.StatelessGRU(4, 6)
    for i, gate in enumerate(("_z", "_r", "")):
        filled(getattr(link, f"W{gate}"), W=w["W"][i], b=w["b"][i])
        filled(getattr(link, f"U{gate}"), W=w["R"][i], b=0)
    (x,) = one.inputs
    h, ys = np.zeros((3, 6), np.float32), []
    for t in range(5):
        h = array(link(h, x[:, t]))
        ys.append(h)
    cause = named(one, np.stack(ys, 1), h)
    assert cause.name == "z and 1 − z"


# onnxruntime.


def test_lrn_of_onnx_with_the_alpha_of_chainer(onnx_run):
    one = One.of("LocalResponseNorm", (3, 8, 4, 4), n=5, k=2.0, alpha=1e-3, beta=0.75)
    cause = named(one, *onnx_run("LRN", one.inputs, size=5, bias=2.0, alpha=1e-3, beta=0.75))
    assert cause.name == "alpha per element"
    assert "divided by n" in cause.words


def test_gru_of_onnx_with_its_default(onnx_run):
    one = One.of("GRU", (3, 5, 4), units=6, reset_after=True)
    w = {k: v.reshape(1, -1, *v.shape[2:]) for k, v in one.weights.items()}
    bias = np.concatenate([w["b"], np.zeros_like(w["b"])], 1)
    y, h = onnx_run("GRU", [one.inputs[0].transpose(1, 0, 2), w["W"], w["R"], bias], 2, hidden_size=6)
    cause = named(one, y[:, 0].transpose(1, 0, 2), h[0])
    assert cause.words == "reset_after false instead of true"


def test_convolution_of_onnx_with_auto_pad(onnx_run):
    one = One.of("Conv2D", (2, 3, 8, 8), filters=4, kernel=3, stride=2, pad=1)
    cause = named(one, *onnx_run("Conv", [*one.inputs, *one.weights.values()], strides=[2, 2], auto_pad="SAME_UPPER"))
    assert cause.name == "SAME padding"


# Keras on TensorFlow.


KERAS = {
    "same_convolution": (
        One.of("Conv2D", (2, 3, 8, 8), filters=4, kernel=3, stride=2, pad=1),
        "SAME padding",
        "0,1 0,1",
    ),
    "kernel_not_transposed": (One.of("Conv2D", (2, 3, 7, 8), filters=4, kernel=[3, 2]), "weight reshaped", "Keras"),
    "batch_norm_default": (One.of("BatchNorm", (6, 5, 4, 4), epsilon=2e-5), "epsilon", "0.001 instead of 2e-05"),
    "layer_norm_default": (One.of("LayerNorm", (3, 4, 16), epsilon=1e-5), "epsilon", "0.001 instead of 1e-05"),
    "gelu_approximate": (One.of("GELU", (5, 7), approximate=False), "approximate", "true"),
    "hard_sigmoid": (One.of("HardSigmoid", (5, 7), scale=2.0, alpha=0.2), "alpha", "0.166667 instead of 0.2"),
    "dense_behind_flatten": (One.of("Linear", (4, 3, 4, 2), flatten=True, units=6), "flatten order", "channel fastest"),
    "same_average": (
        One.of("AveragePool2D", (2, 3, 8, 8), kernel=3, stride=2, pad=1, count_include_pad=False),
        "SAME padding",
        "0,1 0,1",
    ),
    "deconvolution": (
        One.of("ConvTranspose2D", (2, 3, 5, 4), filters=4, kernel=3, stride=2, pad=1, output_padding=1),
        "SAME padding",
        "0,1 0,1",
    ),
    "lstm_gates": (One.of("LSTM", (3, 5, 4), units=6), "gate order", "gates in the order"),
}


@pytest.fixture(scope="module")
def keras_made(tmp_path_factory):
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    folder = tmp_path_factory.mktemp("keras")
    arrays = {}
    for name, (one, _, _) in KERAS.items():
        arrays |= {f"{name}/x": one.inputs[0]} | {f"{name}/{c}": w for c, w in one.weights.items()}
    np.savez(folder / "in.npz", **arrays)
    script = Path(__file__).with_name("keras_by_hand.py")
    command = [sys.executable, str(script), str(folder / "in.npz"), str(folder / "out.npz")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(folder / "out.npz"))


@pytest.mark.parametrize("name", KERAS)
def test_keras(keras_made, name):
    one, expected, words = KERAS[name]
    made = keras_made[name]
    outputs = (made[:, :-2], made[:, -2], made[:, -1]) if name == "lstm_gates" else (made,)
    cause = named(one, *outputs)
    assert cause.name == expected
    assert words in cause.words
