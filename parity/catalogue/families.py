"""Which files of layers belong together, for people: a page each, in this order."""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: Mapping[str, str] = {
    "products": "dense matmul einsum bilinear scale embed",
    "convolution": "conv conv_transpose depthwise separable",
    "pooling": "max_pool average_pool adaptive_pool reduce roi_pool max_unpool unpool",
    "activation": "activation rectifier clipped gated shrink smooth learned maxout softmax sparsemax",
    "normalisation": "batch_norm layer_norm group_norm lp_norm lrn preprocess",
    "recurrent": "rnn lstm gru bidirectional nstep time_distributed",
    "attention": "attention",
    "arithmetic": "arithmetic between constants power pairs compare",
    "functions": "steps powers exponential error_function logarithm trigonometry hyperbolic",
    "reduction": "reduce_axes reduce_sum scan cum_prod",
    "shape": "shape transpose squeeze cut split join merge repeat pad cast gather",
    "images": "resize upsample space",
    "training": "dropout loss cross_entropy",
    "networks": "chainer_links",
}
"""Family → modules of :mod:`parity.layers`."""
OTHER = "other"
"""Layers registered from outside."""
OF_MODULE = {module: family for family, modules in FAMILIES.items() for module in modules.split()}
ORDER = [*FAMILIES, OTHER]


def family_of(module: str) -> str:
    """The family of a layer's module."""
    package, _, name = module.rpartition(".")
    return OF_MODULE.get(name, OTHER) if package == "parity.layers" else OTHER
