"""Keras on JAX."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.engines.keras import KerasEngine


class JaxEngine(KerasEngine):
    """Keras on JAX, jitted."""

    backend, mode = "jax", "jax.jit"

    def _prepare(self, device: str) -> None:
        if device == "cpu":
            os.environ["JAX_PLATFORMS"] = "cpu"
        import jax

        self._jax = jax

    def _compiled(self, model: Any) -> Callable:
        def forward(trainable: Any, fixed: Any, x: Any) -> Any:
            return model.stateless_call(trainable, fixed, x, training=False)[0]

        traced = self._jax.jit(forward)

        def call(feed: list[np.ndarray]) -> Any:
            trainable = [v.value for v in model.trainable_variables]
            fixed = [v.value for v in model.non_trainable_variables]
            return traced(trainable, fixed, feed)

        return call

    def _versions(self) -> dict[str, str]:
        return super()._versions() | {"jax": self._jax.__version__}

    def _device(self) -> str:
        return self._jax.devices()[0].platform
