"""Keras on TensorFlow."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.engines.base import Unavailable
from parity.engines.keras import Compiled, KerasEngine


class _Traced:
    """A ``tf.function`` of a model; on a CPU it returns when all is computed, a GPU is waited for."""

    def __init__(self, tf: Any, model: Any, wait: bool):
        self._tf, self._wait = tf, wait

        def one(x: Any) -> Any:  # where there is but one input, its place among the arguments is looked up a bit faster
            return model([x], training=False)

        def several(*x: Any) -> Any:
            return model(list(x), training=False)

        self._traced = tf.function(one if len(model.inputs) == 1 else several, jit_compile=False)

    def __call__(self, feed: list[np.ndarray]) -> Any:
        return self._traced(*map(self._tf.constant, feed))

    def ready(self, feed: list[np.ndarray]) -> Callable[[], Any]:
        call = functools.partial(self._traced, *map(self._tf.constant, feed))
        if not self._wait:
            return call
        sync = self._tf.test.experimental.sync_devices

        def through() -> Any:
            made = call()
            sync()
            return made

        return through


class TensorFlowEngine(KerasEngine):
    """Keras on TensorFlow, traced as a SavedModel would be."""

    backend, mode, deterministic = "tensorflow", "tf.function, no XLA", "not asked for"

    def _prepare(self, device: str) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf

        threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        found = tf.config.list_physical_devices("GPU")
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        elif not found:
            raise Unavailable("TensorFlow finds no GPU, or was built without CUDA")
        else:
            tf.config.set_visible_devices(found[:1], "GPU")
            tf.config.experimental.set_memory_growth(found[0], True)  # other engines use it too
        self._tf = tf

    def _compiled(self, model: Any) -> Compiled:
        return _Traced(self._tf, model, self._asked == "gpu")

    def _versions(self) -> dict[str, str]:
        return super()._versions() | {"tensorflow": self._tf.__version__}

    def _device(self) -> str:
        return "gpu" if self._tf.config.get_visible_devices("GPU") else "cpu"

    def _place(self, value: Any) -> str:
        if not value.dtype.is_floating:
            return self._asked  # TensorFlow keeps small integers in the host's memory by design
        return "gpu" if "GPU" in value.device else "cpu"

    def _use_tf32(self, on: bool) -> None:
        self._tf.config.experimental.enable_tensor_float_32_execution(on)

    def tf32(self) -> bool:
        """What TensorFlow says."""
        return bool(self._tf.config.experimental.tensor_float_32_execution_enabled())

    def product(self, side: int) -> Callable[[], Any]:
        """TensorFlow's, without TensorFloat-32."""
        self._use_tf32(False)
        a, tf = self._tf.ones((side, side)), self._tf

        def call() -> Any:
            made = tf.matmul(a, a)
            tf.test.experimental.sync_devices()
            return made

        return call

    def peak_memory(self) -> int | None:
        """By TensorFlow's allocator."""
        return int(self._tf.config.experimental.get_memory_info("GPU:0")["peak"])
