"""The runtimes. Each module imports its dialect and, when built, its framework; never another engine."""

from __future__ import annotations

ENGINES = {
    "chainer": "parity.engines.chainer:ChainerEngine",
    "keras-tensorflow": "parity.engines.keras_tensorflow:TensorFlowEngine",
    "keras-jax": "parity.engines.keras_jax:JaxEngine",
    "keras-torch": "parity.engines.keras_torch:TorchEngine",
    "onnxruntime": "parity.engines.onnxruntime:OnnxRuntimeEngine",
    "onnx-reference": "parity.engines.onnx_reference:OnnxReferenceEngine",
    "onnx-torch": "parity.engines.onnx_torch:OnnxTorchEngine",
}
"""Engine name → class. Modules are imported in the worker that runs them."""

DIALECTS = {
    "chainer": "chainer",
    "keras-tensorflow": "keras",
    "keras-jax": "keras",
    "keras-torch": "keras",
    "onnxruntime": "onnx",
    "onnx-reference": "onnx",
    "onnx-torch": "onnx",
}
"""Engine name → the dialect it runs."""

REQUIRES = {
    "chainer": ("chainer",),
    "keras-tensorflow": ("keras", "tensorflow"),
    "keras-jax": ("keras", "jax"),
    "keras-torch": ("keras", "torch"),
    "onnxruntime": ("onnx", "onnxruntime"),
    "onnx-reference": ("onnx",),
    "onnx-torch": ("onnx", "onnx2pytorch", "torch"),
}
"""Engine name → modules it imports; the extra that brings them has the first or the last one's name."""

GPU = ("chainer", "keras-tensorflow", "keras-jax", "keras-torch", "onnxruntime", "onnx-torch")
"""Engines that also run on a CUDA device."""

ON_GPU = {"chainer": ("cupy",)}
"""Engine name → modules that it needs there besides."""
