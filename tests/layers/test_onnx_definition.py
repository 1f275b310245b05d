"""The numpy rules against the examples that ONNX gives with its operators (float32, so compared as such)."""

import numpy as np
import pytest

from parity.layers.activation import Softplus
from parity.layers.average_pool import AveragePool1D, AveragePool2D, AveragePool3D
from parity.layers.batch_norm import BatchNorm
from parity.layers.conv import Conv2D
from parity.layers.conv_transpose import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D
from parity.layers.embed import Embedding
from parity.layers.gru import GRU
from parity.layers.layer_norm import LayerNorm
from parity.layers.lrn import LocalResponseNorm
from parity.layers.lstm import LSTM
from parity.layers.max_pool import GlobalMaxPool, MaxPool1D, MaxPool2D, MaxPool3D
from parity.layers.rectifier import ELU, LeakyReLU
from parity.layers.resize import Resize
from parity.layers.softmax import LogSoftmax, Softmax
from parity.layers.upsample import UpSampling2D

MODULES = (
    *("conv", "convtranspose", "maxpool", "averagepool", "batch_normalization", "lrn", "layernormalization"),
    *("globalmaxpool", "resize", "upsample"),
    *("softmax", "logsoftmax", "elu", "leakyrelu", "softplus", "lstm", "gru", "gather"),
)


@pytest.fixture(scope="module")
def all_examples(examples):
    return {name: example for module in MODULES for name, example in examples(module).items()}


def pads(a, rank=2):
    """ONNX says all begins, then all ends."""
    flat = a.get("pads", [0] * 2 * rank)
    return list(zip(flat[:rank], flat[rank:], strict=True))


def window(a):
    rank = len(a["kernel_shape"])
    return {"kernel": a["kernel_shape"], "stride": a.get("strides", [1] * rank), "pad": pads(a, rank)}


def conv(a, x, W):
    return Conv2D(filters=W.shape[0], bias=False, **window(a)), [x], {"W": W}


def conv_transpose(a, x, W):
    groups = a.get("group", 1)
    extra = {"output_padding": a.get("output_padding", 0), "stride": a.get("strides", 1), "pad": pads(a, x.ndim - 2)}
    extra |= {"dilation": a.get("dilations", 1), "groups": groups, "bias": False}
    make = {3: ConvTranspose1D, 4: ConvTranspose2D, 5: ConvTranspose3D}[x.ndim]
    return make(filters=W.shape[1] * groups, kernel=W.shape[2:], **extra), [x], {"W": W}


def max_pool(a, x):
    return {3: MaxPool1D, 4: MaxPool2D, 5: MaxPool3D}[x.ndim](cover_all=bool(a.get("ceil_mode")), **window(a)), [x], {}


def average_pool(a, x):
    make = {3: AveragePool1D, 4: AveragePool2D, 5: AveragePool3D}[x.ndim]
    return make(count_include_pad=bool(a.get("count_include_pad")), **window(a)), [x], {}


def resize(a, x, scales):
    size = x.shape[2:] * scales[2:]
    mode = {b"linear": "bilinear"}.get(a["mode"], "nearest")
    coordinates = a.get("coordinate_transformation_mode", b"half_pixel").decode()
    return Resize(size=tuple(map(int, size)), mode=mode, coordinates=coordinates), [x], {}


def upsample(a, x, scales):
    return UpSampling2D(size=tuple(map(int, scales[2:]))), [x], {}


def batch_norm(a, x, gamma, beta, mean, var):
    return BatchNorm(epsilon=a.get("epsilon", 1e-5)), [x], {"gamma": gamma, "beta": beta, "mean": mean, "var": var}


def lrn(a, x):
    n = a["size"]
    layer = LocalResponseNorm(n=n, k=a.get("bias", 1.0), alpha=a.get("alpha", 1e-4) / n, beta=a.get("beta", 0.75))
    return layer, [x], {}


def layer_norm(a, x, gamma, beta):
    return LayerNorm(epsilon=a.get("epsilon", 1e-5)), [x], {"gamma": gamma, "beta": beta}


def gates(array, order, wanted):
    """(1, gates·units, …) in ONNX's order → (gates, units, …) in ours."""
    parts = dict(zip(order, np.split(array[0], len(order)), strict=True))
    return np.stack([parts[g] for g in wanted])


