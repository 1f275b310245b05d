"""Keras on TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from parity.engines.keras import KerasEngine


class TensorFlowEngine(KerasEngine):
    """Keras on TensorFlow, traced as a SavedModel would be."""

    backend, mode = "tensorflow", "tf.function, no XLA"

    def _prepare(self, device: str) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf

        threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        self._tf = tf

    def _compiled(self, model: Any) -> Callable:
        traced = self._tf.function(lambda x: model(x, training=False), jit_compile=False)
        return lambda feed: traced([self._tf.constant(x) for x in feed])

    def _versions(self) -> dict[str, str]:
        return super()._versions() | {"tensorflow": self._tf.__version__}

    def _device(self) -> str:
        return "gpu" if self._tf.config.get_visible_devices("GPU") else "cpu"
