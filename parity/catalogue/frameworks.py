"""Which framework is asked, and on which engine."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from parity.catalogue.ask_chainer import Chainer
from parity.catalogue.ask_keras import Keras
from parity.catalogue.ask_onnx import Onnx
from parity.engines import ENGINES, REQUIRES

PREFERRED = {
    "chainer": ("chainer",),
    "keras": ("keras-tensorflow", "keras-jax"),
    "onnx": ("onnxruntime",),
}
"""Dialect → engines that may be asked; JAX compiles every operation and every initializer, which takes longer."""
FRAMEWORKS: dict[str, Any] = {"chainer": Chainer, "keras": Keras, "onnx": Onnx}
"""Dialect → what asks it."""


def start(dialect: str) -> tuple[Any, dict[str, str]]:
    """The framework and its versions.

    Raises:
        ImportError: it is not here.
    """
    name = next((e for e in PREFERRED[dialect] if all(map(importlib.util.find_spec, REQUIRES[e]))), None)
    if name is None:
        raise ImportError(f"{' or '.join(' and '.join(REQUIRES[e]) for e in PREFERRED[dialect])}: not installed")
    path, _, cls = ENGINES[name].partition(":")
    module = importlib.import_module(path)
    engine = getattr(module, cls)("cpu")
    return FRAMEWORKS[dialect](engine, module), engine.facts()["versions"]