def recurrent(make, order, wanted):
    def convert(a, x, W, R, B=None):
        w = {"W": gates(W, order, wanted), "R": gates(R, order, wanted)}
        if B is not None:
            w |= {k: gates(half, order, wanted) for k, half in zip(("b", "rb"), np.split(B, 2, 1), strict=True)}
        return make(a["hidden_size"], B is not None), [x.swapaxes(0, 1)], w

    return convert


CONVERT = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalMaxPool": lambda a, x: (GlobalMaxPool(keepdims=True), [x], {}),
    "Resize": resize,
    "Upsample": upsample,
    "BatchNormalization": batch_norm,
    "LRN": lrn,
    "LayerNormalization": layer_norm,
    "Softmax": lambda a, x: (Softmax(axis=a.get("axis", -1)), [x], {}),
    "LogSoftmax": lambda a, x: (LogSoftmax(axis=a.get("axis", -1)), [x], {}),
    "Elu": lambda a, x: (ELU(alpha=a.get("alpha", 1.0)), [x], {}),
    "LeakyRelu": lambda a, x: (LeakyReLU(alpha=a.get("alpha", 0.01)), [x], {}),
    "Softplus": lambda a, x: (Softplus(), [x], {}),
    "LSTM": recurrent(lambda u, b: LSTM(units=u, bias=b, recurrent_bias=b), "iofc", "ifco"),
    "GRU": recurrent(lambda u, b: GRU(units=u, bias=b, recurrent_bias=b, reset_after=False), "zrn", "zrn"),
}


NAMES = """
basic_conv_with_padding basic_conv_without_padding conv_with_strides_padding conv_with_strides_no_padding
conv_with_strides_and_asymmetric_padding
convtranspose convtranspose_pad convtranspose_pads convtranspose_1d convtranspose_3d convtranspose_dilations
convtranspose_group_2 convtranspose_group_2_image_3
maxpool_3d_default averagepool_1d_default averagepool_3d_default globalmaxpool globalmaxpool_precomputed
resize_upsample_scales_nearest resize_upsample_scales_linear resize_upsample_scales_linear_align_corners
upsample_nearest
maxpool_1d_default maxpool_2d_default maxpool_2d_pads maxpool_2d_strides maxpool_2d_precomputed_pads
maxpool_2d_precomputed_strides maxpool_2d_ceil
averagepool_2d_default averagepool_2d_pads averagepool_2d_pads_count_include_pad averagepool_2d_strides
averagepool_2d_precomputed_pads averagepool_2d_precomputed_pads_count_include_pad
averagepool_2d_precomputed_strides
batchnorm_example batchnorm_epsilon lrn lrn_default
layer_normalization_default_axis layer_normalization_2d_axis1 layer_normalization_3d_axis2_epsilon
softmax_axis_0 softmax_axis_1 softmax_negative_axis softmax_large_number
logsoftmax_axis_0 logsoftmax_axis_1 logsoftmax_negative_axis logsoftmax_large_number
elu elu_default elu_example leakyrelu leakyrelu_default leakyrelu_example softplus softplus_example
lstm_defaults lstm_with_initial_bias gru_defaults gru_with_initial_bias gru_seq_length
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_example(name, all_examples, rule):
    op, attributes, inputs, outputs = all_examples[name]
    layer, xs, weights = CONVERT[op](attributes, *inputs)
    xs, weights = [x.astype(np.float64) for x in xs], {k: w.astype(np.float64) for k, w in weights.items()}
    made = rule(layer, *xs, **weights)
    if op in ("LSTM", "GRU"):
        made = made[1][None]  # the last state
    assert made.shape == outputs[0].shape
    np.testing.assert_allclose(made, outputs[0], rtol=2e-5, atol=2e-6 * np.abs(outputs[0]).max())


def test_gather_is_embedding(examples):
    _, _, (data, indices), (y,) = examples("gather")["gather_0"]
    table = data.reshape(len(data), -1)
    layer = Embedding(vocabulary=len(table), units=table.shape[1])
    np.testing.assert_array_equal(layer.rule("numpy").fn(layer, None, indices, table), y.reshape(len(indices), -1))
