"""Every layer, by family. Importing this package registers them all; it imports NumPy and no framework."""

from parity.layers import (
    activation,
    conv,
    conv_transpose,
    dense,
    depthwise,
    dropout,
    embed,
    gru,
    lstm,
    merge,
    norm,
    pool,
    rectifier,
    reduce,
    shape,
    softmax,
)
from parity.layers.base import Layer, Spec, Weight

__all__ = [
    "Layer",
    "Spec",
    "Weight",
    "activation",
    "conv",
    "conv_transpose",
    "dense",
    "depthwise",
    "dropout",
    "embed",
    "gru",
    "lstm",
    "merge",
    "norm",
    "pool",
    "rectifier",
    "reduce",
    "shape",
    "softmax",
]
