"""Keras on JAX."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.engines.base import Unavailable
from parity.engines.keras import Compiled, KerasEngine
from parity.precision import Precision

PRODUCTS = {False: "highest", True: "tensorfloat32"}
"""JAX's names for what products of float32 are computed in; its default on a GPU is the second."""


class _Jitted:
    """A jitted function of a model's variables and inputs."""

    def __init__(self, jax: Any, model: Any):
        def forward(trainable: Any, fixed: Any, x: Any) -> Any:
            return model.stateless_call(trainable, fixed, x, training=False)[0]

        self._jax, self._model, self._jitted = jax, model, jax.jit(forward)

    def _variables(self) -> tuple[list[Any], list[Any]]:
        of = self._model
        return [v.value for v in of.trainable_variables], [v.value for v in of.non_trainable_variables]

    def __call__(self, feed: list[np.ndarray]) -> Any:
        return self._jitted(*self._variables(), feed)

    def ready(self, feed: list[np.ndarray]) -> Callable[[], Any]:
        trainable, fixed = self._variables()
        x = [self._jax.device_put(np.array(a)) for a in feed]  # on a CPU it may keep the very memory it is given
        jitted, wait = self._jitted, self._jax.block_until_ready

        def call() -> Any:
            made = jitted(trainable, fixed, x)
            # of one array its own method, as a person would: going through a tree takes microseconds
            return wait(made) if isinstance(made, list | tuple) else made.block_until_ready()

        return call


class JaxEngine(KerasEngine):
    """Keras on JAX, jitted."""

    backend, mode = "jax", "jax.jit"

    def _prepare(self, device: str) -> None:
        if device == "cpu":
            os.environ["JAX_PLATFORMS"] = "cpu"
        else:
            os.environ["JAX_PLATFORMS"] = "cuda,cpu"  # the first is the default, and an error where it is not there
            os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # other engines use the device too
        import jax

        self._jax = jax
        try:
            found = jax.devices()[0].platform
        except RuntimeError as error:
            raise Unavailable(f"JAX finds no GPU: {str(error).splitlines()[0]}") from None
        if device == "gpu" and found != "gpu":
            raise Unavailable("JAX finds no GPU, or was installed without CUDA")

    def _use(self, precision: Precision) -> None:
        super()._use(precision)
        self._jax.config.update("jax_enable_x64", precision.tensors == "float64")

    @property
    def deterministic(self) -> str:  # type: ignore[override]
        """XLA has a flag for it."""
        asked = "--xla_gpu_deterministic_ops=true" in os.environ.get("XLA_FLAGS", "")
        return "xla_gpu_deterministic_ops" if asked else "not asked for"

    def _compiled(self, model: Any) -> Compiled:
        return _Jitted(self._jax, model)

    def _versions(self) -> dict[str, str]:
        return super()._versions() | {"jax": self._jax.__version__}

    def _device(self) -> str:
        return self._jax.devices()[0].platform

    def _place(self, value: Any) -> str:
        (device,) = value.devices()
        return device.platform

    def _use_tf32(self, on: bool) -> None:
        self._jax.config.update("jax_default_matmul_precision", PRODUCTS[on])

    def tf32(self) -> bool:
        """What JAX's configuration says."""
        return self._jax.config.jax_default_matmul_precision != PRODUCTS[False]

    def product(self, side: int) -> Callable[[], Any]:
        """JAX's, compiled, in full float32."""
        numpy, wait = self._jax.numpy, self._jax.block_until_ready
        a = numpy.ones((side, side), numpy.float32)
        product = self._jax.jit(lambda a: numpy.matmul(a, a, precision="highest"))
        return lambda: wait(product(a))

    def peak_memory(self) -> int | None:
        """By JAX's allocator."""
        found = self._jax.devices()[0].memory_stats() or {}
        return found.get("peak_bytes_in_use")
